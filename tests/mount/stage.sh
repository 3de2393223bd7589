#!/bin/bash
# stage/ is a directory like any other, and mv of a directory from it submits spec and inputs at once.
. "$(dirname "$0")/lib.sh"
start

mkdir_staged() # NAME SPEC
{
    mkdir -p "$M/stage/$1/data/deep" && printf '%s\n' "$2" >"$M/stage/$1/job.json" &&
        echo input >"$M/stage/$1/data/deep/file" && ln -s data/deep/file "$M/stage/$1/link" &&
        printf '#!/bin/sh\necho I am staged with $1\n' >"$M/stage/$1/run.sh" &&
        chmod 755 "$M/stage/$1/run.sh"
}
ok 'a directory can be made in stage/' mkdir_staged d '{"command": "cat data/deep/file link; ls"}'
is 'it reads back' "$(cat "$M/stage/d/link")" input
is 'modes are kept' "$(stat -c %a "$M/stage/d/run.sh")" 755
ok 'files can be renamed, appended to, truncated and removed' sh -ec "cd '$M/stage/d'
    echo a > x; echo b >> x; mv x y; truncate -s 1 y; [ \$(cat y) = a ]; ln y z; rm y z; ! [ -e y ]
    mkdir e; rmdir e; mkfifo f; rm f; dd if=/dev/zero of=big bs=1M count=5 status=none; rm big
    touch -d 2001-01-01 job.json; chmod 600 job.json"
is 'staging submits nothing' "$(count)" 0
ok 'mv of the directory submits it' mv "$M/stage/d" "$M/submit/"
is 'as one job' "$(count)" 1
is 'that has its inputs beside it' "$(ended "$(job_of d)"; cat "$M/by-name/d/stdout" | head -n 2)" \
    "$(printf 'completed 0\ninput\ninput')"
is 'the inputs are its files/' "$(cat "$M/by-name/d/files/data/deep/file")" input
is 'the directory has left stage/' "$(ls -A "$M/stage")" ''
is 'the spec is what was in it' "$(cat "$M/by-name/d/spec")" '{"command": "cat data/deep/file link; ls"}'
is 'submit/d reads back that spec' "$(cat "$M/submit/d")" "$(cat "$M/by-name/d/spec")"

mkdir_staged f '{"script": "file:run.sh", "args": ["an argument"]}'
ok 'a staged script is named by file:' mv "$M/stage/f" "$M/submit/f"
is 'and is what runs' "$(ended "$(job_of f)"; cat "$M/by-name/f/stdout")" \
    "$(printf 'completed 0\nI am staged with an argument')"
mkdir_staged again '{"command": "cat data/deep/file"}'
ok 'a directory is submitted under another name' mv "$M/stage/again" "$M/submit/other"
is 'that is its name' "$(ended "$(job_of other)"; cat "$M/by-name/other/stdout")" \
    "$(printf 'completed 0\ninput')"

# What is wrong with it is said, and it stays where it is.
n=$(count)
mkdir "$M/stage/empty"
refused 'a directory without a spec is refused' mv "$M/stage/empty" "$M/submit/"
like 'with a sentence that says which file is wanted' "$(cat "$M/submit/empty.error" 2>&1)" '*job.json*'
is 'and stays' "$(ls -d "$M/stage/empty")" "$M/stage/empty"
mkdir_staged bad '{"comand": "true"}'
refused 'a directory with a bad spec is refused' mv "$M/stage/bad" "$M/submit/"
like 'with the same sentence as a file' "$(cat "$M/submit/bad.error" 2>&1)" '*comand*command*'
is 'and stays whole' "$(cat "$M/stage/bad/data/deep/file")" input
mkdir_staged out '{"script": "file:../../../../../../bin/ls"}'
refused 'a script outside of the directory is refused' mv "$M/stage/out" "$M/submit/"
mkdir_staged link '{"script": "file:sh"}'
ln -s /bin/ls "$M/stage/link/sh"
refused 'a script that is a link to the outside is refused' mv "$M/stage/link" "$M/submit/" ||
    is 'or at least not run' "$(ended "$(job_of link)" | grep -c completed)" 0
is 'none of them became a job' "$(count)" "$n"
printf '{"command": "true"}' >"$M/stage/bad/job.json"
ok 'mended, it is accepted' mv "$M/stage/bad" "$M/submit/"
is 'and runs' "$(ended "$(job_of bad)")" 'completed 0'
is 'its error is gone' "$(find "$M/submit" -name 'bad.error' -printf x)" ''

# A file that was built in stage/ is one job, too.
n=$(count)
printf '#!/bin/sh\necho from a file\n' >"$M/stage/s"
ok 'mv of a file from stage/' mv "$M/stage/s" "$M/submit/s"
is 'submits it once' "$(count)" $((n + 1))
is 'whole' "$(ended "$(job_of s)"; cat "$M/by-name/s/stdout")" "$(printf 'completed 0\nfrom a file')"

# Nothing of stage/ is lost by a restart or a crash.
mkdir_staged later '{"command": "cat data/deep/file"}'
kill_daemon
clear_mount
start
is 'what is staged outlives the daemon' "$(cat "$M/stage/later/data/deep/file")" input
ok 'and can be submitted then' mv "$M/stage/later" "$M/submit/"
is 'and runs' "$(ended "$(job_of later)"; cat "$M/by-name/later/stdout")" "$(printf 'completed 0\ninput')"
ok 'a job that was staged can be removed' rm -r "$M/jobs/$(job_of later)"
finish
