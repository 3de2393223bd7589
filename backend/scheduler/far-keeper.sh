#!/bin/sh
# far-keeper.sh - starts jobs on a far machine, stays with each to its end, and tells of them
#
#    KEEPER start ROOT TOKEN/RUN...          start them here, each under a keeper of its own
#    KEEPER run ROOT TOKEN ATTEMPT [INDEX]   be the keeper of one: a batch script ends in this
#    KEEPER look ROOT TOKEN/RUN...           what became of those that were started here
#    KEEPER signal WORD ROOT TOKEN/RUN...    cancel, suspend, resume, or a signal such as TERM
#    KEEPER submit ROOT TOKEN/RUN...         put them into the scheduler's queue, each at most once
#    KEEPER sent ROOT TOKEN/RUN...           what came of that
#    KEEPER forget ROOT TOKEN/RUN...         it was not taken, for certain: it may be submitted anew
#    KEEPER collect ROOT TOKEN/RUN...        all that is known of them, and their files/
#    KEEPER collect-runs ROOT TOKEN/RUN...   the same without the files/
#
# It says the words of clustrixfs-keeper, the program that does this on the daemon's own machine, and
# needs a POSIX shell, /proc, and the usual small programs of GNU or of busybox. The mkdir of a run's
# directory is the claim: who makes it runs the job, once. Before that mkdir, whoever is about to
# start or submit a run signs RUN.by.PID, so that it can be told whether a claim without a record is
# young or will never be more; before there is a record, nothing lies in that directory but files
# named after their maker, so that taking such a claim back can hit nobody else's.
#
# All variables begin with k_, or plan_ in a job's plan: jobs get the environment of the login, and
# what it has exported must not be changed by us.

# What has to outlive the connection is done by another of us, in a session of its own; this one
# need not even be read on.
case ${1-} in
start | submit)
    k_verb=$1
    shift
    if command -v setsid >/dev/null; then
        setsid "$0" "$k_verb-here" "$@" </dev/null
    else
        nohup "$0" "$k_verb-here" "$@" </dev/null
    fi
    exit
    ;;
esac

set -f
k_umask=$(umask)
umask 077
# shellcheck disable=SC3040 # only bash gets to see it
[ -z "${BASH_VERSION-}" ] || set +o posix
k_line_end='
'
k_files_max=200000
k_bytes_max=32768
k_text_max=12582912

k_die()
{
    printf 'clustrixfs-keeper: %s\n' "$1" >&2
    exit 1
}

k_usage()
{
    sed -n 's/^#    \(KEEPER .*\)/\1/p' "$0" >&2
    exit 1
}

# ---- who is who -------------------------------------------------------------------------------

# Of a process, or of "self": k_pid, k_state, k_ticks (when it started), and how much its children
# used (k_user, k_system). Its name, in brackets, may hold anything, line ends and brackets too.
k_stat()
{
    k_text=
    while IFS= read -r k_line; do
        k_text=$k_text$k_line' '
    done 2>/dev/null <"/proc/$1/stat" || return 1
    case $k_text in
    *')'*) ;;
    *) return 1 ;;
    esac
    k_pid=${k_text%% *}
    # shellcheck disable=SC2086 # it is a row of words
    set -- ${k_text##*)}
    k_state=$1 k_ticks=${20} k_user=${14} k_system=${15}
}

# k_life: gone, runs or stopped; of the process that had this pid and started at these ticks.
k_life()
{
    k_life=gone
    k_stat "$1" && [ "$k_ticks" = "$2" ] || return 0
    case $k_state in
    Z | X) ;;
    T) k_life=stopped ;;
    *) k_life=runs ;;
    esac
}

# This machine, and since when it runs.
k_here()
{
    { IFS= read -r k_boot </proc/sys/kernel/random/boot_id; } 2>/dev/null ||
        k_die 'cannot read the boot id'
    # A pod has a name of its own, and is told where it is.
    k_node=${CLUSTRIXFS_NODE-}
    [ -n "$k_node" ] || { IFS= read -r k_node </proc/sys/kernel/hostname; } 2>/dev/null ||
        k_node=$(uname -n)
}

# A signature: who is about to claim the run $1; $2: what it is called, else our pid.
k_sign()
{
    printf '%s %s %s %s\n' "$k_pid" "$k_ticks" "$k_boot" "$k_node" >"$1.by.${2-$k_pid}"
}

# Whoever signed for the run $1: k_by is alive (its pid is k_by_pid), gone, or elsewhere (on
# k_by_node, where we cannot look).
k_signed()
{
    k_by=gone
    set +f
    set -- "$1".by.*
    set -f
    for k_file; do
        { read -r k_by_pid k_by_ticks k_by_boot k_by_node <"$k_file"; } 2>/dev/null || continue
        if [ "$k_by_boot" = "$k_boot" ]; then
            k_life "$k_by_pid" "$k_by_ticks"
            [ "$k_life" = gone ] && continue
            k_by=alive
            return
        fi
        [ "$k_by_node" = "$k_node" ] || k_by=elsewhere k_by_file=$k_file
    done
}

k_number()
{
    case $1 in
    '' | *[!0-9]* | 0?* | ??????????*) return 1 ;;
    esac
}

# TOKEN/RUN in its parts: k_token, k_run, k_element ("": it is no array's), k_attempt.
k_split()
{
    k_token=${1%%/*} k_run=${1#*/} k_element=
    case $k_token in
    [0-9]* | *[!abcdefghijklmnopqrstuvwxyz0123456789]*) return 1 ;;
    ???????????????) ;;
    *) return 1 ;;
    esac
    k_attempt=${k_run##*attempt}
    case $k_run in
    task*)
        k_element=${k_run#task}
        k_element=${k_element%%.*}
        k_number "$k_element" || return 1
        ;;
    esac
    k_number "$k_attempt" && [ "$k_attempt" -gt 0 ] &&
        [ "$1" = "$k_token/${k_element:+task$k_element.}attempt$k_attempt" ]
}

