#!/bin/bash
# An array is one job whose elements are jobs.
. "$(dirname "$0")/lib.sh"
config '{"clusters": {"local": {"cores": 8}}}'
start

job=$(submit a '{"command": "echo $CLUSTRIXFS_TASK > f; echo out $CLUSTRIXFS_TASK", "array": "0-99"}')
is 'an array completes' "$(ended "$job")" 'completed 0'
is 'it is one job' "$(count)" 1
is 'it has all its elements' "$(ls "$M/jobs/$job/tasks" | sort -n | tr '\n' ' ')" \
    "$(seq 0 99 | tr '\n' ' ')"
is 'each has its number' "$(for i in $(seq 0 99); do cat "$M/jobs/$job/tasks/$i/stdout"; done)" \
    "$(for i in $(seq 0 99); do echo out "$i"; done)"
is 'each has its state' "$(cat "$M/jobs/$job"/tasks/*/state | sort | uniq -c | tr -s ' ')" \
    ' 100 completed'
is 'the state counts them' "$(state "$job")" 'completed 100'
is 'an element that is not there is not there' "$(ls -d "$M/jobs/$job/tasks/100" 2>/dev/null)" ''

job=$(submit b '{"command": "exit $((CLUSTRIXFS_TASK % 2))", "array": "1,5,10-14:2"}')
like 'an array with failed elements fails' "$(ended "$job")" 'failed*'
is 'lists and steps are understood' "$(ls "$M/jobs/$job/tasks" | sort -n | tr '\n' ' ')" \
    '1 5 10 12 14 '
like 'its state counts both' "$(state "$job")" '*completed 3*'
like 'its state counts both' "$(state "$job")" '*failed 2*'
is 'an element has its own exit code' "$(cat "$M/jobs/$job/tasks/5/exit_code")" 1
is 'an element has its own wait' "$(bounded cat "$M/jobs/$job/tasks/5/wait")" 'failed 1'

# Never more at a time than it says: each says when it comes and goes.
job=$(submit t "{\"command\": \"echo + >> $T/log2; sleep 0.1; echo - >> $T/log2\", \"array\": \"0-9%2\"}")
is 'a throttled array completes' "$(ended "$job")" 'completed 0'
most() { awk '/[+]/ { if (++n > m) m = n } /-/ { n-- } END { print m }' "$1"; }
is 'two at a time, as it says' "$(most log2)" 2
is 'all ten' "$(grep -c + log2)" 10

# cancel, of one and of all
job=$(submit c '{"command": "sleep 1000", "array": "0-5"}')
helper await-state "$M" "$job/tasks/3" running "$(seconds 20)"
ok 'one element can be cancelled' sh -c "echo cancel > '$M/jobs/$job/tasks/3/ctl'"
is 'it ends alone' "$(bounded cat "$M/jobs/$job/tasks/3/wait")" cancelled
helper await-state "$M" "$job/tasks/4" running "$(seconds 20)"
is 'the others go on' "$(cat "$M/jobs/$job/tasks/4/state")" running
ok 'the whole can be cancelled' ctl "$job" cancel
is 'and ends' "$(ended "$job")" cancelled
is 'with all its elements' "$(cat "$M/jobs/$job"/tasks/*/state | sort -u)" cancelled

# retries and after
job=$(submit r "{\"command\": \"mkdir $T/seen\$CLUSTRIXFS_TASK && exit 1; true\", \"array\": \"0-3\", \"retries\": 1}")
is 'elements are tried again by themselves' "$(ended "$job")" 'completed 0'
job=$(submit after "{\"command\": \"true\", \"after\": [$job]}")
is 'a job can wait for a whole array' "$(ended "$job")" 'completed 0'

# restarts
job=$(submit s "{\"command\": \"echo \$CLUSTRIXFS_TASK >> $T/witness; until [ -e $T/go ]; do sleep 0.05; done\", \"array\": \"0-3\"}")
for i in 0 1 2 3; do helper await-state "$M" "$job/tasks/$i" running "$(seconds 20)"; done
kill_daemon
clear_mount
start
is 'its elements are found running' "$(cat "$M/jobs/$job"/tasks/*/state | sort | uniq -c | tr -s ' ')" ' 4 running'
touch go
is 'an array outlives the daemon' "$(ended "$job")" 'completed 0'
is 'each element ran once' "$(sort witness | tr '\n' ' ')" '0 1 2 3 '
refused 'an array that is too large is refused' tee "$M/submit/large" <<<'{"command": "true", "array": "0-99999999"}'
finish
