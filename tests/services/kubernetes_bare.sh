#!/bin/bash
# Kubernetes without a volume: what jobs leave is handed over before their pods end.
CLUSTER=cfx-kube
. "$(dirname "$0")/lib.sh"
. "$SERVICES/far.sh"
needs sshd kubernetes
MOUNTED=bare
ROOT=$FAR/root
config "{\"default\": \"bare\", \"clusters\": {\"bare\": {\"host\": \"cfx-kube\", \"dir\": \"$ROOT\",
    \"scheduler\": \"kubernetes\", \"image\": \"localhost/busybox:1\", \"grace\": 2}}}"

kube() { "$CFX_KUBERNETES/kubectl" --kubeconfig "$CFX_TESTBED/kubernetes/pki/admin.kubeconfig" "$@"; }
ours() { kube get pods,secrets -o name -l app.kubernetes.io/managed-by=clustrixfs; }
none_left() { [ -z "$(ours)" ]; }
# Who brings what is left, and all that it has started: it would stay for a minute.
stop_porter()
{
    local pid
    for pid in $(cat "$FAR"/*/kubernetes.porter.* "$T"/*/kubernetes.porter.* 2>/dev/null); do
        ps -o pid= -s "$pid" | xargs -r kill -KILL
    done
}
trap 'trap "" INT TERM HUP; stop_porter; kube delete --wait=false configmap evil >/dev/null 2>&1
    far_end; at_exit' EXIT
# What a test that was killed has left.
kube delete secrets,pods -l app.kubernetes.io/managed-by=clustrixfs --wait=false >/dev/null 2>&1
start
like 'it is reached' "$(far_state up)" 'up*'
like 'it is what the configuration asks for' "$(cat "$M/clusters/bare/info.json")" \
    '*"scheduler":"kubernetes"*'
file() { printf '%s' "$M/jobs/$1/files/$2"; } # JOB NAME
bytes() { od -An -v -c "$1" | tr -d ' \n'; }

#
# What jobs do
#
printf 'in\0put\n' >"$T/input"
cat >"$M/submit/first" <<END
#!/bin/sh
#SBATCH --cpus-per-task=1
#SBATCH --mem=64M
#CLUSTRIX inputs=$T/input
echo err >&2
printf 'out\r\n\0\377'
mkdir -p deep/er
cat input >deep/er/copy
head -c 300000 /dev/urandom >random
md5sum <random >sum
chmod 750 random
ln -s deep/er/copy link
rm input
exit 3
END
job=$(job_of first)
is 'a script runs, and its exit code comes back' "$(ended "$job" 60)" 'failed 3'
is 'its output is exact' "$(bytes "$M/jobs/$job/stdout")" 'out\r\n\0377'
is 'its errors are apart' "$(cat "$M/jobs/$job/stderr")" err
is 'its input was there' "$(bytes "$(file "$job" deep/er/copy)")" 'in\0put\n'
is 'its files are exact' "$(md5sum <"$(file "$job" random)")" "$(cat "$(file "$job" sum)")"
is 'with their modes and links' \
    "$(stat -c %a "$(file "$job" random)") $(readlink "$(file "$job" link)")" '750 deep/er/copy'
is 'what it removed is gone' "$(ls "$M/jobs/$job/files" | tr '\n' ' ')" 'deep link random sum '
is 'it is known where it ran' "$(info "$job" 'j["node"]')" localhost
is 'and for how long' "$(info "$job" '0 < j["wall_s"] < 30')" True

echo 1 >"$T/shared"
array=$(submit array "{\"command\": \"mkdir -p d; echo \$CLUSTRIXFS_TASK | tee d/\$CLUSTRIXFS_TASK; [ \$CLUSTRIXFS_TASK != 0 ] || echo 2 >>shared\",
    \"array\": \"0-3\", \"inputs\": [\"$T/shared\"]}")
again=$(submit again '{"command": "echo $CLUSTRIXFS_ATTEMPT | tee -a file; [ $CLUSTRIXFS_ATTEMPT = 2 ]", "retries": 2}')
is 'an array ends' "$(ended "$array" 90)" 'completed 0'
is 'each element has its output' "$(cat "$M/jobs/$array"/tasks/{0,1,2,3}/stdout | tr -d '\n')" 0123
is 'their files come together' "$(cat "$M/jobs/$array"/files/d/{0,1,2,3} | tr -d '\n')" 0123
is 'what one of them has changed stays changed' "$(tr -d '\n' <"$(file "$array" shared)")" 12
is 'what fails is run again, as another pod' "$(ended "$again" 60)" 'completed 0'
is 'with an output of its own' "$(cat "$M/jobs/$again/stdout")" 2
is 'and from the same beginning' "$(cat "$(file "$again" file)")" 2
ok 'nothing is left of pods that have ended, nor of their Secrets' until_true 20 none_left

