# shellcheck shell=bash
#
# faults.sh - breaking the testbed, and healing what this test has broken
#
# For tests to source; root. Each fault is a line in a file of this process, which says how to undo
# it; the undoing of one takes its line out, and heal() undoes all that is left.
# So tests that run side by side do not heal each other's faults, and what a test that was killed
# has left behind is healed by the next one.
#
#   drop_packets PORT            pass_packets PORT          to and from the port, on loopback
#   cut_connections PORT                                    established ones end with an error
#   stop_controller [SERVICE]    continue_controller        SIGSTOP: it takes calls, answers none
#   kill_controller [SERVICE]    restart_controller         SIGKILL
#   await_saved [SERVICE]        (no fault) its state is on disk
#   keep_state DIR [SERVICE]     put_state_back DIR        of a killed controller
#   repeat_numbers [SERVICE]     continue_numbers           killed, it gives numbers twice, as anywhere
#   use_prolog TEXT [SERVICE]    drop_prolog                nodes run it before each job; resumes them
#   kill_slurmd NODE [SERVICE]   restart_node NODE          SIGKILL; its jobs go on
#   kill_node NODE [SERVICE]     restart_node NODE          power off: slurmd and all of its jobs
#   stop_sshd                    continue_sshd              SIGSTOP; sessions go on, no new ones
#   stop_apiserver               continue_apiserver         SIGSTOP: kubectl hangs
#   kill_apiserver               restart_apiserver          SIGKILL
#   stop_kubelet                 continue_kubelet           SIGSTOP: pods run, nobody says so
#   limit_pods N                 unlimit_pods               a quota of Kubernetes
#   hide_accounting              show_accounting            of Grid Engine: qacct cannot read it
#   heal
#
# Slurm notices after 15 to 25 s that a node is gone (SlurmdTimeout). One that is back before that has
# jobs that Slurm takes to be running: a test that wants NODE_FAIL waits for it, then restarts it.
# SERVICE is slurm, slurm-db or slurm-brief; slurm when it is left out.

# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
FAULTS=$CFX_TESTBED/faults/$$

broken() # UNDO-FUNCTION ARGUMENT...
{
    echo "$*" >>"$FAULTS"
}

healed() # UNDO-FUNCTION ARGUMENT...
{
    [ -e "$FAULTS" ] || return 0
    grep -vxF -e "$*" "$FAULTS" >"$FAULTS.new"
    mv "$FAULTS.new" "$FAULTS"
}

# In the order of their names: what is stopped goes on, then packets pass, then slurmctld is
# restarted, and last the nodes, which need it.
heal() # [FILE]
{
    local file=${1:-$FAULTS} line status=0
    local -a words
    [ -e "$file" ] || return 0
    while read -r line; do
        read -ra words <<<"$line"
        "${words[@]}" || status=1
    done < <(sort -u "$file")
    rm -f "$file"
    return "$status"
}

heal_the_dead()
{
    local file
    for file in "$CFX_TESTBED/faults"/*; do
        [ -e "$file" ] && [ ! -d "/proc/${file##*/}" ] && heal "$file"
    done
}

#
# The network
#
packet_rule() # ACTION PORT TEST DIRECTION
{
    iptables -w 10 "$1" INPUT -i lo -p tcp "--$4" "$2" \
        -m comment --comment "clustrixfs test $3" -j DROP
}

drop_packets() # PORT
{
    broken pass_packets "$1" "$$"
    packet_rule -I "$1" "$$" dport && packet_rule -I "$1" "$$" sport
}

pass_packets() # PORT [TEST]
{
    local test=${2:-$$}
    while packet_rule -D "$1" "$test" dport 2>/dev/null; do :; done
    while packet_rule -D "$1" "$test" sport 2>/dev/null; do :; done
    healed pass_packets "$1" "$test"
}

# Both ends learn of it at once, as from a firewall that sends resets.
cut_connections() # PORT
{
    ss -K -t "( dport = :$1 or sport = :$1 )" >/dev/null
}

#
# Daemons. Each function of a pair takes the same arguments.
#
pid_of_controller() # SERVICE
{
    cat "$CFX_TESTBED/$1/state/slurmctld.pid"
}

stop_controller() # [SERVICE]
{
    broken continue_controller "${1:-slurm}"
    kill -STOP "$(pid_of_controller "${1:-slurm}")"
}

continue_controller() # [SERVICE]
{
    kill -CONT "$(pid_of_controller "${1:-slurm}")"
    healed continue_controller "${1:-slurm}"
}

kill_controller() # [SERVICE]
{
    broken restart_controller "${1:-slurm}"
    stop_daemon "$CFX_TESTBED/${1:-slurm}/state/slurmctld.pid" slurmctld KILL
}

