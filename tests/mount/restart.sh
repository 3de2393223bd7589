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
