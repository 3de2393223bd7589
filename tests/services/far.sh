# shellcheck shell=bash
#
# far.sh - the mount of a cluster behind ssh, for the tests that need one
#
# MOUNTED is what the cluster is called in the mount, where that is another name than CLUSTER.

start_far() # SOURCE [OPTION...]
{
    local source=$1
    shift
    "$CLUSTRIXFS" -f "$@" "$source" "$M" >>"$T/log" 2>&1 </dev/null &
    DAEMON=$!
    helper await-mount "$M" "$DAEMON" "$(seconds 40)" && return
    echo 'Bail out! clustrixfs did not mount'
    exit 1
}

text_is_like() # FILE GLOB
{
    # shellcheck disable=SC2053 # the pattern is meant as one
    [[ $(cat "$1") == $2 ]]
}

# far_state WORD [SECONDS]: waits until the cluster is in that state; prints what it says then.
far_state()
{
    until_true "${2:-40}" text_is_like "$M/clusters/${MOUNTED:-$CLUSTER}/state" "$1*"
    cat "$M/clusters/${MOUNTED:-$CLUSTER}/state"
}

await_reason() # JOB GLOB [SECONDS]
{
    until_true "${3:-30}" text_is_like "$M/jobs/$1/reason" "$2"
}

await_far() # SECONDS COMMAND: the same for something at the far side
{
    until_true "$1" remote "${@:2}"
}

token_of() # JOB
{
    info "$1" 'j["token"]'
}
