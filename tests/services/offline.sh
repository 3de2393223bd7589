#!/bin/bash
# The mount outlives the network: what is known stays, what comes waits, and nothing hangs.
. "$(dirname "$0")/lib.sh"
. "$SERVICES/far.sh"
CLUSTER=cfx-host MOUNTED=link
needs sshd
link_to cfx-host 1
start_far "link:$FAR/root" -o alive=3
far_state up >/dev/null

# A program of its own in the background, that is there when this returns -> PID
in_background() # COMMAND...
{
    (
        trap - EXIT INT TERM HUP
        exec "$@" >/dev/null 2>"$T/err"
    ) &
    PID=$!
    until_true 5 sh -c "[ \"\$(cat /proc/$PID/comm)\" != bash ]"
}

# Nothing here may take longer than a look at a local disk does.
at_once() # WHAT COMMAND...
{
    ok "$1, at once" timeout -k 1 "$(seconds 2)" "${@:2}"
}

big=$(submit big "$(printf '#!/bin/sh\necho known; head -c 40000000 /dev/urandom > big; echo small > small')")
is 'a job ends' "$(ended "$big")" 'completed 0'
is 'a file is read' "$(cat "$M/jobs/$big/files/small")" small
running=$(submit running "$(printf '#!/bin/sh\necho so far; while [ ! -e %s/go ]; do sleep 0.2; done; echo rest' "$FAR")")
await_state "$running" running
until_true 20 test -s "$M/jobs/$running/stdout"
is 'what it has written so far is read' "$(cat "$M/jobs/$running/stdout")" 'so far'

ok 'the link falls silent' stop_link
like 'and that is noticed' "$(far_state down)" 'down since*'
at_once 'the tree can be listed' ls -lR "$M/jobs/$big" "$M/clusters" "$M/by-state"
at_once 'sizes are known' sh -c "[ \"\$(stat -c %s '$M/jobs/$big/files/big')\" = 40000000 ]"
at_once 'what was read once can be read' cmp "$M/jobs/$big/files/small" <(echo small)
at_once 'output that is here can be read' grep -q 'so far' "$M/jobs/$running/stdout"
is 'a running job is not called anything else' "$(state "$running")" running
like 'but its reason says since when that is not known' "$(cat "$M/jobs/$running/reason")" \
    '*cluster link: down since*'
at_once 'bytes that are not here are an error' sh -c "! cat '$M/jobs/$big/files/big' >/dev/null 2>'$T/err'"
like 'which says why' "$(cat "$T/err")" '*No route to host*'
waiting=$(submit waiting "$(printf '#!/bin/sh\necho was accepted offline')")
is 'a spec is accepted, and waits' "$(state "$waiting")" queued
at_once 'a cancel is taken' sh -c "echo cancel > '$M/jobs/$running/ctl'"
refused 'a signal, which is for now, is refused' sh -c "echo 'signal USR1' > '$M/jobs/$running/ctl'"
in_background cat "$M/jobs/$running/wait"
kill "$PID"
ok 'who waits dies when told to' helper await-exit "$PID" "$(seconds 2)"

ok 'the link is back' continue_link
like 'and that is noticed' "$(far_state up 90)" 'up*'
is 'what was accepted meanwhile runs' "$(ended "$waiting" 60)" 'completed 0'
like 'what was cancelled meanwhile is' "$(ended "$running" 60)" 'cancelled*'
is 'the rest of the bytes comes' "$(timeout "$(seconds 60)" cat "$M/jobs/$big/files/big" | wc -c)" 40000000

job=$(submit reader "$(printf '#!/bin/sh\nhead -c 200000000 /dev/zero > big')")
ended "$job" 60 >/dev/null
in_background cat "$M/jobs/$job/files/big"
stop_link
ok 'a read that is under way when the link falls silent has an end' \
    helper await-exit "$PID" "$(seconds 60)"
continue_link
far_state up 90 >/dev/null

job=$(submit again "$(printf '#!/bin/sh\nhead -c 200000000 /dev/zero > big')")
ended "$job" 60 >/dev/null
stop_link
in_background cat "$M/jobs/$job/files/big"
kill -KILL "$PID"
ok 'and a reader dies within a second of being told to' helper await-exit "$PID" "$(seconds 2)"
ok 'an unmount does not wait for the network' timeout "$(seconds 15)" fusermount3 -u "$M"
ended_daemon
is 'and ends well' "$STATUS" 0
continue_link

start_far "link:$FAR/root" -o alive=3
echo disconnect >"$M/clusters/link/ctl"
like 'ctl disconnect leaves it alone' "$(far_state disconnected)" 'disconnected since*'
echo connect >"$M/clusters/link/ctl"
like 'ctl connect reaches it again' "$(far_state up)" 'up*'
finish
