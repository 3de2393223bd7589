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
# What it left lies in one directory for all: an element shows the same one.
is 'an element has all that a job has' "$(ls "$M/jobs/$job/tasks/7" | tr '\n' ' ')" \
    'ctl events exit_code files info.json reason script spec state stderr stdout wait '
is 'its files/ lists what the elements left' "$(ls "$M/jobs/$job/tasks/7/files/")" f
is 'with its bytes' "$(cat "$M/jobs/$job/tasks/7/files/f")" "$(cat "$M/jobs/$job/files/f")"
is 'as the same file' "$(stat -L -c '%F %s %i' "$M/jobs/$job/tasks/7/files/f")" \
    "$(stat -c '%F %s %i' "$M/jobs/$job/files/f")"
ok 'it is copied out of there' cp -r "$M/jobs/$job/tasks/7/files/." out7
is 'whole' "$(cat out7/f)" "$(cat "$M/jobs/$job/files/f")"
ok 'an element is copied with what its links lead to' cp -rL "$M/jobs/$job/tasks/7" task7
is 'so that its files are in the copy' "$(cat task7/files/f)" "$(cat "$M/jobs/$job/files/f")"
ok 'the whole is copied' cp -r "$M/jobs/$job" whole
is 'with its files once' "$(find whole -name f | wc -l)" 1
is 'where the elements of the copy find them' "$(cat whole/tasks/7/files/f)" "$(cat whole/files/f)"
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

# Each is there all the time, also in the moment in which it ends.
cat >look.py <<'EOF'
import os, sys
missing = 0
while not os.path.exists("looked_enough"):
    for i in range(int(sys.argv[2])):
        try:
            os.stat(f"{sys.argv[1]}/{i}/state")
        except FileNotFoundError:
            missing += 1
print(missing)
EOF
job=$(submit l '{"command": "true", "array": "0-4999", "begin": "+1h"}')
timeout "$(seconds 20)" sh -c "until [ \$(ls '$M/jobs/$job/tasks' 2>/dev/null | wc -l) = 5000 ]; do
    sleep 0.1; done"
"$PYTHON" -I look.py "$M/jobs/$job/tasks" 5000 >missing &
looker=$!
"$PYTHON" -I look.py "$M/jobs/$job/tasks" 5000 >missing2 &
looker2=$!
cat "$M/jobs/$job/wait" >waited &
waiter=$!
ctl "$job" cancel
is 'five thousand are cancelled' "$(ended "$job")" cancelled
wait "$waiter"
touch looked_enough
wait "$looker" "$looker2"
is 'none was missing for a moment meanwhile' "$(cat missing missing2 | tr '\n' ' ')" '0 0 '

# retries and after
job=$(submit r "{\"command\": \"mkdir $T/seen\$CLUSTRIXFS_TASK && exit 1; true\", \"array\": \"0-3\", \"retries\": 1}")
is 'elements are tried again by themselves' "$(ended "$job")" 'completed 0'
job=$(submit after "{\"command\": \"true\", \"after\": [$job]}")
is 'a job can wait for a whole array' "$(ended "$job")" 'completed 0'

# rerun failed: those that did not complete, and no others; also while others run.
runs="echo run \$CLUSTRIXFS_ATTEMPT >> $T/runs\$CLUSTRIXFS_TASK"
job=$(submit f "{\"command\": \"$runs; [ \$CLUSTRIXFS_ATTEMPT = 2 ] || exit \$((CLUSTRIXFS_TASK % 2))\", \"array\": \"0-5\"}")
ended "$job" >/dev/null
is 'half of an array fails' "$(state "$job")" 'completed 3 failed 3'
ok 'rerun failed is accepted' ctl "$job" 'rerun failed'
is 'the array completes then' "$(ended "$job")" 'completed 0'
is 'those that had failed ran again, and no others' "$(cat runs[0-5] | tr '\n' ' ')" \
    'run 1 run 1 run 2 run 1 run 1 run 2 run 1 run 1 run 2 '
ok 'rerun failed where nothing failed does no harm' ctl "$job" 'rerun failed'
is 'and runs nothing' "$(state "$job"; cat runs[0-5] | wc -l)" "$(printf 'completed 6\n9')"
refused 'rerun of something else is refused' sh -c "echo rerun completed > '$M/jobs/$job/ctl'"
job=$(submit g "{\"command\": \"case \$CLUSTRIXFS_TASK.\$CLUSTRIXFS_ATTEMPT in 0.1) exit 1;; 1.1) sleep 1000;; 2.*) until [ -e $T/go2 ]; do sleep 0.05; done;; esac\", \"array\": \"0-2\"}")
for i in 1 2; do helper await-state "$M" "$job/tasks/$i" running "$(seconds 20)"; done
echo cancel >"$M/jobs/$job/tasks/1/ctl"
for i in 0 1; do bounded cat "$M/jobs/$job/tasks/$i/wait"; done >ends
is 'one of it fails, another is cancelled' "$(cat ends)" "$(printf 'failed 1\ncancelled')"
ok 'rerun failed while an element runs' ctl "$job" 'rerun failed'
ok 'and once more' ctl "$job" 'rerun failed'
for i in 0 1; do bounded cat "$M/jobs/$job/tasks/$i/wait"; done >ends
is 'runs both again' "$(cat ends)" "$(printf 'completed 0\ncompleted 0')"
is 'and leaves the other alone' "$(state "$job")" 'running 1 completed 2'
touch go2
is 'until it ends' "$(ended "$job")" 'completed 0'
is 'what ran again keeps its attempts apart' "$(ls "$M/jobs/$job/tasks/0/attempts" | tr '\n' ' ')" '1 2 '
is 'as its first attempt' "$(for i in 0 1 2; do info "$job/tasks/$i" 'j["attempt"]'; done | tr '\n' ' ')" '2 2 1 '

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