#
# How they end otherwise
#
stubborn=$(submit stubborn '{"command": "trap \"\" TERM; echo begun | tee file; while :; do sleep 1; done"}')
memory=$(submit memory '{"command": "echo begun; tail /dev/zero", "memory": "30M"}')
await_state "$stubborn" running
until_true 30 kube exec "$(token_of "$stubborn")-a1" -c results -- \
    test -s "$ROOT/$(token_of "$stubborn")/attempt1/stdout"
ctl "$stubborn" cancel
is 'cancel ends one that does not heed it' "$(ended "$stubborn" 60 | cut -d' ' -f1)" cancelled
is 'what it had written is here' \
    "$(cat "$M/jobs/$stubborn/stdout" "$(file "$stubborn" file)" | tr '\n' ' ')" 'begun begun '
limit=$(submit limit '{"command": "echo begun; sleep 300", "time": 2}')
like 'too much memory is a failure' "$(ended "$memory" 60)" 'failed*'
like 'and called that' "$(cat "$M/jobs/$memory/reason")" '*out of memory*'
is 'its output is here all the same' "$(cat "$M/jobs/$memory/stdout")" begun
like 'a time limit is a failure' "$(ended "$limit" 60)" 'failed*'
like 'and called that' "$(cat "$M/jobs/$limit/reason")" '*time limit*'
is 'its output is here, too' "$(cat "$M/jobs/$limit/stdout")" begun

#
# What is too large, or cannot be
#
head -c 2000000 /dev/urandom >"$T/large"
job=$(submit large "{\"command\": \"true\", \"inputs\": [\"$T/large\"]}")
like 'inputs that are too large are refused' "$(ended "$job" 60)" 'failed*'
like 'with a sentence' "$(cat "$M/jobs/$job/reason")" '* KiB, are more than 1 MiB *"volume"'
big=$(submit big '{"command": "echo kept; truncate -s 2G big; exit 4"}')
# Its results are let go before anybody can fetch them.
lost=$(submit lost "{\"command\": \"echo x; touch $ROOT/.taken; exit 5\"}")
# shellcheck disable=SC2016 # for that shell
refused 'a workdir is refused' sh -c 'echo "{\"command\": \"true\", \"workdir\": \"/tmp\"}" >"$1"' \
    sh "$M/submit/workdir"
like 'with a sentence, too' "$(cat "$M/submit/workdir.error")" '*workdir: the pods of cluster bare have no directory of its host*'
is 'files that are too large do not hide the exit code' "$(ended "$big" 60)" 'failed 4'
is 'nor the output' "$(cat "$M/jobs/$big/stdout")" kept
like 'and it is said that they are lost' "$(cat "$M/jobs/$big/reason")" '*files are more than 1 GiB*'
is 'what nobody fetched does not hide it either' "$(ended "$lost" 90)" 'failed 5'
like 'and that is said' "$(cat "$M/jobs/$lost/reason")" 'it exited 5;*not fetched*lost*'

#
# What jobs leave to those who look
#
mkdir "$FAR/victim"
chown "$CFX_SSH_USER" "$FAR/victim"
cat >"$M/submit/odd" <<END
#!/bin/sh
ln -s /etc/passwd passwd
ln -s $FAR/victim out
ln -s ../../.. up
mkfifo fifo
mkdir closed && echo x >closed/x && chmod 500 closed
for name in -rf '..x' 'a b' 'a\\b' "new
line" "\\\$(touch CANARY)" "'\"" é; do echo "\$name" >"./\$name"; done
cp ../attempt1/stdout saved
rm ../attempt1/stdout
ln -s /etc/passwd ../attempt1/stdout
END
job=$(job_of odd)
is 'odd names are brought' "$(ended "$job" 60)" 'completed 0'
# shellcheck disable=SC2016 # a name
for name in -rf ..x 'a b' 'a\b' $'new\nline' '$(touch CANARY)' "'\"" é closed/x; do
    is "as they are: ${name//$'\n'/ }" "$(cat "$(file "$job" "$name")")" \
        "$([ "$name" = closed/x ] && echo x || printf '%s' "$name")"
done
is 'a link stays a link' "$(readlink "$ROOT/$(token_of "$job")/files/passwd")" /etc/passwd
is 'what is neither file nor directory is left' "$(find "$ROOT" -type p)" ''
is 'an output that is a link is none' "$(cat "$M/jobs/$job/stdout")" ''

