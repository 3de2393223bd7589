#!/bin/bash
# Jobs that wait for each other on one cluster wait in its queue, so that a chain goes on without us;
# what became of them is the same as where the daemon waits.
. "$(dirname "$0")/lib.sh"
. "$SERVICES/far.sh"
. "$SERVICES/links.sh"
CLUSTER=cfx
needs sshd slurm slurm-brief

mount_far

# A chain of three, and nobody here while it goes on.
first=$(gated first 0)
second=$(link_of second '["first"]')
third=$(link_of third "[$second]")
waits_there "$second" "$first" afterok
waits_there "$third" "$second" afterok
is 'what waits there is queued' "$(state "$third")" queued
like 'and says for whom' "$(cat "$M/jobs/$third/reason")" "queued: waits for job $second to complete"
held=$(link_of held "[$first]")
waits_there "$held" "$first" afterok
ctl "$held" hold
ok 'what waits there can be held' await_state "$held" held
ctl "$held" release
ok 'and released' await_state "$held" queued
gone=$(link_of gone "[$first]")
waits_there "$gone" "$first" afterok
ctl "$gone" cancel
is 'and cancelled' "$(ended "$gone" 60)" cancelled
like 'as what the user wanted' "$(cat "$M/jobs/$gone/reason")" 'cancelled*'
ctl "$held" cancel
is 'all of them' "$(ended "$held" 60)" cancelled
kill_daemon
let_go first
ok 'the chain goes on without a daemon' until_true 60 witness_is 'second third '
clear_mount
mount_far
for job in "$first" "$second" "$third"; do
    is "job $job is found to have completed" "$(ended "$job" 60)" 'completed 0'
done
is 'each ran once' "$(witnessed)" 'second third '

# The other conditions, and an end that is none of them.
bad=$(gated bad 1)
never=$(link_of never "[$bad]")
behind=$(link_of behind "[$never]")
failed=$(link_of failed "{\"failed\": [$bad]}")
any=$(link_of any "{\"any\": [$bad], \"completed\": [$first]}")
waits_there "$never" "$bad" afterok
waits_there "$behind" "$never" afterok
waits_there "$failed" "$bad" afternotok
waits_there "$any" "$bad" afterany
let_go bad
is 'failed: runs after a failure' "$(ended "$failed" 60)" 'completed 0'
is 'any: runs whatever became of it' "$(ended "$any" 60)" 'completed 0'
never_ran "$never" "$bad" 'complete first, failed'
never_ran "$behind" "$never" 'complete first, failed'
again=$(gated again 0)
unfailed=$(link_of unfailed "{\"failed\": [$again]}")
waits_there "$unfailed" "$again" afternotok
let_go again
never_ran "$unfailed" "$again" 'fail first, completed'

# The same with the daemon away.
away=$(gated away 1)
left=$(link_of left "[$away]" '"retries": 3')
waits_there "$left" "$away" afterok
kill_daemon
let_go away
ok 'Slurm ends what can never be' until_true 60 queue_is_like "$left" %T ''
clear_mount
mount_far
never_ran "$left" "$away" 'complete first, failed'
is 'it is not tried again' "$(info "$left" 'j["attempt"]')" 1

# Cancelled.
taken=$(gated taken 0)
left=$(link_of left2 "[$taken]")
waits_there "$left" "$taken" afterok
ctl "$taken" cancel
is 'what is waited for is cancelled' "$(ended "$taken" 60 | cut -d' ' -f1)" cancelled
never_ran "$left" "$taken" 'complete first, cancelled'

# What only the daemon can know it waits for itself.
tries=$(gated tries 1 '"retries": 1')
patient=$(link_of patient "{\"failed\": [$tries]}")
await_state "$tries" running
like 'for what may be tried again the daemon waits' "$(cat "$M/jobs/$patient/reason")" \
    "waits for job $tries to fail"
let_go tries
is 'until that has failed for good' "$(ended "$patient" 90)" 'completed 0'
is 'after both attempts' "$(info "$tries" 'j["attempt"]')" 2
is 'what must not run has not' "$(witnessed | tr ' ' '\n' | sort | tr '\n' ' ')" \
    'any failed patient second third '
before=$(witnessed)
stop

# A controller that forgets a job two seconds after its end, behind a link that breaks.
CLUSTER=cfx-brief MOUNTED=link
link_to cfx-brief 1
start_far "link:$FAR/brief" -o alive=3
far_state up >/dev/null
soon=$(gated soon 1)
never=$(link_of never2 "[$soon]")
waits_there "$never" "$soon" afterok
let_go soon
never_ran "$never" "$soon" 'complete first, failed'

early=$(gated early 0)
bad=$(gated bad3 1)
for job in "$early" "$bad"; do
    ok 'a job runs' await_state "$job" running
done
tied=$(link_of tied "[$early]")
waits_there "$tied" "$early" afterok
native=$(info "$early" 'j["native_id"]'),$(info "$bad" 'j["native_id"]')
ok 'the link falls silent' stop_link
like 'which is noticed' "$(far_state down 60)" 'down since*'
let_go early
let_go bad3
ok 'what waits there runs meanwhile' until_true 30 witness_is "${before}tied "
# shellcheck disable=SC2016 # for the far shell
ok 'those before it are forgotten' await_far 30 '! squeue -h -t all -j "$1" 2>/dev/null | grep -q .' "$native"
late=$(link_of late "[$early]")
never=$(link_of never3 "[$bad]")
ok 'the link is back' continue_link
is 'one that was to wait for what Slurm has forgotten runs' "$(ended "$late" 90)" 'completed 0'
like 'when it was known here too' "$(cat "$M/jobs/$late/events")" \
    '*is not in the queue any more*'
never_ran "$never" "$bad" 'complete first, failed'
is 'the others have completed' "$(ended "$early" 60) $(ended "$tied" 60)" 'completed 0 completed 0'
is 'each ran once' "$(witnessed)" "${before}tied late "
finish
