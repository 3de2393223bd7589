#!/bin/bash
# A job that Slurm took and a node could not start goes to the queue again; one that somebody
# cancelled does not.
. "$(dirname "$0")/lib.sh"
. "$SERVICES/far.sh"
needs sshd slurm slurm-db

event() # JOB EVENT: how often it happened
{
    grep -c "\"event\":\"$2\"" "$M/jobs/$1/events"
}

nodes_back() # [SERVICE]
{
    in_service "${1:-slurm}" resume_drained
    in_service "${1:-slurm}" until_true 30 nodes_ready
}

witnessing() # a job that says that it ran
{
    printf '#!/bin/sh\necho %s >> %s/witness' "$1" "$FAR"
}

times() # NAME: how often that ran
{
    # shellcheck disable=SC2016 # for the far shell
    remote 'grep -cx "$1" "$2"/witness' "$1" "$FAR" || true
}

prologs() # SERVICE: how a prolog's failure is told, and what is no failure
{
    local job elements
    use_prolog '[ "$SLURMD_NODENAME" != n1 ]' "$1"
    job=$(submit "$1-once" "$(witnessing "$1-once")")
    is "$1: a job whose node could not start it runs" "$(ended "$job" 120)" 'completed 0'
    is "$1: once" "$(times "$1-once")" 1
    is "$1: it was submitted again" "$(event "$job" unstarted)" 1
    like "$1: which is told, and why" "$(grep '"event":"unstarted"' "$M/jobs/$job/events")" \
        '*could not start it on n1 (Prolog error*'
    is "$1: as the same attempt" "$(info "$job" 'j["attempt"]')" 1
    nodes_back "$1"

    elements=$(submit "$1-array" '{"command": "echo $CLUSTRIXFS_TASK", "array": "0-2", "exclusive": true}')
    is "$1: an element that could not be started goes again" "$(ended "$elements" 240)" 'completed 0'
    is "$1: alone" "$(cat "$M/jobs/$elements"/tasks/*/events | grep -c '"event":"unstarted"')" 1
    is "$1: and each has run" "$(cat "$M/jobs/$elements"/tasks/*/stdout | tr '\n' ' ')" '0 1 2 '
    drop_prolog "$1"

}

no_node_can() # SERVICE: and when there is none that could
{
    local job
    use_prolog 'exit 1' "$1"
    job=$(submit "$1-never" "$(witnessing "$1-never")")
    is "$1: one that no node can start fails in the end" "$(ended "$job" 200)" failed
    like "$1: which says what Slurm said, and where to look" "$(cat "$M/jobs/$job/reason")" \
        'could not start: *Prolog error*scontrol show node*4 times'
    is "$1: it was tried three times more" "$(event "$job" unstarted)" 3
    is "$1: it never ran" "$(times "$1-never")" 0
    drop_prolog "$1"
}

# What has a node and has not begun may be cancelled, too.
cancels() # SERVICE
{
    local job
    use_prolog "touch $CFX_TESTBED/$1/prolog.\$SLURM_JOB_ID; sleep 6" "$1"
    for who in root "$CFX_SSH_USER"; do
        job=$(submit "$1-$who" "$(witnessing "$1-cancelled")")
        until_true 60 in_prolog "$1" "$job"
        cancel_as "$who" "$1" "$job"
        is "$1: one that $who cancels before it begins is cancelled" "$(ended "$job" 60)" cancelled
        is "$1: and stays so" "$(event "$job" unstarted)" 0
    done
    job=$(submit "$1-ours" "$(witnessing "$1-cancelled")")
    until_true 60 in_prolog "$1" "$job"
    ctl "$job" cancel
    is "$1: so does cancel" "$(ended "$job" 60)" cancelled
    drop_prolog "$1"
    job=$(submit "$1-waits" '{"command": "true", "begin": "+1h"}')
    await_state "$job" queued
    cancel_as root "$1" "$job"
    is "$1: what waits and root cancels is cancelled" "$(ended "$job" 60)" cancelled
    is "$1: none of them ran" "$(times "$1-cancelled")" 0
}

in_prolog() # SERVICE JOB
{
    [ -e "$CFX_TESTBED/$1/prolog.$(info "$2" 'j["native_id"]')" ]
}

cancel_as() # WHO SERVICE JOB
{
    if [ "$1" = root ]; then
        SLURM_CONF=$CFX_TESTBED/$2/etc/slurm.conf scancel "$(info "$3" 'j["native_id"]')"
    else
        # shellcheck disable=SC2016 # for the far shell
        remote 'scancel "$1"' "$(info "$3" 'j["native_id"]')"
    fi
}

# A controller that is killed gives numbers again that it has forgotten, and a node refuses one that
# it has seen end in the same second: of twelve jobs some are refused so, in most runs. That is up to
# Slurm; that each of them runs is not.
repeats() # SERVICE
{
    local i refused=0 jobs=()
    repeat_numbers "$1"
    await_saved "$1"
    keep_state "$T/state" "$1"
    # shellcheck disable=SC2016 # for the far shell
    remote 'for i in $(seq 12); do sbatch --parsable -o /dev/null --wrap "sleep 300"; done'
    # shellcheck disable=SC2016 # for the far shell
    await_far 30 '[ "$(squeue -h -t R -o %T | grep -c .)" -ge 12 ]'
    kill_controller "$1"
    put_state_back "$T/state" "$1"
    restart_controller "$1"
    mkdir "$T/repeat"
    for i in $(seq 12); do
        witnessing "repeat-$i" >"$T/repeat/repeat-$i"
    done
    cp "$T/repeat"/* "$M/submit/"
    for i in $(seq 12); do
        jobs[i]=$(job_of "repeat-$i")
        is "$1: a job whose number may have been given before runs" \
            "$(ended "${jobs[i]}" 120)" 'completed 0' ||
            cat "$M/jobs/${jobs[i]}/reason" "$M/jobs/${jobs[i]}/events" | note
        is "$1: once" "$(times "repeat-$i")" 1
        refused=$((refused + $(event "${jobs[i]}" unstarted)))
    done
    nodes_back "$1"
    note <<<"$refused were refused, and submitted again"
    continue_numbers "$1"
}

# Each takes a while, and the two differ only in what the accounting adds.
CLUSTER=cfx
start_far "$CLUSTER:$FAR/root"
far_state up >/dev/null
repeats slurm
prologs slurm
stop
CLUSTER=cfx-db
start_far "$CLUSTER:$FAR/root"
far_state up >/dev/null
no_node_can slurm-db
cancels slurm-db
finish
