# shellcheck shell=bash
#
# slurm.sh - a whole Slurm on this machine: munge, slurmctld, four nodes; on wish, accounting
#
# What the services slurm, slurm-db and slurm-brief are made of. Each is a cluster of its own, with
# its own directory, ports and munge key, so that a test that breaks one leaves the others whole.
# The service sets:
#
#   BASE            the first of its ports: slurmctld; +1...+4 the nodes; +8 slurmdbd; +9 mariadb
#   ACCOUNTING      none | db
#   MIN_JOB_AGE     seconds that slurmctld remembers a job that has ended
#   ENFORCE_LIMITS  ALL: more than a partition allows is refused at submission; NO: waits for ever

D=$CFX_TESTBED/$SERVICE
export SLURM_CONF=$D/etc/slurm.conf
NODES='n1 n2 n3 n4'

accounting_config()
{
    if [ "$ACCOUNTING" = none ]; then
        echo 'AccountingStorageType=accounting_storage/none'
        return
    fi
    # slurmctld finds munge's socket for slurmdbd here, and not in AuthInfo.
    cat <<END
AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=127.0.0.1
AccountingStoragePort=$((BASE + 8))
AccountingStoragePass=$D/munge/socket
AccountingStoreFlags=job_comment
AccountingStorageEnforce=associations,limits
END
}

# One that was killed has not written down which numbers it gave last, and gives them again; a node
# that has seen one of them refuses the second job, and is drained. Tests that are about something
# else have it begin after the last number in its log; repeat_numbers (faults.sh) leaves that away.
next_number()
{
    local last
    [ ! -e "$D/etc/repeat-numbers" ] || { echo 1; return; }
    last=$(sed -n 's/.*JobId=\([0-9]*\).*/\1/p' "$D/log/slurmctld.log" 2>/dev/null | sort -n | tail -n 1)
    echo $((${last:-0} + 1))
}

# cred_expire is how long a job that was requeued waits; the defaults of the schedulers' intervals
# are for machines with thousands of jobs.
slurm_config()
{
    local host
    host=$(hostname -s)
    cat <<END
ClusterName=$SERVICE
SlurmctldHost=$host(127.0.0.1)
SlurmUser=slurm
AuthType=auth/munge
AuthInfo=socket=$D/munge/socket,cred_expire=10
CredType=cred/munge
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
SlurmctldPort=$BASE
FirstJobId=1
DebugFlags=NO_CONF_HASH
SlurmctldPidFile=$D/state/slurmctld.pid
SlurmctldLogFile=$D/log/slurmctld.log
StateSaveLocation=$D/state
SlurmdPidFile=$D/spool/%n.pid
SlurmdLogFile=$D/log/%n.log
SlurmdSpoolDir=$D/spool/%n
SlurmdParameters=config_overrides
MpiDefault=none
SwitchType=switch/none
TaskPlugin=task/none
ProctrackType=proctrack/linuxproc
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill,UsePss
JobCompType=jobcomp/none
$(accounting_config)
SchedulerType=sched/backfill
SchedulerParameters=bf_interval=1,sched_interval=2,sched_min_interval=0,batch_sched_delay=0
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
PreemptType=preempt/partition_prio
PreemptMode=CANCEL
DefMemPerCPU=100
EnforcePartLimits=$ENFORCE_LIMITS
MaxArraySize=10001
MaxJobCount=20000
MinJobAge=$MIN_JOB_AGE
KillWait=2
CompleteWait=0
ReturnToService=2
SlurmctldTimeout=10
SlurmdTimeout=15
MessageTimeout=10
MailProg=/bin/true
NodeName=n[1-4] NodeHostname=$host NodeAddr=127.0.0.1 Port=[$((BASE + 1))-$((BASE + 4))] \
CPUs=4 Boards=1 SocketsPerBoard=1 CoresPerSocket=4 ThreadsPerCore=1 RealMemory=2000 State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES PriorityTier=10 PreemptMode=OFF \
MaxTime=1:00:00 DefaultTime=10:00 State=UP
PartitionName=short Nodes=n1 PriorityTier=10 PreemptMode=OFF MaxTime=1 DefaultTime=1 State=UP
PartitionName=low Nodes=ALL PriorityTier=1 MaxTime=1:00:00 DefaultTime=10:00 State=UP
END
}

