#!/bin/bash
# What a job leaves is where its spec wants it when it has ended, whole, and nowhere else.
. "$(dirname "$0")/lib.sh"
config '{"clusters": {"local": {"cores": 4}}}'
start

# out TO COMMAND GLOB: a job whose outputs go there; its name is o.
out()
{
    helper_spec "$@" >"$M/submit/o" && job=$(job_of o)
}
helper_spec()
{
    "$PYTHON" -I -c 'import json, sys
to, command, *globs = sys.argv[1:]
print(json.dumps({"command": command, "outputs": [{"glob": g, "to": to} for g in globs]}))' "$@"
}

out "$T/to/deep" 'mkdir -p model/a/b .hid; echo 1 >model/a/b/x.bin; echo 2 >model/y.bin; echo 3 >z.csv
    echo 4 >.hid/h.csv; chmod 751 z.csv; touch -d 2001-02-03T04:05:06 z.csv; ln -s /etc/passwd l.csv
    ln -s /etc d; head -c 3000000 /dev/urandom >big.csv' '*.csv' 'model/**' 'none'
is 'the job completes' "$(ended "$job")" 'completed 0'
is 'what matches is there when it has ended' "$(cd "$T/to/deep" && find . | sort | tr '\n' ' ')" \
    '. ./a ./a/b ./a/b/x.bin ./big.csv ./y.bin ./z.csv '
same 'byte for byte' "$T/to/deep/big.csv" "$M/jobs/$job/files/big.csv"
is 'with its mode and time' "$(stat -c '%a %Y' "$T/to/deep/z.csv")" \
    "751 $(date -d 2001-02-03T04:05:06 +%s)"
like 'a glob that nothing matches is told of' "$(cat "$M/jobs/$job/reason")" \
    'it exited 0; none of its files matches the output "none"*'
like 'and in the event of its end' "$(tail -n 1 "$M/jobs/$job/events")" '*"completed"*none of its*'

# What is there is replaced, a link too, and what it led to is not written.
echo old >"$T/victim"
mkdir "$T/to2"
ln -s "$T/victim" "$T/to2/r"
out "$T/to2" 'echo new >r' r
is 'a link that lies in the way' "$(ended "$job"; cat "$T/to2/r" "$T/victim" | tr '\n' ' ')" \
    "$(printf 'completed 0\nnew old ')"
ok 'is replaced' test ! -L "$T/to2/r"
is 'and its reason has nothing to add' "$(cat "$M/jobs/$job/reason")" 'it exited 0'
ln -s "$T" "$T/to2/s"
out "$T/to2" 'mkdir -p q/s; echo bad >q/s/escaped' 'q/**'
ended "$job" >/dev/null
ok 'a link among the directories is not followed' test ! -e "$T/escaped"
like 'and it is said' "$(cat "$M/jobs/$job/reason")" \
    "it exited 0; 1 of its 1 output files were not brought: $T/to2/s/escaped cannot be written:*"

# A job that fails leaves what it has, and its end stays what it was.
out "$T/to3" 'echo part >p; exit 3' p
is 'of a failed job, too' "$(ended "$job") $(cat "$T/to3/p")" 'failed 3 part'
echo >"$T/file"
out "$T/file/below" 'echo x >x' x
is 'what cannot be written changes no end' "$(ended "$job")" 'completed 0'
like 'and is named' "$(cat "$M/jobs/$job/reason")" \
    "it exited 0; 1 of its 1 output files were not brought: $T/file/below/x cannot be written: *"
out "$M/stage/mine" 'echo x >x' x
is 'a destination in the mount itself is none' "$(ended "$job")" 'completed 0'
like 'as its reason says' "$(cat "$M/jobs/$job/reason")" '*mount of clustrixfs itself*'
echo '{"command": "x", "outputs": [{"glob": "x", "to": "y"}]}' >bad
refused 'one that is not absolute is refused' cp bad "$M/submit/bad"
like 'with a sentence' "$(cat "$M/submit/bad.error")" '*begins with / or ~/*'

# ~/ and an array: all of them are there when the whole has ended.
echo '{"command": "echo $CLUSTRIXFS_TASK >r$CLUSTRIXFS_TASK", "array": "0-9",
    "outputs": [{"glob": "r*", "to": "~/array"}]}' >"$M/submit/arr"
job=$(job_of arr)
is 'an array ends' "$(ended "$job")" 'completed 0'
is 'when all that its elements left is there' "$(cat "$HOME"/array/r* | sort -n | tr '\n' ' ')" \
    "$(seq 0 9 | tr '\n' ' ')"

# One destination that does not answer, another clustrixfs that is stopped, holds up no other job.
mkdir "$T/m2"
"$CLUSTRIXFS" -f -o "state=$T/s2" "$T/m2" >>"$T/log2" 2>&1 &
second=$!
helper await-mount "$T/m2" "$second" "$(seconds 20)"
kill -STOP "$second"
out "$T/m2/stage/there" 'echo slow >f' f
slow=$job
await_state "$slow" collecting
out "$T/quick" 'echo quick >f' f
is 'a job whose outputs take long holds up no other' "$(ended "$job" 20) $(cat "$T/quick/f")" \
    'completed 0 quick'
is 'and has not ended itself' "$(state "$slow")" collecting
kill -CONT "$second"
is 'until it answers' "$(ended "$slow")" 'completed 0'
fusermount3 -u "$T/m2"
wait "$second"

# A full disk.
if is_root && may 'a full disk' 'no tmpfs can be mounted' mount -t tmpfs -o size=1m none "$T/to3"; then
    out "$T/to3" 'head -c 4000000 /dev/zero >big; echo s >small' big small
    is 'a full disk changes no end' "$(ended "$job")" 'completed 0'
    like 'is named' "$(cat "$M/jobs/$job/reason")" '*to3/big cannot be written: No space left*'
    is 'leaves no part, and what fits is there' "$(ls -A "$T/to3")" small
    umount "$T/to3"
fi

# Killed in the middle: the next one brings all of it, and only whole files are ever seen.
many='i=0; while [ $i -lt 300 ]; do head -c 200000 /dev/zero >f$i; i=$((i+1)); done'
for n in 1 2 3; do
    out "$T/kill$n" "$many" 'f*'
    timeout "$(seconds 30)" sh -c "until [ -e '$T/kill$n/f0' ]; do sleep 0.01; done"
    kill_daemon
    clear_mount
    is 'after a kill no half file has a final name' \
        "$(find "$T/kill$n" -name 'f*' ! -size 200000c | wc -l)" 0
    start
    is 'after a kill it ends as it would have' "$(ended "$job")" 'completed 0'
    is 'and all of it is there' "$(find "$T/kill$n" -type f -size 200000c -name 'f*' | wc -l)" 300
    is 'and nothing else' "$(ls -A "$T/kill$n" | grep -c -v '^f')" 0
done

finish
