#!/bin/bash
# Kubernetes over ssh: jobs are pods, and whatever becomes of a pod or of its cluster is told right.
CLUSTER=cfx-kube
. "$(dirname "$0")/lib.sh"
. "$SERVICES/far.sh"
needs sshd kubernetes
MOUNTED=kube
ROOT=$FAR/root
TEAM=team$$
broken in_service kubernetes team_down "$TEAM"
in_service kubernetes team_up "$TEAM" "$FAR" >/dev/null
config "{\"default\": \"kube\", \"clusters\": {
    \"kube\": {\"host\": \"cfx-kube\", \"dir\": \"$ROOT\", \"volume\": \"$FAR\",
             \"image\": \"localhost/busybox:1\", \"grace\": 2},
    \"team\": {\"host\": \"cfx-kube\", \"dir\": \"$FAR/team\", \"volume\": \"jobs:$FAR\",
             \"image\": \"localhost/busybox:1\", \"grace\": 2, \"namespace\": \"$TEAM\",
             \"service_account\": \"runner\", \"node_selector\": {\"kubernetes.io/hostname\": \"localhost\"}}}}"
start
like 'it is reached' "$(far_state up)" 'up*'
like 'it was found by itself' "$(cat "$M/clusters/kube/info.json")" \
    '*"scheduler":"kubernetes"*v1.20.2*'

kube() { "$CFX_KUBERNETES/kubectl" --kubeconfig "$CFX_TESTBED/kubernetes/pki/admin.kubeconfig" "$@"; }
pod_of() { info "$1" 'j["native_id"]'; }
pods() { kube get pods -o name -l app.kubernetes.io/managed-by=clustrixfs; }
no_pods() { [ -z "$(pods)" ]; }
# What a test that was killed has left.
kube delete pods -l app.kubernetes.io/managed-by=clustrixfs --wait=false >/dev/null 2>&1
witnesses() { wc -l <"$FAR/witness"; }
AUDIT=$CFX_TESTBED/kubernetes/log/audit
AUDITED=$(cat "$AUDIT" 2>/dev/null | wc -l) # by the tests before this one
audited() { tail -n +$((AUDITED + 1)) "$AUDIT" | grep "\"verb\":\"$1\""; } # VERB
lists() { audited list | wc -l; }
team_submit() { printf '%s\n' "$2" >"$M/clusters/team/submit/$1" && job_of "$1"; } # NAME TEXT
: >"$FAR/witness"
chown "$CFX_SSH_USER" "$FAR/witness"

# On a claim, in another namespace; and one that writes where it should not. Both are looked at later.
like 'a namespace of its own is reached, too' "$(MOUNTED=team far_state up)" 'up*'
claim=$(team_submit claim '{"command": "echo in $PWD; cat /var/run/secrets/kubernetes.io/serviceaccount/namespace; echo data >result; exit 5"}')
evicted=$(team_submit evicted '{"command": "echo begun; head -c 50000000 /dev/zero >/tmp/much; sleep 300"}')

#
# What jobs do
#
cat >"$M/submit/first" <<'END'
#!/bin/sh
#SBATCH --cpus-per-task=1
#SBATCH --mem=64M
#SBATCH --time=5
echo "in $PWD"
echo err >&2
printf 'a\0b' > result
exit 3
END
job=$(job_of first)
is 'a script runs, and its exit code comes back' "$(ended "$job" 60)" 'failed 3'
like 'in its own directory' "$(cat "$M/jobs/$job/stdout")" "in $ROOT/cfx*/files"
is 'its errors are apart' "$(cat "$M/jobs/$job/stderr")" err
is 'its files are exact' "$(od -An -c "$M/jobs/$job/files/result" | tr -d ' ')" 'a\0b'
is 'its files are its own' "$(stat -c %U "$ROOT/$(token_of "$job")/files/result")" "$CFX_SSH_USER"
is 'it is known where it ran' "$(info "$job" 'j["node"]')" localhost
like 'and as which pod' "$(pod_of "$job")" "$(token_of "$job")-a1"

