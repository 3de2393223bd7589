#!/bin/bash
# PBS over ssh: Slurm's own qsub, qstat and qdel, as Debian has them, before a real Slurm.
# shellcheck disable=SC2016,SC2119,SC2317 # for the far shell; without arguments; called by name
. "$(dirname "$0")/lib.sh"
. "$SERVICES/far.sh"
CLUSTER=cfx-pbs
needs sshd slurm pbs
config "{\"clusters\": {
    \"found\": {\"host\": \"$CLUSTER\", \"dir\": \"$FAR/found\"},
    \"$CLUSTER\": {\"host\": \"$CLUSTER\", \"dir\": \"$FAR/root\", \"scheduler\": \"pbs\"}},
    \"default\": \"$CLUSTER\"}"
start
like 'it is reached' "$(far_state up 90)" 'up*'
like 'PBS is taken where the configuration asks for it' "$(cat "$M/clusters/$CLUSTER/info.json")" \
    "*\"scheduler\":\"pbs\"*Slurm's own qsub*"
like 'another is reached there' "$(MOUNTED=found far_state up 90)" 'up*'
like 'left to itself it takes Slurm' "$(cat "$M/clusters/found/info.json")" \
    '*"scheduler":"slurm"*what is there of PBS only hands jobs to it*'

refused_hold() { ! ctl "$1" hold 2>/dev/null; }
number_of() { info "$1" 'j["native_id"]'; }

cat >"$M/submit/first" <<'END'
#!/bin/bash
#PBS -N first
#PBS -l nodes=1:ppn=2,mem=500mb,walltime=5:00
#PBS -j oe
echo "with $SLURM_NTASKS of $SLURM_MEM_PER_NODE in $(basename "$PWD")"
echo err >&2
echo data > result
END
job=$(job_of first)
is 'a script for qsub runs as it is' "$(ended "$job")" 'completed 0'
is 'with what it asked for' "$(cat "$M/jobs/$job/stdout")" 'with 2 of 500 in files'
is 'its errors are apart' "$(cat "$M/jobs/$job/stderr")" err
is 'its files are here' "$(cat "$M/jobs/$job/files/result")" data
ok 'its number there is known' [ -n "$(number_of "$job")" ]

job=$(submit exit3 "$(printf '#!/bin/sh\nexit 3')")
is 'exit code 3 comes back' "$(ended "$job")" 'failed 3'

job=$(submit bad '{"command": "true", "partition": "nosuch"}')
is 'a bad queue is refused' "$(ended "$job")" failed
like 'in the words of Slurm' "$(cat "$M/jobs/$job/reason")" '*invalid partition specified: nosuch*'

printf '{"command": "true", "partition": "$(touch %s)"}' "$FAR/touched" 2>/dev/null >"$M/submit/evil"
like 'what its shell would run is refused' "$(cat "$M/submit/evil.error")" '*cannot be given*'
printf '{"command": "true", "array": "0-9%%2"}' 2>/dev/null >"$M/submit/throttle"
like 'as is what it cannot do' "$(cat "$M/submit/throttle.error")" '*leave out %2*'

job=$(submit held '{"command": "true", "begin": "+1h"}')
ok 'one for later waits' await_state "$job" queued
ctl "$job" hold
ok 'hold holds it' await_state "$job" held
ctl "$job" release
ok 'release releases it' await_state "$job" queued
ctl "$job" cancel
is 'cancel takes it out of the queue' "$(ended "$job")" cancelled

outside=$(submit waits '{"command": "true", "begin": "+1h"}')
await_state "$outside" queued
remote 'qdel "$1"' "$(number_of "$outside")"
like 'what waits and somebody else takes out is cancelled' "$(ended "$outside" 60)" 'cancelled*'

job=$(submit runs '{"command": "echo begun; sleep 300"}')
ok 'a long one runs' await_state "$job" running
ctl "$job" suspend
ok 'suspend is refused, since there is no qsig' await_reason "$job" '*have no qsig*'
ok 'a running one cannot be held' refused_hold "$job"
ctl "$job" cancel
like 'cancel ends a running one' "$(ended "$job" 60)" 'cancelled*'
is 'what it had written is here' "$(cat "$M/jobs/$job/stdout")" begun

