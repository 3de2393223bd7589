#!/bin/bash
# Arrays, and jobs with inputs, wait in the cluster's queue like single jobs; and where an end there
# is not the end here, they are called back and wait here.
# shellcheck disable=SC2016 # for the far shell
. "$(dirname "$0")/lib.sh"
. "$SERVICES/far.sh"
. "$SERVICES/links.sh"
CLUSTER=cfx
needs sshd slurm

# An array whose elements write their names down when they run.
array_of() # NAME RANGE CONDITION
{
    link_of "$1" "$3" "\"array\": \"$2\""
}

sorted() { witnessed | tr ' ' '\n' | sort | tr '\n' ' '; }
sorted_is() { [ "$(sorted)" = "$1" ]; }
forget_witness() { remote 'rm -f "$1"' "$FAR/witness"; }

waits_here() # JOB FOR
{
    ok "job $1 waits here" until_true 60 waits_here_now "$@"
}

waits_here_now()
{
    text_is_like "$M/jobs/$1/reason" "waits for job $2 to *" && queue_is_like "$1" %T ''
}

mount_far

# An array, a job after it, an array after that, one after the first array; and nobody here.
first=$(gated_array first 0-2)
second=$(link_of second '["first"]')
third=$(array_of third 0-1 "[$second]")
fourth=$(array_of fourth 4-5 "{\"any\": [$first]}")
waits_there "$second" "$first/tasks/0" afterok
waits_there "$third/tasks/1" "$second" afterok
waits_there "$fourth/tasks/4" "$first/tasks/2" afterany
is 'an array that waits there is one there' \
    "$(remote 'squeue -h -n "$1" -o %i | wc -l' "$(token_of "$third")")" 1
kill_daemon
for n in 0 1 2; do
    tell_element first $n 0
done
ok 'they go on without a daemon' until_true 90 sorted_is \
    'first.0 first.1 first.2 fourth fourth second third third '
clear_mount
mount_far
for job in "$first" "$second" "$third" "$fourth"; do
    is "job $job is found to have completed" "$(ended "$job" 60)" 'completed 0'
done
is 'each ran once' "$(sorted)" 'first.0 first.1 first.2 fourth fourth second third third '
is 'those before first' "$(witnessed | grep -o '^first.[0-2] first.[0-2] first.[0-2] ' | wc -l)" 1

# One element fails: who needs the success of all never runs; who needs a failure does.
forget_witness
bad=$(gated_array bad 0-2)
never=$(link_of never "[$bad]")
nevers=$(array_of nevers 0-2 "[$bad]")
failed=$(link_of failed "{\"failed\": [$bad]}")
waits_there "$never" "$bad/tasks/0" afterok
waits_there "$nevers/tasks/0" "$bad/tasks/0" afterok
waits_there "$failed" "$bad/tasks/0" afternotok
tell_element bad 1 3
ok 'an element fails' until_true 30 text_is_like "$M/jobs/$bad/tasks/1/state" failed
tell_element bad 0 0
tell_element bad 2 0
never_ran "$never" "$bad" 'complete first, failed'
is 'an array that must not run fails' "$(ended "$nevers" 60 | cut -d' ' -f1)" failed
is 'each of it with the sentence' "$(cat "$M/jobs/$nevers/tasks/2/reason")" \
    "job $bad, which had to complete first, failed: this one never ran"
is 'who needed the failure runs' "$(ended "$failed" 60)" 'completed 0'
is 'and nobody else has' "$(sorted)" 'bad.0 bad.1 bad.2 failed '

# The same with the daemon away.
forget_witness
away=$(gated_array away 0-1)
left=$(link_of left "[$away]")
waits_there "$left" "$away/tasks/0" afterok
kill_daemon
tell_element away 0 1
tell_element away 1 0
ok 'Slurm ends what can never be' until_true 60 queue_is_like "$left" %T ''
clear_mount
mount_far
never_ran "$left" "$away" 'complete first, failed'
is 'and has not run' "$(sorted)" 'away.0 away.1 '

