#!/bin/bash
# A writer that is killed looks like one that has finished; it submits nothing all the same.
. "$(dirname "$0")/lib.sh"
start

printf '#!/bin/sh\necho ran > %s/witness\n' "$T" >script
printf '{"command": "echo ran > %s/witness"}\n' "$T" >json
# The shell tells of a child that was killed, hence the braces.
dies() # WAY KIND NAME
{
    { "$PYTHON" -I "$HERE/writers.py" "$1" "$T/$2" "$M/submit/$3"; } 2>/dev/null
}
for kind in script json; do
    for signal in SIGKILL SIGINT SIGTERM SIGABRT SIGSEGV; do
        name=$kind.$signal
        SIGNAL=$signal dies killed "$kind" "$name"
        is "a writer of a $kind killed by $signal submits nothing" "$(count)" 0
        like "$name.error says that the writer died" "$(cat "$M/submit/$name.error" 2>&1)" \
            '*killed*'
        same "what it wrote is still there ($name)" "$kind" "$M/submit/$name"
    done
    dies killed_half "$kind" "half.$kind"
    is "a writer of a $kind killed half way submits nothing" "$(count)" 0
done
{ timeout -s KILL 1 sh -c "{ cat '$T/script'; sleep 60; } > '$M/submit/timeout'"; } 2>/dev/null
is 'a group killed by timeout submits nothing' "$(count)" 0
is 'nothing ran' "$(cat witness 2>/dev/null)" ''
ok 'the name can be written again' cp json "$M/submit/script.SIGKILL"
is 'and runs' "$(ended "$(job_of script.SIGKILL)"; cat witness)" "$(printf 'completed 0\nran')"
finish
