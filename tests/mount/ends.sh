#!/bin/bash
# How a job ended is told as it was.
. "$(dirname "$0")/lib.sh"
config '{"clusters": {"local": {"grace": 1}}}'
start

told() # WHAT SPEC WAIT STATE EXIT_CODE REASON; the last two, and WAIT, are patterns
{
    job=$(submit end "$2")
    like "$1: wait" "$(ended "$job")" "$3"
    is "$1: state" "$(state "$job")" "$4"
    like "$1: exit_code" "$(cat "$M/jobs/$job/exit_code")" "$5"
    like "$1: reason" "$(cat "$M/jobs/$job/reason")" "$6"
}

told 'exit 0' '{"command": "exit 0"}' 'completed 0' completed 0 '?*'
told 'exit 3' '{"command": "exit 3"}' 'failed 3' failed 3 '*3*'
told 'exit 255' '{"command": "exit 255"}' 'failed 255' failed 255 '*255*'
told 'a signal' '{"command": "kill -9 $$"}' 'failed signal 9' failed '' '*signal 9*'
told 'another signal' '{"command": "kill -SEGV $$"}' 'failed signal 11' failed '' '*signal 11*'
told 'an exit code like a signal' '{"command": "exit 137"}' 'failed 137' failed 137 '*137*'
told 'a missing interpreter' '{"script": "#!/no/such/interpreter\nx\n"}' 'failed*' failed '*' \
    '*/no/such/interpreter*'
told 'a missing program' '{"command": ["/no/such/program"]}' 'failed 127' failed 127 '*127*'
like 'and stderr says which' "$(cat "$M/jobs/$job/stderr")" '*/no/such/program*'
told 'a workdir that is not there' '{"command": "true", "workdir": "/no/such/dir"}' 'failed*' \
    failed '*' '*/no/such/dir*'
told 'children left behind' '{"command": "sleep 1000 & exit 0"}' 'completed 0' completed 0 '?*'

# Limits.
told 'a time limit' '{"command": "echo begun; exec sleep 1000", "time": 1}' 'failed*' failed '*' \
    '*time limit*'
is 'what it wrote before is there' "$(cat "$M/jobs/$job/stdout")" begun
told 'a time limit that TERM does not end' \
    '{"command": "trap \"echo heard TERM\" TERM; while :; do sleep 0.1; done", "time": 1}' \
    'failed*' failed '*' '*time limit*'
is 'TERM came first, KILL after the grace' "$(cat "$M/jobs/$job/stdout")" 'heard TERM'
told 'a time limit that the job does not need' '{"command": "true", "time": 60}' 'completed 0' \
    completed 0 '?*'
told 'a memory limit' \
    '{"command": ["perl", "-e", "$x = \"a\" x 500000000; print length($x)"], "memory": "100M"}' \
    'failed*' failed '*' '?*'
is 'nothing was printed' "$(cat "$M/jobs/$job/stdout")" ''
like 'info.json says what enforced it' "$(cat "$M/jobs/$job/info.json")" '*@(cgroup|rlimit)*'
told 'a memory limit that the job does not need' '{"command": "true", "memory": "500M"}' \
    'completed 0' completed 0 '?*'

# What it used.
job=$(submit used '{"command": ["perl", "-e", "$x = \"a\" x 60000000; 1 while times < 0.5"]}')
ended "$job" >/dev/null
used()
{
    "$PYTHON" -I - "$M/jobs/$job/info.json" <<'END'
import json, sys
def numbers(x, path=""):
    if isinstance(x, dict):
        for k, v in x.items():
            yield from numbers(v, path + "/" + k)
    elif isinstance(x, (int, float)):
        yield path, x
found = dict(numbers(json.load(open(sys.argv[1]))))
print(found)
cpu = [v for k, v in found.items() if "user" in k or "cpu" in k]
memory = [v for k, v in found.items() if "max" in k and "mem" in k]
assert cpu and 0.3 < max(cpu) / (1e6 if max(cpu) > 1e4 else 1) < 60, "CPU time"
assert memory and 60e6 < max(memory) < 1e9, "maximum memory"
END
}
ok 'info.json tells the CPU time and the memory that it used' used
is 'no process of any of these jobs is left but the child left behind on purpose' \
    "$(for p in $(ours); do tr '\0' ' ' <"/proc/$p/cmdline"; echo; done | grep -v -e clustrixfs -e bash | grep -v '^sleep 1000 $')" ''
finish
