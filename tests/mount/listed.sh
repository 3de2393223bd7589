#!/bin/bash
# What was just listed is kept for a moment, and is never what it was before a change.
. "$(dirname "$0")/lib.sh"
config '{"clusters": {"local": {"cores": 1}}}'
start

cat >move.py <<'EOF'
"""Hold and release a job that waits, N times; look before each word, and after it."""
import os
import sys

mount, job, n = sys.argv[1:]
wrong = []


def at(*names):
    return os.path.join(mount, *names)


def list_all(path):
    with os.scandir(path) as entries:
        for entry in entries:
            os.lstat(entry.path)


def look(before, after, moved_ns):
    if os.path.lexists(at("by-state", before, job)):
        wrong.append("still " + before)
    times = [os.lstat(at(*names)).st_mtime_ns for names in
             (("by-state", after, job), ("by-cluster", "local", job), ("jobs", job))]
    if len(set(times)) != 1 or times[0] <= moved_ns:
        wrong.append(f"{after} since {times}, after {moved_ns}")
    return times[0]


moved_ns = 0
for i in range(int(n)):
    word, before, after = (("hold", "queued", "held"), ("release", "held", "queued"))[i % 2]
    for path in ("by-state/" + before, "by-state/" + after, "by-cluster/local", "jobs"):
        list_all(at(path))
    with open(at("jobs", job, "ctl"), "w", encoding="ascii") as f:
        f.write(word + "\n")
    moved_ns = look(before, after, moved_ns)
print(len(wrong), *wrong[:3])
EOF
cat >end.py <<'EOF'
"""Let a job end that was just listed: who waited for that finds it where it is then."""
import os
import sys

mount, job, gate = sys.argv[1:]
states = os.path.join(mount, "by-state")
with open(os.path.join(mount, "jobs", job, "wait"), encoding="ascii") as wait:
    with os.scandir(os.path.join(states, "running")) as entries:
        seen = [e.name for e in entries if os.lstat(e.path)]
    with open(gate, "w", encoding="ascii") as f:
        f.write("0\n")
    wait.read()
    print(job in seen, os.path.lexists(os.path.join(states, "running", job)),
          os.path.lexists(os.path.join(states, "completed", job)))
EOF
# While somebody lists all the time: what is lent with an answer that is on its way comes back too.
busy()
{
    while [ ! -e "$T/enough" ]; do
        ls -l "$M/by-state/queued" "$M/by-state/held" "$M/by-state/running" "$M/jobs" \
            "$M/by-cluster/local"
    done >/dev/null 2>&1
}

front=$(submit front "{\"command\": \"$(gate front)\"}")
arrived front
job=$(submit moved '{"command": "true"}')
await_state "$job" queued
for i in $(seq 50); do submit "other$i" '{"command": "true"}' >/dev/null; done
is 'ls -l shows all that are queued' "$(ls -l "$M/by-state/queued" | grep -c ' -> ')" 51
is 'a job that was just listed is found where it went' \
    "$(bounded "$PYTHON" -I move.py "$M" "$job" 100)" 0
busy &
lister=$!
is 'also while others list' "$(bounded "$PYTHON" -I move.py "$M" "$job" 200)" 0
# One that has not moved yet: what is still to be told of the other comes now and then.
other=$(job_of other50)
# seen HOW N: so often it was seen to come or go.
seen()
{
    timeout "$(seconds 40)" sh -c "until [ \$(grep -c '^$other $1' held) = $2 ]; do sleep 0.05; done"
}
if have inotifywait 'who watches is told of one that was just listed'; then
    inotifywait -m -e create -e delete --format '%f %e' "$M/by-state/held" >held 2>held.up &
    watcher=$!
    timeout "$(seconds 60)" grep -q -m 1 'Watches established' <(exec tail -n +1 -f held.up)
    for i in 1 2 3; do
        ctl "$other" hold
        ok "who watches is told of one that was just listed, $i" seen CREATE "$i"
        ctl "$other" release
        ok "and when it goes, $i" seen DELETE "$i"
    done
    kill "$watcher"
fi
touch enough
wait "$lister"
is 'a link is a link, however often it moved' "$(stat -c '%h %F' "$M/by-state/queued/$job")" \
    '1 symbolic link'
is 'who waited for the end of one finds it ended' \
    "$(bounded "$PYTHON" -I end.py "$M" "$front" "$T/front.go")" 'True False True'
ended "$job" >/dev/null
finish
