#!/bin/bash
# What each attempt of a job wrote stays apart, and the top level is the newest one.
. "$(dirname "$0")/lib.sh"
config '{"clusters": {"local": {"cores": 4}}}'
start

said() { printf 'out %s\nerr %s\n' "$1" "$1"; }
output() { cat "$M/jobs/$1/stdout" "$M/jobs/$1/stderr"; }
numbers() { ls "$M/jobs/$1/attempts" | sort -n | tr '\n' ' '; }
try='echo out $CLUSTRIXFS_ATTEMPT; echo err $CLUSTRIXFS_ATTEMPT >&2'

# One attempt only.
job=$(submit one "{\"command\": \"$try\"}")
ended "$job" >/dev/null
is 'a job that ran once has no attempts/' "$(ls -d "$M/jobs/$job/attempts" 2>/dev/null)" ''
refused 'nor can it be looked into' cat "$M/jobs/$job/attempts/1/stdout"

# retries
job=$(submit retries "{\"command\": \"$try; exit \$CLUSTRIXFS_ATTEMPT\", \"retries\": 2}")
is 'a job with two retries fails in the end' "$(ended "$job")" 'failed 3'
is 'it has three attempts' "$(numbers "$job")" '1 2 3 '
for i in 1 2 3; do
    is "attempt $i has its own output" "$(output "$job/attempts/$i")" "$(said $i)"
    is "attempt $i says how it ended" "$(cat "$M/jobs/$job/attempts/$i/reason")" "it exited $i"
done
is 'the top level is the newest' "$(output "$job")" "$(said 3)"
is 'an attempt has these files' "$(ls "$M/jobs/$job/attempts/1" | tr '\n' ' ')" \
    'events reason stderr stdout '
is 'their sizes are true' "$(stat -c %s "$M/jobs/$job/attempts/"*/stdout | tr '\n' ' ')" '6 6 6 '
is 'the events of all attempts are those of the job' \
    "$(cat "$M/jobs/$job/attempts/"{1,2,3}/events)" "$(cat "$M/jobs/$job/events")"
ok 'each attempt was over before the next' \
    [ "$(stat -c %Y "$M/jobs/$job/attempts/1")" -le "$(stat -c %Y "$M/jobs/$job/attempts/2")" ]
for name in 0 4 01 1x -1 256 257; do
    [ ! -e "$M/jobs/$job/attempts/$name" ] || echo "$name is there"
done >names
is 'others are not there' "$(cat names)" ''
is 'no two of them are one file' \
    "$(find "$M/jobs/$job" -mindepth 1 -path "$M/jobs/$job/files" -prune -o -printf '%i\n' | sort | uniq -d)" ''
is '.. of an attempt is attempts/, and of that the job' \
    "$(cd "$M/jobs/$job/attempts/2/../.." && pwd -P; stat -c %i "$M/jobs/$job/attempts/2/.." "$M/jobs/$job/attempts/..")" \
    "$(printf '%s\n' "$M/jobs/$job"; stat -c %i "$M/jobs/$job/attempts" "$M/jobs/$job")"
refused 'nothing in it can be written' sh -c "echo x > '$M/jobs/$job/attempts/1/stdout'"

# rerun: what the kernel kept of the ended job is not shown for the new attempt.
job=$(submit again "{\"command\": \"$try; $(gate again)\"}")
arrived again
open_gate again 7
is 'it ends' "$(ended "$job")" 'failed 7'
for i in 1 2; do output "$job"; state "$job"; cat "$M/jobs/$job/exit_code"; done >/dev/null
is 'before a rerun there is one attempt' "$(ls -d "$M/jobs/$job/attempts" 2>/dev/null)" ''
rounds=8
for i in $(seq 2 $rounds); do
    ctl "$job" rerun
    state "$job"
    stat -c %s "$M/jobs/$job/exit_code"
    cat "$M/jobs/$job/exit_code"
    echo "attempts $(numbers "$job")"
    output "$job/attempts/$((i - 1))" | grep -v "[tr] $((i - 1))\$"
    arrived again
    await_state "$job" running
    output "$job" | grep -v "[tr] $i\$"
    cat "$M/jobs/$job/attempts/$i/exit_code" "$M/jobs/$job/attempts/$((i - 1))/reason" 2>/dev/null
    open_gate again "$i"
    ended "$job"
    output "$job/attempts/$i" | grep -v "[tr] $i\$"
