# shellcheck shell=bash
#
# lib.sh - what the testbed's commands and its services share
#
# A service is a file in services/ that says these functions; each is called in a subshell of its
# own, so that a service may set what it likes:
#
#   service_up      start what of it does not run yet, and return when it answers
#   service_down    stop what of it runs
#   service_check   0 when it answers now; what it prints says what is wrong with it
#   service_env     NAME=value lines that its users need in their environment, here and far
#   service_use     how to use it, in one line
#
# All state is below $CFX_TESTBED. What was started is known by pid file and program name: nothing
# else is ever signalled. All of it listens on 127.0.0.1 alone.

TESTBED=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
CFX_TESTBED=${CFX_TESTBED:-${TMPDIR:-/tmp}/clustrixfs-testbed}
CFX_SSH_USER=${CFX_SSH_USER:-cfxuser}
# A second testbed beside the first has a directory and an account of its own, and this number
# added to every port.
CFX_PORT_SHIFT=${CFX_PORT_SHIFT:-0}
CFX_SSH_PORT=$((2222 + CFX_PORT_SHIFT))
export CFX_TESTBED CFX_PORT_SHIFT CFX_SSH_PORT CFX_SSH_USER
export PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin LC_ALL=C.UTF-8

# The host aliases of the ssh service: each has a port of its own, on which commands find the
# environment of one service, or of two: "slurm+sge".
hosts() # -> "ALIAS PORT SERVICE" lines
{
    echo "cfx $CFX_SSH_PORT slurm"
    echo "cfx-db $((CFX_SSH_PORT + 1)) slurm-db"
    echo "cfx-brief $((CFX_SSH_PORT + 2)) slurm-brief"
    echo "cfx-sge $((CFX_SSH_PORT + 3)) sge"
    echo "cfx-host $((CFX_SSH_PORT + 4)) -"
    echo "cfx-pbs $((CFX_SSH_PORT + 5)) pbs"
    echo "cfx-kube $((CFX_SSH_PORT + 6)) kubernetes"
    echo "cfx-two $((CFX_SSH_PORT + 7)) slurm+sge"
}

say() { printf '%s\n' "$*"; }
complain() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }
die() { complain "$@"; exit 1; }

need_root()
{
    [ "$(id -u)" = 0 ] || die "this starts and stops system services for the tests and needs root;
say: sudo tests/testbed/${0##*/} $*"
}

# A name in /tmp that everybody can guess: what somebody else has put there is not ours.
need_directory()
{
    [ -d "$CFX_TESTBED" ] || mkdir -m 755 "$CFX_TESTBED" || exit 1
    { [ ! -L "$CFX_TESTBED" ] && [ -O "$CFX_TESTBED" ]; } ||
        die "$CFX_TESTBED belongs to somebody else; set CFX_TESTBED to a directory of your own"
    mkdir -p "$CFX_TESTBED/started" "$CFX_TESTBED/log"
}

need_program() # PROGRAM PACKAGE
{
    command -v "$1" >/dev/null && return
    complain "$1 is missing; say: apt-get install $2"
    return 1
}

#
# Services
#
all_services()
{
    ls "$TESTBED/services"
}

started_services()
{
    ls "$CFX_TESTBED/started" 2>/dev/null
}

# in_service NAME FUNCTION...: with the service's functions, and without the lock of our caller.
in_service()
(
    export SERVICE=$1
    # shellcheck source=/dev/null
    . "$TESTBED/services/$1"
    shift
    "$@"
) 9>&-

# One at a time: two tests that begin together must not both start a daemon.
with_lock()
{
    exec 9>"$CFX_TESTBED/lock"
    flock 9
    "$@"
    local status=$?
    exec 9>&-
    return "$status"
}

#
# Waiting
#
# until_true SECONDS COMMAND...: tries until it succeeds.
until_true()
{
    local end=$((SECONDS + $1)) limit=$1
    shift
    until "$@" >/dev/null 2>&1; do
        if [ "$SECONDS" -gt "$end" ]; then
            complain "waited $limit s in vain for: $*"
            return 1
        fi
        sleep 0.05
    done
}

port_open() # PORT
{
    (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# A program that does not answer is not up: a stopped daemon would keep its clients waiting.
answers() # COMMAND...
{
    timeout 10 "$@" >/dev/null 2>&1
}

#
# Processes
#
# Not by kill -0: where pid 1 is no init, one that has ended may stay a zombie for seconds.
alive() # PID PROGRAM
{
    local name='' state=''
    [ -n "$1" ] && name=$(cat "/proc/$1/comm" 2>/dev/null) || return
    state=$(sed -n 's/^State:[[:space:]]*\(.\).*/\1/p' "/proc/$1/status" 2>/dev/null)
    [ "$name" = "${2:0:15}" ] && [[ $state != [ZX] && -n $state ]]
}

running() # PID-FILE PROGRAM
{
    alive "$(cat "$1" 2>/dev/null)" "$2"
}

dead() # PID PROGRAM
{
    ! alive "$@"
}

# stop_daemon PID-FILE PROGRAM [SIGNAL]: returns when it is gone.
stop_daemon()
{
    local pid
    if running "$1" "$2"; then
        pid=$(cat "$1")
        kill "-${3:-TERM}" "$pid"
        kill -CONT "$pid" 2>/dev/null
        if ! until_true 15 dead "$pid" "$2"; then
            complain "$2 ($pid) does not heed SIG${3:-TERM}; killed"
            kill -KILL "$pid"
            until_true 5 dead "$pid" "$2"
        fi
    fi
    rm -f "$1"
}

# as_account ACCOUNT COMMAND...: replaces this (sub)shell.
as_account()
{
    local account=$1
    shift
    exec setpriv --reuid "$account" --regid "$account" --clear-groups "$@"
}

#
# The account that the far side's jobs run as. Its password is random, is kept for the tests in
# $CFX_TESTBED/ssh/password, and holds only as long as the ssh service is up. What the account's
# comment says tells it from one of the same name that is a person's.
#
MADE_BY_US='clustrixfs testbed'

account_is_ours()
{
    [ "$(getent passwd "$CFX_SSH_USER" | cut -d: -f5)" = "$MADE_BY_US" ]
}

ensure_account()
{
    local no_password='*'
    account_is_ours && return
    if getent passwd "$CFX_SSH_USER" >/dev/null; then
        complain "the account $CFX_SSH_USER was not made by the testbed; set CFX_SSH_USER"
        return 1
    fi
    # Not "!": a locked account is refused by sshd even with a key.
    useradd --create-home --shell /bin/bash --comment "$MADE_BY_US" --password "$no_password" \
        "$CFX_SSH_USER"
}

set_account_password() # HASH
{
    account_is_ours && usermod --password "$1" "$CFX_SSH_USER"
}

remove_account()
{
    account_is_ours && userdel --remove "$CFX_SSH_USER" 2>/dev/null
}
