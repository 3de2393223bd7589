#!/bin/bash
# What a far job leaves is here when it has ended: read without a link, copied where it is wanted.
# shellcheck disable=SC2034
. "$(dirname "$0")/lib.sh"
. "$SERVICES/far.sh"
CLUSTER=cfx-host MOUNTED=link
needs sshd
link_to cfx-host 1
start_far "link:$FAR/root" -o alive=3
far_state up >/dev/null

cat >"$M/submit/eager" <<'END'
{"command": "mkdir -p d/e; head -c 5000000 /dev/urandom >d/big.bin; echo s >d/e/s.bin; head -c 100000 /dev/urandom >other; i=0; while [ $i -lt 200 ]; do echo $i >m$i; i=$((i+1)); done",
 "outputs": ["d/**", "m*"]}
END
job=$(job_of eager)
is 'a job with outputs ends' "$(ended "$job" 60)" 'completed 0'
is 'and its reason has nothing to add' "$(cat "$M/jobs/$job/reason")" 'it exited 0'
token=$(token_of "$job")
sum=$(remote 'cat "$1"/root/"$2"/files/d/big.bin | sha256sum' "$FAR" "$token")
ok 'the link falls silent' stop_link
is 'what it named can be read without it' "$(timeout 5 sha256sum <"$M/jobs/$job/files/d/big.bin")" "$sum"
is 'all of it' "$(timeout 10 cat "$M/jobs/$job"/files/m* | wc -l)" 200
ok 'the link is back' continue_link
far_state up 90 >/dev/null

cat >"$M/submit/to" <<END
{"command": "mkdir -p d; head -c 3000000 /dev/urandom >d/a.bin; chmod 640 d/a.bin; echo b >d/b; ln -s /etc/passwd d/l; exit 4",
 "outputs": [{"glob": "d/*", "to": "$T/to"}]}
END
job=$(job_of to)
is 'a failed job ends as it did' "$(ended "$job" 60)" 'failed 4'
is 'what it left is where it is wanted by then' "$(ls "$T/to" | tr '\n' ' ')" 'a.bin b '
same 'byte for byte' "$T/to/a.bin" "$M/jobs/$job/files/d/a.bin"
is 'with its mode' "$(stat -c %a "$T/to/a.bin")" 640

# The link falls silent in the middle: it ends when that is back, with all of it.
cat >"$M/submit/cut" <<END
{"command": "i=0; while [ \$i -lt 300 ]; do head -c 400000 /dev/urandom >f\$i; i=\$((i+1)); done",
 "outputs": [{"glob": "f*", "to": "$T/cut"}]}
END
job=$(job_of cut)
await_state "$job" collecting
kill -STOP "$DAEMON" # it is to be caught at it
stop_link
kill -CONT "$DAEMON"
is 'without a link it does not end' "$(state "$job")" collecting
continue_link
is 'with one it does' "$(ended "$job" 120)" 'completed 0'
is 'and all of it is there' "$(find "$T/cut" -name 'f*' -size 400000c | wc -l)" 300

# Killed in the middle; and another job was lost meanwhile, of which there is what it left.
cat >"$M/submit/left" <<END
{"command": "head -c 300000 /dev/urandom >p; echo >q; exec sleep 1000",
 "outputs": [{"glob": "[pq]", "to": "$T/left"}]}
END
left=$(job_of left) leaving=$(token_of "$(job_of left)")
await_far 30 'test -s "$1"/root/"$2"/files/q' "$FAR" "$leaving"
await_state "$left" running
sed "s/cut/killed/" "$M/submit/cut" >spec.killed
cp spec.killed "$M/submit/killed"
job=$(job_of killed)
await_state "$job" collecting
kill_daemon
clear_mount
remote 'kill -9 $(sed -n "s/^\(keeper\|job\)_pid //p" "$1"/root/"$2"/attempt1/started)' "$FAR" "$leaving"
start_far "link:$FAR/root" -o alive=3
far_state up >/dev/null
is 'a daemon that was killed goes on with it' "$(ended "$job" 120)" 'completed 0'
is 'a job without its wrapper is lost' "$(ended "$left" 60)" lost
is 'with what it left where it is wanted' "$(sha256sum <"$T/left/p") $(ls "$T/left" | wc -l)" \
    "$(remote 'cat "$1"/root/"$2"/files/p | sha256sum' "$FAR" "$leaving") 2"
is 'to its end' "$(find "$T/killed" -name 'f*' -size 400000c | wc -l)" 300

# Nobody has to wait for it.
sed "s/cut/cancelled/" "$M/submit/cut" >spec.cancelled
cp spec.cancelled "$M/submit/cancelled"
job=$(job_of cancelled)
await_state "$job" collecting
kill -STOP "$DAEMON"
stop_link
kill -CONT "$DAEMON"
ok 'a cancel ends the waiting' ctl "$job" cancel
is 'and changes no end' "$(ended "$job" 10)" 'completed 0'
like 'as its reason says' "$(cat "$M/jobs/$job/reason")" \
    'it exited 0; cancelled before all its outputs were brought'
continue_link
fusermount3 -u "$M"
ended_daemon
is 'it ends well' "$STATUS" 0
finish