is 'a job on a claim ends as it does' "$(ended "$claim" 60)" 'failed 5'
like 'its output is here, and it had the service account of its namespace' \
    "$(cat "$M/jobs/$claim/stdout")" "in $FAR/team/cfx*/files"$'\n'"$TEAM"
is 'so are its files' "$(cat "$M/jobs/$claim/files/result")" data
is 'the claim is bound' "$(kube get -n "$TEAM" pvc jobs -o 'jsonpath={.status.phase}')" Bound
# shellcheck disable=SC2016 # a template
is 'its pods have what was configured' "$(kube get -n "$TEAM" pod "$(token_of "$evicted")-a1" \
    -o 'jsonpath={.spec.volumes[?(@.name=="jobs")].persistentVolumeClaim.claimName} {.spec.serviceAccountName} {.spec.nodeSelector}')" \
    'jobs runner {"kubernetes.io/hostname":"localhost"}'

job=$(submit array '{"command": "cd ..; mkdir on.$CLUSTRIXFS_TASK; ls -d on.* | wc -l; sleep 2; rmdir on.$CLUSTRIXFS_TASK", "array": "0-3%1"}')
helper await-state "$M" "$job/tasks/0" running "$(seconds 60)"
is 'those that wait for their turn are queued' "$(state "$job")" 'queued 3 running 1'
is 'an array ends' "$(ended "$job" 90)" 'completed 0'
is 'no more of it at a time than was asked for' \
    "$(cat "$M/jobs/$job"/tasks/{0,1,2,3}/stdout | tr -d ' \n')" 1111
job=$(submit again '{"command": "echo $CLUSTRIXFS_ATTEMPT; [ $CLUSTRIXFS_ATTEMPT = 2 ]", "retries": 2}')
next=$(submit next "{\"command\": \"true\", \"after\": [$job]}")
never=$(submit never "{\"command\": \"true\", \"after\": {\"failed\": [$job]}}")
is 'what comes after it waits' "$(cat "$M/jobs/$next/reason")" "waits for job $job to complete"
is 'what fails is run again, as another pod' "$(ended "$job" 60)" 'completed 0'
is 'with an output of its own' "$(cat "$M/jobs/$job/stdout")" 2
is 'then the next one runs' "$(ended "$next" 60)" 'completed 0'
is 'and not the one for its failure' "$(ended "$never")" failed
like 'what a node throws out is a failure' "$(ended "$evicted" 90)" 'failed*'
like 'and says why' "$(cat "$M/jobs/$evicted/reason")" '*Evicted*ephemeral*'
is 'what it had written is here' "$(cat "$M/jobs/$evicted/stdout")" begun
ok 'nothing is left of pods that have ended' until_true 20 no_pods

#
# How they end otherwise
#
job=$(submit stubborn '{"command": "trap \"\" TERM; echo begun; while :; do sleep 1; done"}')
await_state "$job" running
is 'output is here while it runs' \
    "$(timeout "$(seconds 20)" tail -n +1 -f "$M/jobs/$job/stdout" | head -n 1)" begun
ctl "$job" cancel
is 'cancel ends one that does not heed it' "$(ended "$job" 60 | cut -d' ' -f1)" cancelled
is 'what it had written is here' "$(cat "$M/jobs/$job/stdout")" begun

outside=$(submit outside '{"command": "sleep 300"}')
limit=$(submit limit '{"command": "sleep 300", "time": 3}')
await_state "$outside" running
# shellcheck disable=SC2016 # for the far shell
like 'what is submitted once more is there already' \
    "$(remote 'sh "$1/submit" attempt1 2>&1' "$ROOT/$(token_of "$outside")")" '*AlreadyExists*'
kube delete pod "$(pod_of "$outside")" --wait=false >/dev/null
is 'what somebody else deletes is cancelled' "$(ended "$outside" 60 | cut -d' ' -f1)" cancelled
like 'and says why' "$(cat "$M/jobs/$outside/reason")" '*its pod was deleted*'
like 'a time limit is a failure' "$(ended "$limit" 60)" 'failed*'
like 'and called that' "$(cat "$M/jobs/$limit/reason")" '*time limit*'

