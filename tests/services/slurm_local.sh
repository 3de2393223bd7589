#!/bin/bash
# Slurm on the machine that one sits at: a login host mounts its own cluster.
. "$(dirname "$0")/lib.sh"
. "$SERVICES/far.sh"
CLUSTER=cfx MOUNTED=slurm
needs sshd slurm
config "{\"default\": \"slurm\", \"clusters\": {\"slurm\": {\"scheduler\": \"slurm\", \"dir\": \"$T/jobs\"}}}"
start
like 'it needs no connection' "$(far_state up)" 'up*'

job=$(submit first "$(printf '#!/bin/sh\n#SBATCH --cpus-per-task=2\necho on $SLURM_JOB_NODELIST; echo err >&2; echo data > result; exit 3')")
is 'a job runs in its queue and its exit code is here' "$(ended "$job" 60)" 'failed 3'
like 'it ran on a node' "$(cat "$M/jobs/$job/stdout")" 'on n[1-4]'
is 'its errors are apart' "$(cat "$M/jobs/$job/stderr")" err
is 'its files are opened where they lie' "$(cat "$M/jobs/$job/files/result")" data
job=$(submit many '{"command": "echo $CLUSTRIXFS_TASK", "array": "0-2"}')
is 'an array is one there' "$(ended "$job" 60)" 'completed 0'
is 'with the output of each' "$(cat "$M/jobs/$job"/tasks/{0,1,2}/stdout | tr '\n' ' ')" '0 1 2 '
job=$(submit waits '{"command": "true", "begin": "+1h"}')
await_state "$job" queued
ctl "$job" cancel
like 'cancel takes it out of the queue' "$(ended "$job" 60)" 'cancelled*'
job=$(submit runs '{"command": "sleep 300"}')
await_state "$job" running
kill_daemon
clear_mount
start
is 'a job outlives the daemon' "$(state "$job")" running
ctl "$job" cancel
like 'and can be cancelled by the next' "$(ended "$job" 60)" 'cancelled*'
finish
