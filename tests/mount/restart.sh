#!/bin/bash
# Jobs belong to the machine, not to the daemon.
. "$(dirname "$0")/lib.sh"
config '{"clusters": {"local": {"cores": 2}}}'
start

for how in SIGTERM 'kill -9' umount; do
    rm -f witness
    done=$(submit "done" '{"command": "echo ended before"}')
    ended "$done" >/dev/null
    a=$(submit a "{\"command\": \"echo a >> $T/witness; $(gate a); \"}")
    b=$(submit b "{\"command\": \"echo b >> $T/witness; $(gate b); \"}")
    queued=$(submit queued "{\"command\": \"echo queued >> $T/witness\"}")
    held=$(submit held "{\"command\": \"echo held >> $T/witness\"}")
    ctl "$held" hold
    await_state "$held" held
    arrived a
    arrived b
    await_state "$b" running
    is "$how: one waits for a slot" "$(state "$queued")" queued
    case $how in
    SIGTERM)
        kill "$DAEMON"
        ended_daemon
        is 'SIGTERM ends the daemon with 0' "$STATUS" 0
        ok 'SIGTERM unmounts' sh -c "! mountpoint -q '$M'"
        ;;
    'kill -9')
        kill_daemon
        like 'a dead daemon leaves a mount that says so' "$(ls "$M" 2>&1)" \
            '*Transport endpoint is not connected*'
        clear_mount
        ;;
    umount)
        stop
        is 'fusermount3 -u ends the daemon with 0' "$STATUS" 0
        ;;
    esac
    is "$how: the running jobs go on" "$(ours | wc -l | awk '{ print ($1 >= 2) }')" 1
    open_gate a 5 # while nobody is there to see it
    start
    is "$how: an end during the absence is seen" "$(ended "$a")" 'failed 5'
    is "$how: a running job is found running" "$(state "$b")" running
    is "$how: a queued job runs" "$(ended "$queued")" 'completed 0' ||
        cat "$M/jobs/$queued/state" "$M/jobs/$queued/reason" "$M/jobs/$queued/events" | note
    is "$how: a held job is still held" "$(state "$held")" held
    open_gate b
    is "$how: the job that went on ends" "$(ended "$b")" 'completed 0'
    is "$how: what had ended before is as it was" \
        "$(cat "$M/jobs/$done/wait" "$M/jobs/$done/stdout")" "$(printf 'completed 0\nended before')"
    ctl "$held" release
    is "$how: a released job runs" "$(ended "$held")" 'completed 0'
    is "$how: each ran exactly once" "$(sort witness | tr '\n' ' ')" 'a b held queued '
    is "$how: names lead where they led" "$(job_of a) $(job_of held)" "$a $held"
    is "$how: submit/a still reads back" "$(cat "$M/submit/a")" "$(cat "$M/jobs/$a/spec")"
    is "$how: and knows its job" \
        "$(getfattr --only-values -n user.clustrixfs.job "$M/submit/a" 2>/dev/null)" "$a"
    next=$(submit next '{"command": "true"}')
    ok "$how: numbers are not used twice" [ "$next" -gt "$held" ]
    ended "$next" >/dev/null
done

# What is found as it was is not written again. (The second time: what was about to be started when
# the daemon ended the first time was looked for, which is news.)
commits() { sed -n 's/^clustrixfs_commits_total //p' "$M/metrics"; }
await_counts() # JOB COUNTS
{
    timeout "$(seconds 20)" sh -c "until [ \"\$(cat '$M/jobs/$1/state')\" = '$2' ]; do sleep 0.05; done"
}
a=$(submit a "{\"command\": \"$(gate a)\"}")
b=$(submit b "{\"command\": \"$(gate b)\"}")
arrived a
arrived b
many=$(submit many '{"command": "true", "array": "0-299%2"}')
waits=$(submit waits "{\"command\": \"true\", \"after\": [$a]}")
later=$(submit later '{"command": "true", "begin": "+1h"}')
held=$(submit held '{"command": "true"}')
ctl "$held" hold
await_state "$held" held
stop
start
await_counts "$many" 'queued 300'
for job in "$a" "$b" "$many" "$waits" "$later" "$held"; do
    cat "$M/jobs/$job/state" "$M/jobs/$job/reason"
