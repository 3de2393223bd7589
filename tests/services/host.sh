#!/bin/bash
# A host behind ssh as a cluster: the same tree, the same specs, the same promises.
. "$(dirname "$0")/lib.sh"
. "$SERVICES/far.sh"
CLUSTER=cfx-host
needs sshd
config '{"clusters": {"cfx-host": {"host": "cfx-host", "cores": 2}}}'
mount_far()
{
    start_far "cfx-host:$FAR/root"
}
mount_far

like 'it is reached' "$(far_state up)" 'up*'
like 'what it has was found by itself' "$(cat "$M/clusters/cfx-host/info.json")" \
    '*"scheduler":"process"*'

job=$(submit hello "$(printf '#!/bin/sh\necho out; echo err >&2; pwd; echo file > result.txt; exit 3')")
is 'a script runs there and its exit code comes back' "$(ended "$job")" 'failed 3'
like 'its output is here' "$(cat "$M/jobs/$job/stdout")" "out*$FAR/root/cfx*/files"
is 'and its errors, apart' "$(cat "$M/jobs/$job/stderr")" err
is 'the files it made are listed' "$(ls "$M/jobs/$job/files")" result.txt
is 'with their true size' "$(stat -c %s "$M/jobs/$job/files/result.txt")" 5
is 'and can be read' "$(cat "$M/jobs/$job/files/result.txt")" file
is 'it is known where it ran' "$(info "$job" 'j["node"]')" "$(uname -n)"

odd=$'a b\'c"d$(touch CANARY)`e`;f&g|h\\i\tj*?[k]-ü'
"$PYTHON" -I -c 'import json,sys
json.dump({"command": ["printf", "%s|", "-n", sys.argv[1]], "env": {"ODD": sys.argv[1]},
           "name": "odd"}, open(sys.argv[2], "w"))' "$odd" "$M/submit/odd"
job=$(job_of odd)
ended "$job" >/dev/null
is 'arguments arrive as they are' "$(cat "$M/jobs/$job/stdout")" "-n|$odd|"
is 'and nothing in them is run' "$(remote 'cd "$1" && find . -name CANARY' "$FAR")" ''

cat >"$M/submit/names" <<'END'
#!/bin/sh
printf 1 > "$(printf 'new\nline')"
printf 22 > "quote'\"s"
printf 333 > '-dash $(x) ü'
mkdir -p 'deep/er dir' && head -c 300000 /dev/zero > 'deep/er dir/zeros'
: > empty
ln -s 'deep/er dir/zeros' inside; ln -s /etc/passwd outside; ln -s ../../.. up
mkfifo pipe
truncate -s 5G sparse
END
job=$(job_of names)
is 'odd names do no harm' "$(ended "$job")" 'completed 0'
is 'all are listed' "$(cd "$M/jobs/$job/files" && printf '%s,' * | tr '\n' '?')" \
    '-dash $(x) ü,deep,empty,inside,new?line,outside,pipe,quote'\''"s,sparse,up,'
is 'a name with a line end can be read' "$(cat "$M/jobs/$job/files/"new*)" 1
is 'and one with quotes' "$(cat "$M/jobs/$job/files/quote'\"s")" 22
ok 'zeros are zeros' cmp "$M/jobs/$job/files/deep/er dir/zeros" <(head -c 300000 /dev/zero)
is 'a link within leads there' "$(wc -c <"$M/jobs/$job/files/inside")" 300000
refused 'a link out leads nowhere' cat "$M/jobs/$job/files/outside"
is 'sizes beyond 4 GiB are true' "$(stat -c %s "$M/jobs/$job/files/sparse")" 5368709120
is 'and their ends can be read' "$(tail -c 3 "$M/jobs/$job/files/sparse" | od -An -tx1 | tr -d ' ')" 000000

. "$HERE/folder.sh"
job=$(submit folder "$(folder_spec)")
is 'many files do no harm' "$(ended "$job" 60)" 'completed 0'
folder_is_like "$M/jobs/$job/files" "$FAR/root/$(token_of "$job")/files"

job=$(submit sleeper '{"command": "echo begun; sleep 300", "time": 600}')
await_state "$job" running
is 'output is here while it runs' "$(timeout "$(seconds 20)" tail -n +1 -f "$M/jobs/$job/stdout" | head -n 1)" begun
ctl "$job" cancel
is 'cancel ends it' "$(ended "$job")" 'cancelled'
job=$(submit limit '{"command": "sleep 300", "time": 1}')
like 'a time limit is kept' "$(ended "$job")" 'failed*'
like 'and said' "$(cat "$M/jobs/$job/reason")" '*time limit*'

witness=$FAR/witness
job=$(submit longer "$(printf '#!/bin/sh\necho ran >> "%s"; while [ ! -e "%s/go" ]; do sleep 0.1; done' \
    "$witness" "$FAR")")
await_state "$job" running
kill_daemon
clear_mount
mount_far
far_state up >/dev/null
is 'a job outlives the daemon' "$(state "$job")" running
stop
is 'and an unmount' "$STATUS" 0
remote ': > "$1/go"' "$FAR"
mount_far
is 'its end in the meantime is seen' "$(ended "$job")" 'completed 0'
token=$(token_of "$job")
is 'it ran once' "$(remote 'cat "$1"' "$witness")" ran

ok 'rm -r forgets an ended job' rm -r "$M/jobs/$job"
# shellcheck disable=SC2016 # for the far shell
ok 'and its directory there' await_far 20 '[ ! -e "$1" ]' "$FAR/root/$token"
finish
