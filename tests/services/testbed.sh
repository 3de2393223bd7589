#!/bin/bash
# The testbed is what the other tests take it for: real, reachable, breakable, and whole again.
# shellcheck disable=SC2016,SC2119,SC2317 # for the far shell; without arguments; called by name
. "$(dirname "$0")/lib.sh"
needs sshd slurm

# hangs WHAT COMMAND...: it holds when the command is still at it after two seconds.
hangs()
{
    timeout 2 "${@:2}" >.out 2>&1
    is "$1" $? 124
}
over_ssh() { bounded ssh -F "$HOME/.ssh/config" -n "$@"; }
# refused_over_ssh WHAT COMMAND: the far command fails, and not the connection.
refused_over_ssh()
{
    over_ssh cfx "$2" >.out 2>&1
    is "$1" $? 1
}

#
# What is up
#
is 'sshd takes the key, and runs a command as the far account' \
    "$(over_ssh cfx id -un)" "$CFX_SSH_USER"
like 'a command on an exec channel finds its Slurm' "$(over_ssh cfx sinfo -h -p short -o %N)" n1
over_ssh cfx-host 'command -v sbatch' >/dev/null
is 'on the host without scheduler there is none' $? 1
over_ssh -o UserKnownHostsFile=/dev/null cfx true 2>.out
like 'an unknown host key is refused' "$(cat .out)" '*Host key verification failed*'
ok 'sbatch over ssh runs a job to its end' \
    over_ssh cfx "cd '$FAR' && sbatch --wait -o out --wrap 'hostname; id -un'"
is 'as the far account' "$(remote 'tail -n 1 "$1/out"' "$FAR")" "$CFX_SSH_USER"
refused_over_ssh 'a bad partition is refused' 'sbatch -p nosuch --wrap true'
refused_over_ssh 'a time beyond the limit is refused' 'sbatch -p short -t 60 --wrap true'
ok 'four nodes run at the same time' over_ssh cfx srun -N 4 -n 4 true
daemons() { cat "$CFX_TESTBED"/slurm/*/*.pid "$CFX_TESTBED/ssh/sshd.pid"; }
before=$(daemons)
ok 'up may be said again' "$SERVICES/../testbed/up" sshd slurm
is 'and starts nothing then' "$(daemons)" "$before"
ok 'validate agrees' "$SERVICES/../testbed/validate"

#
# The link
#
link_to cfx 10
ok 'ssh goes over a slow link' over_ssh link true
printf 'import socket, time
t = time.monotonic()
s = socket.create_connection(("127.0.0.1", %d))
s.recv(1)
print(time.monotonic() - t >= 0.040)
' "$LINK_PORT" >greeting.py
is 'the greeting comes after two of them' "$("$PYTHON" greeting.py)" True
is 'what goes over it is whole' \
    "$(over_ssh link 'head -c 20000000 /dev/zero' | cksum)" "$(head -c 20000000 /dev/zero | cksum)"
stop_link
hangs 'a link that is down hangs an ssh' ssh -F "$HOME/.ssh/config" -n link true
continue_link
ok 'and is up again' over_ssh link true
mkfifo hold
over_ssh link 'echo up; exec sleep 60' >hold 2>session.log &
session=$!
read -r _ <hold
reset_link
wait "$session"
is 'a link that is reset ends the session' $? 255

#
# Faults, and their undoing
#
drop_packets "$CFX_SSH_PORT"
hangs 'dropped packets hang an ssh' ssh -F "$HOME/.ssh/config" -n cfx true
is 'what the far side has is seen nevertheless' "$(remote 'id -un')" "$CFX_SSH_USER"
ok 'other ports are not touched' over_ssh cfx-host true
pass_packets "$CFX_SSH_PORT"
ok 'passed again, it works' over_ssh cfx true

over_ssh cfx 'echo up; exec sleep 60' >hold 2>session.log &
session=$!
read -r _ <hold
cut_connections "$CFX_SSH_PORT"
wait "$session"
is 'a connection that is cut ends the session' $? 255
ok 'and a new one is made' over_ssh cfx true

stop_sshd
hangs 'an sshd that is stopped hangs an ssh' ssh -F "$HOME/.ssh/config" -n cfx true
continue_sshd
ok 'continued, it works' over_ssh cfx true

stop_controller
hangs 'a slurmctld that is stopped hangs squeue' squeue
refused 'validate says so' "$SERVICES/../testbed/validate" slurm
continue_controller
ok 'continued, it answers' bounded squeue

job=$(remote 'cd "$1" && sbatch --parsable --hold --wrap true' "$FAR")
kill_controller
refused 'a slurmctld that is killed does not answer' timeout 15 scontrol ping
restart_controller
ok 'restarted, it answers' bounded squeue
remote 'scancel "$1"' "$job"

remote 'mkfifo "$1/at"' "$FAR"
job=$(remote 'cd "$1" && sbatch --parsable -w n3 --no-requeue \
    --wrap "echo > at; exec sleep 61.7"' "$FAR")
timeout "$(seconds 30)" cat "$FAR/at" >/dev/null
kill_node n3
is 'a node that is killed takes its jobs along' "$(pgrep -u "$CFX_SSH_USER" -xf 'sleep 61.7')" ''
failed() { [ "$(squeue -h -t all -j "$job" -o %T)" = NODE_FAIL ]; }
ok 'Slurm notices' until_true "$(seconds 60)" failed
ok 'it can be restarted' restart_node n3

drop_packets "$CFX_SSH_PORT"
stop_controller
kill_slurmd n4
ok 'heal undoes all' heal
ok 'ssh' over_ssh cfx true
ok 'and Slurm, too' "$SERVICES/../testbed/validate"
is 'nothing is left of it' "$(iptables -S INPUT | grep -c "clustrixfs test $$\"")" 0
finish