# One line, in one write, to whoever asked.
k_say()
{
    k_text="$1 $2"
    while :; do
        case $k_text in
        *"$k_line_end"*) k_text="${k_text%%"$k_line_end"*} ${k_text#*"$k_line_end"}" ;;
        *) break ;;
        esac
    done
    printf '%s\n' "$k_text"
}

# k_now: nanoseconds since 1970; busybox knows the seconds only, and then k_coarse is said.
k_clock()
{
    k_now=$(date +%s%N)
    k_now=${k_now%%[!0-9]*} k_coarse=
    [ ${#k_now} -gt 12 ] || k_now=${k_now}000000000 k_coarse=yes
}

# k_ticked: hundredths of a second since the machine was started.
k_tick()
{
    read -r k_uptime k_line </proc/uptime
    k_ticked=${k_uptime%.*}${k_uptime#*.}
}

# What k_clock would say now, reckoned from what it once said.
k_clock_again()
{
    k_tick
    k_now=$((k_asked + (k_ticked - k_asked_ticked) * 10000000))
}

k_event()
{
    { printf '%s %s/%s\n' "$1" "$k_token" "$k_run" >>"$k_root/events"; } 2>/dev/null || :
}

# ---- one job, from its claim to its record ----------------------------------------------------

# What can be said of a path that did not do.
k_why_not()
{
    if [ -d "$1" ] && [ "$2" != dir ]; then
        k_why='Is a directory'
    elif [ -e "$1" ] && [ ! -d "$1" ] && [ "$2" = dir ]; then
        k_why='Not a directory'
    elif [ -e "$1" ]; then
        k_why='Permission denied'
    else
        k_why='No such file or directory'
    fi
}

# k_fail: why the first line of a script will not do.
k_check_interpreter()
{
    k_line=${1#??}
    k_line=${k_line#"${k_line%%[! 	]*}"}
    k_line=${k_line%%[ 	]*}
    if [ -z "$k_line" ]; then
        k_fail='cannot run it: Exec format error'
    elif [ ! -e "$k_line" ]; then
        k_fail="cannot run it: the interpreter in its first line, $k_line, is not on this machine"
        case $k_line in
        *"$(printf '\r')") k_fail='cannot run it: its first line ends in CR LF, as on Windows; save it with Unix line ends' ;;
        esac
    elif [ ! -x "$k_line" ] || [ -d "$k_line" ]; then
        k_fail='cannot run it: Permission denied'
    fi
}

# k_fail: why this job cannot be started, here or again; "" if nothing is against it.
k_check()
{
    k_fail='' k_line=''
    if ! [ -r "$plan_stdin" ]; then
        k_why_not "$plan_stdin" file
        k_fail="cannot open its standard input: $k_why"
    elif ! cd "$plan_cwd" 2>/dev/null; then
        k_why_not "$plan_cwd" dir
        k_fail="cannot change to its working directory $plan_cwd: $k_why"
    elif ! [ -x "$plan_program" ] || [ -d "$plan_program" ]; then
        k_why_not "$plan_program" dir
        k_fail="cannot run it: $k_why"
    else
        { IFS= read -r k_line <"$plan_program"; } 2>/dev/null || :
        case $k_line in
        '#!'*) k_check_interpreter "$k_line" ;;
        ?ELF*) ;;
        *) k_fail='cannot run it: Exec format error' ;;
        esac
    fi
}

# The plan of the job k_token; false and k_fail: there is none that can be carried out.
k_plan()
{
    plan_program='' plan_cwd='' plan_stdin=/dev/null plan_time='' plan_memory='' plan_grace=0
    plan_end=''
    k_fail="cannot read its plan $k_root/$k_token/plan.sh"
    [ -r "$k_root/$k_token/plan.sh" ] || return 1
    # shellcheck source=/dev/null
    . "$k_root/$k_token/plan.sh"
    k_fail='its plan was cut short'
    [ "$plan_end" = yes ]
}

# The lines of a record that are known from its start.
k_head()
{
    k_record="node $k_node
boot $k_boot
keeper_pid $k_keeper
keeper_ticks $k_keeper_ticks
"
    [ -z "$1" ] || k_record="${k_record}job_pid $1
job_ticks $2
started_ns $k_now
"
    [ -z "$plan_memory" ] || k_record="${k_record}memory_by rlimit
"
}

# Put a record in place.
k_put()
{
    { printf '%send\n' "$k_record" >"$k_dir/$2" && mv -f "$k_dir/$2" "$k_dir/$1"; } 2>/dev/null
}

# The job itself, in a process of its own. Its record is in place before its first instruction; if
# that cannot be, it has not begun, and the claim is given back.
k_job()
{
    k_stat self
    k_clock_again
    k_head "$k_pid" "$k_ticks"
    if ! k_put started "started.$k_pid"; then
        rm -f "$k_dir/started.$k_pid"
        rmdir "$k_dir" && k_say "$k_token/$k_run" 'failed cannot write its record' >&3
        exit 125
    fi 2>/dev/null
    k_event start
    k_say "$k_token/$k_run" "started $k_pid" >&3
    trap - PIPE
    { printf '' >>"$k_dir/stdout" && printf '' >>"$k_dir/stderr"; } 2>/dev/null || exit 125
    exec <"$plan_stdin" >>"$k_dir/stdout" 2>>"$k_dir/stderr" 3>&-
    umask "$k_umask"
    # shellcheck disable=SC3045 # all our shells have it
    [ -z "$plan_memory" ] || ulimit -v $((plan_memory / 1024)) 2>/dev/null
    set --
    [ -z "$k_setsid" ] || set -- "$k_setsid"
    # shellcheck disable=SC2016 # perl's variables
    case $k_fresh in
    */perl) set -- "$k_fresh" -e '$SIG{INT} = $SIG{QUIT} = "DEFAULT"; exec @ARGV' "$@" ;;
    ?*) set -- "$k_fresh" --default-signal=INT,QUIT "$@" ;;
    esac
    plan_run "$k_attempt" "$k_element" "$@"
}

