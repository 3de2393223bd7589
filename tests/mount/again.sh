#!/bin/bash
# A name that is written again is a new job; a name that means "not yet" is none.
. "$(dirname "$0")/lib.sh"
start

spec() { printf '#!/bin/sh\necho %s\n' "$1"; }
spec 0 >"$M/submit/x"
jobs=1

again() # WHAT COMMAND
{
    local job
    jobs=$((jobs + 1))
    spec $jobs >"$T/new"
    timeout "$(seconds 20)" bash -c "$2" - "$T/new" "$M/submit/x" >.out 2>&1 </dev/null
    result $? "$1 over an existing name says no error" || note <.out
    is "$1 over an existing name is one new job" "$(count)" $jobs || jobs=$(count)
    job=$(job_of x)
    is "$1 over an existing name: by-name leads to the new one" \
        "$(ended "$job"; cat "$M/jobs/$job/stdout")" "$(printf 'completed 0\n%s' "$jobs")"
}
again 'cp' 'cp "$1" "$2"'
again 'cp -a' 'cp -a "$1" "$2"'
again 'cp -f' 'cp -f "$1" "$2"'
again 'cp --remove-destination' 'cp --remove-destination "$1" "$2"'
again 'cp --backup=numbered' 'cp --backup=numbered "$1" "$2"'
again 'mv' 'mv "$1" "$2"'
again 'mv from a hidden name' 'cp "$1" "${2%/*}/.t" && mv "${2%/*}/.t" "$2"'
again 'install' 'install "$1" "$2"'
again 'tee' 'tee "$2" < "$1" >/dev/null'
again 'cat >' 'cat "$1" > "$2"'
again 'echo > in dash' 'dash -c "echo \"\$(cat "$1")\" > \"\$2\"" - "$1" "$2"'
again 'dd' 'dd if="$1" of="$2" status=none'
have rsync 'rsync' && {
    again 'rsync' 'rsync --ignore-times "$1" "$2"'
    again 'rsync -a --inplace' 'rsync -a --ignore-times --inplace "$1" "$2"'
}
again 'the same bytes by cp' 'cp "$1" "$2"'
have gio 'gio' && again 'gio copy' 'gio copy "$1" "$2"'
is 'the older jobs are still there with their own specs' "$(cat "$M/jobs/1/spec")" "$(spec 0)"

# A file that grows line by line is a job once.
printf '{"command":\n' >"$M/submit/grows"
is 'JSON that is not closed is no job yet' "$(count)" $jobs
printf '"echo grown"}\n' >>"$M/submit/grows"
is 'it is one when it is closed' "$(count)" $((jobs + 1))
is 'and whole' "$(ended "$(job_of grows)"; cat "$M/by-name/grows/stdout")" "$(printf 'completed 0\ngrown')"
echo '#!/bin/sh' >"$M/submit/lines"
is 'a script without a command is no job yet' "$(count)" $((jobs + 1))
echo 'echo grown' >>"$M/submit/lines"
is 'it is one with its command' "$(count)" $((jobs + 2))
jobs=$(count)

# Names of unfinished and backup files.
never='.hidden x~ .x.swp x.swp .x.swx x.swo #x# x.part x.crdownload 4913 ._x .#x x.partial~
    .goutputstream-ABC .nfs0001 x.~1~'
for name in $never; do
    spec never >"$M/submit/$name" || echo "writing $name failed" | note
    [ "$(cat "$M/submit/$name")" = "$(spec never)" ] || lost="${lost-} $name"
    [ "$(count)" = "$jobs" ] || { ran="${ran-} $name"; jobs=$(count); }
done
is 'temporary and backup names never become jobs' "${ran-}" ''
is 'they read back what was written' "${lost-}" ''
is 'they have no entry in by-name' "$(ls -A "$M/by-name" | grep -e '~$' -e '^\.' -e '#' -e 4913)" ''
for name in $never; do rm "$M/submit/$name" || left="${left-} $name"; done
is 'they can be removed' "${left-}" ''
ok 'an editor may lock with a dangling link' \
    sh -c "ln -s me@here.1 '$M/submit/.#x' 2>/dev/null; rm -f '$M/submit/.#x'"
is 'a hard link is refused with EPERM' \
    "$(ln "$M/submit/x" "$M/submit/y" 2>&1 | grep -c 'not permitted')" 1

# What mkstemp makes waits for its rename.
ok 'mkstemp makes no job' "$PYTHON" -I -c '
import os, sys, tempfile
fd, name = tempfile.mkstemp(dir=sys.argv[1], prefix="job")
os.write(fd, b"#!/bin/sh\necho mkstemp\n")
os.close(fd)
print(os.path.basename(name))' "$M/submit"
temporary=$(cat .out)
is 'a file made the way mkstemp makes one waits' "$(count)" $jobs
ok 'its rename is heard' mv "$M/submit/$temporary" "$M/submit/renamed"
is 'and submits it once' "$(count)" $((jobs + 1))
jobs=$(count)

# Looking, attributes and removing submit nothing.
looks()
{
    cat "$M/submit/x" >/dev/null && touch "$M/submit/x" && chmod 600 "$M/submit/x" &&
        : >>"$M/submit/x" && dd if=/dev/null of="$M/submit/x" conv=notrunc status=none &&
        "$PYTHON" -I -c 'import os,sys; os.close(os.open(sys.argv[1], os.O_RDWR))' "$M/submit/x"
}
ok 'opening for writing, touch and chmod are accepted after it was submitted' looks
is 'and make no job' "$(count)" $jobs
is 'chmod is remembered' "$(chmod 640 "$M/submit/x"; stat -c %a "$M/submit/x")" 640
is 'the time set by touch is remembered' \
    "$(touch -d '2001-02-03 04:05:06 UTC' "$M/submit/x"; date -u -r "$M/submit/x" +%F)" 2001-02-03
job=$(job_of x)
ok 'rm submit/NAME forgets the name' rm "$M/submit/x"
is 'and not the job' "$(cat "$M/jobs/$job/state")" completed
is 'the name is gone' "$(ls "$M/submit" | grep -cx x)" 0
is 'it makes no job' "$(count)" $jobs
finish
