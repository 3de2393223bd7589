# shellcheck shell=sh disable=SC2154 # kubernetes-handover.c sets them
#
# kubernetes-take.sh - brings what a run has left in its pod to the job's directory on the host
#
#   sh -c TEXT cfx-take POD/FLAGS           x: its job has ended, d: it is being deleted
#
# The pod may be the work of anybody: its tar goes into a directory that is new and empty, and only
# what is a plain record, output or file is moved on from there, never through a link. The record of
# the end is moved last. All of it may be done again, by several at a time, without harm: what
# breaks off is done again when the pod is seen next, for as long as it has patience.
umask 077
limit=1073741824
pod=${1%%/*} flags=${1#*/} task=
token=${pod%%-*} part=${pod#*-}
case $part in
t*) task=${part%%-*} task=${task#t} part=${part#*-} ;;
esac
run=${task:+task$task.}attempt${part#a}
dir=$root/$token
in=$dir/.$run

is_number()
{
    case $1 in
    '' | *[!0-9]*) return 1 ;;
    esac
}

inside() # SECONDS SCRIPT ARGUMENT...
{
    kube_text=$2 kube_time=$1
    shift 2
    call "$kube_time" exec -n "$ns" "$pod" -c results -- /bin/sh -c "$kube_text" "$root" "$@" \
        </dev/null
}

# lock FILE: false where another one of us has it. By ln: the number is in it as soon as it is there.
lock()
{
    printf '%s\n' "$$" >"$1.$$" || return 1
    until ln "$1.$$" "$1" 2>/dev/null; do
        other=0
        read -r other <"$1"
        if [ ! -d "$dir" ] || tr '\0' ' ' <"/proc/$other/cmdline" | grep -qF " cfx-take $token-"; then
            rm -f "$1.$$"
            return 1
        fi
        rm -f "$1"
    done 2>/dev/null
    rm -f "$1.$$"
}

# got: how the far side ended, see kubernetes-give.sh.
fetch()
{
    patience=0
    case $flags in
    *x*) ;;
    *) patience=$grace ;;
    esac
    {
        inside 570 "$cfx_give" "$token" "$run" "$limit" "$patience"
        echo $? >"$in/status"
    } 2>"$in/words" | head -c "$((limit + 1048576))" >"$in/tar"
    got=1
    read -r got <"$in/status"
    case $got in
    0 | 3 | 4 | 5) return 0 ;;
    esac
    tail -n 1 "$in/words" >"$in.why"
    return 1
}

# False: it is not whole, or there is no room for it. What names anything else is no answer of ours.
unpack()
{
    tar -tf "$in/tar" >"$in/names" 2>/dev/null || return 1
    if grep -qvE "^($run|files)(/|\$)" "$in/names" || grep -qE '(^|/)\.\.(/|$)' "$in/names"; then
        echo 'what its pod handed over is no archive of its results' >"$in.why"
        got=refused
        return 0
    fi
    mkdir "$in/new" && tar -xpof "$in/tar" -C "$in/new" 2>"$in.why" && rm -f "$in/tar" "$in.why"
}

is_plain()
{
    [ -f "$1" ] && [ ! -L "$1" ]
}

# All elements of an array have one files/: each brings what it has changed. What was brought
# before may be a link, and is not followed.
merge()
{
    until lock "$dir/.merging"; do
        [ -d "$dir" ] || return 1
        sleep 1
    done
    if [ ! -d "$dir/.inputs" ]; then
        rm -rf "$dir/.inputs.new"
        mkdir "$dir/.inputs.new" &&
            tar -xzf "$dir/.pack" -C "$dir/.inputs.new" "$token/files" &&
            mv "$dir/.inputs.new/$token/files" "$dir/.inputs"
    fi
    # shellcheck disable=SC2016 # for that shell
    (
        cd "$in/new/files" &&
            find . -type d -exec sh -c 'for d do
                [ -d "$0/$d" ] && [ ! -L "$0/$d" ] || { rm -rf "$0/$d"; mkdir "$0/$d"; } || exit 1
            done' "$dir/files" {} + &&
            find . ! -type d -exec sh -c 'from=$1; shift; for f do
                [ -L "$f" ] || [ ! -f "$from/$f" ] || [ -L "$from/$f" ] ||
                    ! cmp -s "$f" "$from/$f" || continue
                [ ! -L "$0/$f" ] && [ ! -d "$0/$f" ] || rm -rf "$0/$f"
                mv -f "$f" "$0/$f" || exit 1
            done' "$dir/files" "$dir/.inputs" {} +
    )
    merged=$?
    rm -f "$dir/.merging"
    return "$merged"
}

replace()
{
    rm -rf "$dir/.old"
    mv "$dir/files" "$dir/.old" 2>/dev/null
    [ ! -e "$dir/files" ] && mv "$in/new/files" "$dir/files" && rm -rf "$dir/.old"
}

place_files()
{
    [ -d "$in/new/files" ] && [ ! -L "$in/new/files" ] || return 0
    find "$in/new/files" -type d ! -perm -700 -exec chmod u+rwx {} \;
    find "$in/new/files" ! -type d ! -type f ! -type l -exec rm -f {} +
    find "$in/new/files" -type f \( -perm -4000 -o -perm -2000 \) -exec chmod ug-s {} +
    if [ -n "$task" ]; then
        merge
    else
        replace
    fi
}

# What had to be left behind is said in the record.
place_end()
{
    note=
    case $got in
    3) note='its files are more than 1 GiB, and were lost with its pod: they need a volume' ;;
    4) note='its output is more than 1 GiB: this is the beginning, and its files were lost with its pod' ;;
    esac
    is_plain "$in/new/$run/exit" || return 0
    head -c 4000 "$in/new/$run/exit" >"$in/exit"
    if [ -n "$note" ] && grep -q '^end$' "$in/exit"; then
        { grep -v -e '^end$' -e '^note ' "$in/exit"; printf 'note %s\nend\n' "$note"; } \
            >"$in/noted" && mv "$in/noted" "$in/exit"
    fi
    mv -f "$in/exit" "$dir/$run/exit"
}

place()
{
    mkdir -p "$dir/$run" || return
    for file in started stdout stderr; do
        is_plain "$in/new/$run/$file" || continue
        mv -f "$in/new/$run/$file" "$dir/$run/$file" || return
    done
    [ "$got" != 0 ] || place_files || return
    place_end || return
    printf 'end %s/%s\n' "$token" "$run" >>"$root/events"
}

take()
{
    rm -rf "$in" && mkdir "$in" && fetch || return
    if [ "$got" != 5 ]; then
        unpack || return
        [ "$got" = refused ] || place || return
    fi
    : >"$in.taken"
}

case ${#token}.$token in
15.cfx*) ;;
*) exit 0 ;;
esac
is_number "${part#a}" && is_number "${task:-0}" && [ -d "$dir" ] || exit 0
if [ ! -e "$in.taken" ]; then
    lock "$in.lock" || exit 0
    take
    rm -rf "$in" "$in.lock"
    [ -e "$in.taken" ] || exit 0
fi
# shellcheck disable=SC2016 # for that shell
inside 30 'cd "$0" && : >.taken && : <>.life' >/dev/null 2>&1
exit 0
