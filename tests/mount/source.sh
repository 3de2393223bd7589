#!/bin/bash
# A mount of another machine: the command line is understood or refused in words, and a machine that
# does not answer is no reason not to mount.
. "$(dirname "$0")/lib.sh"

# sentence WHAT PATTERN COMMAND...: it fails and says so in words.
sentence()
{
    local what=$1 pattern=$2
    shift 2
    refused "$what is refused" "$@"
    like "$what: the sentence helps" "$(cat .out)" "$pattern"
}

sentence 'a host that is an option' '*is no host name*' "$CLUSTRIXFS" me@-oProxyCommand=id "$M"
sentence 'a host with a blank' '*is no host name*' "$CLUSTRIXFS" 'a host' "$M"
sentence 'a directory instead of a host' '*is no host name*' "$CLUSTRIXFS" "$T" "$M"
sentence 'a port behind the colon' '*-o port=2222*' "$CLUSTRIXFS" host:2222 "$M"
sentence 'an address without brackets' '*brackets*' "$CLUSTRIXFS" ::1 "$M"
sentence 'a port that is none' '*port*1 to 65535*' "$CLUSTRIXFS" -p 0 host "$M"
sentence 'a scheduler that is none' '*lsf*there is: auto*' "$CLUSTRIXFS" -o scheduler=lsf host "$M"
sentence 'a scheduler misspelt' '*did you mean "process"*' \
    "$CLUSTRIXFS" -o scheduler=procces host "$M"
sentence 'a transport that is none' '*rsh*there is: *' "$CLUSTRIXFS" -o transport=rsh host "$M"
sentence 'a port without a machine' '*-o port=*host*' "$CLUSTRIXFS" -o port=22 "$M"
sentence 'three words' '*too many*' "$CLUSTRIXFS" host "$M" "$T/other"
sentence 'a key to be accepted of nobody' '*--accept-hostkey*HOST*' "$CLUSTRIXFS" --accept-hostkey
printf '{"clusters":{"night":{"dir":"%s/night"}}}' "$T" >night.json
sentence 'a key to be accepted of this machine' '*is this machine*' \
    "$CLUSTRIXFS" --accept-hostkey night -o "config=$T/night.json"
is 'none of these has mounted anything' "$(mountpoint -q "$M" && echo mounted)" ''

# Port 1 of this machine: nobody listens there.
ok 'a machine that does not answer is mounted' sh -c \
    "timeout $(seconds 30) '$CLUSTRIXFS' -p 1 me@localhost:cfx '$M' >mounted 2>&1"
like 'and the terminal says so' "$(cat mounted)" '*localhost*never met*'
is 'it is the default cluster, beside local' "$(ls "$M/clusters")" "$(printf 'local\nlocalhost')"
ok 'it has a state directory of its own' [ -d "$XDG_STATE_HOME/clustrixfs-localhost" ]
is 'that nobody else may see' \
    "$(cd "$XDG_STATE_HOME" && stat -c %a clustrixfs-localhost clustrixfs-localhost/localhost.files)" \
    "$(printf '700\n700')"
like 'what is known of it can be read' "$(cat "$M/clusters/localhost/info.json")" \
    '*"transport":"ssh","scheduler":"auto","host":"localhost","user":"me","port":1,"met":false*'
printf '#!/bin/sh\necho hello\n' >"$M/check/x"
like 'check/ says that its scheduler is not known yet' "$(cat "$M/check/x")" \
    '*warning*localhost was not reached yet*echo hello*'
ok 'a job for it is accepted' sh -c "printf '#!/bin/sh\necho hello\n' >'$M/submit/x'"
like 'and waits' "$(state 1)" '@(accepted|queued)'
is 'its script can be read' "$(cat "$M/jobs/1/script")" "$(printf '#!/bin/sh\necho hello')"
printf '{"command": "echo here", "cluster": "local"}' >"$M/submit/y"
is 'local has it to itself' "$(ended 2; cat "$M/jobs/2/stdout")" "$(printf 'completed 0\nhere')"
mkdir m2
ok 'all clusters are mounted beside it' "$CLUSTRIXFS" "$T/m2"
is 'with jobs of their own' "$(ls "$T/m2/clusters" "$T/m2/jobs")" \
    "$(printf '%s:\nlocal\n\n%s:' "$T/m2/clusters" "$T/m2/jobs")"
fusermount3 -u "$T/m2"
sentence 'the same machine a second time' '*clustrixfs-localhost*' \
    "$CLUSTRIXFS" -p 1 me@localhost "$T/m2"
fusermount3 -u "$M"
for p in $(ours); do helper await-exit "$p" 10; done
finish