# To the job's processes; or to the one that is about to become the job, and leads no group yet.
k_send()
{
    kill "-$1" "-$k_job" 2>/dev/null || kill "-$1" "$k_job" 2>/dev/null
}

# The same, if it still is the job that has this number.
k_kill()
{
    k_life "$k_job" "$k_job_ticks"
    [ "$k_life" = gone ] || k_send "$1"
}

# Wait, in the background, and then do it; when we are told to end, so does the sleep.
k_after()
{
    trap 'kill $! 2>/dev/null; exit 0' TERM
    trap - CHLD
    sleep "$1" &
    wait $!
    "$2" "$3"
}

# What is left of the time limit is what it was suspended for meanwhile.
k_limit()
{
    trap 'kill $! 2>/dev/null; exit 0' TERM
    trap - CHLD
    k_left=$plan_time k_counted=0
    while [ "$k_left" -gt 0 ]; do
        sleep "$k_left" &
        wait $!
        k_paused
        k_left=$((k_total - k_counted)) k_counted=$k_total
        [ "$k_left" -gt 0 ] || [ -z "$k_since" ] || k_left=1
    done
    k_life "$k_keeper" "$k_keeper_ticks"
    [ "$k_life" = gone ] || kill -WINCH "$k_keeper"
}

# k_total: for how many seconds it has been suspended; k_since: it is, since then.
k_paused()
{
    k_total=0 k_since=
    { read -r k_total <"$k_dir/paused"; } 2>/dev/null || k_total=0
    { read -r k_since <"$k_dir/suspended"; } 2>/dev/null || k_since=
    k_number "$k_total" || k_total=0
    k_number "$k_since" || k_since=
    k_tick
    k_uptime=${k_uptime%%.*}
    [ -z "$k_since" ] || k_total=$((k_total + k_uptime - k_since))
}

# Ask it to end, and see to it that it does. A stopped process would not hear the question.
k_ask()
{
    k_got=1
    [ -z "$k_cause" ] || return 0
    k_cause=$1
    k_send TERM
    k_send CONT
    k_after "$plan_grace" k_kill KILL 3>&- &
    k_helpers="$k_helpers $!"
}

# What comes before there is a job waits for it.
k_forward()
{
    k_got=1
    if [ -n "$k_job" ]; then
        k_send "$1"
    else
        k_early="$k_early $1"
    fi
}

# k_listed: what `jobs` says of the job now; nothing where it does not know it any more. That tells
# an exit code from a signal, which a status alone does not.
k_list()
{
    k_listed=
    { LC_ALL=C jobs -l >"$k_dir.jobs.$k_keeper"; } 2>/dev/null || return 0
    while read -r k_line; do
        case " $k_line " in
        *" $k_job "*) k_listed=$k_line ;;
        esac
    done <"$k_dir.jobs.$k_keeper"
}

# bash forgets how a job ended as soon as it was waited for, so we wait for something else, which
# ends when any child does.
k_wait_bash()
{
    # Not by TERM: the nap has our handler for it until it has become a sleep.
    k_nap=
    trap 'kill -KILL "$k_nap" 2>/dev/null' CHLD
    while :; do
        sleep 1000 3>&- &
        k_nap=$!
        k_list
        case $k_listed in
        *Running* | *Stopped*) wait "$k_nap" ;;
        *) break ;;
        esac
        # A word for us ends the wait, and not the nap.
        kill -KILL "$k_nap"
        wait "$k_nap"
    done 2>/dev/null
    trap - CHLD
    {
        kill -KILL "$k_nap"
        wait "$k_nap"
        wait "$k_job"
        k_status=$?
    } 2>/dev/null
}

k_wait_sh()
{
    while :; do
        k_got=
        wait "$k_job" 2>/dev/null
        k_status=$?
        # A word for us ends the wait, and not the job.
        if ! k_stat "$k_job" || [ "$k_ticks" != "$k_job_ticks" ]; then
            break
        fi
    done
    [ -n "$k_got" ] || return 0
    wait "$k_job" 2>/dev/null
    set -- $?
    [ "$1" -eq 127 ] || k_status=$1
}

# k_status, and k_signal where it was one.
k_wait()
{
    if [ -n "${BASH_VERSION-}" ]; then
        k_wait_bash
    else
        k_wait_sh
    fi
    k_signal=
    [ "$k_status" -gt 128 ] || return 0
    [ -n "${BASH_VERSION-}" ] || k_list
    case $k_listed in
    *Done* | *Exit*) ;;
    *) k_signal=$((k_status - 128)) ;;
    esac
}

# The most memory that the batch job took whose group we are in.
k_peak()
{
    k_peak=
    [ -n "$k_batch" ] || return 0
    while IFS=: read -r k_line k_controllers k_path; do
        case $k_path in
        *job*) ;;
        # A pod sees its own group, whatever it is called, where the root is.
        *kubepods* | /)
            [ -n "${CLUSTRIXFS_NODE-}" ] || continue
            k_path=
            ;;
        *) continue ;;
        esac
        case ,$k_controllers, in
        ,,) k_file=/sys/fs/cgroup$k_path/memory.peak ;;
        *,memory,*) k_file=/sys/fs/cgroup/memory$k_path/memory.max_usage_in_bytes ;;
        *) continue ;;
        esac
        { read -r k_peak <"$k_file"; } 2>/dev/null && break
    done </proc/self/cgroup
}

# add KEY VALUE, unless it is nothing
k_add()
{
    case $2 in
    '' | 0) ;;
    *) k_record="$k_record$1 $2$k_line_end" ;;
    esac
}

