#!/bin/bash
# contrib/examples: each of them is accepted without a warning and does what it says.
. "$(dirname "$0")/lib.sh"
contrib=$(realpath "$HERE/../../contrib")
E=$contrib/examples
start -o "config=$E/config.json"

warned() # FILE: what check/ has to say beside the script
{
    cp "$1" "$M/check/" || return
    grep -i warning "$M/check/$(basename "$1")" | grep -v 'no warnings'
}

run() # FILE WANT-STDOUT: submit it, wait for it, look at what it printed
{
    local name=${1##*/}
    is "$name gives no warning in check/" "$(warned "$E/$1")" ''
    ok "$name is taken" cp "$E/$1" "$M/submit/"
    is "$name completes" "$(ended "$(job_of "$name")")" 'completed 0'
    like "$name prints what it should" "$(cat "$M/by-name/$name/stdout")" "$2"
}

# An example's name is the file's, but where the spec says another.
run first.sh '*2262 primes*'
is 'first.sh leaves its result in files/' "$(tail -n 1 "$M/by-name/first.sh/files/primes.txt")" 19997
run hello.json "$(hostname)"
run limits.json 42
run inputs.json "$(wc -l </etc/passwd)"
run pi.py 'pi is about 3.1*'
is 'pi.py leaves its result in files/' "$("$PYTHON" -I -c \
    'import json,sys; print(round(json.load(open(sys.argv[1]))["pi"], 1))' \
    "$M/by-name/pi.py/files/result.json")" 3.1

ok 'slurm.sh is taken' cp "$E/slurm.sh" "$M/submit/"
is 'slurm.sh is called what its directive says' "$(ended "$(job_of from-slurm)")" 'completed 0'
like 'slurm.sh prints what it should' "$(cat "$M/by-name/from-slurm/stdout")" 'hello from *'

ok 'array.json is taken' cp "$E/array.json" "$M/submit/"
is 'array.json completes' "$(ended "$(job_of squares)")" 'completed 0'
is 'its elements have output of their own' "$(cat "$M/by-name/squares/tasks/7/stdout")" \
    '7 squared is 49'

cd "$E/chain" || exit 1
ok 'a chain is taken in one go' cp prepare.sh compute.json report.json "$M/submit/"
is 'its last job completes' "$(ended "$(job_of report.json)")" 'completed 0'
is 'the one in the middle ran after the first' "$(cat "$M/by-name/compute.json/stdout")" 5050
cd "$T" || exit 1

ok 'a staged directory is copied in' cp -r "$E/staged" "$M/stage/words"
ok 'and submitted by mv' mv "$M/stage/words" "$M/submit/"
is 'it completes' "$(ended "$(job_of words)")" 'completed 0'
is 'it had its input beside it' "$(cat "$M/by-name/words/files/count.txt")" 5

if have make 'a Makefile that waits for jobs makes its target'; then
    ok 'a Makefile that waits for jobs makes its target' \
        timeout "$(seconds 60)" make -j3 -f "$E/Makefile" CLUSTER="$M" report.txt
    is 'and the target is right' "$(tr '\n' ' ' <report.txt)" "$({ seq 10 19; seq 20 29; seq 30 39; } | tr '\n' ' ')"
fi

if have man 'the manual page renders without a warning'; then
    is 'the manual page renders without a warning' \
        "$(man --warnings -E UTF-8 -l "$contrib/man/clustrixfs.1" 2>&1 >/dev/null)" ''
fi
finish
