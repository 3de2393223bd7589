# shellcheck shell=bash
#
# lib.sh - what the tests against real services share, on top of the mount tests' lib.sh
#
# The far side is the testbed on this machine: sshd and what is behind it. It is brought up when it
# is not yet there, and left running: tests/run takes it down. Every test has on it a directory of
# its own, and here a HOME of its own whose ~/.ssh knows the far side's hosts.
#
#   FAR       the directory of this test in the far account's home, for "cfx:$FAR"
#   CLUSTER   which far side: cfx (slurm), cfx-db, cfx-brief, cfx-sge, cfx-pbs, cfx-kube,
#             cfx-two (slurm and sge), cfx-host (no scheduler)
#
# The faults of tests/testbed/faults.sh are there, too, and are healed at the end.

# The services, their faults and the far account are root's business.
if [ "$(id -u)" != 0 ]; then
    if command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
        exec sudo -n env "CLUSTRIXFS=${CLUSTRIXFS-}" "RELAY=${RELAY-}" "LIMIT=${LIMIT-}" "SLOW=${SLOW:-1}" "CI=${CI-}" \
            "CFX_TESTBED=${CFX_TESTBED:-${TMPDIR:-/tmp}/clustrixfs-testbed}" \
            "CFX_SSH_USER=${CFX_SSH_USER-}" "CFX_PORT_SHIFT=${CFX_PORT_SHIFT-}" "$BASH" "$0" "$@"
    fi
    [ "${CI-}" != true ] || { echo 'Bail out! the services need root, or sudo'; exit 1; }
    echo '1..0 # SKIP the services need root, or sudo without a password'
    exit
fi

# Before the mount tests' lib.sh goes elsewhere.
: "${RELAY:?the path of the relay program of tests/testbed}"
RELAY=$(realpath "$RELAY")
SERVICES=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=../mount/lib.sh
. "$SERVICES/../mount/lib.sh"
HERE=$SERVICES/../mount
CLUSTER=${CLUSTER:-cfx}
FAR=
LINK=

# needs SERVICE...: brings them up; where that cannot be, the test ends here.
needs()
{
    local why
    why=$("$SERVICES/../testbed/up" "$@" 2>&1 >/dev/null) || {
        may "the testbed: $*" "${why##*$'\n'}" false
        finish
    }
    eval "$("$SERVICES/../testbed/env")"
    # shellcheck source=/dev/null # following it takes shellcheck for ever
    . "$SERVICES/../testbed/faults.sh"
    make_home
    # shellcheck disable=SC2016 # for the far shell
    FAR=$(remote 'mktemp -d "$HOME/test.XXXXXX"')
}

# ssh itself looks for its files in the account's home and not in $HOME; far_ssh() tells it.
make_home()
{
    mkdir -m 700 "$HOME/.ssh"
    cp "$CFX_KNOWN_HOSTS" "$HOME/.ssh/known_hosts"
    sed "s|^\( *UserKnownHostsFile\) .*|\1 $HOME/.ssh/known_hosts|" "$CFX_SSH_CONFIG" \
        >"$HOME/.ssh/config"
    chmod 600 "$HOME/.ssh/config"
}

# far_ssh [OPTION...] HOST COMMAND: through the network, as clustrixfs goes.
far_ssh()
{
    ssh -F "$HOME/.ssh/config" -n "$@"
}

# remote COMMAND [ARGUMENT...]: a shell's command on the far side, with $1, ... for looking at what
# is there. It needs no network, so it answers while that is broken.
remote()
{
    local home service
    local -a variables
    home=$(getent passwd "$CFX_SSH_USER" | cut -d: -f6)
    service=$(hosts | awk -v a="$CLUSTER" '$1 == a { print $3 }')
    [ "$service" = - ] || mapfile -t variables < <(
        for service in ${service//+/ }; do in_service "$service" service_env; done)
    (
        cd "$home" || exit
        as_account "$CFX_SSH_USER" env -i "HOME=$home" "USER=$CFX_SSH_USER" "PATH=/usr/bin:/bin" \
            "LC_ALL=$LC_ALL" "${variables[@]}" sh -c "$1" sh "${@:2}"
    )
}

#
# A slow link: a relay before one of the hosts. In ~/.ssh/config it is the host "link".
#
link_to() # [HOST [ONE-WAY-MS]] -> LINK, the pid; LINK_PORT
{
    local port out=$T/link.$RANDOM
    port=$(hosts | awk -v a="${1:-$CLUSTER}" '$1 == a { print $2 }')
    mkfifo "$out"
    (cd "$HOME" && exec "$RELAY" 0 "$port" "${2:-10}" >"$out") &
    LINK=$!
    exec {LINK_SAYS}<"$out"
    rm "$out"
    read -r -t "$(seconds 10)" -u "$LINK_SAYS" _ LINK_PORT || return
    sed -i '/^Host link$/,/^ *Port/d' "$HOME/.ssh/config"
    printf 'Host link\n    Port %d\n' "$LINK_PORT" | cat - "$HOME/.ssh/config" >"$HOME/.ssh/new"
    cat "$HOME/.ssh/new" >"$HOME/.ssh/config"
    sed -i 's/^Host cfx cfx-\*$/Host link cfx cfx-*/' "$HOME/.ssh/config"
    sed -n "s/^\[127.0.0.1\]:$port /[127.0.0.1]:$LINK_PORT /p" "$CFX_KNOWN_HOSTS" \
        >>"$HOME/.ssh/known_hosts"
}

tell_link() # SIGNAL: returns when it has heeded it
{
    kill "-$1" "$LINK" && read -r -t "$(seconds 10)" -u "$LINK_SAYS" _
}

stop_link() { tell_link USR1; }
continue_link() { tell_link USR2; }
reset_link() { tell_link HUP; }

#
# The end
#
far_end()
{
    heal
    case $FAR in
    /*/test.*) rm -rf "$FAR" ;;
    esac
}

trap 'trap "" INT TERM HUP; [ -z "$FAR" ] || far_end; at_exit' EXIT