done >seen 2>&1
is 'right after a rerun nothing is as it was before' "$(grep -e '^failed$' -e '^[1-9]$' seen)" ''
is 'and its exit code is gone' "$(grep -c '^0$' seen)" $((rounds - 1))
is 'the attempts are there at once' "$(grep attempts seen | tail -n 1)" "attempts $(seq -s ' ' $rounds) "
is 'no output is another attempt'\''s' "$(grep -e '^out' -e '^err' seen)" ''
is 'attempts that have ended stay as they were' \
    "$(for i in $(seq $rounds); do output "$job/attempts/$i"; done)" \
    "$(for i in $(seq $rounds); do said "$i"; done)"
is 'and so does how they ended' "$(cat "$M/jobs/$job/attempts/1/reason")" 'it exited 7'

# While a later attempt runs; held open, and watched.
job=$(submit open "{\"command\": \"$try; $(gate open)\", \"retries\": 1}")
arrived open
await_state "$job" running
exec 5<"$M/jobs/$job/stdout"
open_gate open 1
arrived open
await_state "$job" running
is 'an open file stays the attempt it was opened in' "$(cat <&5)" 'out 1'
exec 5<&-
is 'an earlier attempt can be read while a later one runs' "$(output "$job/attempts/1")" "$(said 1)"
is 'and the newest' "$(output "$job/attempts/2")" "$(said 2)"
like 'whose reason is that of the job' "$(cat "$M/jobs/$job/attempts/2/reason")" 'running*'
refused 'nothing of a running job can be removed' rm -f "$M/jobs/$job/attempts/1/stdout"
ctl "$job" cancel
is 'it is cancelled' "$(ended "$job")" cancelled
like 'and its last attempt says so' "$(cat "$M/jobs/$job/attempts/2/reason")" 'cancelled*'

# An element of an array.
array=$(submit array "{\"command\": \"$try; echo task \$CLUSTRIXFS_TASK; [ \$CLUSTRIXFS_ATTEMPT = 2 ]\", \"array\": \"3-5\", \"retries\": 0}")
ended "$array" >/dev/null
ok 'an element can be run again' sh -c "echo rerun > '$M/jobs/$array/tasks/4/ctl'"
is 'it completes' "$(bounded cat "$M/jobs/$array/tasks/4/wait")" 'completed 0'
is 'its attempts are kept apart' "$(cat "$M/jobs/$array/tasks/4/attempts/"{1,2}/stdout)" \
    "$(printf 'out 1\ntask 4\nout 2\ntask 4')"
is 'the others have one' "$(ls -d "$M/jobs/$array"/tasks/*/attempts)" "$M/jobs/$array/tasks/4/attempts"
is 'the whole has none' "$(ls -d "$M/jobs/$array/attempts" 2>/dev/null)" ''

# After a restart, and at the end.
before=$(find "$M/jobs/$job" "$M/jobs/$array" -path '*/attempts/*' -type f -printf '%p %s %T@ %i\n' -exec cat {} +)
stop
start
is 'after a restart all is as before' \
    "$(find "$M/jobs/$job" "$M/jobs/$array" -path '*/attempts/*' -type f -printf '%p %s %T@ %i\n' -exec cat {} +)" \
    "$before"
mkdir copy
ok 'they can be copied whole' cp -a "$M/jobs/$job/attempts" copy/
is 'with their output' "$(cat copy/attempts/*/stdout)" "$(printf 'out 1\nout 2')"
ok 'rm -r of a job with attempts' bounded rm -r "$M/jobs/$job"
ok 'and of an array with some' bounded rm -r "$M/jobs/$array"
is 'they are gone' "$(find "$M/jobs" -maxdepth 1 \( -name "$job" -o -name "$array" \))" ''
finish