# An element that is run again is not known there: who waits for the array waits for that, too.
forget_witness
again=$(gated_array again 0-1)
after=$(link_of after "[$again]")
any=$(link_of any "{\"any\": [$again]}")
behind=$(link_of behind "{\"any\": [$any]}")
waits_there "$after" "$again/tasks/0" afterok
waits_there "$any" "$again/tasks/0" afterany
waits_there "$behind" "$any" afterany
tell_element again 0 7
ok 'an element fails' until_true 30 text_is_like "$M/jobs/$again/tasks/0/state" failed
remote 'rm "$1"' "$FAR/again.0"
ctl "$again/tasks/0" rerun
waits_here "$after" "$again"
waits_here "$any" "$again"
ok 'and who waits for that one does' until_true 60 waits_here_now "$behind" "$any"
tell_element again 1 0
ok 'the others of the array end' until_true 30 text_is_like "$M/jobs/$again/tasks/1/state" completed
ok 'it runs a second time' until_true 60 text_is_like "$M/jobs/$again/tasks/0/state" running
is 'nobody ran before' "$(witnessed)" 'again.0 again.1 '
tell_element again 0 0
for job in "$again" "$after" "$any" "$behind"; do
    is "job $job completes then" "$(ended "$job" 90)" 'completed 0'
done
is 'each ran once' "$(sorted)" 'after again.0 again.0 again.1 any behind '
is 'in order' "$(witnessed | cut -d' ' -f1-3)" 'again.0 again.1 again.0'
ok 'what was called back was not cancelled' [ "$(grep -c cancelled "$M/jobs/$after/events")" = 0 ]

# One that was cancelled before it ran has not completed, nor has its array.
forget_witness
less=$(gated_array less '0-2%1')
never=$(link_of never2 "[$less]")
waits_there "$never" "$less/tasks/0" afterok
ctl "$less/tasks/1" cancel
like 'an element is cancelled before it ran' "$(ended "$less/tasks/1" 60)" 'cancelled*'
tell_element less 0 0
tell_element less 2 0
never_ran "$never" "$less" 'complete first, cancelled'
is 'nor did it' "$(witnessed)" 'less.0 less.2 '

# What is tried again is the daemon's business.
forget_witness
tries=$(gated_array tries 0-1 '"retries": 1')
patient=$(link_of patient "[$tries]")
ok 'an array runs' until_true 30 text_is_like "$M/jobs/$tries/tasks/1/state" running
is 'for what may be tried again the daemon waits' "$(cat "$M/jobs/$patient/reason")" \
    "waits for job $tries to complete"
tell_element tries 0 1
ok 'it is tried again' until_true 60 [ -d "$M/jobs/$tries/tasks/0/attempts/2" ]
tell_element tries 0 0
tell_element tries 1 0
is 'and completes' "$(ended "$tries" 90)" 'completed 0'
is 'then it runs' "$(ended "$patient" 60)" 'completed 0'

# Inputs are brought before, and it waits there.
forget_witness
printf 'first words\n' >"$T/words"
gate=$(gated gate 0)
reads=$(submit reads "{\"command\": \"cat words >> $FAR/witness\", \"inputs\": [\"$T/words\"], \"after\": [$gate]}")
waits_there "$reads" "$gate" afterok
is 'its inputs are there' "$(remote 'cat "$1"' "$FAR/root/$(token_of "$reads")/files/words")" 'first words'
rm "$T/words"
# What may still change them is waited for first.
printf 'old\n' >"$T/result"
makes=$(submit makes "{\"command\": \"until [ -e $FAR/gate.go ]; do sleep 0.2; done; echo new > result\", \"outputs\": [{\"glob\": \"result\", \"to\": \"$T\"}]}")
takes=$(submit takes "{\"command\": \"cat result\", \"inputs\": [\"$T/result\"], \"after\": [$makes]}")
ok 'it runs' await_state "$makes" running
is 'for who makes its inputs the daemon waits' "$(cat "$M/jobs/$takes/reason")" \
    "waits for job $makes to complete"
kill_daemon
let_go gate
ok 'it goes on without a daemon, and without the file' until_true 60 witness_is 'first words '
clear_mount
mount_far
is 'which is found' "$(ended "$reads" 60)" 'completed 0'
is 'the other comes after' "$(ended "$takes" 90)" 'completed 0'
is 'with what was made for it' "$(cat "$M/jobs/$takes/stdout")" new
finish
