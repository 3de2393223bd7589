#!/bin/bash
# Order: after, begin, priority, retries.
. "$(dirname "$0")/lib.sh"
config '{"clusters": {"local": {"cores": 4}}}'
start

first=$(submit first "{\"command\": \"$(gate first); \"}")
arrived first
second=$(submit second "{\"command\": \"echo second >> $T/order\", \"after\": [\"first\"]}")
third=$(submit third "{\"command\": \"echo third >> $T/order\", \"after\": [$second]}")
is 'a job waits for the one before it' "$(state "$second")" queued
like 'and says for which' "$(cat "$M/jobs/$second/reason")" "*$first*"
open_gate first
is 'it runs after it' "$(ended "$third")" 'completed 0'
is 'in the order of the chain' "$(cat order)" "$(printf 'second\nthird')"

bad=$(submit bad '{"command": "exit 7"}')
ended "$bad" >/dev/null
never=$(submit never "{\"command\": \"echo never >> $T/order\", \"after\": [\"$bad\"]}")
like 'what waits for the success of a failed job ends without running' "$(ended "$never")" '[fc]a*'
like 'and says why' "$(cat "$M/jobs/$never/reason")" "*$bad*"
is 'the chain behind it ends as well' "$(
    job=$(submit behind "{\"command\": \"true\", \"after\": [$never]}")
    ended "$job" | grep -c completed)" 0
job=$(submit any "{\"command\": \"true\", \"after\": {\"any\": [$bad]}}")
is 'any: runs whatever became of it' "$(ended "$job")" 'completed 0'
job=$(submit failed "{\"command\": \"true\", \"after\": {\"failed\": [$bad]}}")
is 'failed: runs after a failure' "$(ended "$job")" 'completed 0'
job=$(submit unfailed "{\"command\": \"true\", \"after\": {\"failed\": [$first]}}")
like 'failed: of a job that completed never runs' "$(ended "$job")" '[fc]a*'
job=$(submit two "{\"command\": \"true\", \"after\": [$first, \"second\"]}")
is 'two that are over' "$(ended "$job")" 'completed 0'
refused 'a job that is not there is refused' \
    tee "$M/submit/nobody" <<<'{"command": "true", "after": ["nobody-at-all"]}'
is 'nothing that must not run has run' "$(grep -c never order)" 0
g=$(submit g "{\"command\": \"$(gate g)\"}")
arrived g
waits=$(submit waits "{\"command\": \"true\", \"after\": [$g]}")
ctl "$g" cancel
like 'what waits for a cancelled job ends' "$(ended "$waits")" '[fc]a*'

# begin
before=$(date +%s%N)
job=$(submit later '{"command": "date +%s%N", "begin": "+2s"}')
is 'a job with a begin waits' "$(state "$job")" queued
is 'and runs' "$(ended "$job")" 'completed 0'
ran=$(cat "$M/jobs/$job/stdout")
ok 'not before its time' [ $(((ran - before) / 1000000)) -ge 1000 ]
ok 'and soon after it' [ $(((ran - before) / 1000000)) -le $((2000 + 2000 * SLOW)) ]

# retries
job=$(submit again "{\"command\": \"echo x >> $T/tries; echo try \$(wc -l < $T/tries); test \$(wc -l < $T/tries) -ge 3\", \"retries\": 5}")
is 'a job with retries runs until it succeeds' "$(ended "$job")" 'completed 0'
is 'and no more' "$(wc -l <tries)" 3
is 'its stdout is that of the last attempt' "$(cat "$M/jobs/$job/stdout")" 'try 3'
is 'info.json counts the attempts' "$(info "$job" 'j["attempt"]')" 3
job=$(submit gives-up "{\"command\": \"echo \$CLUSTRIXFS_ATTEMPT >> $T/tries2; exit 9\", \"retries\": 2}")
is 'it fails when all have failed' "$(ended "$job")" 'failed 9'
is 'each attempt knows its number' "$(tr '\n' ' ' <tries2)" '1 2 3 '

stop
config '{"clusters": {"local": {"cores": 1}}}'
start
# priority
front=$(submit front "{\"command\": \"$(gate front)\"}")
arrived front
for p in 0:low 10:high 5:middle 0:low2 10:high2 -5:last; do
    job=$(submit "p${p#*:}" "{\"command\": \"echo ${p#*:} >> $T/priority\", \"priority\": ${p%:*}}")
    jobs="${jobs-} $job"
done
open_gate front
for job in $jobs; do ended "$job" >/dev/null; done
is 'jobs run by priority, and in order where it is the same' "$(tr '\n' ' ' <priority)" \
    'high high2 middle low low2 last '
finish
