#!/bin/bash
# Slurm over ssh: submitted, watched and ended as a user of Slurm expects.
. "$(dirname "$0")/lib.sh"
. "$SERVICES/far.sh"
CLUSTER=cfx
needs sshd slurm
start_far "cfx:$FAR/root"
like 'it is reached' "$(far_state up)" 'up*'
like 'Slurm was found by itself' "$(cat "$M/clusters/cfx/info.json")" '*"scheduler":"slurm"*'

cat >"$M/submit/first" <<'END'
#!/bin/bash
#SBATCH --cpus-per-task=2
#SBATCH --mem=200M
#SBATCH --time=5
echo "on $SLURM_JOB_NODELIST with $SLURM_CPUS_PER_TASK"
echo err >&2
echo data > result
END
job=$(job_of first)
is 'a script for sbatch runs as it is' "$(ended "$job")" 'completed 0'
like 'with what it asked for' "$(cat "$M/jobs/$job/stdout")" 'on n[1-4] with 2'
is 'its errors are apart' "$(cat "$M/jobs/$job/stderr")" err
is 'its files are here' "$(cat "$M/jobs/$job/files/result")" data
ok 'its number there is known' [ -n "$(info "$job" 'j["native_id"]')" ]

job=$(submit three "$(printf '#!/bin/sh\nexit 3')")
is 'an exit code comes back' "$(ended "$job")" 'failed 3'

job=$(submit bad '{"command": "true", "partition": "nosuch"}')
is 'a bad partition is refused' "$(ended "$job")" 'failed'
like 'in the words of Slurm' "$(cat "$M/jobs/$job/reason")" '*nvalid partition*'

job=$(submit held '{"command": "true", "begin": "+1h"}')
await_state "$job" queued
await_reason "$job" '*begin*'
like 'why it waits is said in words' "$(cat "$M/jobs/$job/reason")" '*begin*'
ctl "$job" hold
await_state "$job" held
is 'hold holds it there, too' "$(remote 'squeue -h -n "$1" -o %r' "$(info "$job" 'j["token"]')")" \
    JobHeldUser
ctl "$job" release
await_state "$job" queued
ctl "$job" cancel
is 'cancel takes it out of the queue' "$(ended "$job")" cancelled

job=$(submit runs '{"command": "echo begun; sleep 300"}')
await_state "$job" running
ctl "$job" suspend
ok 'suspend is for operators, and it says so' await_reason "$job" '*did not do what was asked*'
ctl "$job" cancel
like 'cancel ends a running one' "$(ended "$job")" 'cancelled*'

limit=$(submit limit '{"command": "sleep 300", "partition": "short", "time": 60}')
await_state "$limit" running
memory=$(submit memory '{"command": ["/usr/bin/python3", "-c", "import time; x = bytearray(500 << 20); time.sleep(60)"], "memory": "50M"}')
like 'too much memory is a failure' "$(ended "$memory" 60)" 'failed*'
like 'and called that' "$(cat "$M/jobs/$memory/reason")" '*out of memory*'

outside=$(submit outside '{"command": "sleep 300"}')
await_state "$outside" running
remote 'scancel -n "$1"' "$(info "$outside" 'j["token"]')"
like 'what somebody else cancels is cancelled' "$(ended "$outside" 60)" 'cancelled*'

# However many there are: how often slurmctld was asked about jobs, by its own count.
queries()
{
    remote sdiag | awk '/REQUEST_JOB_(USER_)?INFO/ && sub(/.*count:/, "") { n += $1 } END { print n + 0 }'
}
many=$(submit many '{"command": "true", "array": "0-999", "begin": "+1h"}')
until_true 60 text_is_like "$M/jobs/$many/state" 'queued 1000'
is 'an array of a thousand is in the queue' "$(state "$many")" 'queued 1000'
asked=$(queries)
sleep 10 # in which they are asked after
asked=$(($(queries) - asked))
note <<<"asked $asked times in 10 s"
ok 'all of them are asked after by one question a round' [ "$asked" -ge 1 -a "$asked" -le 11 ]
ctl "$many" cancel
is 'and cancelled as one' "$(ended "$many" 60)" cancelled

like 'a time limit is a failure' "$(ended "$limit" 120)" 'failed*'
like 'and called that' "$(cat "$M/jobs/$limit/reason")" '*time limit*'
finish