cat >"$M/submit/pair" <<END
#!/bin/sh
#CLUSTRIX array=0-1%1
[ \$CLUSTRIXFS_TASK = 1 ] || { ln -s $FAR/victim d; exit; }
mkdir d
echo evil >d/evil
END
job=$(job_of pair)
is 'elements end that leave a link and what would follow it' "$(ended "$job" 90)" 'completed 0'
is 'which is not followed' "$(ls -A "$FAR/victim")" ''
is 'but replaced' "$(cat "$(file "$job" d/evil)")" evil

# A pod of somebody else's making, whose tar says what it likes.
"$PYTHON" -I - "$T" "$FAR/victim" <<'END'
import io, sys, tarfile
def make(name, *members):
    with tarfile.open(f"{sys.argv[1]}/{name}", "w") as t:
        for path, kind, target in members:
            m = tarfile.TarInfo(path)
            m.type, m.linkname = kind, target
            data = b"" if target else b"evil\n"
            m.size = len(data) if kind == tarfile.REGTYPE else 0
            t.addfile(m, io.BytesIO(data) if m.size else None)
F, L, H, C = tarfile.REGTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE
victim = sys.argv[2]
make("dots", ("attempt1/exit", F, ""), ("files/../../../victim/dots", F, ""))
make("absolute", ("attempt1/exit", F, ""), (f"{victim}/absolute", F, ""))
make("link", ("files/l", L, victim), ("files/l/link", F, ""))
make("chain", ("files/a", L, "b"), ("files/b", L, victim), ("files/a/chain", F, ""))
make("dir", ("files", L, victim), ("files/dir", F, ""))
make("run", ("attempt1", L, victim), ("attempt1/stdout", F, ""))
make("hard", ("attempt1/stdout", H, "/etc/passwd"), ("files/x", H, "../../../../../etc/passwd"))
END
evils=(dots absolute link chain dir run hard)
cat >"$T/begin" <<'END'
rm /bin/sh
printf '#!/bin/busybox ash\n[ $# -gt 3 ] && exec cat /evil/%s\n: >/taken\n' "$1" >/bin/sh
chmod 755 /bin/sh
while [ ! -e /taken ]; do sleep 1; done
END
kube delete configmap evil >/dev/null 2>&1
kube create configmap evil "--from-file=$T/begin" "${evils[@]/#/--from-file=$T/}" >/dev/null
evil_pod() # NAME EVIL
{
    cat <<END
{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "$1",
 "labels": {"app.kubernetes.io/managed-by": "clustrixfs"}},
 "spec": {"restartPolicy": "Never", "terminationGracePeriodSeconds": 1,
  "volumes": [{"name": "evil", "configMap": {"name": "evil"}}],
  "containers": [{"name": "job", "image": "localhost/busybox:1", "command": ["true"]},
   {"name": "results", "image": "localhost/busybox:1",
    "volumeMounts": [{"name": "evil", "mountPath": "/evil"}],
    "command": ["/bin/busybox", "ash", "/evil/begin", "$2"]}]}}
END
}
for n in 1 2 3 4 5 6 7; do
    # shellcheck disable=SC2016 # for the far shell
    remote 'mkdir -p "$1/cfxevil0000000$2/files"' "$ROOT" "$n"
    evil_pod "cfxevil0000000$n-a1" "${evils[n - 1]}"
done | kube create -f - >/dev/null
# Whatever is made of each, somebody has looked at it.
seen() { [ -e "$ROOT/cfxevil0000000$1/.attempt1.why" ] || [ -e "$ROOT/cfxevil0000000$1/.attempt1.taken" ]; }
job=$(submit porter '{"command": "true"}')
for n in 1 2 3 4 5 6 7; do ok "a tar that is evil (${evils[n - 1]}) is looked at" until_true 60 seen "$n"; done
is 'nothing of it comes to where it wants to be' "$(ls -A "$FAR/victim"; find "$FAR" -name 'dots' -o -name absolute)" ''
is 'one that names other places is no evidence of an end' "$(ls "$ROOT"/cfxevil0000000[12]/attempt1 2>&1 | grep exit)" ''
is 'and brings no file of the host' "$(grep -rls root: "$ROOT"/cfxevil*)" ''
for n in 1 2 3 4 5 6 7; do kube delete pod "cfxevil0000000$n-a1" --force --grace-period=0 --wait=false; done >/dev/null 2>&1
is 'the others are brought meanwhile' "$(ended "$job" 60)" 'completed 0'

