#!/bin/bash
# The log of all events has each once, in order, and at its place for good, whatever kills us.
. "$(dirname "$0")/lib.sh"
KILLS=${KILLS:-20}
config '{"clusters": {"local": {"cores": 8}}}'

helper_events() { "$PYTHON" -I "$HERE/events.py" "$@"; }

# Specs come in all the time; one that fails because we are dead comes again.
start
workload()
{
    local n=0
    until [ -e enough ]; do
        n=$((n + 1))
        echo '{"command": "true"}' >"$M/submit/w$n" || sleep 0.02
        [ $((n % 7)) != 0 ] || rm -r "$M/jobs/$((n / 2))" || :
    done 2>/dev/null
}
workload &
workload=$!

# follow.N: what a program read that began at the offset where the last one ended.
: >whole
for _ in $(seq "$KILLS"); do
    helper_events follow "$M/events" "$T/whole" "$((RANDOM % 300))" &
    reader=$!
    sleep "0.$((RANDOM % 300 + 50))" # the moment of the kill is to be any
    kill_daemon
    wait $reader
    clear_mount
    start
done
touch enough
wait $workload
for _ in $(seq 300); do
    [ "$(ls "$M/by-state/completed" | wc -l)" = "$(count)" ] && break
    sleep 0.1
done
helper_events follow "$M/events" "$T/whole" 0
ok "after $KILLS kills no number is missing, doubled or out of order" helper_events check \
    "$T/whole"
note <.out
ok 'and every byte that was read is still where it was' cmp "$T/whole" "$M/events"
job=$(ls "$M/jobs" | grep -m 1 '^[0-9]')
ok "a job's own events are those of the log" helper_events job "$M/events" \
    "$M/jobs/$job/events" "$job"

# A reader that goes on where it was sees what comes next, and only that.
offset=$(stat -c %s "$M/events")
stop
start
job=$(submit next '{"command": "true"}')
ended "$job" >/dev/null
is 'an offset can be resumed' "$(tail -c "+$((offset + 1))" "$M/events" |
    grep -c -v "\"job\":$job,")" 0
is 'with all that came' "$(tail -c "+$((offset + 1))" "$M/events" | grep -c .)" \
    "$(grep -c . "$M/jobs/$job/events")"

# What a crash of the machine leaves: a line that was cut, or the end of the file lost.
stop
cp "$S/events.jsonl" kept
printf '{"seq":99999' >>"$S/events.jsonl"
start
same 'a line that was cut is dropped' "$M/events" kept
stop
truncate -s -500 "$S/events.jsonl"
start
same 'and what the file has lost is there again, byte for byte' "$M/events" kept
finish