# How it ended is known to nobody else: a full disk is waited out. A directory that somebody removed
# under us is not.
k_end()
{
    # Seconds alone could say that it ended before it began.
    if [ -n "$k_coarse" ]; then
        k_clock_again
    else
        k_clock
    fi
    k_add cause "$1"
    k_add exit_code "$2"
    k_add signal "$3"
    k_add ended_ns "$k_now"
    k_add user_us "$4"
    k_add system_us "$5"
    k_add max_memory "$6"
    k_add note "$7"
    until k_put exit exit.new || [ ! -d "$k_dir" ]; do
        sleep 1
    done
    k_event end
}

# One that cannot be started has ended at once.
k_stillborn()
{
    k_head ''
    k_fail=$(k_say '' "$k_fail")
    k_end 'could not start' -1 '' '' '' '' "${k_fail# }"
    k_status=126
}

# As it began, and how it ended.
k_record_end()
{
    k_record=
    while IFS= read -r k_line; do
        [ "$k_line" = end ] || k_record=$k_record$k_line$k_line_end
    done <"$k_dir/started"
    k_code=$k_status
    if [ -n "$k_signal" ]; then
        k_code=-1 k_cause=${k_cause:-signal}
    fi
    k_stat self
    k_peak
    k_end "${k_cause:-exit}" "$k_code" "$k_signal" $(((k_user - k_user_before) * 10000)) \
        $(((k_system - k_system_before) * 10000)) "$k_peak" ''
}

# Stay with the job that was just started, to its end.
k_watch()
{
    k_helpers=
    if [ -n "$plan_time" ]; then
        k_limit &
        k_helpers=$!
    fi
    k_wait
    trap '' URG WINCH TERM INT HUP USR1 USR2 ALRM CONT
    # Nothing of it outlives it: what is in stdout when the record appears is all there will be.
    kill -KILL "-$k_job" 2>/dev/null
    if [ ! -e "$k_dir/started" ]; then
        # It did not begin. Whatever the job said of that, nothing is left of it.
        rmdir "$k_dir" 2>/dev/null
    elif [ "$k_status" -eq 125 ] && [ ! -e "$k_dir/stderr" ]; then
        k_fail='cannot make the files for its output'
        k_stillborn
    else
        k_record_end
    fi
    for k_file in $k_helpers; do
        kill "$k_file" 2>/dev/null
    done
    [ ! -e "$k_dir.jobs.$k_keeper" ] || rm -f "$k_dir.jobs.$k_keeper"
}

# The claim is ours. 3 is where to say what became of it, and closed as soon as it is said.
k_keep()
{
    k_check
    if [ -n "$k_fail" ]; then
        k_say "$k_token/$k_run" 'started 0' >&3
        exec 3>&-
        k_stillborn
        return
    fi
    k_cause='' k_got='' k_job='' k_early=''
    trap 'k_ask cancelled' URG
    trap 'k_ask "time limit"' WINCH
    for k_file in TERM INT HUP USR1 USR2 ALRM CONT; do
        # shellcheck disable=SC2064 # it is this signal's name that is meant
        trap "k_forward $k_file" $k_file
    done
    k_stat self
    k_user_before=$k_user k_system_before=$k_system
    k_job_ticks=
    k_job &
    k_job=$!
    exec 3>&-
    k_stat "$k_job" && k_job_ticks=$k_ticks
    for k_file in $k_early; do
        k_send "$k_file"
    done
    k_watch
}

# Claim it. False: it is not for us, and was said so.
k_claim()
{
    k_dir=$k_root/$k_token/$k_run
    if ! k_plan; then
        k_say "$1" "failed $k_fail" >&3
        return 1
    fi
    k_why=$(mkdir "$k_dir" 2>&1) && return 0
    if [ -d "$k_dir" ]; then
        k_say "$1" claimed >&3
    else
        k_say "$1" "failed cannot make the directory $k_dir: ${k_why##*: }" >&3
    fi
    return 1
}

# What the time is, and which programs begin a session, and take away that what a shell starts in the background ignores
# two signals. bash does not make it so.
k_tools()
{
    k_clock
    k_tick
    k_asked=$k_now k_asked_ticked=$k_ticked
    k_setsid=$(command -v setsid) || k_setsid=
    k_fresh=
    [ -z "${BASH_VERSION-}" ] || return 0
    if env --default-signal=INT true 2>/dev/null; then
        k_fresh=$(command -v env)
    else
        k_fresh=$(command -v perl) || k_fresh=
    fi
}

k_start_one()
{
    if ! k_split "$1"; then
        k_say "$1" 'failed it is not called TOKEN/RUN' >&3
        return
    fi
    k_stat self || return
    k_keeper=$k_pid k_keeper_ticks=$k_ticks k_batch=
    trap '' PIPE
    k_claim "$1" || return
    k_keep
}

# We are in a session of our own. Each keeper answers for itself, and we are here until all have:
# the signatures are ours.
k_start()
{
    k_here
    k_tools
    k_stat self
    k_mark=.by.$k_pid k_marks=
    for k_name; do
        k_split "$k_name" || continue
        { k_sign "$k_name"; } 2>/dev/null
        k_marks="$k_marks $k_name$k_mark"
    done
    for k_name; do
        # By exec: what is redirected for a while, a shell keeps open meanwhile.
        (exec 3>&1 >/dev/null 2>&1 && k_start_one "$k_name") &
    done | {
        trap '' PIPE
        while IFS= read -r k_line; do
            printf '%s\n' "$k_line"
        done 2>/dev/null
    }
    # shellcheck disable=SC2086 # it is a row of words
    rm -f $k_marks
}

# Which element of an array this is; schedulers tell it in one of these.
k_index_from_env()
{
    for k_index in "${SLURM_ARRAY_TASK_ID-}" "${PBS_ARRAY_INDEX-}" "${PBS_ARRAYID-}" \
        "${SGE_TASK_ID-}" "${JOB_COMPLETION_INDEX-}"; do
        k_number "$k_index" && return
    done
    k_die 'no variable tells which element of the array this is'
}

