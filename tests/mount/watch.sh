#!/bin/bash
# Programs that watch the mount by inotify see what the cluster changes, and hold up nobody.
. "$(dirname "$0")/lib.sh"
config '{"clusters": {"local": {"cores": 16}}}'
start

# watch NAME [OPTION...] PATH...: what inotifywait says goes to $T/NAME, and it is watching by now.
watch()
{
    local name=$1
    shift
    : >"$T/$name.up"
    inotifywait -m --format '%w%f %e' "$@" >"$T/$name" 2>"$T/$name.up" &
    WATCHER=$!
    timeout "$(seconds 60)" grep -q -m 1 'Watches established' <(exec tail -n +1 -f "$T/$name.up")
}

# shows FILE REGEX: such a line comes, without a look at the mount.
shows()
{
    timeout "$(seconds 10)" grep -q -m 1 -e "$2" <(exec tail -n +1 -f "$T/$1")
}
# Until the process watches something: it does not say so itself.
watches()
{
    timeout "$(seconds 10)" sh -c "until grep -q ^inotify /proc/$1/fdinfo/*; do sleep 0.1; done"
}
times() { grep -c -e "$2" "$T/$1"; }

# A child of ours that ends interrupts the write; it is done then, or to be done again.
ctl() { until printf '%s\n' "$2" >"$M/jobs/$1/ctl"; do :; done 2>/dev/null; }

#
# Jobs come, change and go.
#
have inotifywait 'jobs are seen to come' || finish
watch jobs "$M/jobs"
job=$(submit a "{\"command\": \"echo one; $(gate a); echo two\"}")
ok 'jobs/ shows a job that comes' shows jobs "/jobs/$job CREATE,ISDIR"
arrived a
await_state "$job" running
watch state "$M/jobs/$job/state"
state_watcher=$WATCHER
watch dir "$M/jobs/$job"
dir_watcher=$WATCHER
watch by "$M/by-state/running" "$M/by-state/completed"
before=$(stat -c '%a %s' "$M/jobs/$job/state")
open_gate a
ok 'state is modified when the job ends' shows state 'state MODIFY'
ok 'and closed after a write' shows state 'state CLOSE_WRITE'
ok 'who watches its directory sees it too' shows dir '/state MODIFY'
ok 'and the exit code' shows dir '/exit_code MODIFY'
ok 'and the end of its info.json' shows dir '/info.json CLOSE_WRITE'
ok 'it goes from the running ones' shows by "/running/$job DELETE"
ok 'to the completed ones' shows by "/completed/$job CREATE"
is 'what is read then is how it ended' "$(cat "$M/jobs/$job/state")" completed
is 'watching changes no mode' "$before $(stat -c %a "$M/jobs/$job/state" "$M/by-state/running" |
    paste -s -d ' ')" '400 8 400 500'
refused 'nor lets anybody write' sh -c "echo x > '$M/jobs/$job/state'"
refused 'nor make a job by hand' mkdir "$M/jobs/99"
kill "$state_watcher" "$dir_watcher"
for i in 1 2 3; do ended "$(submit "b$i" '{"command": "true"}')" >/dev/null; done
ok 'each one after it is seen' shows jobs "/jobs/$((job + 3)) CREATE"
is 'once' "$(times jobs CREATE)" 4
rm -r "$M/jobs/$job"
ok 'and one that is removed' shows jobs "/jobs/$job DELETE,ISDIR"
is 'once, too' "$(times jobs "/jobs/$job DELETE")" 1
ok 'and from the completed ones' shows by "/completed/$job DELETE"

# A job that is run again, which the kernel may hold for ended.
job=$((job + 1))
cat "$M/jobs/$job/state" >/dev/null
watch again "$M/jobs/$job/state"
ctl "$job" rerun
ok 'a job that is run again is seen to change' shows again 'state MODIFY'
is 'and it ends again' "$(ended "$job")" 'completed 0'

#
# Output that grows.
#
job=$(submit g "{\"command\": \"until [ -e $T/begin ]; do sleep 0.02; done; while [ ! -e $T/enough ]; do echo line; sleep 0.02; done\"}")
await_state "$job" running
watch out "$M/jobs/$job/stdout"
size=$(stat -c %s "$M/jobs/$job/stdout")
is 'nothing is said before something is written' "$size $(times out MODIFY)" '0 0'
touch begin
ok 'stdout is modified while the job writes' shows out 'stdout MODIFY'
timeout "$(seconds 20)" sh -c "until [ \$(grep -c MODIFY '$T/out') -ge 4 ]; do sleep 0.1; done"
is 'again and again' "$?" 0
said=$(times out MODIFY) lines=$(wc -l <"$M/jobs/$job/stdout")
ok 'but not for each line' [ "$said" -lt "$((lines / 2))" ]
touch enough
ended "$job" >/dev/null

#
# What people use.
#
if have entr 'entr runs a command at each change'; then
    job=$(submit e "{\"command\": \"$(gate e)\"}")
    arrived e
    await_state "$job" running
    entr -n -p cat "$M/jobs/$job/state" <<<"$M/jobs/$job/state" >entr 2>&1 &
    entr=$!
    watches "$entr"
    open_gate e
    ok 'entr runs a command at each change' shows entr completed
    kill $entr 2>/dev/null
