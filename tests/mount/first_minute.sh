#!/bin/bash
# What a newcomer does in the first minute, as the README says it.
. "$(dirname "$0")/lib.sh"
start

cat >train.sh <<'END'
#!/bin/sh
echo learning
echo a warning >&2
echo 42 > result.txt
END

ok 'cp puts a script into submit/' cp train.sh "$M/submit/"
is 'wait blocks and then says completed 0' "$(bounded cat "$M/by-name/train.sh/wait")" 'completed 0'
is 'stdout is what it printed' "$(cat "$M/by-name/train.sh/stdout")" learning
is 'stderr is what it complained' "$(cat "$M/by-name/train.sh/stderr")" 'a warning'
ok 'ls -l lists the files of the newest job' ls -l "$M/jobs/latest/files/"
is 'the result file is there' "$(ls "$M/jobs/latest/files/")" result.txt
is 'the result file is what the job wrote' "$(cat "$M/jobs/latest/files/result.txt")" 42
is 'the state is one word' "$(cat "$M/jobs/latest/state")" completed
is 'the exit code is a number' "$(cat "$M/jobs/latest/exit_code")" 0
like 'the reason is a sentence' "$(cat "$M/jobs/latest/reason")" '?*'
same 'the spec is byte for byte what was submitted' train.sh "$M/jobs/latest/spec"
same 'submit/train.sh reads back what was written' train.sh "$M/submit/train.sh"

ok 'echo submits a JSON spec' \
    dash -c 'echo "{\"command\":\"hostname\"}" > "$1"' - "$M/submit/hello"
is 'it runs' "$(bounded cat "$M/by-name/hello/wait")" 'completed 0'
is 'it prints' "$(cat "$M/by-name/hello/stdout")" "$(hostname)"
is 'jobs/latest is the newest' "$(readlink "$M/jobs/latest")" "$(job_of hello)"

# The examples in the tree's own README work when they are pasted, from where they say.
like 'README.md tells how' "$(cat "$M/README.md")" '*submit*'
finish
