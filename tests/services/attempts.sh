#!/bin/bash
# What each attempt wrote at a far cluster stays apart: retries, rerun, and what the scheduler itself
# runs again.
. "$(dirname "$0")/lib.sh"
. "$SERVICES/far.sh"
CLUSTER=cfx-host
needs sshd slurm

said() { printf 'out %s\nerr %s\n' "$1" "$1"; }
output() { cat "$M/jobs/$1/stdout" "$M/jobs/$1/stderr"; }
numbers() { ls "$M/jobs/$1/attempts" | sort -n | tr '\n' ' '; }
try='echo out $CLUSTRIXFS_ATTEMPT; echo err $CLUSTRIXFS_ATTEMPT >&2'

retries() # -> the job
{
    job=$(submit retries "{\"command\": \"$try; exit \$CLUSTRIXFS_ATTEMPT\", \"retries\": 1}")
    is "$CLUSTER: a job with a retry fails in the end" "$(ended "$job" 60)" 'failed 2'
    is "$CLUSTER: it has two attempts" "$(numbers "$job")" '1 2 '
    for i in 1 2; do
        is "$CLUSTER: attempt $i has its own output" "$(output "$job/attempts/$i")" "$(said $i)"
        like "$CLUSTER: attempt $i says how it ended" "$(cat "$M/jobs/$job/attempts/$i/reason")" \
            "it exited $i*"
    done
    is "$CLUSTER: the top level is the newest" "$(output "$job")" "$(said 2)"
    ctl "$job" rerun
    is "$CLUSTER: a rerun is one more" "$(ended "$job" 60)" 'failed 3'
    is "$CLUSTER: with its own output" "$(output "$job")" "$(said 3)"
    is "$CLUSTER: the others are as they were" \
        "$(output "$job/attempts/1"; output "$job/attempts/2")" "$(said 1; said 2)"
}

start_far "cfx-host:$FAR/root"
far_state up >/dev/null
retries
far_ssh cfx-host true
token=$(token_of "$job")
ok 'rm -r of it' bounded rm -r "$M/jobs/$job"
# shellcheck disable=SC2016 # for the far shell
ok 'removes its directory there' await_far 20 '[ ! -e "$1" ]' "$FAR/root/$token"
stop
is 'it unmounts' "$STATUS" 0

CLUSTER=cfx
start_far "cfx:$FAR/slurm"
far_state up >/dev/null
retries

# Slurm runs it again by itself: the first attempt's last words come after it was last looked at.
job=$(submit requeue "{\"command\": \"trap 'echo last words; exit 9' TERM; $try; [ \$CLUSTRIXFS_ATTEMPT = 2 ] || while :; do sleep 0.1; done\", \"native\": [\"--requeue\"]}")
until_true 120 text_is_like "$M/jobs/$job/state" running
is 'it is on its first attempt' "$(info "$job" 'j["attempt"]')" 1
until_true 40 text_is_like "$M/jobs/$job/stdout" 'out 1*'
native=$(info "$job" 'j["native_id"]')
# shellcheck disable=SC2016 # for the far shell
ok 'it is put back into the queue there' remote 'scontrol requeue "$1"' "$native"
is 'it completes' "$(ended "$job" 90)" 'completed 0'
is 'as its second attempt' "$(info "$job" 'j["attempt"]'; numbers "$job")" "$(printf '2\n1 2 ')"
is 'of the same submission' "$(info "$job" 'j["native_id"]')" "$native"
is 'whose output is its own' "$(output "$job")" "$(said 2)"
# shellcheck disable=SC2016 # for the far shell
first=$(remote 'cat "$1"/attempt1/stdout' "$FAR/slurm/$(token_of "$job")")
until_true 20 text_is_like "$M/jobs/$job/attempts/1/stdout" "$first"
is 'and that of the first is whole' "$(cat "$M/jobs/$job/attempts/1/stdout")" "$first"
like 'to the last words' "$first" $'out 1\nlast words'
like 'it says why there is a second' "$(cat "$M/jobs/$job/attempts/1/reason")" 'the scheduler *'
is 'it was started twice' "$(grep -c '"started"' "$M/jobs/$job/events")" 2
ok 'rm -r of it' bounded rm -r "$M/jobs/$job"

# What saves its work and asks Slurm for another run exits 0: that is not its end.
job=$(submit self "{\"command\": \"$try; [ \$CLUSTRIXFS_ATTEMPT = 2 ] || scontrol requeue \$SLURM_JOB_ID; trap 'exit 0' TERM; [ \$CLUSTRIXFS_ATTEMPT = 2 ] || while :; do sleep 0.1; done\", \"native\": [\"--requeue\"]}")
is 'a job that puts itself back completes once' "$(ended "$job" 90)" 'completed 0'
is 'as its second attempt' "$(info "$job" 'j["attempt"]'; output "$job")" "$(printf '2\n'; said 2)"
like 'its first one is there' "$(cat "$M/jobs/$job/attempts/1/stdout")" 'out 1*'

# What has to make room for another job is run again as often as the spec allows.
low=$(submit low "{\"command\": \"$try; [ \$CLUSTRIXFS_ATTEMPT = 2 ] || sleep 300\", \"partition\": \"low\", \"exclusive\": true, \"retries\": 1, \"native\": [\"--nodelist=n2\"]}")
until_true 60 text_is_like "$M/jobs/$low/stdout" 'out 1*'
main=$(submit main '{"command": "true", "partition": "main", "exclusive": true, "native": ["--nodelist=n2"]}')
is 'a job that others go before makes room' "$(ended "$main" 90)" 'completed 0'
is 'and completes as its second attempt' "$(ended "$low" 90)" 'completed 0'
is 'with the output of that' "$(output "$low")" "$(said 2)"
is 'the first has its own' "$(output "$low/attempts/1")" "$(said 1)"
like 'and says why it ended' "$(cat "$M/jobs/$low/attempts/1/reason")" '*took its nodes away for another job*'
finish
