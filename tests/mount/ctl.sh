#!/bin/bash
# The words of ctl do what they say, and a wrong one is refused.
. "$(dirname "$0")/lib.sh"
config '{"clusters": {"local": {"cores": 1, "grace": 1}}}'
start

# cancel
job=$(submit a "{\"command\": \"$(gate a)\"}")
arrived a
ok 'cancel is accepted' ctl "$job" cancel
is 'a cancelled job says so' "$(ended "$job")" cancelled
is 'its state is cancelled' "$(state "$job")" cancelled
is 'it has no exit code' "$(cat "$M/jobs/$job/exit_code")" ''
ok 'cancel of an ended job is no error or a clear one' \
    sh -c "echo cancel > '$M/jobs/$job/ctl' || true"
is 'and changes nothing' "$(state "$job")" cancelled
job=$(submit stubborn '{"command": "trap \"\" TERM INT HUP; echo up; while :; do sleep 0.05; done"}')
await_state "$job" running
ok 'cancel of a job that ignores TERM' ctl "$job" cancel
is 'KILL ends it after the grace' "$(ended "$job")" cancelled
job=$(submit tree '{"command": "sleep 1000 & sleep 1001 & wait"}')
await_state "$job" running
ctl "$job" cancel
is 'a job with children is cancelled' "$(ended "$job")" cancelled
is 'and its children with it' \
    "$(for p in $(ours); do tr '\0' ' ' <"/proc/$p/cmdline"; done | grep -c 'sleep 100[01]')" 0

# hold and release; one core, so that what is next is known.
front=$(submit front "{\"command\": \"$(gate front)\"}")
arrived front
job=$(submit b '{"command": "echo ran"}')
is 'a job waits for its slot' "$(state "$job")" queued
like 'and says for what' "$(cat "$M/jobs/$job/reason")" '?* ?*'
ok 'hold is accepted' ctl "$job" hold
await_state "$job" held
is 'a held job says so' "$(state "$job")" held
next=$(submit next '{"command": "true"}')
open_gate front
is 'the job behind it passes it' "$(ended "$next")" 'completed 0'
is 'it is still held' "$(state "$job")" held
is 'it has printed nothing' "$(cat "$M/jobs/$job/stdout" 2>/dev/null)" ''
ok 'release is accepted' ctl "$job" release
is 'it runs then' "$(ended "$job"; cat "$M/jobs/$job/stdout")" "$(printf 'completed 0\nran')"
front=$(submit front "{\"command\": \"$(gate front)\"}")
arrived front
job=$(submit c '{"command": "echo ran"}')
ok 'a queued job can be cancelled' ctl "$job" cancel
is 'it never ran' "$(ended "$job"; cat "$M/jobs/$job/stdout" 2>/dev/null)" cancelled
open_gate front

# suspend and resume
job=$(submit s '{"command": "i=0; while [ ! -e stop ]; do echo $((i += 1)); sleep 0.02; done"}')
await_state "$job" running
ok 'suspend is accepted' ctl "$job" suspend
await_state "$job" suspended
is 'a suspended job says so' "$(state "$job")" suspended
before=$(stat -c %s "$M/jobs/$job/stdout")
sleep 0.3 # time in which it would have written, were it running
is 'it stands still' "$(stat -c %s "$M/jobs/$job/stdout")" "$before"
ok 'resume is accepted' ctl "$job" resume
await_state "$job" running
is 'it is running again' "$(state "$job")" running
touch "$S/local/$(info "$job" 'j["token"]')/files/stop"
is 'and goes on to its end' "$(ended "$job")" 'completed 0'
job=$(submit s2 '{"command": "sleep 1000"}')
await_state "$job" running
ctl "$job" suspend
await_state "$job" suspended
ok 'a suspended job can be cancelled' ctl "$job" cancel
is 'and ends' "$(ended "$job")" cancelled

# signal
mkfifo u.up
job=$(submit u "{\"command\": \"trap 'echo heard; exit 4' USR1; echo up > $T/u.up; while :; do sleep 0.02; done\"}")
arrived u
await_state "$job" running
ok 'signal USR1 is accepted' ctl "$job" 'signal USR1'
is 'the job hears it' "$(ended "$job"; cat "$M/jobs/$job/stdout")" "$(printf 'failed 4\nheard')"
job=$(submit u2 '{"command": "sleep 1000"}')
await_state "$job" running
ctl "$job" 'signal 15'
is 'a signal by number' "$(ended "$job")" 'failed signal 15'

# rerun
job=$(submit r "{\"command\": \"echo x >> $T/runs; cat $T/runs | wc -l; test -e $T/good\"}")
is 'it fails' "$(ended "$job")" 'failed 1'
touch good
ok 'rerun is accepted' ctl "$job" rerun
await_state "$job" completed
is 'it runs again' "$(ended "$job")" 'completed 0'
is 'once' "$(wc -l <runs)" 2
is 'its output is that of the new attempt' "$(cat "$M/jobs/$job/stdout")" 2
is 'the id stays' "$(job_of r)" "$job"

# words that are none
job=$(submit w '{"command": "true"}')
ended "$job" >/dev/null
refused 'an unknown word is refused' "$PYTHON" -I -c '
import sys, errno
try:
    with open(sys.argv[1], "w") as f: f.write("explode\n")
except OSError as e:
    print(e); sys.exit(3 if e.errno == errno.EINVAL else 0)' "$M/jobs/$job/ctl"
is 'with EINVAL, which echo hears too' \
    "$(bash -c "echo explode > '$M/jobs/$job/ctl'" 2>&1 | grep -c 'Invalid argument')" 1
refused 'a signal that is none is refused' bash -c "echo signal NONSENSE > '$M/jobs/$job/ctl'"
refused 'nothing at all is refused' bash -c "echo > '$M/jobs/$job/ctl'"
refused 'an unknown word for a cluster is refused' bash -c "echo explode > '$M/clusters/local/ctl'"

# drain: nothing new starts
ok 'a cluster can be drained' bash -c "echo drain > '$M/clusters/local/ctl'"
job=$(submit d '{"command": "true"}')
is 'a job for it waits' "$(state "$job")" queued
ok 'and connected again' bash -c "echo connect > '$M/clusters/local/ctl'"
is 'then it runs' "$(ended "$job")" 'completed 0'
finish
