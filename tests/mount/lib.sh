# shellcheck shell=bash
#
# lib.sh - what the mount tests share
#
# Every test file mounts a clustrixfs of its own: its own state, its own mount point, its own jobs,
# below one directory $T. What it started is known by that directory, so at the end it takes down
# exactly that and nothing else. Results are TAP; each line says what must hold.
#
#   M      the mount          T      scratch, on disk        S      the state directory
#   SLOW   how much slower than usual the program is (sanitizers): all limits are stretched by it

if [ -z "${CLUSTRIXFS_TEST_BOUNDED-}" ]; then
    export CLUSTRIXFS_TEST_BOUNDED=1
    exec timeout -k 20 "$((${LIMIT:-120} * ${SLOW:-1}))" "$BASH" "$0" "$@"
fi

set -u
exec </dev/null
export SLOW=${SLOW:-1} LC_ALL=C.UTF-8
: "${CLUSTRIXFS:?the path of the clustrixfs program to test}"
CLUSTRIXFS=$(realpath "$CLUSTRIXFS")
HERE=$(cd "$(dirname "$0")" && pwd)
PYTHON=$(PATH=/usr/bin:/bin:$PATH command -v python3)
T=$(mktemp -d "${TMPDIR:-/tmp}/cfx.XXXXXX")
M=$T/m
export XDG_STATE_HOME=$T/s XDG_CONFIG_HOME=$T/c HOME=$T/home
S=$XDG_STATE_HOME/clustrixfs
DAEMON=
TESTS=0 FAILED=0 FINISHED=
mkdir "$M" "$XDG_STATE_HOME" "$XDG_CONFIG_HOME" "$HOME"
cd "$T" || exit 1

# A daemon in the background has no terminal to complain on, so its reports go to files.
export ASAN_OPTIONS="log_path=$T/sanitizer:detect_leaks=1:abort_on_error=0:exitcode=99"
export UBSAN_OPTIONS="log_path=$T/sanitizer:print_stacktrace=1:halt_on_error=1"
export TSAN_OPTIONS="log_path=$T/sanitizer:halt_on_error=0:exitcode=99:second_deadlock_stack=1"

helper()
{
    "$PYTHON" -I "$HERE/helper.py" "$@"
}

# seconds N: N of them on a machine at full speed.
seconds()
{
    echo $(($1 * SLOW))
}

bounded()
{
    timeout -k 2 "$(seconds 20)" "$@"
}

#
# Results
#
note()
{
    sed 's/^/# /'
}

result() # STATUS WHAT
{
    TESTS=$((TESTS + 1))
    if [ "$1" = 0 ]; then
        printf 'ok %d - %s\n' "$TESTS" "$2"
    else
        printf 'not ok %d - %s\n' "$TESTS" "$2"
        FAILED=$((FAILED + 1))
    fi
    [ "$1" = 0 ]
}

# ok WHAT COMMAND...: it holds when the command exits 0; what it printed is shown when it does not.
ok()
{
    local what=$1 r
    shift
    "$@" >"$T/.out" 2>&1
    r=$?
    result "$r" "$what" && return
    { echo "\"$*\" exited $r"; tail -n 30 "$T/.out"; } | note
    return 1
}

# refused WHAT COMMAND...: it holds when the command fails by itself; it left its words in .out.
refused()
{
    local what=$1 r
    shift
    bounded "$@" >"$T/.out" 2>&1
    r=$?
    [ "$r" -gt 0 ] && [ "$r" -lt 124 ]
    result $? "$what" && return
    { echo "\"$*\" exited $r, and should have failed"; tail -n 30 "$T/.out"; } | note
    return 1
}

is() # WHAT GOT WANT
{
    [ "$2" = "$3" ]
    result $? "$1" && return
    { printf 'got:  %s\n' "$2"; printf 'want: %s\n' "$3"; } | note
    return 1
}

like() # WHAT GOT GLOB
{
    # shellcheck disable=SC2053 # the pattern is meant as one
    [[ $2 == $3 ]]
    result $? "$1" && return
    { printf 'got:  %s\n' "$2"; printf 'want: %s\n' "$3"; } | note
    return 1
}

same() # WHAT FILE FILE
{
    ok "$1" cmp "$2" "$3"
}

# A program that a case needs. Missing it is a skip for a person and a failure in CI.
have() # PROGRAM WHAT
{
    command -v "$1" >/dev/null && return
    if [ "${CI-}" = true ]; then
        result 1 "$2 (no $1 here)"
    else
        TESTS=$((TESTS + 1))
        printf 'ok %d - %s # SKIP %s is not installed\n' "$TESTS" "$2" "$1"
    fi
    return 1
}

# may WHAT REASON COMMAND...: the same for something the machine or the user must allow.
may()
{
    local what=$1 why=$2
    shift 2
    "$@" >/dev/null 2>&1 && return
    if [ "${CI-}" = true ]; then
        result 1 "$what ($why)"
    else
        TESTS=$((TESTS + 1))
        printf 'ok %d - %s # SKIP %s\n' "$TESTS" "$what" "$why"
    fi
    return 1
}

# A mount namespace for this test alone, where other mounts of the machine are not heard of and
# /dev can be changed. Only for root: then the file begins anew within it. The copies of what is
# mounted elsewhere go first: they would keep the daemons of other tests from ending.
own_namespace()
{
    local m
    is_root || return
    if [ -n "${CLUSTRIXFS_TEST_NAMESPACE-}" ]; then
        findmnt -rn -t fuse.clustrixfs -o TARGET | while read -r m; do umount -l "$m"; done
        return
    fi
    export CLUSTRIXFS_TEST_NAMESPACE=1
    cd /
    take_down >/dev/null 2>&1
    trap - EXIT
    unset CLUSTRIXFS_TEST_BOUNDED
    exec unshare --mount --propagation private "$BASH" "$HERE/${0##*/}"
}

