#!/bin/bash
# A good FUSE citizen: options, sentences, one daemon for one state, nothing left behind.
. "$(dirname "$0")/lib.sh"

# sentence WHAT PATTERN COMMAND...: it fails and says so in words.
sentence()
{
    local what=$1 pattern=$2
    shift 2
    refused "$what is refused" "$@"
    like "$what: the sentence helps" "$(cat .out)" "$pattern"
}

ok '-h exits 0' "$CLUSTRIXFS" -h
like '-h says how it is used' "$(cat .out)" '*MOUNTPOINT*'
like '-h names the options' "$(cat .out)" '*-o *'
ok '--help is the same' "$CLUSTRIXFS" --help
ok '-V exits 0' "$CLUSTRIXFS" -V
like '-V gives a version' "$(cat .out)" '*clustrixfs*[0-9].[0-9]*'
ok '--version is the same' "$CLUSTRIXFS" --version

sentence 'no mount point' '*mount*' "$CLUSTRIXFS"
sentence 'a mount point that is not there' "*$T/nowhere*" "$CLUSTRIXFS" "$T/nowhere"
: >file
sentence 'a mount point that is a file' "*$T/file*" "$CLUSTRIXFS" "$T/file"
sentence 'an unknown option' '*nonsense*' "$CLUSTRIXFS" -o nonsense=1 "$M"
sentence 'an unknown flag' '*-z*' "$CLUSTRIXFS" -z "$M"
sentence 'a configuration that is not there' "*$T/none.json*" "$CLUSTRIXFS" -o "config=$T/none.json" "$M"
printf '{\n "clusters": {\n  "local": {"coers": 1}\n }\n}\n' >bad.json
sentence 'an unknown key in the configuration' '*bad.json*line 3*coers*cores*' \
    "$CLUSTRIXFS" -o "config=$T/bad.json" "$M"
printf '{"clusters": ' >cut.json
sentence 'a configuration cut short' '*cut.json*line 1*' "$CLUSTRIXFS" -o "config=$T/cut.json" "$M"
sentence 'a state directory that cannot be made' '*/proc/none*' "$CLUSTRIXFS" -o state=/proc/none "$M"
is 'none of these has mounted anything' "$(mountpoint -q "$M" && echo mounted)" ''
is 'or left a process' "$(ours)" ''

# Without -f it goes into the background when it is ready.
ok 'it returns when the mount is ready' timeout "$(seconds 20)" "$CLUSTRIXFS" "$M"
ok 'then the mount answers' ls "$M/submit"
daemon=$(ours)
is 'one process stays' "$(wc -w <<<"$daemon")" 1
is 'it holds no terminal and no directory' "$(readlink "/proc/$daemon/cwd")" /
is 'its session is its own' "$(ps -o sid= -p "$daemon" | tr -d ' ' | grep -cx "$(ps -o sid= -p $$ | tr -d ' ')")" 0
mkdir m2
sentence 'a second daemon on the same state' '*@(running|in use|already|another)*' "$CLUSTRIXFS" "$T/m2"
like 'and says which state' "$(cat .out)" "*$S*"
sentence 'a second mount on the same directory' "*$M*" "$CLUSTRIXFS" -o "state=$T/s2" "$M"
ok 'the first one is not disturbed' ls "$M/jobs"
ok 'another state is another daemon' "$CLUSTRIXFS" -o "state=$T/s3" "$T/m2"
ok 'both answer' ls "$M/jobs" "$T/m2/jobs"
ok '-o state= names the directory' [ -d "$T/s3" ]
printf '{"command":"true"}' >"$T/m2/submit/x"
is 'they know nothing of each other' "$(count)" 0
bounded cat "$T/m2/by-name/x/wait" >/dev/null
# What it finds running has to be asked after, by a program that stays.
printf '{"command":"sleep 1000"}' >"$T/m2/submit/long"
helper await-state "$T/m2" 2 running "$(seconds 20)"
fusermount3 -u "$T/m2"
is 'who reads what it prints is not kept waiting' \
    "$(bounded "$CLUSTRIXFS" -o "state=$T/s3" "$T/m2" 2>&1; echo $?)" 0
is 'by one that found a job running' "$(cat "$T/m2/jobs/2/state")" running
echo cancel >"$T/m2/jobs/2/ctl"
is 'which can be cancelled' "$(bounded cat "$T/m2/jobs/2/wait")" cancelled
ok 'fusermount3 -u ends it' fusermount3 -u "$T/m2"
for p in $(ours); do
    [ "$p" = "$daemon" ] || helper await-exit "$p" 10
done
is 'nothing is left of it' "$(ours)" "$daemon"
kill "$daemon"
helper await-exit "$daemon" 10
ok 'SIGTERM ends the other and unmounts' sh -c "! mountpoint -q '$M'"
is 'nothing is left of that' "$(ours)" ''
for signal in INT HUP; do
    "$CLUSTRIXFS" "$M" || break
    daemon=$(ours)
    kill -$signal "$daemon"
    ok "SIG$signal ends it" helper await-exit "$daemon" "$(seconds 10)"
    ok "SIG$signal unmounts" sh -c "! mountpoint -q '$M'"
done

# A stale mount point.
start
job=$(submit x '{"command": "true"}')
ended "$job" >/dev/null
kill_daemon
if timeout "$(seconds 20)" "$CLUSTRIXFS" "$M" >.out 2>&1; then
    result 0 'a stale mount point is cleared or explained'
    daemon=$(ours)
    kill "$daemon"
    helper await-exit "$daemon" 10
else
    like 'a stale mount point is cleared or explained' "$(cat .out)" '*fusermount3 -u*'
    clear_mount
fi

# fstab and mount(8) hand over a source as well.
ok 'a source and a mount point, as from fstab' \
    timeout "$(seconds 20)" "$CLUSTRIXFS" local "$M" -o rw,nosuid,nodev,noatime,max_read=65536
ok 'that mount answers' ls "$M/submit"
is 'the kernel knows it as fuse.clustrixfs' "$(findmnt -n -o FSTYPE "$M")" fuse.clustrixfs
fusermount3 -u "$M"
for p in $(ours); do helper await-exit "$p" 10; done
if may 'mount -t fuse works' 'only root may call mount' is_root &&
    have mount.fuse3 'mount -t fuse works'; then
    # By its path, since it need not be installed where mount(8) looks.
    ok 'mount -t fuse works' \
        timeout "$(seconds 20)" mount -t fuse -o "state=$T/s4" "$CLUSTRIXFS#local" "$M"
    printf '#!/bin/sh\necho mounted by mount\n' >"$M/submit/m"
    is 'a job runs there' "$(ended "$(job_of m)"; cat "$M/by-name/m/stdout")" \
        "$(printf 'completed 0\nmounted by mount')"
    ok 'umount ends it' umount "$M"
    for p in $(ours); do helper await-exit "$p" 10; done
fi
is 'at the end nothing of ours is left' "$(ours)" ''

# What lies in a mount point would be hidden by the mount.
: >"$M/below"
sentence 'a mount point with something in it' '*not empty*' "$CLUSTRIXFS" "$M"
rm "$M/below"
ok '-d shows what goes on' sh -c "'$CLUSTRIXFS' -d '$M' >debug 2>&1 & echo \$! >pid"
helper await-mount "$M" "$(cat pid)" "$(seconds 20)"
kill "$(cat pid)"
helper await-exit "$(cat pid)" 10
ok 'in words' [ -s debug ]

finish
