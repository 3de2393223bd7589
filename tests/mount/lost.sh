#!/bin/bash
# What cannot be known is not guessed: pids that were given to others, reboots, killed keepers.
. "$(dirname "$0")/lib.sh"
config '{"clusters": {"local": {"cores": 4}}}'
start

run_dir() # JOB
{
    echo "$S/local/$(info "$1" 'j["token"]')/attempt1"
}
record() # JOB KEY
{
    sed -n "s/^$2 //p" "$(run_dir "$1")/started"
}
sleeper() # NAME -> its number, running
{
    local job
    job=$(submit "$1" '{"command": "exec sleep 1000"}')
    await_state "$job" running
    echo "$job"
}

# Keeper and job die while the daemon is away, and another process gets the job's pid.
job=$(sleeper reused)
dir=$(run_dir "$job")
pid=$(record "$job" job_pid) keeper=$(record "$job" keeper_pid)
other=$(sleeper other)
stop
kill -9 "$keeper" "$pid"
helper await-exit "$pid" 10
helper await-exit "$keeper" 10
if may 'a reused pid is not mistaken for the job' 'clone3 with set_tid needs root' is_root; then
    ok 'another process gets the pid of the job' helper reuse-pid "$pid" sleep 1000
    ok 'and another one that of its keeper' helper reuse-pid "$keeper" sleep 1000
    start
    is 'a reused pid is not mistaken for the job' "$(ended "$job")" lost
    like 'the reason says so' "$(cat "$M/jobs/$job/reason")" '?* ?*'
    is 'the other process is left alone' "$(cat "/proc/$pid/comm")" sleep
    refused 'a lost job takes no signal' bash -c "echo signal KILL > '$M/jobs/$job/ctl'"
    is 'so that the other process lives' "$(cat "/proc/$pid/comm" "/proc/$keeper/comm")" \
        "$(printf 'sleep\nsleep')"
    kill -9 "$pid" "$keeper"
else
    start
    is 'a job that is gone without a record is lost' "$(ended "$job")" lost
fi
is 'the job beside it is running' "$(state "$other")" running
ok 'the directory of the lost job is kept' [ -d "$dir" ]

# The same with the daemon there. What they left is there all the same.
leaving() # NAME DESTINATION -> its number, with a file left
{
    local job
    job=$(submit "$1" "{\"command\": \"echo part >p; exec sleep 1000\", \"outputs\": [{\"glob\": \"p\", \"to\": \"$2\"}]}")
    timeout "$(seconds 20)" sh -c "until [ -s '$M/jobs/$job/files/p' ]; do sleep 0.05; done"
    await_state "$job" running
    echo "$job"
}
echo >"$T/file"
job=$(leaving killed "$T/left") stuck=$(leaving stuck "$T/file/below")
for j in $job $stuck; do
    pid=$(record "$j" job_pid) keeper=$(record "$j" keeper_pid)
    kill -9 "$keeper" "$pid"
done
# Nothing tells of that; it is found by the sweep, twice within a grace time.
is 'a job whose keeper was killed too is lost, not completed' "$(ended "$job" 60)" lost
is 'with what it left where its spec wants it' "$(cat "$T/left/p")" part
like 'its reason is that it is lost' "$(cat "$M/jobs/$job/reason")" 'lost: *cannot be told'
is 'one whose outputs cannot be brought is lost, too' "$(ended "$stuck" 60)" lost
like 'and its reason says both' "$(cat "$M/jobs/$stuck/reason")" \
    'lost: *; 1 of its 1 output files were not brought: *'
ok 'its events have no other end' sh -c "! grep -e collecting -e exited '$M/jobs/$job/events'"

# The job alone is killed: its keeper sees how.
job=$(sleeper shot)
kill -9 "$(record "$job" job_pid)"
is 'a job that is killed has failed with that signal' "$(ended "$job")" 'failed signal 9'

# The keeper alone is killed: the job is still the job.
job=$(submit orphan "{\"command\": \"$(gate orphan)\"}")
arrived orphan
await_state "$job" running
keeper=$(record "$job" keeper_pid)
stop
kill -9 "$keeper"
helper await-exit "$keeper" 10
start
is 'a job without a keeper is running while its process lives' "$(state "$job")" running
ctl "$job" cancel
like 'it can be cancelled' "$(ended "$job" 60)" '@(cancelled|lost)'

# A reboot, as the records show it: another boot id than today's. (Nothing else tells a reboot.)
pid=$(record "$other" job_pid) keeper=$(record "$other" keeper_pid) dir=$(run_dir "$other")
stop
kill -9 "$keeper" "$pid"
helper await-exit "$pid" 10
sed -i 's/^boot .*/boot 01234567-89ab-cdef-0123-456789abcdef/' "$dir/started"
start
is 'a job that was running at a reboot is lost' "$(ended "$other")" lost
like 'and the reason says that the machine was restarted' "$(cat "$M/jobs/$other/reason")" \
    '*@(boot|restart)*'
job=$(submit alive '{"command": "true"}')
is 'jobs run on' "$(ended "$job")" 'completed 0'

# A record cut short is no evidence.
job=$(sleeper cut)
pid=$(record "$job" job_pid) keeper=$(record "$job" keeper_pid) dir=$(run_dir "$job")
stop
kill -9 "$keeper" "$pid"
helper await-exit "$pid" 10
printf 'cause exit\nexit_code 0\n' >"$dir/exit"
start
is 'an exit record cut short does not make a job completed' "$(ended "$job")" lost
finish