# In the foreground, as the end of a batch script. What the scheduler runs again is a new attempt.
k_run()
{
    k_attempt=$2 k_index=${3-}
    [ "$k_index" != env ] || k_index_from_env
    k_number "$k_attempt" || k_die "'$k_attempt' is no attempt"
    if k_number "${SLURM_RESTART_COUNT-}"; then
        k_attempt=$((k_attempt + SLURM_RESTART_COUNT))
    fi
    k_name="$1/${k_index:+task$k_index.}attempt$k_attempt"
    k_split "$k_name" || k_die "'$k_name' is no run"
    k_here
    k_tools
    k_stat self || k_die 'cannot read /proc'
    k_keeper=$k_pid k_keeper_ticks=$k_ticks k_batch=yes
    { k_sign "$k_root/$k_name"; } 2>/dev/null
    k_mark=$k_root/$k_name.by.$k_pid
    if ! k_claim "$k_name" 3>&2; then
        rm -f "$k_mark"
        [ -d "$k_dir" ]
        return
    fi
    exec 3>/dev/null
    trap '' PIPE
    k_keep
    rm -f "$k_mark"
    return "$k_status"
}

# ---- what is asked of jobs that were started before -------------------------------------------

# The record $1 of the run in k_dir: k_record_ok, and what we need of it.
k_read_record()
{
    k_ok='' r_cause='' r_node='' r_boot='' r_keeper=0 r_keeper_ticks='' r_job=0 r_job_ticks=''
    [ -f "$k_dir/$1" ] && [ ! -L "$k_dir/$1" ] || return 0
    while read -r k_key k_value; do
        k_ok=
        case $k_key in
        end) k_ok=yes ;;
        cause) r_cause=$k_value ;;
        node) r_node=$k_value ;;
        boot) r_boot=$k_value ;;
        keeper_pid) r_keeper=$k_value ;;
        keeper_ticks) r_keeper_ticks=$k_value ;;
        job_pid) r_job=$k_value ;;
        job_ticks) r_job_ticks=$k_value ;;
        esac
    done 2>/dev/null <"$k_dir/$1" || k_ok=
}

k_see_ended()
{
    k_read_record exit
    [ -n "$k_ok" ] && [ -n "$r_cause" ]
}

# A claim without a record. k_word; or "": it has one by now.
k_see_claim()
{
    set +f
    set -- "$k_dir"/started.*[0-9]
    set -f
    k_signed "$k_dir"
    case $k_by in
    alive) k_word=alive ;;
    elsewhere) k_word="failed cannot tell: it was being started on $k_by_node" ;;
    *)
        [ ! -e "$k_dir/started" ] && [ ! -e "$k_dir/exit" ] || return 0
        rm -f "$@"
        if rmdir "$k_dir" 2>/dev/null || [ ! -e "$k_dir" ]; then
            k_word=none
        fi
        ;;
    esac
}

# k_word, and k_begun where it has a record of its start; "": look once more.
k_see_once()
{
    k_word='' k_begun='' k_job_life=gone k_keeper_life=gone
    if [ ! -d "$k_dir" ]; then
        k_signed "$k_dir"
        k_word=none
        [ "$k_by" != alive ] || k_word=alive
        return
    fi
    if k_see_ended; then
        k_word=ended
        return
    fi
    k_read_record started
    if [ -z "$k_ok" ]; then
        k_see_claim
        return
    fi
    k_begun=yes
    if [ "$r_boot" != "$k_boot" ]; then
        k_word=rebooted
        [ "$r_node" = "$k_node" ] || k_word="failed cannot tell: it was started on $r_node"
        return
    fi
    k_life "$r_keeper" "$r_keeper_ticks"
    k_keeper_life=$k_life
    k_life "$r_job" "$r_job_ticks"
    k_job_life=$k_life
    k_see_living
}

k_see_living()
{
    case $k_keeper_life.$k_job_life in
    gone.gone)
        # It may have written its last record after we looked for it.
        set -- "$r_keeper" "$r_job"
        k_word=dead
        ! k_see_ended || k_word=ended
        r_keeper=$1 r_job=$2
        ;;
    gone.*) k_word=unwatched ;;
    *.stopped) k_word=suspended ;;
    *) k_word=alive ;;
    esac
}

k_see()
{
    k_dir=$k_root/$1
    for k_try in 1 2 3; do
        : "$k_try"
        k_see_once
        [ -z "$k_word" ] || return 0
    done
    # It has records that cannot be read, and no keeper: it began, and nothing is left of it.
    k_word='failed cannot tell: Directory not empty'
    [ ! -e "$k_dir/started" ] || k_word=dead
}

k_look()
{
    k_here
    for k_name; do
        k_word='failed it is not called TOKEN/RUN'
        ! k_split "$k_name" || k_see "$k_name"
        k_say "$k_name" "$k_word"
    done
}

# k_sig: the name of a signal as kill takes it.
k_signal_named()
{
    k_sig=${1#SIG}
    case $k_sig in
    HUP | INT | QUIT | ILL | TRAP | ABRT | BUS | FPE | KILL | USR1 | SEGV | USR2 | PIPE | ALRM | \
        TERM | STKFLT | CHLD | CONT | STOP | TSTP | TTIN | TTOU | URG | XCPU | XFSZ | VTALRM | \
        PROF | WINCH | IO | PWR | SYS) ;;
    *) k_number "$k_sig" && [ "$k_sig" -gt 0 ] && [ "$k_sig" -le 64 ] ;;
    esac
}

# Since when it is suspended, and for how long it was: its time limit does not count that.
k_note_suspended()
{
    k_paused
    if [ "$1" = suspend ]; then
        [ -n "$k_since" ] || printf '%s\n' "$k_uptime" >"$k_dir/suspended"
    elif [ -n "$k_since" ]; then
        printf '%s\n' "$k_total" >"$k_dir/paused" && rm -f "$k_dir/suspended"
    fi
}

