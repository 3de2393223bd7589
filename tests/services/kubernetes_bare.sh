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
ours() { kube get "$1" -o name -l app.kubernetes.io/managed-by=clustrixfs; }
# What a test that was killed has left.
kube delete secrets,pods -l app.kubernetes.io/managed-by=clustrixfs --wait=false >/dev/null 2>&1
start
like 'it is reached' "$(far_state up)" 'up*'
file() { printf '%s' "$M/jobs/$1/files/$2"; }

#
# What jobs do
#
printf 'in\0put\n' >"$T/input"
cat >"$M/submit/first" <<END
#!/bin/sh
#SBATCH --cpus-per-task=1
#SBATCH --mem=64M
#CLUSTRIX inputs=$T/input
echo "in \$PWD"
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
is 'its output is exact' "$(od -An -c "$M/jobs/$job/stdout" | tr -d ' \n' | sed 's/.*files//')" '\nout\r\n\0\377'
is 'its errors are apart' "$(cat "$M/jobs/$job/stderr")" err
is 'its input was there' "$(od -An -c "$(file "$job" deep/er/copy)" | tr -d ' ')" 'in\0put\n'
is 'its files are exact' "$(md5sum <"$(file "$job" random)")" "$(cat "$(file "$job" sum)")"
cat "$M/jobs/$job/info.json" | note
cat "$M/jobs/$job/events" "$M/jobs/$job/reason" | note
ls -la "$M/jobs/$job/files" "$ROOT" "$ROOT"/cfx*/ | note
finish