outside=$(submit outside '{"command": "sleep 300"}')
await_state "$outside" running
remote 'qdel "$1"' "$(number_of "$outside")"
like 'what runs and somebody else ends is cancelled' "$(ended "$outside" 60)" 'cancelled*'

limit=$(submit limit '{"command": "echo begun; sleep 300", "time": 5}')
sleeper='import sys, time; x = bytearray(900 << 20); time.sleep(60)'
hungry=$(submit hungry "{\"command\": [\"/usr/bin/python3\", \"-c\", \"$sleeper\"], \"memory\": \"200M\"}")
like 'too much memory is a failure' "$(ended "$hungry" 60)" 'failed*'
like 'and called that' "$(cat "$M/jobs/$hungry/reason")" '*memory*'

job=$(submit array '{"command": "echo $CLUSTRIXFS_TASK; [ $CLUSTRIXFS_TASK != 4 ]", "array": "0-4:2"}')
is 'an array ends' "$(ended "$job" 60)" 'failed 1'
is 'its elements are numbered as in the spec' \
    "$(cat "$M/jobs/$job/tasks/0/stdout" "$M/jobs/$job/tasks/2/stdout" "$M/jobs/$job/tasks/4/stdout")" \
    $'0\n2\n4'
ctl "$job" rerun
ok 'what failed of it is run again' until_true 60 [ -d "$M/jobs/$job/tasks/4/attempts/2" ]
is 'and fails again' "$(ended "$job" 60)" 'failed 1'

# One that waits for another waits in the queue there: here that is Slurm's.
first=$(submit first "{\"command\": \"until [ -e $FAR/go ]; do sleep 0.2; done; exit 3\"}")
any=$(submit any "{\"command\": \"true\", \"after\": {\"any\": [$first]}}")
never=$(submit never "{\"command\": \"echo ran >> $FAR/never\", \"after\": [$first]}")
ok 'a job waits in the queue there' await_reason "$any" "queued: waits for job $first to end"
ok 'so does one that will never run' await_reason "$never" "queued: waits for job $first to complete"
remote 'touch "$1"' "$FAR/go"
is 'it runs when the other has ended' "$(ended "$any" 60)" 'completed 0'
is 'the other fails' "$(ended "$never" 60)" failed
is 'and says for whom' "$(cat "$M/jobs/$never/reason")" \
    "job $first, which had to complete first, failed: this one never ran"
ok 'without having run' remote '[ ! -e "$1" ]' "$FAR/never"
# Each element of an array is a job there, and waits like one.
gate=$(submit gate "{\"command\": \"until [ -e $FAR/open ]; do sleep 0.2; done\"}")
each=$(submit each "{\"command\": \"echo \$CLUSTRIXFS_TASK >> $FAR/each\", \"array\": \"0-1\", \"after\": [$gate]}")
for n in 0 1; do
    ok 'an element waits in the queue there' \
        await_reason "$each/tasks/$n" "queued: waits for job $gate to complete"
done
remote 'touch "$1"' "$FAR/open"
is 'the array runs when the other has ended' "$(ended "$each" 60)" 'completed 0'
is 'each of it once' "$(remote 'sort "$1" | tr "\n" " "' "$FAR/each")" '0 1 '

# The answer of a submission is lost: it is found by its name, and runs once.
witness=$FAR/witness
stop_controller
job=$(submit once "$(printf '#!/bin/sh\necho ran >> %s' "$witness")")
await_state "$job" submitting
kill_daemon
clear_mount
continue_controller
start
is 'what was being submitted when the daemon died ends' "$(ended "$job" 120)" 'completed 0'
is 'and ran once' "$(remote 'wc -l <"$1"' "$witness")" 1

# A server that does not answer says nothing about its jobs.
job=$(submit long '{"command": "sleep 25"}')
await_state "$job" running
ok 'the controller has written down that it runs' await_saved
kill_controller
remote 'qstat' >/dev/null 2>&1
isnt_there=$?
ok 'qstat fails while the controller is away' [ "$isnt_there" != 0 ]
ok 'a job is not called lost by that' [ "$(state "$job")" = running ]
restart_controller
is 'and ends as it does' "$(ended "$job" 90)" 'completed 0'

like 'a time limit is a failure' "$(ended "$limit" 120)" 'failed*'
like 'and called that' "$(cat "$M/jobs/$limit/reason")" '*time limit*'
is 'what it had written is here, too' "$(cat "$M/jobs/$limit/stdout")" begun
finish