#
# A watch that ends, as each does after a minute at the latest: the list that comes before the next
# one tells what was missed
#
end_watch()
{
    local pids
    pids=$(ps -o pid=,args= -s "$(cat "$ROOT"/kubernetes.porter.*)" |
        awk '$2 == "kubectl" && / --watch/ { print $1 }')
    # shellcheck disable=SC2086 # a list of numbers
    [ -n "$pids" ] && kill -KILL $pids
}
job=$(submit watched '{"command": "sleep 2; echo y"}')
await_state "$job" running
ok 'the watch on pods ends' until_true 20 end_watch
is 'what ends meanwhile is brought' "$(ended "$job" 60)" 'completed 0'
is 'with its output' "$(cat "$M/jobs/$job/stdout")" y

#
# In the middle of the hand-over
#
tar_of() { echo "$ROOT/$(token_of "$1")/.attempt1/tar"; } # JOB
slow='{"command": "date +%s%N | tee once; head -c 80000000 /dev/urandom >random; md5sum <random >sum"}'
exact() # JOB
{
    is 'exactly' "$(md5sum <"$(file "$1" random)")" "$(cat "$(file "$1" sum)")"
    is 'of one run' "$(cat "$(file "$1" once)") $(info "$1" 'j["attempt"]')" "$(cat "$M/jobs/$1/stdout") 1"
}

job=$(submit hung "$slow")
until_true 60 test -s "$(tar_of "$job")"
stop_apiserver
ok 'a hand-over is stopped by its server' test ! -e "$ROOT/$(token_of "$job")/attempt1/exit"
continue_apiserver
is 'and goes on' "$(ended "$job" 90)" 'completed 0'
exact "$job"

job=$(submit dead "$slow")
until_true 60 test -s "$(tar_of "$job")"
kill_apiserver
ok 'a hand-over is broken off by its server' test ! -e "$ROOT/$(token_of "$job")/attempt1/exit"
like 'and its job has not ended' "$(state "$job")" '[qr]u*'
restart_apiserver
is 'it is done again when there is one' "$(ended "$job" 120)" 'completed 0'
exact "$job"

job=$(submit killed "$slow")
until_true 60 test -s "$(tar_of "$job")"
stop_porter
ok 'a hand-over dies' test ! -e "$ROOT/$(token_of "$job")/attempt1/exit"
is 'and is done again' "$(ended "$job" 120)" 'completed 0'
exact "$job"

job=$(submit alone "$slow")
token=$(token_of "$job")
until_true 60 test -s "$(tar_of "$job")"
kill_daemon
ok 'a hand-over goes on without a daemon' until_true 60 test -e "$ROOT/$token/attempt1/exit"
clear_mount
start
is 'which finds it when it is back' "$(ended "$job" 60)" 'completed 0'
exact "$job"
ok 'nothing is left' until_true 60 none_left

#
# Who may not
#
cp "$CFX_TESTBED/kubernetes/user/nobody" "$CFX_TESTBED/kubernetes/user/config"
broken cp "$CFX_TESTBED/kubernetes/user/user" "$CFX_TESTBED/kubernetes/user/config"
rm "$ROOT/kubernetes.may"
job=$(submit nobody '{"command": "true"}')
ok 'who could not fetch anything submits nothing' await_reason "$job" '*tried again*may not create pods/exec*'
note <"$M/jobs/$job/reason"
cp "$CFX_TESTBED/kubernetes/user/user" "$CFX_TESTBED/kubernetes/user/config"
healed cp "$CFX_TESTBED/kubernetes/user/user" "$CFX_TESTBED/kubernetes/user/config"
is 'until that is mended' "$(ended "$job" 90)" 'completed 0'

#
# On this machine
#
ok 'nothing is left of it' until_true 20 none_left
stop
mkdir -p "$T/here"
config "{\"default\": \"here\", \"clusters\": {\"here\": {\"scheduler\": \"kubernetes\", \"dir\": \"$T/here\",
    \"image\": \"localhost/busybox:1\", \"context\": \"testbed\"}}}"
PATH=$CFX_KUBERNETES:$PATH KUBECONFIG=$CFX_TESTBED/kubernetes/pki/admin.kubeconfig \
    start -o "state=$T/state2"
job=$(submit here '{"command": "echo here; exit 4"}')
is 'kubectl of this machine will do, too' "$(ended "$job" 60)" 'failed 4'
is 'with its output' "$(cat "$M/jobs/$job/stdout")" here
ok 'nothing is left there either' until_true 20 none_left
finish
