#!/bin/bash
# When nothing goes on, nothing goes on.
. "$(dirname "$0")/lib.sh"
own_namespace
start
for i in 1 2 3; do ended "$(submit "j$i" '{"command": "true"}')" >/dev/null; done
ls -lR "$M" >/dev/null 2>&1

# The daemon, and the keeper that it has at hand; keepers of jobs are not its children.
family() { echo "$DAEMON"; pgrep -P "$DAEMON"; }
woken() { for p in $(family); do helper wakeups "$p"; done; }

# Let what follows an end settle: until two looks in a row show no wake-up.
settle()
{
    local a b _
    a=$(woken)
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        sleep 1
        b=$(woken)
        [ "$a" = "$b" ] && return
        a=$b
    done
    return 1
}
ok 'the daemon comes to rest within ten seconds' settle
before=$(woken)
sleep 10 # this is the measurement: ten seconds in which nothing must happen
is 'no thread of it woke up in ten seconds' "$(woken)" "$before"
is 'no process of a job is left' "$(ours | sort -n)" "$(family | sort -n)"
is 'nor a zombie' "$(ps -o stat=,args= --ppid "$(family | paste -s -d ,)" | grep Z)" ''

if have strace 'strace sees no system call in ten seconds' &&
    may 'strace sees no system call in ten seconds' 'tracing is not permitted' \
        strace -o /dev/null true; then
    attached=$(date +%s.%N)
    timeout -s INT 11 strace -f -ttt -qq -o trace -p "$(family | paste -s -d ,)"
    # Attaching itself interrupts what sleeps; that is over in the first second.
    is 'strace sees no system call in ten seconds' \
        "$(awk -v from="$attached" '$2 > from + 1 && !/detached/ { print }' trace)" ''
fi

# A reader that waits does not make it busy either.
job=$(submit w "{\"command\": \"$(gate w)\"}")
arrived w
await_state "$job" running
cat "$M/jobs/$job/wait" >/dev/null &
reader=$!
helper await-parked $reader "$M/jobs/$job/wait" 10
ok 'it comes to rest while a job runs and somebody waits' settle
open_gate w
wait $reader
finish
