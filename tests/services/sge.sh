#!/bin/bash
# Grid Engine over ssh: submitted, watched and ended as a user of Grid Engine expects.
. "$(dirname "$0")/lib.sh"
. "$SERVICES/far.sh"
CLUSTER=cfx-sge
needs sshd sge
start_far "cfx-sge:$FAR/root"
like 'it is reached' "$(far_state up)" 'up*'
like 'Grid Engine was found by itself' "$(cat "$M/clusters/$CLUSTER/info.json")" \
    '*"scheduler":"sge"*'

queued_there() # TOKEN -> its number in the queue
{
    # shellcheck disable=SC2016 # for the far shell
    remote 'qstat -j "$1" | sed -n "s/^job_number: *//p"' "$1"
}

cat >"$M/submit/first" <<'END'
#!/bin/bash
#$ -pe smp 2
#$ -l h_vmem=2G,h_rt=0:5:0
echo "on $HOSTNAME with $NSLOTS"
echo err >&2
echo data > result
END
job=$(job_of first)
is 'a script for qsub runs as it is' "$(ended "$job")" 'completed 0'
like 'with what it asked for' "$(cat "$M/jobs/$job/stdout")" 'on * with 2'
is 'its errors are apart' "$(cat "$M/jobs/$job/stderr")" err
is 'its files are here' "$(cat "$M/jobs/$job/files/result")" data
ok 'its number there is known' [ -n "$(info "$job" 'j["native_id"]')" ]

# Looked at later.
few=$(submit few '{"command": "cd ..; mkdir on.$CLUSTRIXFS_TASK; ls -d on.* | wc -l; sleep 1; rmdir on.$CLUSTRIXFS_TASK", "array": "0-2%1"}')

for code in 3 99 100; do
    job=$(submit "exit$code" "$(printf '#!/bin/sh\nexit %d' "$code")")
    is "exit code $code comes back" "$(ended "$job")" "failed $code"
done

job=$(submit bad '{"command": "true", "partition": "nosuch"}')
is 'a bad queue is refused' "$(ended "$job")" 'failed'
like 'in the words of Grid Engine' "$(cat "$M/jobs/$job/reason")" '*unknown queue*nosuch*'

job=$(submit held '{"command": "true", "begin": "+1h"}')
await_state "$job" queued
ctl "$job" hold
ok 'hold holds it' await_state "$job" held
ctl "$job" release
ok 'release releases it' await_state "$job" queued
ctl "$job" cancel
is 'cancel takes it out of the queue' "$(ended "$job")" cancelled

job=$(submit runs '{"command": "echo begun; sleep 300"}')
await_state "$job" running
ctl "$job" suspend
ok 'suspend suspends it' await_state "$job" suspended
ctl "$job" resume
ok 'resume resumes it' await_state "$job" running
ctl "$job" cancel
like 'cancel ends a running one' "$(ended "$job" 60)" 'cancelled*'

# The record of its end comes later than its end.
hide_accounting
limit=$(submit limit '{"command": "echo begun; sleep 300", "time": 5}')
ok 'what ended without a word is looked for' await_reason "$limit" '*looking for what became of it' 60
is 'and is not over before it was found' "$(state "$limit")" running
show_accounting
like 'a time limit is a failure' "$(ended "$limit" 90)" 'failed*'
like 'and called that' "$(cat "$M/jobs/$limit/reason")" '*time limit*'
is 'what it had written is here' "$(cat "$M/jobs/$limit/stdout")" begun

memory=$(submit memory '{"command": ["/usr/bin/python3", "-c", "x = bytearray(900 << 20)"], "memory": "200M"}')
like 'too much memory is a failure' "$(ended "$memory" 60)" 'failed 1'
like 'which the program says itself' "$(cat "$M/jobs/$memory/stderr")" '*MemoryError*'

job=$(submit array '{"command": "echo $CLUSTRIXFS_TASK $SGE_TASK_ID; [ $CLUSTRIXFS_TASK != 4 ]", "array": "0-4:2"}')
is 'an array ends' "$(ended "$job" 60)" 'failed 1'
is 'its elements are numbered as in the spec' \
    "$(cat "$M/jobs/$job/tasks/0/stdout" "$M/jobs/$job/tasks/2/stdout" "$M/jobs/$job/tasks/4/stdout")" \
    $'0 0\n2 2\n4 4'