is_root()
{
    [ "$(id -u)" = 0 ]
}

#
# The daemon. It stays in the foreground here, so that its pid and its exit status are ours.
#
start() # [OPTION...]
{
    "$CLUSTRIXFS" -f "$@" "$M" >>"$T/log" 2>&1 </dev/null &
    DAEMON=$!
    helper await-mount "$M" "$DAEMON" "$(seconds 20)" && return
    echo 'Bail out! clustrixfs did not mount'
    exit 1
}

ended_daemon() # -> STATUS
{
    helper await-exit "$DAEMON" "$(seconds 20)" || return 1
    wait "$DAEMON"
    STATUS=$?
    DAEMON=
}

stop()
{
    fusermount3 -u "$M" && ended_daemon
}

# What a crash leaves: a dead daemon and a mount point that answers ENOTCONN.
kill_daemon()
{
    kill -9 "$DAEMON"
    wait "$DAEMON" 2>/dev/null
    DAEMON=
}

clear_mount()
{
    fusermount3 -u -z "$M"
}

config() # JSON
{
    mkdir -p "$XDG_CONFIG_HOME/clustrixfs"
    printf '%s\n' "$1" >"$XDG_CONFIG_HOME/clustrixfs/config.json"
}

#
# Jobs
#
count()
{
    # shellcheck disable=SC2010 # a listing is what is being looked at
    ls "$M/jobs" | grep -c '^[0-9]'
}

job_of() # NAME -> number
{
    basename "$(readlink "$M/by-name/$1")"
}

submit() # NAME TEXT -> number
{
    printf '%s\n' "$2" >"$M/submit/$1" && job_of "$1"
}

ended() # JOB [SECONDS] -> "completed 0"
{
    timeout "$(seconds "${2:-30}")" cat "$M/jobs/$1/wait"
}

state() # JOB
{
    cat "$M/jobs/$1/state"
}

await_state() # JOB WORD
{
    helper await-state "$M" "$1" "$2" "$(seconds 20)"
}

ctl() # JOB WORDS
{
    printf '%s\n' "$2" >"$M/jobs/$1/ctl"
}

info() # JOB PYTHON-EXPRESSION over `j`
{
    "$PYTHON" -I -c 'import json,sys; j = json.load(open(sys.argv[1])); print(eval(sys.argv[2]))' \
        "$M/jobs/$1/info.json" "$2"
}

# A job that says when it runs and ends when it is told to: two fifos, no clock. In a spec:
# "command": "$(gate NAME)"; then `arrived NAME` waits for it and `open_gate NAME [STATUS]` ends it.
gate() # NAME
{
    [ -p "$T/$1.up" ] || mkfifo "$T/$1.up" "$T/$1.go"
    printf 'echo up > %s/%s.up; read status < %s/%s.go; exit $status' "$T" "$1" "$T" "$1"
}

arrived() # NAME
{
    timeout "$(seconds 20)" cat "$T/$1.up" >/dev/null
}

open_gate() # NAME [STATUS]
{
    timeout "$(seconds 20)" sh -c "echo ${2:-0} > '$T/$1.go'"
}

#
# The end
#
# Everything of ours that lives: what runs below $T, or was told a path below it.
ours()
{
    local p cwd
    for p in /proc/[0-9]*; do
        case ${p#/proc/} in "$$" | "$BASHPID" | "$PPID") continue ;; esac
        cwd=$(readlink "$p/cwd" 2>/dev/null)
        if [[ $cwd == "$T"/* ]] || grep -qsF "$T/" "$p/cmdline"; then
            echo "${p#/proc/}"
        fi
    done
}

take_down()
{
    local p
    [ -n "$DAEMON" ] && kill "$DAEMON" 2>/dev/null && helper await-exit "$DAEMON" "$(seconds 10)"
    [ -n "$DAEMON" ] && kill -9 "$DAEMON" 2>/dev/null
    while fusermount3 -u -z "$M" 2>/dev/null; do :; done
    for p in $(ours); do
        kill -9 "$p" 2>/dev/null
    done
    wait
    rm -rf "$T"
}

# Where they write depends on which it is; not all heed log_path.
sanitizers()
{
    head -n 200 "$T"/sanitizer.* 2>/dev/null
    [ ! -e "$T/log" ] || grep -A 20 -e 'runtime error:' -e 'Sanitizer:' "$T/log"
}

finish() # the last line of every test file
{
    if [ -n "$DAEMON" ]; then
        ok 'the daemon lives at the end' kill -0 "$DAEMON"
        stop
        is 'it unmounts and exits 0' "${STATUS-none}" 0
    fi
    is 'no sanitizer has anything to say' "$(sanitizers)" ''
    FINISHED=1
    exit
}

at_exit()
{
    trap '' INT TERM HUP
    if [ "$FAILED" != 0 ] || [ -z "$FINISHED" ]; then
        [ -s "$T/log" ] && { echo 'the log of the daemon ends with:'; tail -n 20 "$T/log"; } | note
        [ -n "$FINISHED" ] || sanitizers | note
    fi
    take_down >/dev/null 2>&1
    [ -n "$FINISHED" ] || { echo 'Bail out! the test did not come to its end'; exit 1; }
    echo "1..$TESTS"
    exit $((FAILED > 0))
}

trap at_exit EXIT
trap 'exit 1' INT TERM HUP
