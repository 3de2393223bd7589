#!/bin/bash
# Forgetting a job: only one that has ended, and then with all that it left; and what xattrs tell.
. "$(dirname "$0")/lib.sh"
start

attr() { getfattr -h --only-values -n "user.clustrixfs.$2" "$M/$1" 2>/dev/null; }
job=$(submit a '{"command": "echo out; mkdir -p d/e; echo x > d/e/f; chmod 0 d/e/f; ln -s / d/root; exit 3", "name": "a"}')
ended "$job" >/dev/null
if have getfattr 'xattrs'; then
    is 'an xattr tells the state' "$(attr "jobs/$job" state)" failed
    is 'an xattr tells the exit code' "$(attr "jobs/$job" exit_code)" 3
    is 'an xattr tells the cluster' "$(attr "jobs/$job" cluster)" local
    is 'an xattr tells the name' "$(attr "jobs/$job" name)" a
    is "an xattr of submit/NAME tells the job" "$(attr submit/a job)" "$job"
    ok 'getfattr -d lists them' sh -c "getfattr -d '$M/jobs/$job' | grep -q 'user.clustrixfs.state=\"failed\"'"
    refused 'another xattr is not there' getfattr -n user.other "$M/jobs/$job"
    refused 'they cannot be set' setfattr -n user.clustrixfs.state -v completed "$M/jobs/$job"
fi

run=$(submit run "{\"command\": \"$(gate run)\"}")
arrived run
await_state "$run" running
busy() { [[ $(LC_ALL=C "$@" 2>&1) == *busy* ]]; }
ok 'rmdir of a running job says busy' busy rmdir "$M/jobs/$run"
ok 'rm -r of a running job says busy' busy rm -r "$M/jobs/$run"
is 'and has taken nothing away' "$(cat "$M/jobs/$run/state"; ls "$M/jobs/$run" | wc -l)" \
    "$(printf 'running\n%s' "$(ls "$M/jobs/$job" | wc -l)")"
refused 'a file of a running job cannot be removed' rm -f "$M/jobs/$run/stdout"

dir=$S/local/$(info "$job" 'j["token"]')
ok 'its directory is there before' [ -d "$dir" ]
gone() { timeout "$(seconds 20)" bash -c 'while [ -e "$1" ]; do inotifywait -qq -t 1 -e delete_self "$1"; done; [ ! -e "$1" ]' - "$1"; }
ok 'rm -r of an ended job says no error' timeout "$(seconds 20)" rm -r "$M/jobs/$job"
is 'it is gone from jobs/' "$(find "$M/jobs" -maxdepth 1 -name "$job")" ''
is 'from by-state/' "$(find "$M/by-state" -name "$job")" ''
is 'from by-cluster/' "$(find "$M/by-cluster" -name "$job")" ''
is 'from by-name/' "$(readlink "$M/by-name/a")" ''
refused 'it cannot be looked at' stat "$M/jobs/$job/state"
have inotifywait 'its directory is gone' && ok 'its directory is gone' gone "$dir"
ok 'nothing that it linked to is gone with it' ls /etc
# A directory that its owner may not write to stops rm, as on any disk; rmdir of the job does not ask.
job2=$(submit b '{"command": "mkdir -p d/e; echo x > d/e/f; chmod 500 d/e; chmod 0 d"}')
ended "$job2" >/dev/null
dir=$S/local/$(info "$job2" 'j["token"]')
ok 'rmdir of an ended job forgets it' rmdir "$M/jobs/$job2"
is 'it is gone' "$(find "$M/jobs" -maxdepth 1 -name "$job2")" ''
have inotifywait 'and so is its directory' && ok 'and so is its directory' gone "$dir"
is 'submit/b still reads back or is gone' "$(cat "$M/submit/b" 2>/dev/null | grep -vc command)" 0
# As a file manager does it: each thing that it sees, from the bottom up, by the calls that it makes.
job4=$(submit e '{"command": "mkdir -p d/e; echo x >d/e/f; echo y >g; ln -s g l"}')
ended "$job4" >/dev/null
have gio 'a file manager can remove it' &&
    ok 'a file manager can remove it' \
        bounded sh -c 'find "$1" -depth -print0 | xargs -0 -n 1 gio remove' - "$M/jobs/$job4"
have gio 'and it is gone' &&
    is 'and it is gone' "$(find "$M/jobs" -maxdepth 1 -name "$job4")" ''
array=$(submit array '{"command": "echo $CLUSTRIXFS_TASK", "array": "0-9"}')
ended "$array" >/dev/null
ok 'an array can be removed' timeout "$(seconds 20)" rm -r "$M/jobs/$array"
is 'it is gone' "$(find "$M/jobs" -maxdepth 1 -name "$array")" ''
refused 'an element alone cannot be removed' rmdir "$M/jobs/$array/tasks/1"

# Files inside files/ of an ended job are the user's own: they can be read and removed with it.
job3=$(submit c '{"command": "echo 1 > one; echo 2 > two"}')
ended "$job3" >/dev/null
ok 'rm of one file of an ended job' rm "$M/jobs/$job3/files/one"
is 'leaves the others' "$(ls "$M/jobs/$job3/files")" two
ok 'a second rm -r of what is left' rm -r "$M/jobs/$job3"

# The number is not used again, also after a restart.
stop
start
is 'removed jobs stay removed' "$(ls "$M/jobs" | tr '\n' ' ')" "$run latest "
next=$(submit d '{"command": "true"}')
ok 'a number is not used again' [ "$next" -gt "$job3" ]
open_gate run
ended "$run" >/dev/null
ended "$next" >/dev/null
is 'nothing of the removed jobs is left on disk' "$(find "$S/local" -mindepth 1 -maxdepth 1 -name 'cfx*' | wc -l)" 2
finish