memory=$(submit memory '{"command": "tail /dev/zero", "memory": "30M"}')
deadline=$(submit deadline '{"command": "sleep 300"}')
await_state "$deadline" running
kube patch pod "$(pod_of "$deadline")" -p '{"spec": {"activeDeadlineSeconds": 1}}' >/dev/null
like 'too much memory is a failure' "$(ended "$memory" 60)" 'failed*'
like 'and called that' "$(cat "$M/jobs/$memory/reason")" '*out of memory*'
like 'a deadline of the pod is a failure' "$(ended "$deadline" 60)" 'failed*'
like 'and called a time limit' "$(cat "$M/jobs/$deadline/reason")" '*time limit*'

#
# What does not begin
#
many=$(submit many '{"command": "true", "cores": 640, "array": "0-9"}')
ok 'elements that fit nowhere say so' await_reason "$many/tasks/9" '*Insufficient cpu*' 60
before=$(lists)
large=$(submit large '{"command": "true", "cores": 640}')
absent=$(submit absent '{"command": "true", "image": "localhost/nosuch:1"}')
wrong=$(submit wrong '{"command": "true", "image": "No:Such::Name"}')
ok 'what fits nowhere says so' await_reason "$large" '*Insufficient cpu*'
is 'and waits' "$(state "$large")" queued
# shellcheck disable=SC2016 # for that shell
refused 'hold is refused' sh -c 'echo hold >"$1"' sh "$M/jobs/$large/ctl"
ok 'an image that cannot be had is told' await_reason "$absent" '*ImagePull*'
is 'and waited for' "$(state "$absent")" queued
is 'an image that cannot be is a failure' "$(ended "$wrong" 60)" failed
like 'and says why' "$(cat "$M/jobs/$wrong/reason")" '*could not start*InvalidImageName*'
asked=$(($(lists) - before))
note <<<"asked for a list $asked times"
ok 'one question is for all of them' [ "$asked" -gt 0 -a "$asked" -lt 10 ]
is 'and none is for a pod alone' "$(audited get | grep /pods/)" ''
ctl "$large" cancel
ctl "$many" cancel
ctl "$absent" cancel
is 'cancel takes one back that waits for room' "$(ended "$large" 60)" cancelled
is 'all elements of an array' "$(ended "$many" 60)" cancelled
is 'and one that waits for its image' "$(ended "$absent" 150)" cancelled

limit_pods 0
job=$(submit quota '{"command": "true"}')
ok 'a quota is waited for' await_reason "$job" '*exceeded quota*'
unlimit_pods
is 'until there is room' "$(ended "$job" 90)" 'completed 0'

#
# Who may not, and who is nobody
#
as() # NAME: who kubectl is
{
    cp "$CFX_TESTBED/kubernetes/user/$1" "$CFX_TESTBED/kubernetes/user/config"
}
runs=$(submit runs "{\"command\": \"until [ -e $FAR/go ]; do sleep 1; done\"}")
await_state "$runs" running
broken as user
for who in nobody expired; do
    as "$who"
    job=$(submit "$who" '{"command": "true"}')
    ok "a job of $who waits" await_reason "$job" '*tried again*'
    note <"$M/jobs/$job/reason"
    is 'one that runs is not gone for that' "$(state "$runs")" running
    as user
    is 'until that is mended' "$(ended "$job" 90)" 'completed 0'
done
sed "s/127.0.0.1:/localhost:/" "$CFX_TESTBED/kubernetes/user/user" >"$CFX_TESTBED/kubernetes/user/config"
job=$(submit elsewhere '{"command": "true"}')
ok 'where kubectl leads elsewhere nothing is submitted' await_reason "$job" '*kubectl leads to*'
as user
is 'until it leads back' "$(ended "$job" 90)" 'completed 0'
healed as user
touch "$FAR/go"
is 'and the one that ran ends' "$(ended "$runs" 60)" 'completed 0'