done >before
cat "$M/jobs/$many/tasks/"*/reason >>before
stop
start
for job in "$a" "$b" "$many" "$waits" "$later" "$held"; do
    cat "$M/jobs/$job/state" "$M/jobs/$job/reason"
done >after
cat "$M/jobs/$many/tasks/"*/reason >>after
same 'what waits is found as it was left' before after
is 'and none of it is written to the disk again' "$(commits)" 0
ctl "$many/tasks/7" cancel
is 'one of them can end' "$(ended "$many/tasks/7")" cancelled
is 'its array counts it' "$(state "$many")" 'queued 299 cancelled 1'
stop
start
is 'also after that' "$(state "$many") $(cat "$M/jobs/$many/tasks/7/state")" \
    'queued 299 cancelled 1 cancelled'
is 'which was no news then' "$(commits)" 0
ctl "$many" cancel
ctl "$later" cancel
ctl "$held" release
open_gate a
open_gate b
is 'each goes on from where it was' \
    "$(for job in "$a" "$b" "$many" "$waits" "$later" "$held"; do ended "$job"; done | tr '\n' ' ')" \
    'completed 0 completed 0 cancelled completed 0 cancelled completed 0 '

# What was wished just before the end is done after it.
a=$(submit a "{\"command\": \"$(gate a)\"}")
arrived a
ctl "$a" cancel
kill_daemon
clear_mount
start
is 'a cancel that was accepted is carried out after a crash' "$(ended "$a")" cancelled

# Those that were only meant to be started when it died hold no slot for longer than it takes to look
# for them, and the slots of those that do run stay theirs.
rm -f witness
mkdir many
a=$(submit a "{\"command\": \"$(gate a)\"}")
b=$(submit b "{\"command\": \"$(gate b)\"}")
for i in $(seq 40); do
    echo "{\"command\": \"echo m$i >> $T/witness\"}" >many/m"$i"
done
cp many/* "$M/submit/"
arrived a
arrived b
kill_daemon
clear_mount
start
for i in $(seq 40); do
    await_state "$(job_of m"$i")" queued || break
done
is 'those that waited wait again' "$(ls "$M/by-state/queued" | wc -l)" 40
is 'and nothing ran beside those that have the slots' "$(cat witness 2>/dev/null)" ''
open_gate a
open_gate b
for i in $(seq 40); do
    ended "$(job_of m"$i")"
done >many.ended
is 'then each of them runs' "$(sort many.ended | uniq -c | tr -s ' ')" ' 40 completed 0'
is 'once' "$(sort witness | uniq -u | wc -l)" 40

# Drafts outlive it too.
printf '{"command": \n' >"$M/submit/draft"
spec='#!/bin/sh\necho hidden\n'
printf "$spec" >"$M/submit/.hidden"
n=$(count)
stop
start
is 'an unfinished draft is still there' "$(cat "$M/submit/draft")" '{"command": '
printf '"true"}\n' >>"$M/submit/draft"
is 'and can be finished' "$(ended "$(job_of draft)")" 'completed 0'
mv "$M/submit/.hidden" "$M/submit/shown"
is 'a hidden one can be renamed' "$(ended "$(job_of shown)"; cat "$M/by-name/shown/stdout")" \
    "$(printf 'completed 0\nhidden')"
is 'that makes two jobs' "$(count)" $((n + 2))
begin=$(submit later '{"command": "true", "begin": "+2s"}')
stop
start
is 'a job with a begin runs after a restart' "$(ended "$begin")" 'completed 0'
after=$(submit g "{\"command\": \"$(gate a)\"}")
arrived a
waits=$(submit waits "{\"command\": \"true\", \"after\": [$after]}")
stop
start
open_gate a
is 'a job with an after runs after a restart' "$(ended "$waits")" 'completed 0'
limited=$(submit limited '{"command": "sleep 1000", "time": 2}')
await_state "$limited" running
pid=$(info "$limited" 'j["token"]')
pid=$(sed -n 's/^job_pid //p' "$S/local/$pid/attempt1/started")
kill_daemon
clear_mount
helper await-exit "$pid" "$(seconds 20)"
start
like 'a time limit holds without a daemon' "$(ended "$limited"; cat "$M/jobs/$limited/reason")" \
    '*time limit*'
finish