fi
if have gio 'gio monitor sees a job come'; then
    gio monitor "$M/jobs" >gio 2>&1 &
    gio=$!
    watches "$gio"
    job=$(submit gio '{"command": "true"}')
    ok 'gio monitor sees a job come' shows gio "/jobs/$job: created"
    kill $gio
fi
if may "Python's watchdog sees jobs come and change" 'python3-watchdog is not installed' \
    "$PYTHON" -c 'import watchdog'; then
    "$PYTHON" -u -c 'import sys, time
from watchdog.observers import Observer
from watchdog.events import FileSystemEventHandler
class Say(FileSystemEventHandler):
    def on_any_event(self, event): print(event.event_type, event.src_path, flush=True)
o = Observer(); o.schedule(Say(), sys.argv[1], recursive=True); o.start()
print("watching", flush=True)
o.join()' "$M/jobs" >watchdog 2>&1 &
    dog=$!
    shows watchdog watching
    job=$(submit dog "{\"command\": \"$(gate dog)\"}")
    ok "Python's watchdog sees a job come" shows watchdog "created .*/jobs/$job\$"
    arrived dog
    await_state "$job" running
    open_gate dog
    ok 'and change' shows watchdog "modified .*/jobs/$job/state"
    kill $dog
fi

# How many files this process watches.
followed() { cat "/proc/$DAEMON/fdinfo/"* 2>/dev/null | grep -c '^inotify'; }
is 'of what has ended no watch of ours is left: the one is that of the cluster' "$(followed)" 1

#
# Many changes at once: each is seen, also when every call takes long, and nobody waits for a
# watcher that does not go on.
#
# many NAME N: an array that waits, whose elements' states a watcher watches by now -> job
many()
{
    job=$(submit "$1" "{\"command\": \"true\", \"array\": \"0-$(($2 - 1))\", \"begin\": \"+1h\"}")
    timeout "$(seconds 30)" sh -c "until [ \$(ls '$M/jobs/$job/tasks' 2>/dev/null | wc -l) = $2 ]; do
        sleep 0.1; done"
    watch "$1" "$M/jobs/$job/tasks/"*/state
}
# all_seen NAME N SECONDS
all_seen()
{
    timeout "$(seconds "$3")" sh -c "until [ \$(grep MODIFY '$T/$1' | sort -u | wc -l) = $2 ]; do
        sleep 0.2; done"
}
# It goes on for a hundredth of a second, and then does nothing for three.
slowly()
{
    while kill -STOP "$1" && sleep 0.03 && kill -CONT "$1"; do sleep 0.01; done 2>/dev/null
}

if may 'of 10000 changes in a burst each is seen' 'too few inotify watches for a user' \
    [ "$(cat /proc/sys/fs/inotify/max_user_watches)" -gt 30000 ]; then
    many burst 10000
    ctl "$job" cancel
    ok 'of 10000 changes in a burst each is seen' all_seen burst 10000 60
    kill "$WATCHER"
fi

many slow 100
slowly "$DAEMON" &
slow=$!
ctl "$job" cancel
ok 'with every call slow each is seen, too' all_seen slow 100 60
ok 'and stat answers' timeout "$(seconds 3)" stat "$M/jobs/$job"
kill "$slow"
wait "$slow" 2>/dev/null
kill -CONT "$DAEMON"
kill "$WATCHER"

N=500
many many $N
kill -STOP "$WATCHER"
ctl "$job" cancel
ok 'with a stopped watcher and a burst stat answers' timeout "$(seconds 1)" stat "$M/jobs/$job"
is 'and another job runs to its end' "$(ended "$(submit q '{"command": "true"}')" 5)" 'completed 0'
like 'and the array ends' "$(ended "$job" 10)" 'cancelled*'
kill -CONT "$WATCHER"
ok 'the watcher, when it goes on, has it' shows many "tasks/[0-9]*/state MODIFY"

job=$(submit more "{\"command\": \"true\", \"array\": \"0-$((N - 1))\", \"begin\": \"+1h\"}")
ls "$M/jobs/$job/tasks" >/dev/null
watch more -r "$M/jobs/$job"
ctl "$job" cancel
for _ in $(seq 50); do fusermount3 -u "$M" 2>/dev/null && break; sleep 0.02; done
ok 'it can be unmounted in the middle of a burst' ended_daemon
is 'and ends with 0' "${STATUS-none}" 0
start
job=$(submit most "{\"command\": \"true\", \"array\": \"0-$((N - 1))\", \"begin\": \"+1h\"}")
ls "$M/jobs/$job/tasks" >/dev/null
watch most -r "$M/jobs/$job"
kill -STOP "$WATCHER"
ctl "$job" cancel
kill "$DAEMON"
ok 'SIGTERM ends it in the middle of one' ended_daemon
is 'with 0, too' "${STATUS-none}" 0
kill -CONT "$WATCHER"
kill "$WATCHER"
start
finish
