#!/bin/bash
# Waiting costs nothing, can be interrupted, and holds up nobody.
. "$(dirname "$0")/lib.sh"
config '{"clusters": {"local": {"cores": 16}}}'
start

job=$(submit a "{\"command\": \"echo one; $(gate a); \"}")
arrived a
await_state "$job" running
W=$M/jobs/$job/wait

# blocks WHAT PID FILE: it really is asleep in read().
blocks() { ok "$1" helper await-parked "$2" "$3" "$(seconds 10)"; }

exec 9>&2 2>/dev/null # the shell tells of children that are killed
for signal in INT TERM KILL; do
    env --default-signal=INT cat "$W" >/dev/null 2>&1 &
    reader=$!
    blocks "cat wait blocks ($signal)" $reader "$W"
    kill -$signal $reader
    ok "a reader of wait ends within a second of SIG$signal" helper await-exit $reader "$(seconds 1)"
    wait $reader
done
exec 2>&9 9>&-
is 'nobody is left asleep' "$(ours | while read -r p; do grep -l "^State:.D" "/proc/$p/status"; done)" ''

# Fifty readers are parked; everything else is as quick as ever.
readers=
for _ in $(seq 50); do
    cat "$W" >>waited 2>&1 &
    readers="$readers $!"
done
for reader in $readers; do helper await-parked "$reader" "$W" "$(seconds 20)"; done
ok 'with 50 readers parked stat answers within a second' timeout "$(seconds 1)" stat "$W"
ok 'and ls -l' timeout "$(seconds 1)" ls -l "$M/jobs/$job"
ok 'and a read' timeout "$(seconds 1)" cat "$M/jobs/$job/stdout"
ok 'and another open of the same file by stat -f' timeout "$(seconds 1)" stat -f "$M"
is 'and a new job runs to its end' "$(submit quick '{"command": "true"}' >/dev/null
    timeout "$(seconds 5)" cat "$M/by-name/quick/wait")" 'completed 0'

# tail -f sees what is written.
job2=$(submit t "{\"command\": \"echo first; $(gate t1) \"}")
mkfifo tail
tail -n +1 -f "$M/jobs/$job2/stdout" >tail 2>/dev/null &
tail=$!
exec 4<tail
IFS= read -r -t "$(seconds 10)" line <&4
is 'tail -f shows what there is' "$line" first
stop_writing=$(submit t3 "{\"command\": \"i=0; while [ ! -e $T/enough ]; do echo line \$((i += 1)); sleep 0.1; done\"}")
mkfifo tail3
await_state "$stop_writing" running
tail -n +1 -f "$M/jobs/$stop_writing/stdout" >tail3 2>/dev/null &
tail3=$!
exec 5<tail3
for want in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    IFS= read -r -t "$(seconds 10)" line <&5
    [ "$line" = "line $want" ] || break
done
is 'tail -f follows a stdout that grows' "$line" 'line 20'
touch enough
kill $tail $tail3
exec 4<&- 5<&-
arrived t1
open_gate t1

# poll()
mkfifo polling
helper poll-wait "$W" polling >polled 2>&1 &
poller=$!
cat polling >/dev/null
open_gate a
wait $poller
is 'poll() on wait sleeps until the job ends, and says that it can be read' "$?" 0
is 'and the read gives how it ended' "$(cat polled)" 'completed 0'
ok 'poll() of a wait that is over says so at once' helper readable "$W" 0
wait $readers
is 'all 50 readers heard the end' "$(sort waited | uniq -c | tr -s ' ')" ' 50 completed 0'
is 'wait can be read again' "$(bounded cat "$W")" 'completed 0'
is 'wait can be read in small pieces' "$(bounded dd if="$W" bs=3 status=none)" 'completed 0'

# A wait before the job has begun, across its whole life, is woken once, at the end.
front=$(submit held "{\"command\": \"true\"}")
ended "$front" >/dev/null
job=$(submit l "{\"command\": \"$(gate l)\", \"begin\": \"+1s\"}")
cat "$M/jobs/$job/wait" >life &
reader=$!
helper await-parked $reader "$M/jobs/$job/wait" 10
arrived l
is 'a wait from before the start goes on while it runs' "$(cat life)" ''
open_gate l 2
wait $reader
is 'and ends with it' "$(cat life)" 'failed 2'
is 'O_NONBLOCK says EAGAIN while it runs' "$(
    job=$(submit n "{\"command\": \"$(gate n)\"}")
    arrived n
    "$PYTHON" -I -c 'import os,sys
try: os.read(os.open(sys.argv[1], os.O_RDONLY | os.O_NONBLOCK), 9)
except BlockingIOError: print("again")' "$M/jobs/$job/wait"
    open_gate n)" again

# The mount's events.
ok 'cat events comes to an end' timeout "$(seconds 10)" cat "$M/events"
ok 'wc events comes to an end' timeout "$(seconds 10)" wc -l "$M/events"
ok 'cp events comes to an end' timeout "$(seconds 10)" cp "$M/events" copy
is 'stat tells their size' "$(stat -c %s "$M/events")" "$(wc -c <copy)"
helper poll-events "$M/events" polling >polled 2>&1 &
poller=$!
cat polling >/dev/null
job=$(submit e '{"command": "true"}')
wait $poller
is 'poll() on events sleeps until there is one' "$?" 0 || note <polled
like 'and the read gives it' "$(cat polled)" "{*$job*}"
ended "$job" >/dev/null
mkfifo follow
tail -n 0 -f "$M/events" >follow &
tail=$!
exec 4<follow
helper await-parked $tail "$M/events" 2
job=$(submit f '{"command": "true"}')
ended "$job" >/dev/null
seen=
while IFS= read -r -t "$(seconds 10)" line <&4; do
    seen=$seen$line
    [[ $line == *completed* ]] && break
done
like 'tail -f events follows' "$seen" "*accepted*completed*"
kill $tail
exec 4<&-
"$PYTHON" -I -c 'import os,sys
f = os.open(sys.argv[1], os.O_RDONLY)
os.lseek(f, 0, os.SEEK_END)
print("asks", flush=True)
print(os.read(f, 65536).decode().splitlines()[0])' "$M/events" >blocked &
reader=$!
helper await-parked $reader "$M/events" "$(seconds 10)"
is 'a read at the end waits' "$(cat blocked)" asks
job=$(submit g '{"command": "true"}')
timeout "$(seconds 10)" tail --pid=$reader -f /dev/null
like 'for the next event' "$(tail -n 1 blocked)" "{*}"
ended "$job" >/dev/null

# Unmounting with readers parked.
job=$(submit z "{\"command\": \"$(gate z)\"}")
arrived z
cat "$M/jobs/$job/wait" >/dev/null 2>&1 &
reader=$!
blocks 'a reader is parked again' $reader "$M/jobs/$job/wait"
kill "$DAEMON"
ok 'SIGTERM ends the daemon although somebody waits' ended_daemon
is 'with 0' "$STATUS" 0
ok 'and sets the reader free' helper await-exit $reader "$(seconds 2)"
ok 'and the mount point' sh -c "! mountpoint -q '$M'"
start
cat "$M/jobs/$job/wait" >again 2>&1 &
reader=$!
helper await-parked $reader "$M/jobs/$job/wait" 10
ok 'a lazy unmount succeeds although somebody waits' fusermount3 -u -z "$M"
ok 'the mount point is free at once' sh -c "! mountpoint -q '$M'"
kill $reader 2>/dev/null
ok 'and the daemon ends when the last one leaves' ended_daemon
start
open_gate z
is 'the job never noticed' "$(ended "$job")" 'completed 0'
finish