# Words go to the keeper where only it can carry them out; where it is dead, to the job. Nobody is
# left then to follow a TERM up with a KILL, so that a cancel is the KILL.
k_deliver()
{
    case $1 in
    cancel)
        [ "$k_keeper_life" = gone ] || { kill -URG "$r_keeper" && return; }
        k_sig=KILL
        ;;
    suspend | resume) { k_note_suspended "$1"; } 2>/dev/null ;;
    esac
    k_job=$r_job k_job_ticks=$r_job_ticks
    k_kill "$k_sig" || [ "$k_life" = gone ]
}

k_signal_one()
{
    k_see "$2"
    case $k_word in
    failed*) return ;;
    esac
    if [ -z "$k_begun" ] && [ "$k_word" = alive ]; then
        k_word='failed it is just being started'
    elif [ "$k_word" = ended ] || [ "$k_job_life" = gone ]; then
        k_word=gone
    elif k_deliver "$1" 2>/dev/null; then
        k_word='done'
    else
        k_word='failed cannot signal it: Operation not permitted'
    fi
}

k_signal()
{
    k_verb=$1
    shift
    case $k_verb in
    cancel) k_sig=TERM ;;
    suspend) k_sig=STOP ;;
    resume) k_sig=CONT ;;
    *) k_signal_named "$k_verb" ||
        k_die "'$k_verb' is neither cancel, suspend, resume nor a signal" ;;
    esac
    k_here
    k_wanted=$k_sig
    for k_name; do
        k_sig=$k_wanted k_word='failed it is not called TOKEN/RUN'
        ! k_split "$k_name" || k_signal_one "$k_verb" "$k_name"
        k_say "$k_name" "$k_word"
    done
}

# ---- what is submitted to a scheduler ---------------------------------------------------------

# Beside the directory of a run: RUN.trying, made by whoever may submit it, and RUN.answer: what
# `sent` says of it, as it says it, which is whole as soon as there is something in RUN.trying.
#
# A login host is asked to do this for a thousand jobs at once: for each of them there is one process
# here, which becomes the scheduler's command.