is 'so does one that is throttled' "$(ended "$few" 60)" 'completed 0'
is 'no more of it at a time than was asked for' \
    "$(cat "$M/jobs/$few"/tasks/{0,1,2}/stdout | tr -d ' \n')" 111
# shellcheck disable=SC2016 # for the far shell
like 'which Grid Engine sees to' "$(remote 'cat "$1/submit"' "$FAR/root/$(token_of "$few")")" '*-tc 1*'

# Whatever becomes of the one before it, it waits for that there; for its success the daemon waits.
first=$(submit first "{\"command\": \"until [ -e $FAR/go ]; do sleep 0.2; done; exit 3\"}")
any=$(submit any "{\"command\": \"true\", \"after\": {\"any\": [$first]}}")
never=$(submit never "{\"command\": \"true\", \"after\": [$first]}")
ok 'a job waits in the queue there' await_reason "$any" "queued: waits for job $first to end"
is 'as what is queued' "$(state "$any")" queued
# shellcheck disable=SC2016 # for the far shell
like 'for that job' "$(remote 'qstat -j "$1" | grep predecessor' "$(token_of "$any")")" \
    "*$(info "$first" 'j["native_id"]')*"
is 'for its success one waits here' "$(cat "$M/jobs/$never/reason")" \
    "waits for job $first to complete"
# shellcheck disable=SC2016 # for the far shell
remote 'touch "$1"' "$FAR/go"
is 'it runs when the other has ended' "$(ended "$any" 60)" 'completed 0'
is 'and one that needed its success fails' "$(ended "$never" 60)" failed

# An array, and one after it, and its end while nobody is here.
job=$(submit parts "{\"command\": \"until [ -e $FAR/parts ]; do sleep 0.2; done; echo part >> $FAR/order\", \"array\": \"0-1\"}")
any=$(submit merges "{\"command\": \"echo merge >> $FAR/order\", \"array\": \"3-4\", \"after\": {\"any\": [$job]}}")
ok 'an array waits in the queue there for an array' \
    await_reason "$any/tasks/3" "queued: waits for job $job to end"
# shellcheck disable=SC2016 # for the far shell
like 'for that one' "$(remote 'qstat -j "$1" | grep predecessor' "$(token_of "$any")")" \
    "*$(info "$job/tasks/0" 'j["native_id"]')*"
kill_daemon
remote 'touch "$1"' "$FAR/parts"
# shellcheck disable=SC2016 # for the far shell
ok 'it goes on without a daemon' await_far 90 '[ "$(tr "\n" " " <"$1")" = "part part merge merge " ]' "$FAR/order"
clear_mount
start_far "cfx-sge:$FAR/root"
is 'which is found' "$(ended "$any" 90)" 'completed 0'

outside=$(submit outside '{"command": "sleep 300"}')
await_state "$outside" running
# shellcheck disable=SC2016 # for the far shell
remote 'qdel "$1"' "$(token_of "$outside")"
like 'what somebody else cancels is cancelled' "$(ended "$outside" 60)" 'cancelled*'

waiting=$(submit waiting '{"command": "true", "begin": "+1h"}')
await_state "$waiting" queued
# shellcheck disable=SC2016 # for the far shell
remote 'qdel "$1"' "$(token_of "$waiting")"
like 'also where it had not begun' "$(ended "$waiting" 90)" 'cancelled*'
like 'and says that' "$(cat "$M/jobs/$waiting/reason")" 'cancelled before it ran*'

# Where there is no accounting to be read, nobody knows the end of what was killed.
hide_accounting
absent=$(submit absent '{"command": "sleep 300", "time": 3}')

# Where its log cannot be written Grid Engine keeps a job in error: the directory of one that waits
# is taken away.
job=$(submit error '{"command": "true", "begin": "+20s"}')
await_state "$job" queued
token=$(token_of "$job")
number=$(queued_there "$token")
mv "$FAR/root/$token" "$FAR/root/away"
ok 'what cannot be started has failed' [ "$(ended "$job" 90)" = failed ]
like 'and says why' "$(cat "$M/jobs/$job/reason")" "*can't open output file*"
# shellcheck disable=SC2016 # for the far shell
ok 'nor is it left in the queue' await_far 20 '! qstat -j "$1"' "$number"
is 'what left no record, and is in no accounting, is lost' "$(ended "$absent" 60)" lost
like 'which is said' "$(cat "$M/jobs/$absent/reason")" '*knows it no more*'
finish