#
# What runs is said to wait: its node has not told yet that it began
#
for try in 1 2 3 4 5; do # until kubelet is stopped before it has told
    job=$(submit "untold$try" "{\"command\": \"echo x >>$FAR/witness; sleep 6\"}")
    until_true 60 test -s "$FAR/witness"
    stop_kubelet
    phase=$(kube get pod "$(token_of "$job")-a1" -o 'jsonpath={.status.phase}')
    [ "$phase" != Pending ] || break
    continue_kubelet
    ended "$job" 60 >/dev/null
    : >"$FAR/witness"
done
is 'a pod waits whose job runs' "$phase" Pending
is 'that job ends' "$(ended "$job" 60)" 'completed 0'
is 'in its first attempt' "$(info "$job" 'j["attempt"]')" 1
continue_kubelet
: >"$FAR/witness"

#
# The server goes away
#
stays=$(submit stays "{\"command\": \"echo x >>$FAR/witness; sleep 12\"}")
await_state "$stays" running
stop_apiserver
hung=$(submit hung "{\"command\": \"echo x >>$FAR/witness\"}")
is 'a job ends while the server hangs' "$(ended "$stays" 60)" 'completed 0'
ok 'one that is submitted meanwhile waits' await_reason "$hung" '*' 1
continue_apiserver
is 'and runs when it is back' "$(ended "$hung" 120)" 'completed 0'
is 'each once' "$(witnesses)" 2
stays=$(submit stays2 "{\"command\": \"echo x >>$FAR/witness; sleep 5\"}")
await_state "$stays" running
kill_apiserver
dead=$(submit dead "{\"command\": \"echo x >>$FAR/witness\"}")
is 'a job ends while there is no server' "$(ended "$stays" 60)" 'completed 0'
ok 'one that is submitted meanwhile says why it waits' await_reason "$dead" '*refused*'
restart_apiserver
is 'and runs when there is one' "$(ended "$dead" 120)" 'completed 0'
is 'each once again' "$(witnesses)" 4
ok 'what could not be deleted meanwhile was deleted later' until_true 40 no_pods
stop_apiserver
torn=$(submit torn "{\"command\": \"echo x >>$FAR/witness\"}")
await_state "$torn" submitting
kill_daemon
clear_mount
continue_apiserver
start
is 'what was being submitted when the daemon died ends' "$(ended "$torn" 120)" 'completed 0'
is 'and ran once' "$(witnesses)" 5
ok 'nothing is left of it' until_true 20 no_pods

#
# On this machine
#
stop
mkdir -p "$T/here"
config "{\"default\": \"here\", \"clusters\": {\"here\": {\"scheduler\": \"kubernetes\", \"dir\": \"$T/here\",
    \"volume\": \"$T/here\", \"image\": \"localhost/busybox:1\", \"context\": \"testbed\"}}}"
# With a login plug-in, as clouds have them: it is asked for the key.
"$PYTHON" -I - "$CFX_TESTBED/kubernetes/pki" "$T" <<'END'
import json, os, re, sys
pki, here = sys.argv[1:]
read = lambda name: open(f"{pki}/{name}").read()
print("#!/bin/sh\necho asked >>%s/asked\ncat <<'END'\n%s\nEND" % (here, json.dumps({
    "apiVersion": "client.authentication.k8s.io/v1beta1", "kind": "ExecCredential",
    "status": {"clientCertificateData": read("admin.crt"), "clientKeyData": read("admin.key")}})),
    file=open(f"{here}/plugin", "w"))
os.chmod(f"{here}/plugin", 0o700)
user = ('user: {exec: {apiVersion: client.authentication.k8s.io/v1beta1, command: "%s/plugin"}}' % here)
print(re.sub("user: {client-cert.*}", user, read("admin.kubeconfig")), file=open(f"{here}/kubeconfig", "w"))
END
PATH=$CFX_KUBERNETES:$PATH KUBECONFIG=$T/kubeconfig start -o "state=$T/state2"
job=$(submit here '{"command": "echo here; exit 4"}')
is 'kubectl of this machine will do, too' "$(ended "$job" 60)" 'failed 4'
is 'with its output' "$(cat "$M/jobs/$job/stdout")" here
ok 'its login plug-in was asked' [ -s asked ]
ok 'no pod is left' until_true 20 no_pods
finish
