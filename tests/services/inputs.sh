#!/bin/bash
# Inputs go to a far cluster once, arrive as they are, and go on where a broken link stopped them.
. "$(dirname "$0")/lib.sh"
. "$SERVICES/far.sh"
case ${0##*/} in
*slurm*) CLUSTER=cfx ;;
*) CLUSTER=cfx-host ;;
esac
needs sshd slurm
link_to "$CLUSTER" 5
config "{\"clusters\": {\"$CLUSTER\": {\"host\": \"link\"}}}"
start_far "$CLUSTER:$FAR/root"
like 'it is reached' "$(far_state up)" 'up*'

mkdir -p "$T/in/tree/deep"
head -c 3000000 /dev/urandom >"$T/in/data"
printf 'small\n' >"$T/in/small"
printf '#!/bin/sh\necho I run\n' >"$T/in/tool"
chmod 755 "$T/in/tool"
touch -d '2001-02-03 04:05:06.789' "$T/in/data"
echo below >"$T/in/tree/deep/file"
: >"$T/in/tree/empty"
ln -s deep/file "$T/in/tree/link"
odd=$'a b\'c"d$(touch CANARY)`e`;f&g|h\\i*?[k]-ü'
echo odd >"$T/in/tree/$odd"
touch -d '2002-03-04 05:06:07' "$T/in/tree/deep"

spec() # COMMAND PATH...
{
    "$PYTHON" -I -c 'import json, sys
print(json.dumps({"command": sys.argv[1], "inputs": sys.argv[2:]}))' "$@"
}
stored() { sha256sum <"$1" | cut -d' ' -f1; } # FILE: its name in the store
# shellcheck disable=SC2016 # for the far shell
in_store() { remote 'cd "$1/root/store" && stat -c "%i %Y %s" "$2"' "$FAR" "$(stored "$1")"; }
# shellcheck disable=SC2016
parts() { remote 'cd "$1/root/store" && ls -A | grep -v "^[0-9a-f]\{64\}$"; :' "$FAR"; }

command='./tool; cat small tree/link tree/a*; sha256sum <data; stat -c %a,%y data tool; readlink tree/link; echo more >>small'
job=$(submit first "$(spec "$command" "$T/in/data" "$T/in/small" "$T/in/tool" "$T/in/tree")")
is 'a job there has its inputs' "$(ended "$job" 120)" 'completed 0'
is 'with their bytes, modes, times and links' "$(cat "$M/jobs/$job/stdout")" "$(
    printf 'I run\nsmall\nbelow\nodd\n'
    sha256sum <"$T/in/data"
    stat -c %a,%y "$T/in/data" "$T/in/tool"
    echo deep/file
)"
is 'a directory keeps its time' "$(stat -c %Y "$M/jobs/$job/files/tree/deep")" \
    "$(stat -c %Y "$T/in/tree/deep")"
is 'an empty file is there' "$(stat -c %s "$M/jobs/$job/files/tree/empty")" 0
is 'and nothing in a name is run' "$(remote 'cd "$1" && find . -name CANARY' "$FAR")" ''
before=$(in_store "$T/in/data")
like 'the store has it' "$before" '* 3000000'
is 'and nothing that is unfinished' "$(parts)" ''

job=$(submit second "$(spec "cat small; sha256sum <data" "$T/in/data" "$T/in/small")")
is 'a second job has them' "$(ended "$job" 120)" 'completed 0'
is 'untouched by what the first did to its own' "$(cat "$M/jobs/$job/stdout")" \
    "$(echo small; sha256sum <"$T/in/data")"
is 'and they were not sent again' "$(in_store "$T/in/data")" "$before"

echo changed >>"$T/in/data"
job=$(submit third "$(spec "sha256sum <data" "$T/in/data")")
is 'one that was changed is sent anew' "$(ended "$job" 120; cat "$M/jobs/$job/stdout")" \
    "$(echo 'completed 0'; sha256sum <"$T/in/data")"

# 64 MiB, and the link breaks on the way.
head -c 67108864 /dev/urandom >"$T/in/large"
hash=$(stored "$T/in/large")
job=$(submit large "$(spec "sha256sum <large" "$T/in/large")")
# shellcheck disable=SC2016
await_far 60 '[ "$(stat -c %s "$1/root/store/$2.part")" -ge 12000000 ]' "$FAR" "$hash"
reset_link
# shellcheck disable=SC2016
size=$(remote 'stat -c %s "$1/root/store/$2.part"' "$FAR" "$hash")
inode=$(remote 'stat -c %i "$1/root/store/$2.part"' "$FAR" "$hash")
ok 'the link broke in the middle' test "$size" -lt 67108864
is 'a large one arrives all the same' "$(ended "$job" 120; cat "$M/jobs/$job/stdout")" \
    "$(echo 'completed 0'; sha256sum <"$T/in/large")"
is 'it went on with what was there' "$(in_store "$T/in/large" | cut -d' ' -f1)" "$inode"
is 'nothing unfinished is left' "$(parts)" ''

# While a large one is on its way others are controlled.
head -c 67108864 /dev/urandom >"$T/in/larger"
sleeper=$(submit sleeper '{"command": "sleep 300", "time": 600}')
await_state "$sleeper" running
job=$(submit larger "$(spec "true" "$T/in/larger")")
ok 'its progress is told' await_reason "$job" 'staging * of 1, * of 67.1 MB*' 30
ctl "$sleeper" cancel
# With or without 143: Slurm signals one process after the other.
is 'a cancel does not wait for it' "$(ended "$sleeper" | cut -d' ' -f1)" cancelled
ctl "$job" cancel
is 'and it can itself be cancelled on the way, or is through' \
    "$(ended "$job" 120 | grep -c 'cancelled\|completed 0')" 1

# A staged directory, and inputs beside it.
mkdir "$M/stage/d"
echo in >"$M/stage/d/inner"
spec 'cat inner small' inner "$T/in/small" >"$M/stage/d/job.json"
ok 'a staged directory may name inputs, too' mv "$M/stage/d" "$M/submit/d"
is 'and has both' "$(ended "$(job_of d)" 120; cat "$M/by-name/d/stdout")" \
    "$(printf 'completed 0\nin\nsmall')"
refused 'one that is missing is refused' cp <(spec true "$T/in/nowhere") "$M/submit/bad"
finish
