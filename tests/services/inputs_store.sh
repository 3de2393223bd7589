#!/bin/bash
# The store of inputs at a far cluster keeps to its size, and never gives up what a job needs now.
. "$(dirname "$0")/lib.sh"
. "$SERVICES/far.sh"
CLUSTER=cfx-host
needs sshd
config "{\"clusters\": {\"$CLUSTER\": {\"host\": \"cfx-host\", \"store_size\": \"1M\"}}}"
start_far "$CLUSTER:$FAR/root"
like 'it is reached' "$(far_state up)" 'up*'
mkdir "$T/in"
for f in a b c; do head -c 800000 /dev/urandom >"$T/in/$f"; done
# shellcheck disable=SC2016 # for the far shell
stored() { remote 'cd "$1/root/store" && ls -A' "$FAR"; }
names() { (cd "$T/in" && sha256sum "$@" | cut -d' ' -f1 | sort); }

for f in a b; do
    job=$(submit "$f" "{\"command\": \"wc -c <$f\", \"inputs\": [\"$T/in/$f\"]}")
    is "a job has $f" "$(ended "$job" 60; cat "$M/jobs/$job/stdout")" "$(printf 'completed 0\n800000')"
    is 'and the store nothing else' "$(stored)" "$(names "$f")"
done
job=$(submit all "{\"command\": \"cat a b c | wc -c\",
    \"inputs\": [\"$T/in/a\", \"$T/in/b\", \"$T/in/c\"]}")
is 'one that needs more than fits has all of it' "$(ended "$job" 60; cat "$M/jobs/$job/stdout")" \
    "$(printf 'completed 0\n2400000')"
is 'which is there as long as it is the last' "$(stored)" "$(names a b c)"
finish
