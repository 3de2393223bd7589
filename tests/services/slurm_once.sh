#!/bin/bash
# Whatever breaks while jobs are submitted: each command runs once, and no job is stuck.
. "$(dirname "$0")/lib.sh"
. "$SERVICES/far.sh"
CLUSTER=cfx MOUNTED=link
needs sshd slurm
link_to cfx 1
witness=$FAR/witness
N=20
mount_far()
{
    start_far "link:$FAR/root" -o alive=3
}

# round NAME: N specs at once, each job adds its name to the witness.
drop_specs() # NAME
{
    local i
    mkdir "$T/$1"
    for i in $(seq "$N"); do
        printf '#!/bin/sh\necho %s-%d >> %s\n' "$1" "$i" "$witness" >"$T/$1/$1-$i"
    done
    cp "$T/$1"/* "$M/submit/"
}

each_ran_once() # NAME
{
    local i
    for i in $(seq "$N"); do
        is "$1: job $i ends" "$(ended "$(job_of "$1-$i")" 120)" 'completed 0' ||
            cat "$M/by-name/$1-$i/reason" "$M/by-name/$1-$i/events" | note
    done
    is "$1: each ran once" "$(remote 'grep "^$1-" "$2" | sort | uniq -c | sort -rn | head -n 1' "$1" "$witness" | awk '{ print $1 }')" 1
    is "$1: and all ran" "$(remote 'grep -c "^$1-" "$2"' "$1" "$witness")" "$N"
}

sent() # NAME: some of them are known to be in the queue there, or further
{
    grep -lqs -e queued -e running -e completed "$M"/by-name/"$1"-*/state
}

mount_far
far_state up >/dev/null
drop_specs plain
each_ran_once plain

drop_specs reset
until_true 20 sent reset
ok 'the connection is cut while they are submitted' reset_link
each_ran_once reset

drop_specs silent
until_true 20 sent silent
ok 'the link falls silent while they are submitted' stop_link
like 'which is noticed' "$(far_state down 60)" 'down since*'
is 'and told with every job that waits' \
    "$(grep -l 'down since' "$M"/by-state/*/*/reason 2>/dev/null | wc -l | awk '{ print ($1 > 0) }')" 1
late=$(submit late "$(printf '#!/bin/sh\necho late-1 >> %s' "$witness")")
is 'a spec is accepted meanwhile' "$(state "$late")" accepted
ok 'the link is back' continue_link
like 'and that is noticed' "$(far_state up 90)" 'up*'
each_ran_once silent
is 'what was accepted meanwhile runs' "$(ended "$late" 60)" 'completed 0'

drop_specs stopped
until_true 20 sent stopped
ok 'the controller stops while they are submitted' stop_controller
sleep 8 # as long as it may: what is under way comes to its time limits
ok 'and goes on' continue_controller
each_ran_once stopped

drop_specs killed
until_true 20 sent killed
ok 'the controller is killed while they are submitted' kill_controller
ok 'and is back' restart_controller
each_ran_once killed

# A controller that is killed has forgotten what did not reach its disk.
keep_state "$T/state"
job=$(submit forgotten-1 "$(printf '#!/bin/sh\n#SBATCH --begin=now+20\necho forgotten-1 >> %s' \
    "$witness")")
await_state "$job" queued
until_true 20 remote 'squeue -h -n "$1" | grep .' "$(token_of "$job")"
ok 'the controller is killed, and what it has on disk is older' kill_controller
ok 'it is back' eval 'put_state_back "$T/state" && restart_controller'
is 'what it has forgotten runs' "$(ended "$job" 120)" 'completed 0'
like 'after it was submitted again' "$(cat "$M/jobs/$job/events")" '*"event":"forgotten"*'
is 'once' "$(remote 'grep -c "^forgotten-1" "$1"' "$witness")" 1

drop_specs crashed
until_true 20 sent crashed
kill_daemon
clear_mount
mount_far
each_ran_once crashed
finish
