#!/bin/bash
# check/ shows what would run, and runs nothing.
. "$(dirname "$0")/lib.sh"
start

printf '#!/bin/sh\n#SBATCH --partition=fast\necho ran > %s/witness\n' "$T" >script
ok 'cp into check/ says no error' cp script "$M/check/script"
like 'it shows the script' "$(cat "$M/check/script")" "*echo ran > $T/witness*"
like 'it warns of what has no meaning here, by its name' "$(cat "$M/check/script")" '*partition*'
printf '{"command": "echo a b", "env": {"X": "it'"'"'s"}, "cores": 1}\n' >json
ok 'a JSON spec is rendered' cp json "$M/check/json"
like 'it shows the command' "$(cat "$M/check/json")" '*echo a b*'
like 'and the command that would start it' "$(cat "$M/check/json")" '*start *'
refused 'a bad spec is refused' sh -c "echo '{\"comand\": \"x\"}' | tee '$M/check/bad'"
like 'NAME.error says why' "$(cat "$M/check/bad.error" 2>&1)" '*comand*command*'
is 'no job came of any' "$(count)" 0
is 'nothing ran' "$(ls witness 2>/dev/null)" ''
is 'stat tells the size that a read gives' "$(stat -c %s "$M/check/script")" \
    "$(wc -c <"$M/check/script")"
ok 'cp -a and rsync-like attributes do no harm' cp -a script "$M/check/attributes"
ok 'it can be removed' rm "$M/check/script"

# What is shown is what runs.
cp json "$M/submit/json"
job=$(job_of json)
ended "$job" >/dev/null
like "the job's script is the one that check/ showed" "$(cat "$M/jobs/$job/script")" '*echo a b*'
finish
