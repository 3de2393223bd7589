#!/bin/bash
# Meeting a machine at mount time: its key, the ways to log in, what it has, and what is remembered.
# shellcheck disable=SC2119 # kill_controller and its like without arguments
CLUSTER=cfx-host
. "$(dirname "$0")/lib.sh"
needs sshd slurm sge

# sentence WHAT PATTERN COMMAND...: it fails and says so in words.
sentence()
{
    local what=$1 pattern=$2
    shift 2
    refused "$what is refused" "$@"
    like "$what: the sentence helps" "$(cat .out)" "$pattern"
}

# attach OPTION... : mounts in the background as a user does, without a terminal; its words are in .said
attach()
{
    timeout "$(seconds 40)" setsid -w "$CLUSTRIXFS" "$@" >"$T/.said" 2>&1
}

detach()
{
    local p
    fusermount3 -u "${1:-$M}"
    for p in $(ours); do helper await-exit "$p" 10; done
}

STATE=$XDG_STATE_HOME/clustrixfs-$CLUSTER

# A key that nobody has accepted.
mv "$HOME/.ssh/known_hosts" known
sentence 'an unknown host key' '*host key of*not known*SHA256:*--accept-hostkey*' \
    "$CLUSTRIXFS" "$CLUSTER" "$M"
is 'nothing is mounted then' "$(mountpoint -q "$M" && echo mounted)" ''
is 'and the key is not remembered' "$(cat "$HOME/.ssh/known_hosts" 2>/dev/null)" ''
printf '#!/bin/sh\nprintf "%%s" "$1" >>%s\necho "${ANSWER-no}"\n' "$T/asked" >askpass
chmod +x askpass
export SSH_ASKPASS=$T/askpass SSH_ASKPASS_REQUIRE=force
sentence 'a key that is said to be wrong' '*not accepted*' "$CLUSTRIXFS" --accept-hostkey "$CLUSTER"
like 'the question shows the key' "$(cat asked)" '*SHA256:*yes/no*'
is 'that key is not remembered' "$(cat "$HOME/.ssh/known_hosts" 2>/dev/null)" ''
ok 'a key that is said to be right is accepted' \
    env ANSWER=yes "$CLUSTRIXFS" --accept-hostkey "$CLUSTER"
ok 'and is in known_hosts' [ -s "$HOME/.ssh/known_hosts" ]
rm asked
ok 'accepted once more there is nothing to ask' "$CLUSTRIXFS" --accept-hostkey "$CLUSTER"
is 'and nobody was' "$(cat asked 2>/dev/null)" ''

# With a key file, as ~/.ssh/config says.
ok 'the machine is mounted' attach "$CLUSTER:$FAR/a b" "$M"
is 'without a complaint' "$(grep clustrixfs: .said)" ''
is 'and without a question' "$(cat asked 2>/dev/null)" ''
like 'info.json tells what was met' "$(cat "$M/clusters/$CLUSTER/info.json")" \
    "*\"scheduler\":\"process\"*\"met\":true*\"scheduler_found\":\"process: there is no scheduler, so jobs run on that host\"*\"directory\":\"$FAR/a b\"*"
like 'which is remembered' "$(cat "$STATE/met/$CLUSTER")" "root $FAR/a b*scheduler process*end"
detach

# What is remembered holds.
sentence 'another directory in the same state' '*jobs here lie in*-o state=*' \
    "$CLUSTRIXFS" "$CLUSTER:$FAR/other" "$M"
sentence 'another scheduler in the same state' '*jobs here are of scheduler process*' \
    "$CLUSTRIXFS" -o scheduler=slurm "$CLUSTER:$FAR/a b" "$M"
ok 'in another state it is a cluster of its own' \
    attach -o "state=$T/s2" "$CLUSTER:$FAR/other" "$M"
detach

# More than one scheduler, and one that is away: nothing is guessed.
cat known >>"$HOME/.ssh/known_hosts"
sentence 'a machine with two schedulers' '*cluster cfx-two has slurm and sge; write which of them*' \
    "$CLUSTRIXFS" -o "state=$T/s3" "cfx-two:$FAR/two" "$M"
ok 'which of them can be said' attach -o "scheduler=sge,state=$T/s3" "cfx-two:$FAR/two" "$M"
like 'and info.json tells why it is that one' "$(cat "$M/clusters/cfx-two/info.json")" \
    '*"scheduler":"sge"*"scheduler_found":"sge (* the configuration asks for it"*'
detach
kill_controller
sentence 'a scheduler that does not answer' \
    '*cluster cfx has the programs of slurm, but its server does not answer*"scheduler": "process"*' \
    "$CLUSTRIXFS" -o "state=$T/s4" "cfx:$FAR/away" "$M"
restart_controller
ok 'when it does it is mounted' attach -o "scheduler=auto,state=$T/s4" "cfx:$FAR/away" "$M"
like 'with it' "$(cat "$M/clusters/cfx/info.json")" \
    '*"scheduler":"slurm"*"scheduler_found":"slurm (* the only scheduler there, and it answers"*'
detach

# A password, through SSH_ASKPASS.
sed -i '/IdentityFile/d; s/BatchMode yes/BatchMode no/' "$HOME/.ssh/config"
unset SSH_AUTH_SOCK
rm -f asked
ANSWER=$(cat "$CFX_SSH_PASSWORD_FILE") attach "$CLUSTER:$FAR/a b" "$M"
result $? 'a password is asked for and takes us in' || note <.said
like 'the question says whose' "$(cat asked)" '*assword*'
is 'the password is in no file of ours' \
    "$(grep -rlF -e "$(cat "$CFX_SSH_PASSWORD_FILE")" "$XDG_STATE_HOME" "$HOME")" ''
is 'nor in a process list' \
    "$(for p in $(ours); do tr '\0' '\n' <"/proc/$p/cmdline"; done |
        grep -cF -e "$(cat "$CFX_SSH_PASSWORD_FILE")")" 0
detach
ANSWER=wrong sentence 'a wrong password' '*' "$CLUSTRIXFS" "$CLUSTER:$FAR/a b" "$M"
is 'it is not mounted then' "$(mountpoint -q "$M" && echo mounted)" ''

# What is configured beside is no reason not to mount.
config "{\"clusters\": {\"far\": {\"host\": \"$CLUSTER\"}, \"gone\": {\"host\": \"localhost\", \"port\": 1}}}"
ANSWER=wrong attach "$M"
result $? 'a login that is refused is no reason not to mount all' || note <.said
like 'the terminal is told of it' "$(cat .said)" '*cluster far: *connect*'
like 'and of the one that does not answer' "$(cat .said)" '*cluster gone: *never met*'
detach
finish