# k_text: what a file holds, k_bytes_max at most, but for bytes that are 0.
k_take()
{
    k_text=
    while IFS= read -r k_line; do
        k_text=$k_text$k_line$k_line_end
        k_line=
        [ ${#k_text} -le "$k_bytes_max" ] || break
    done <"$1"
    k_text=$k_text$k_line
    [ ${#k_text} -le "$k_bytes_max" ] || k_text=$(printf "%.${k_bytes_max}s." "$k_text")
    [ ${#k_text} -le "$k_bytes_max" ] || k_text=${k_text%.}
}

# The answer is kept, whoever still wants to hear it; a full disk is waited out.
k_keep_answer()
{
    until printf 'R %s\0o %s\0%s\0e %s\0%s\0' "$k_status" "${#k_out}" "$k_out" "${#k_err}" \
        "$k_err" >"$1.answer" && printf . >>"$1.trying" || [ ! -d "${1%/*}" ]; do
        sleep 1
    done 2>/dev/null
}

# k_up: for how many seconds this machine is up, which costs no process as date does.
k_see_uptime()
{
    k_up=0
    read -r k_up k_line </proc/uptime
    k_up=${k_up%%.*}
}

# The scheduler's command, signed: as long as it lives, the run is being tried. Its script is read
# instead of run, and is replaced by that command at its end; it is told the run, and the time.
k_submit_command()
{
    k_stat self && k_sign "$1" "$k_me.1" || exit
    k_see_uptime
    k_file=${1%/*}/submit
    set +f -- "${1##*/}" "$((k_up_since + k_up))"
    # shellcheck disable=SC1090 # the job's own
    . "$k_file"
}

# To 3, in one write, which nobody else's can come between. False: it is too long for that. When
# nobody hears us any more, that is our end.
k_say_answer()
{
    k_line=$((${#k_out} + ${#k_err}))
    [ "$k_line" -lt 3500 ] || return
    k_line='J %s\0R %s\0o %s\0%s\0e %s\0%s\0Z\0'
    [ ! -d "$1" ] || k_line='J %s\0R %s\0o %s\0%s\0e %s\0%s\0C\0Z\0'
    # shellcheck disable=SC2059 # one of these two
    printf "$k_line" "$k_token/$k_run" "$k_status" "${#k_out}" "$k_out" "${#k_err}" "$k_err" >&3 ||
        exit
}

# True: it was tried, and what came of that is said.
k_submit_one()
{
    k_taken=yes
    k_sign "$1" "$k_me" || return
    set -C
    true >"$1.trying" || k_taken=
    set +C
    [ "$k_taken" ] || return
    k_submit_command "$1" 3>&- </dev/null >"$1.out.$k_me" 2>"$1.err.$k_me" &
    wait "$!"
    k_status=$?
    # Lengths are bytes. What is exported of it is the next command's again.
    k_locale=${LC_ALL-}
    LC_ALL=C
    k_take "$1.out.$k_me"
    k_out=$k_text
    k_take "$1.err.$k_me"
    k_err=$k_text
    k_keep_answer "$1"
    # Before it is said: nobody needs it for long then.
    k_litter="$k_litter $1.by.$k_me $1.by.$k_me.1 $1.out.$k_me $1.err.$k_me"
    k_say_answer "$1"
    set -- "$?"
    LC_ALL=$k_locale
    return "$1"
}

k_submit_try()
{
    k_split "$1" || return
    set -- "$k_root/$1"
    [ ! -e "$1.trying" ] && [ ! -e "$1.answer" ] && [ ! -d "$1" ] && [ -r "${1%/*}/submit" ] ||
        return
    k_submit_one "$1"
}

# One after the other: every fourth of the names, from the one after $1 others on. To standard
# output go the names that somebody has to say something of when nobody else speaks.
k_submit_lane()
{
    k_turn=$1 k_litter=
    shift
    k_stat self || return
    k_me=$k_pid
    for k_name; do
        k_turn=$((k_turn - 1))
        [ "$k_turn" -lt 0 ] || continue
        k_turn=3
        k_submit_try "$k_name" || printf '%s\n' "$k_name"
    done
    # shellcheck disable=SC2086 # a row of words; nobody waits for that
    rm -f $k_litter 3>&- >/dev/null 2>&1 &
}

# False: of some nothing is known.
k_submit_lanes()
{
    k_lanes=
    for k_lane in 1 2 3; do
        [ $# -gt "$k_lane" ] || break
        k_submit_lane "$k_lane" "$@" &
        k_lanes="$k_lanes $!"
    done
    k_submit_lane 0 "$@" || return
    for k_lane in $k_lanes; do
        wait "$k_lane" || return
    done
}

# Four at a time, in any order. When nobody hears us any more, those that are under way are kept,
# and no other begins.
k_submit()
{
    k_here
    k_see_uptime
    k_up_since=$(($(date +%s) - k_up))
    exec 3>&1
    k_unsaid=$(k_submit_lanes "$@" 2>/dev/null) || exit
    for k_name in $k_unsaid; do
        k_sent_one "$k_name" submit || exit
    done
}

k_answered()
{
    [ -s "$1.trying" ] && [ -e "$1.answer" ]
}

# What is known of one.
k_sent_one()
{
    printf 'J %s\0' "$1" || return 1
    if ! k_split "$1"; then
        printf 'F it is not called TOKEN/RUN\0Z\0'
        return
    fi
    set -- "$k_root/$1" "${2-}"
    # Whoever has gone by now may have left its answer since.
    if k_answered "$1" || { k_signed "$1"; k_answered "$1"; }; then
        cat "$1.answer" || return 1
    elif [ -e "$1.trying" ]; then
        k_sent_trying
    elif [ "$2" = submit ] && [ ! -d "$1" ]; then
        k_sent_untried "$1"
    else
        printf 'U\0'
    fi
    [ ! -d "$1" ] || printf 'C\0'
    printf 'Z\0'
}

# Of a process on another machine we know nothing, but that it was not begun just now.
k_sent_trying()
{
    if [ "$k_by" = elsewhere ] && [ -n "$(find "$k_by_file" -mmin +10 2>/dev/null)" ]; then
        k_by=gone
    fi
    if [ "$k_by" = gone ]; then
        printf 'S\0'
    else
        printf 'K %s\0' "$k_by_pid"
    fi
}

k_sent_untried()
{
    if [ -r "${1%/*}/submit" ]; then
        printf 'F cannot write to %s\0' "${1%/*}"
    else
        printf 'F there is no file %s\0' "${1%/*}/submit"
    fi
}

k_sent()
{
    k_here
    for k_name; do
        k_sent_one "$k_name"
    done
}

k_forget()
{
    k_here
    for k_name; do
        k_word='failed it is not called TOKEN/RUN'
        if k_split "$k_name"; then
            k_forget_one "$k_root/$k_name"
        fi
        k_say "$k_name" "$k_word"
    done
}

k_forget_one()
{
    k_signed "$1"
    if [ -d "$1" ]; then
        k_word=claimed
    elif [ "$k_by" != gone ] && ! k_answered "$1"; then
        k_word='failed it is just being submitted'
    else
        k_word='failed cannot remove what is known of it'
        set +f
        # The answer first: what is left when we are killed says that nothing is known.
        ! rm -f "$1.answer" "$1".by.* "$1.trying" 2>/dev/null || k_word='done'
        set -f
    fi
}

# ---- all that is known ------------------------------------------------------------------------

# Where stat tells parts of a second, and find prints what we want, they are GNU's.
k_gnu()
{
    k_gnu=
    ! find . -maxdepth 0 -printf '' 2>/dev/null || k_gnu=yes
    k_mtime=%Y
    [ -z "$k_gnu" ] || ! stat -c '%.9Y' . >/dev/null 2>&1 || k_mtime=%.9Y
}

# A small file, as it is.
k_field()
{
    k_text=
    while IFS= read -r k_line; do
        k_text=$k_text$k_line$k_line_end
    done 2>/dev/null <"$k_name/$2"
    [ -z "$k_text" ] || printf '%s %s\0' "$1" "$k_text"
}

k_bytes()
{
    [ -n "$2" ] && [ "$2" -le "$k_bytes_max" ] || return 0
    printf '%s %s\0' "$1" "$2"
    [ "$2" -eq 0 ] || head -c "$2" "$k_name/$3"
    printf '\0'
}

# One run, with the lines that stat had for it before: k_started, k_exit, and for the two streams
# sizes and times. Only what had ended before its sizes were taken is said to have ended.
k_collect_run()
{
    printf 'J %s\0' "$k_name"
    [ -z "$k_started" ] || k_field T started
    [ -z "$k_exit" ] || k_field X exit
    [ -z "$k_out" ] || printf 'O %s %s\0' "$k_out" "$k_out_time"
    [ -z "$k_err" ] || printf 'E %s %s\0' "$k_err" "$k_err_time"
    if [ -n "$k_exit" ]; then
        k_bytes o "$k_out" stdout
        k_bytes e "$k_err" stderr
    fi
    printf 'Z\0'
}

k_no_sizes()
{
    k_started='' k_exit='' k_out='' k_err=''
}

# Only regular files count, and records of a sensible size.
k_take_size()
{
    case $2 in
    8???) ;;
    *) return 0 ;;
    esac
    case $1 in
    started) [ "$3" -gt 4096 ] || k_started=yes ;;
    exit) [ "$3" -gt 4096 ] || k_exit=$k_had_ended ;;
    stdout) k_out=$3 k_out_time=$4 ;;
    stderr) k_err=$3 k_err_time=$4 ;;
    esac
}

# The runs in the order of stat's lines, which is theirs.
k_collect_runs()
{
    k_line='' k_no=0
    for k_name; do
        k_no=$((k_no + 1))
        k_had_ended=
        case $k_ended in
        *" $k_no "*) k_had_ended=yes ;;
        esac
        k_no_sizes
        while :; do
            [ -n "$k_line" ] || read -r k_mode k_length k_time k_line <&4 || break
            [ "${k_line%/*}" = "$k_name" ] || break
            k_take_size "${k_line##*/}" "$k_mode" "$k_length" "$k_time"
            k_line=
        done
        k_collect_run
    done
}

# A record that is there before the sizes are taken belongs to sizes that will not change.
k_note_ended()
{
    k_ended=' ' k_no=0
    for k_name; do
        k_no=$((k_no + 1))
        [ ! -f "$k_name/exit" ] || k_ended="$k_ended$k_no "
    done
}

k_stat_runs()
{
    for k_name; do
        printf '%s\n' "$k_name/started" "$k_name/exit" "$k_name/stdout" "$k_name/stderr"
    done | xargs stat -c "%f %s $k_mtime %n" 2>/dev/null
}

# Fields become lines, for awk to count the files: a line end in a name is the byte 1 meanwhile, and
# that byte is 0. Not every awk can read that, so a name ends with what is in none.
k_list_gnu()
{
    find "$@" ! -lname "*$k_one*" \
        \( -path '???????????????/files' \( ! -type d -o -printf 'D %h\0' \) -o \
        -type l -printf 'F %y %m %s %T@ %P//\0L %l\0' -o -printf 'F %y %m %s %T@ %P//\0' \) \
        2>/dev/null | k_count
}

# The end of each listing, with how many files it has. One that is too long ends the text without.
k_count()
{
    tr '\0\n\1' '\n\1\0' | k_count_lines | tr '\n\1\0' '\0\n\1'
}

k_count_lines()
{
    awk -v most="$k_files_max" -v room="$k_text_max" '
        function end() { if (n >= 0) print "Z " n }
        BEGIN { n = -1 }
        /^D / { end(); n = 0; print; next }
        /^F / {
            cut = substr($0, length($0) - 1) != "//"
            n += !cut
            $0 = substr($0, 1, length($0) - 2)
        }
        cut && /^[FL]/ { next }
        { room -= length($0) + 1 }
        n > most || room < 0 { n = -1; exit }
        { print }
        END { end() }'
}

# Without find -printf: the names, a row at a time, and what stat has for each in the same order.
k_list_each()
{
    for k_name; do
        if [ ! -d "$k_name" ] || [ -L "$k_name" ]; then
            continue
        fi
        printf 'D %s\0' "${k_name%/*}"
        (cd "$k_name" && find . -mindepth 1 -print0 2>/dev/null | xargs -0 "$0" list-names)
    done | k_count
}

k_list_names()
{
    if ! k_text=$(stat -c '%f %s %Y' "$@" 2>/dev/null); then
        [ $# -gt 1 ] || return 0
        # One of them is gone by now: then each by itself.
        for k_name; do
            k_list_names "$k_name"
        done
        return
    fi
    for k_name; do
        # shellcheck disable=SC2086 # a row of words
        k_list_name ${k_text%%"$k_line_end"*}
        k_text=${k_text#*"$k_line_end"}
    done
}

k_list_name()
{
    case $1 in
    8???) k_type=f ;;
    4???) k_type=d ;;
    a???) k_type=l ;;
    1???) k_type=p ;;
    *) k_type=s ;;
    esac
    k_target=
    [ "$k_type" != l ] || k_target=$(readlink -n "$k_name" && printf .)
    case $k_target in
    *"$k_one"*) return ;;
    esac
    printf 'F %s %o %s %s %s//\0' "$k_type" $((0x$1 & 07777)) "$2" "$3" "${k_name#./}"
    [ "$k_type" = l ] || return 0
    printf 'L %s\0' "${k_target%.}"
}