#
# munge
#
munge_answers()
{
    answers sh -c "munge -S '$D/munge/socket' -n | unmunge -S '$D/munge/socket'"
}

munge_up()
{
    local m=$D/munge
    running "$m/munged.pid" munged && return
    mkdir -p "$m"
    [ -s "$m/key" ] || dd if=/dev/urandom of="$m/key" bs=1024 count=1 status=none
    chmod 400 "$m/key"
    chown -R munge:munge "$m"
    (as_account munge "$(command -v munged)" --key-file "$m/key" --socket "$m/socket" \
        --pid-file "$m/munged.pid" --log-file "$m/munged.log" --seed-file "$m/seed" \
        --num-threads 4) || return
    until_true 10 munge_answers
}

#
# Accounting
#
sql()
{
    mariadb --no-defaults --socket "$D/mariadb/socket" --user root "$@"
}

mariadb_up()
{
    local m=$D/mariadb
    running "$m/mariadbd.pid" mariadbd && return
    if [ ! -d "$m/data/mysql" ]; then
        rm -rf "$m"
        install -d -o mysql -g mysql "$m"
        mariadb-install-db --no-defaults --user=mysql --datadir="$m/data" --skip-test-db \
            --auth-root-authentication-method=normal || return
    fi
    (as_account mysql "$(command -v mariadbd)" --no-defaults --datadir="$m/data" \
        --socket="$m/socket" --pid-file="$m/mariadbd.pid" --bind-address=127.0.0.1 \
        --port=$((BASE + 9)) --innodb-buffer-pool-size=64M --innodb-log-file-size=16M \
        --innodb-lock-wait-timeout=900 --performance-schema=OFF --log-error="$m/log") &
    until_true 60 sql --execute 'select 1' || return
    sql --execute "create database if not exists slurm;
        create user if not exists 'slurm'@'localhost' identified by '$(cat "$D/etc/db-password")';
        grant all on slurm.* to 'slurm'@'localhost';"
}

slurmdbd_config()
{
    cat <<END
AuthType=auth/munge
AuthInfo=socket=$D/munge/socket
CommunicationParameters=NoInAddrAny
DbdHost=localhost
DbdAddr=127.0.0.1
DbdPort=$((BASE + 8))
SlurmUser=slurm
StorageType=accounting_storage/mysql
StorageHost=127.0.0.1
StoragePort=$((BASE + 9))
StorageUser=slurm
StoragePass=$(cat "$D/etc/db-password")
StorageLoc=slurm
LogFile=$D/log/slurmdbd.log
PidFile=$D/state/slurmdbd.pid
DebugLevel=info
END
}

# slurmctld does not start before its cluster is known. `test` is the account everybody uses, and
# `tight` one in which a second job is over the limit.
add_accounts()
{
    sacctmgr -n -p list user "$CFX_SSH_USER" | grep -q . && return
    sacctmgr -n -p list cluster "$SERVICE" | grep -q . || sacctmgr -i add cluster "$SERVICE" || return
    sacctmgr -i add account test,tight &&
        sacctmgr -i add user "$CFX_SSH_USER" account=test,tight defaultaccount=test &&
        sacctmgr -i modify user "$CFX_SSH_USER" where account=tight set maxsubmitjobs=1
}

slurmdbd_up()
{
    running "$D/state/slurmdbd.pid" slurmdbd && return
    # It refuses a file that others can read.
    (umask 077 && slurmdbd_config >"$D/etc/slurmdbd.conf") || return
    chown slurm:slurm "$D/etc/slurmdbd.conf"
    slurmdbd || return
    until_true 30 answers sacctmgr -n list cluster && add_accounts
}

