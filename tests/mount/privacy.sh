#!/bin/bash
# Nobody else gets in: not through the state on disk, not through allow_other, not through a spec.
. "$(dirname "$0")/lib.sh"
umask 022
secret=xyzzy-$$-plugh
# For a plain user only where /etc/fuse.conf says so; then it is of no use here anyway.
if is_root; then start -o allow_other; else start; fi

job=$(submit a "{\"command\": \"echo $secret; echo $secret > result; umask; $(gate a)\", \"env\": {\"TOKEN\": \"$secret\"}, \"stdin\": \"$secret\"}")
arrived a
await_state "$job" running
open_gate a
ended "$job" >/dev/null
echo draft >"$M/submit/.draft"
is 'the state directory is 0700' "$(stat -c %a "$S")" 700
is 'all directories below it are closed to others' \
    "$(find "$S" -path '*/files/*' -prune -o -type d -perm /077 -printf '%P %m\n')" ''
is 'and all files' "$(find "$S" -path '*/files/*' -prune -o -type f -perm /077 -printf '%P %m\n')" ''
is 'the log has no secret of a job in it' "$(cat "$T/log" "$S/log" 2>/dev/null | grep -c "$secret")" 0
is 'the process list neither' "$(for p in $(ours); do tr '\0' ' ' <"/proc/$p/cmdline"; done | grep -c "$secret")" 0
is 'the events neither' "$(grep -c "$secret" "$M/events")" 0

as_other() { setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; }
if may 'another user cannot read' 'needs root, to be somebody else' is_root; then
    chmod 755 "$T"
    other() { as_other sh -c "$1" 2>/dev/null; }
    is 'with allow_other, another user sees that the mount is there' "$(other "ls '$M' | wc -l")" 11
    is 'reads its README.md' "$(other "head -c 1 '$M/README.md' | wc -c")" 1
    for f in "jobs/$job/stdout" "jobs/$job/spec" "jobs/$job/script" "jobs/$job/info.json" \
        "jobs/$job/files/result" "submit/a" "submit/.draft" "jobs/$job/ctl" "jobs/$job/wait" events; do
        is "cannot read $f" "$(other "timeout 5 cat '$M/${f}'")" ''
    done
    for d in jobs submit stage check by-name "by-state/completed" clusters/local/submit "jobs/$job"; do
        is "cannot list $d" "$(other "ls -A '$M/$d'")" ''
    done
    spec='{"command": "id"}'
    for d in submit check clusters/local/submit stage; do
        is "cannot write into $d" "$(other "echo '$spec' > '$M/$d/intruder' && echo written")" ''
    done
    is 'cannot cancel' "$(other "echo cancel > '$M/jobs/$job/ctl' && echo written")" ''
    is 'cannot remove' "$(other "rmdir '$M/jobs/$job' && echo removed")" ''
    is 'cannot rename' "$(other "mv '$M/submit/a' '$M/submit/b' && echo moved")" ''
    is 'cannot drain a cluster' "$(other "echo drain > '$M/clusters/local/ctl' && echo written")" ''
    is 'cannot make a device or a link' "$(other "ln -s x '$M/submit/.l' && echo made")" ''
    is 'no job came of it' "$(count)" 1
    is 'cannot read the state on disk' "$(other "ls '$S'")" ''
    stop
    start
    is 'without allow_other another user cannot even look' "$(other "ls '$M'")" ''
fi

# Nothing in a spec gets out of its place.
canary=$T/canary
n=$(count)
i=0
for text in "; touch $canary" "\$(touch $canary)" "\`touch $canary\`" "' ; touch $canary ; '" "\\\"; touch $canary; \\\"" \
    "| touch $canary" "&& touch $canary" "x\\n touch $canary" "-o\\n$canary" "../../../../tmp"; do
    i=$((i + 1))
    for key in name workdir account partition qos constraint; do
        printf '{"command": "true", "%s": "%s"}' "$key" "$text" >"$M/submit/i$i.$key" 2>/dev/null
    done
    printf '{"command": ["true", "%s"], "args": ["%s"], "env": {"A": "%s"}, "stdin": "%s"}' \
        "$text" "$text" "$text" "$text" >"$M/submit/i$i.args" 2>/dev/null
done
for w in "$M"/jobs/*/wait; do timeout "$(seconds 20)" cat "$w" >/dev/null; done
is 'no word of a spec is taken for a command' "$(ls "$canary" 2>/dev/null)" ''
ok 'jobs came of those that are specs' [ "$(count)" -gt "$n" ]
refused 'the name of a variable with = or a line in it is refused' \
    tee "$M/submit/env" <<<'{"command": "true", "env": {"A=B\nC": "x"}}'
refused 'a NUL in a command is refused' tee "$M/submit/nul" <<<'{"command": "a\u0000b"}'

# Links that a job leaves behind lead nowhere from here.
job=$(submit links '{"command": "ln -s /etc/passwd abs; ln -s ../../../../../../etc/passwd rel; ln -s .. up; ln -s inside ok; echo fine > inside"}')
ended "$job" >/dev/null
F=$M/jobs/$job/files
is 'a link within files/ is followed' "$(cat "$F/ok")" fine
is 'an absolute link out of files/ does not give the file away' "$(cat "$F/abs" 2>/dev/null | head -c 4)" ''
is 'nor a relative one' "$(cat "$F/rel" 2>/dev/null | head -c 4)" ''
is 'nor one to the directory above' "$(cat "$F/up/spec" "$F/up/attempt1/exit" 2>/dev/null)" ''
job=$(submit swap "{\"command\": \"rm -f ../attempt1/stdout; ln -s /etc/passwd ../attempt1/stdout; echo\"}")
ended "$job" >/dev/null
is 'a stdout that a job replaced by a link does not give the file away' \
    "$(head -c 4 "$M/jobs/$job/stdout" 2>/dev/null | tr -d '\n')" ''
finish