# The files/ of each job once, in the order in which the jobs came.
k_list_jobs()
{
    k_last='' k_dirs=''
    for k_name; do
        [ "${k_name%%/*}" != "$k_last" ] || continue
        k_last=${k_name%%/*}
        k_dirs="$k_dirs $k_last/files"
    done
    # shellcheck disable=SC2086 # a row of words
    set -- $k_dirs
    k_one=$(printf '\1')
    if [ -n "$k_gnu" ]; then
        k_list_gnu "$@"
    else
        k_list_each "$@"
    fi
}

k_collect()
{
    k_with=$1
    shift
    LC_ALL=C
    export LC_ALL
    for k_name; do
        k_split "$k_name" || k_die "'$k_name' is not called TOKEN/RUN"
    done
    k_gnu
    k_note_ended "$@"
    k_stat_runs "$@" | k_collect_runs "$@" 4<&0 </dev/null
    [ "$k_with" = runs ] || k_list_jobs "$@"
}

# ---- the command line -------------------------------------------------------------------------

k_enter()
{
    k_root=$1
    case $k_root in
    /*) ;;
    *) k_die "'$k_root' is no absolute path" ;;
    esac
    cd "$k_root" 2>/dev/null || k_die "cannot change to $k_root"
}

k_verb=${1-}
case $k_verb in
list-names)
    shift
    k_one=$(printf '\1')
    k_list_names "$@"
    exit
    ;;
signal)
    [ $# -ge 4 ] || k_usage
    k_word=$2
    shift
    ;;
run) [ $# -ge 4 ] || k_usage ;;
*) [ $# -ge 3 ] || k_usage ;;
esac
exec 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-
k_enter "$2"
shift 2
case $k_verb in
start-here) k_start "$@" ;;
submit-here) k_submit "$@" ;;
run) k_run "$@" ;;
look) k_look "$@" ;;
signal) k_signal "$k_word" "$@" ;;
sent) k_sent "$@" ;;
forget) k_forget "$@" ;;
collect) k_collect files "$@" ;;
collect-runs) k_collect runs "$@" ;;
*) k_usage ;;
esac