# Until what it knows now is on its disk, within some seconds: what it has not written down when it is
# killed, its nodes will kill.
await_saved() # [SERVICE]
{
    local dir=$CFX_TESTBED/${1:-slurm} another
    touch "$dir/stamp"
    # It writes only when there is something new.
    another=$(SLURM_CONF=$dir/etc/slurm.conf sbatch --parsable --hold -o /dev/null --wrap true) &&
        until_true 60 [ "$dir/state/job_state" -nt "$dir/stamp" ] &&
        SLURM_CONF=$dir/etc/slurm.conf scancel "$another"
}

# What it has on disk, as it is now; and that put back under one that was killed, which is a
# controller whose last seconds did not reach the disk.
keep_state() # DIRECTORY [SERVICE]
{
    cp -a "$CFX_TESTBED/${2:-slurm}/state" "$1"
}

put_state_back() # DIRECTORY [SERVICE]
{
    rm -rf "$CFX_TESTBED/${2:-slurm}/state" && mv "$1" "$CFX_TESTBED/${2:-slurm}/state"
}

restart_controller() # [SERVICE]
{
    in_service "${1:-slurm}" controller_up && healed restart_controller "${1:-slurm}"
}

repeat_numbers() # [SERVICE]
{
    broken continue_numbers "${1:-slurm}"
    touch "$CFX_TESTBED/${1:-slurm}/etc/repeat-numbers"
}

continue_numbers() # [SERVICE]
{
    rm -f "$CFX_TESTBED/${1:-slurm}/etc/repeat-numbers"
    healed continue_numbers "${1:-slurm}"
}

use_prolog() # TEXT [SERVICE]
{
    broken drop_prolog "${2:-slurm}"
    in_service "${2:-slurm}" set_prolog "$1"
}

drop_prolog() # [SERVICE]
{
    in_service "${1:-slurm}" set_prolog '' && in_service "${1:-slurm}" resume_drained &&
        in_service "${1:-slurm}" until_true 30 nodes_ready && healed drop_prolog "${1:-slurm}"
}

kill_slurmd() # NODE [SERVICE]
{
    broken restart_node "$1" "${2:-slurm}"
    stop_daemon "$CFX_TESTBED/${2:-slurm}/spool/$1.pid" slurmd KILL
}

# The supervisors of its jobs, known by their sockets in the spool, and what they have started.
processes_of_node() # NODE SERVICE
{
    local dir=$CFX_TESTBED/$2
    ss -xlpnH | awk -v s="$dir/spool/$1/" 'index($0, s)' | grep -o 'pid=[0-9]*' | cut -d= -f2
    grep -lszx "SLURMD_NODENAME=$1" /proc/[0-9]*/environ |
        xargs -r grep -lszx "SLURM_CONF=$dir/etc/slurm.conf" | cut -d/ -f3
}

kill_node() # NODE [SERVICE]
{
    local pids
    kill_slurmd "$@"
    # Again until none is left: one may have started another meanwhile.
    while pids=$(processes_of_node "$1" "${2:-slurm}") && [ -n "$pids" ]; do
        # shellcheck disable=SC2086 # a list of numbers
        kill -KILL $pids 2>/dev/null
        sleep 0.05
    done
}

restart_node() # NODE [SERVICE]
{
    in_service "${2:-slurm}" node_up "$1" &&
        in_service "${2:-slurm}" until_true 30 node_ready "$1" &&
        healed restart_node "$1" "${2:-slurm}"
}

stop_sshd()
{
    broken continue_sshd
    kill -STOP "$(cat "$CFX_TESTBED/ssh/sshd.pid")"
}

continue_sshd()
{
    kill -CONT "$(cat "$CFX_TESTBED/ssh/sshd.pid")"
    healed continue_sshd
}

#
# Kubernetes
#
stop_apiserver()
{
    broken continue_apiserver
    kill -STOP "$(cat "$CFX_TESTBED/kubernetes/apiserver.pid")"
}

continue_apiserver()
{
    kill -CONT "$(cat "$CFX_TESTBED/kubernetes/apiserver.pid")"
    healed continue_apiserver
}

stop_kubelet()
{
    broken continue_kubelet
    kill -STOP "$(cat "$CFX_TESTBED/kubernetes/kubelet.pid")"
}

continue_kubelet()
{
    kill -CONT "$(cat "$CFX_TESTBED/kubernetes/kubelet.pid")"
    healed continue_kubelet
}

kill_apiserver()
{
    broken restart_apiserver
    stop_daemon "$CFX_TESTBED/kubernetes/apiserver.pid" kube-apiserver KILL
}

restart_apiserver()
{
    in_service kubernetes apiserver_up && healed restart_apiserver
}

limit_pods() # N
{
    broken unlimit_pods
    in_service kubernetes kube create quota clustrixfs --hard="pods=$1"
}

unlimit_pods()
{
    in_service kubernetes kube delete quota clustrixfs && healed unlimit_pods
}

#
# Grid Engine
#
hide_accounting()
{
    broken show_accounting
    in_service sge accounting_mode 600
}

show_accounting()
{
    in_service sge accounting_mode 644 && healed show_accounting
}

need_root "$@"
mkdir -p "$CFX_TESTBED/faults"
heal_the_dead
