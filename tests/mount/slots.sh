#!/bin/bash
# The local cluster gives away what it has, and no more.
. "$(dirname "$0")/lib.sh"
config '{"clusters": {"local": {"cores": 2, "memory": "1G"}}}'
start

most() { awk '/[+]/ { if (++n > m) m = n } /-/ { n-- } END { print m }' "$1"; }
run() # FILE [MORE KEYS]
{
    printf '{"command": "echo + >> %s; sleep 0.15; echo - >> %s"%s}' "$T/$1" "$T/$1" "${2-}"
}
all=
for i in 1 2 3 4 5 6 7 8; do all="$all $(submit "c$i" "$(run cores)")"; done
for job in $all; do ended "$job" >/dev/null; done
is 'never more at a time than cores, and as many' "$(most cores)" 2
is 'each ran once' "$(grep -c + cores)" 8

all=
for i in 1 2 3 4; do all="$all $(submit "w$i" "$(run wide ', "cores": 2')")"; done
for job in $all; do ended "$job" >/dev/null; done
is 'jobs of two cores run one at a time' "$(most wide)" 1

all=
for i in 1 2 3 4; do all="$all $(submit "m$i" "$(run memory ', "memory": "600M"')")"; done
for job in $all; do ended "$job" >/dev/null; done
is 'jobs of more than half of the memory run one at a time' "$(most memory)" 1

# What can never run is said at once, not queued for ever.
refused 'more cores than there are is refused' tee "$M/submit/huge" \
    <<<'{"command": "true", "cores": 3}' ||
    ctl "$(job_of huge)" cancel
like 'the sentence says how many there are' "$(cat "$M/submit/huge.error" 2>&1)" '*2*'
refused 'more memory than there is is refused' tee "$M/submit/huge" \
    <<<'{"command": "true", "memory": "2G"}' ||
    ctl "$(job_of huge)" cancel

# A large job behind a small one; small ones keep coming. They may fill the gap, not starve it.
front=$(submit front "{\"command\": \"$(gate front)\"}")
arrived front
large=$(submit large "{\"command\": \"echo large >> $T/fair\", \"cores\": 2}")
all=
for i in $(seq 150); do
    all="$all $(submit "small$i" "{\"command\": \"echo small >> $T/fair; sleep 0.03\"}")"
done
open_gate front
is 'the large job runs' "$(ended "$large")" 'completed 0'
for job in $all; do ended "$job" >/dev/null; done
behind=$(awk '/large/ { seen = NR } END { print NR - seen }' fair)
ok 'before the small ones are through' [ "$behind" -ge 20 ]

# A small job passes a large one that could not start yet anyway.
front=$(submit front "{\"command\": \"$(gate front)\"}")
arrived front
large=$(submit large2 '{"command": "true", "cores": 2}')
small=$(submit gap '{"command": "true", "time": 5}')
is 'the large one waits' "$(state "$large")" queued
is 'a small job fills the gap' "$(ended "$small")" 'completed 0'
open_gate front
is 'the large one runs then' "$(ended "$large")" 'completed 0'
finish