accounting_up()
{
    need_program mariadbd mariadb-server && need_program slurmdbd slurmdbd || return
    [ -s "$D/etc/db-password" ] || (umask 077 && openssl rand -hex 12 >"$D/etc/db-password")
    mariadb_up && slurmdbd_up
}

#
# The cluster
#
controller_answers()
{
    timeout 10 scontrol ping 2>/dev/null | grep -q UP
}

controller_up()
{
    if ! running "$D/state/slurmctld.pid" slurmctld; then
        sed -i "s/^FirstJobId=.*/FirstJobId=$(next_number)/" "$SLURM_CONF"
        slurmctld || return
    fi
    until_true 20 controller_answers
}

node_up() # NODE
{
    running "$D/spool/$1.pid" slurmd && return
    mkdir -p "$D/spool/$1"
    slurmd -N "$1"
}

# How many of these take jobs, or would if they had room.
ready_nodes() # NODE,...
{
    timeout 10 sinfo -h -N -p main -n "$1" -o %T |
        grep -cx -e idle -e mixed -e allocated -e completing
}

node_ready() # NODE
{
    [ "$(ready_nodes "$1")" = 1 ]
}

nodes_ready()
{
    [ "$(ready_nodes "${NODES// /,}")" = 4 ]
}

# A controller that was killed gives numbers again that it has forgotten, and drains a node that has
# seen one of them before.
resume_drained()
{
    local node
    for node in $(timeout 10 sinfo -h -N -t drain -p main -o %N); do
        scontrol update "nodename=$node" state=resume
    done
}

# What each node runs before each job: this text, by sh; "": nothing.
set_prolog() # TEXT
{
    sed -i '/^Prolog=/d' "$SLURM_CONF"
    if [ -n "$1" ]; then
        printf '#!/bin/sh\n%s\n' "$1" >"$D/etc/prolog"
        chmod 755 "$D/etc/prolog"
        echo "Prolog=$D/etc/prolog" >>"$SLURM_CONF"
    fi
    scontrol reconfigure
}

service_up()
{
    local node
    need_program slurmctld slurmctld && need_program slurmd slurmd &&
        need_program sbatch slurm-client && need_program munged munge || return
    ensure_account || return
    mkdir -p "$D/etc" "$D/state" "$D/log" "$D/spool"
    chown slurm:slurm "$D/state" "$D/log"
    munge_up || return
    running "$D/state/slurmctld.pid" slurmctld || slurm_config >"$SLURM_CONF"
    if [ "$ACCOUNTING" = db ]; then
        accounting_up || return
    fi
    controller_up || return
    for node in $NODES; do
        node_up "$node" || return
    done
    resume_drained
    until_true 30 nodes_ready
}

service_down()
{
    local node
    for node in $NODES; do
        stop_daemon "$D/spool/$node.pid" slurmd
    done
    stop_daemon "$D/state/slurmctld.pid" slurmctld
    stop_daemon "$D/state/slurmdbd.pid" slurmdbd
    stop_daemon "$D/mariadb/mariadbd.pid" mariadbd
    stop_daemon "$D/munge/munged.pid" munged
}

service_check()
{
    running "$D/munge/munged.pid" munged || { echo 'munged does not run'; return 1; }
    running "$D/state/slurmctld.pid" slurmctld || { echo 'slurmctld does not run'; return 1; }
    controller_answers || { echo 'slurmctld does not answer'; return 1; }
    nodes_ready || { echo 'not all nodes are there:' "$(timeout 5 sinfo -h -N -o '%N %T')"; return 1; }
    [ "$ACCOUNTING" = none ] || answers sacctmgr -n list cluster ||
        { echo 'slurmdbd does not answer'; return 1; }
}

service_env()
{
    echo "SLURM_CONF=$SLURM_CONF"
}

service_use()
{
    local host
    host=$(hosts | awk -v s="$SERVICE" '$3 == s { print $1 }')
    echo "SLURM_CONF=$SLURM_CONF sinfo; over ssh, as $CFX_SSH_USER: host $host"
}
