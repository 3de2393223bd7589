# shellcheck shell=sh disable=SC2154 # kubernetes-handover.c sets them
#
# kubernetes-porter.sh - sees which pods have results to hand over, and has them brought
#
#   sh -c TEXT cfx-porter ROOT
#
# One for all pods of a cluster, on its host, from the first that is submitted until none is left:
# so results are brought also while nobody is connected, and an end is heard of at once. It watches
# the list for a minute at a time; eight runs are brought at once. Each round of the daemon starts
# one, which ends where there is one already. `setup` says where kubectl leads, see kubernetes-say.c.
umask 077
root=$1
lock=$root/kubernetes.porter.$(uname -n)

is_porter()
{
    tr '\0' ' ' <"/proc/$1/cmdline" | grep -qF " cfx-porter $root "
} 2>/dev/null

# By ln: the number is in it as soon as it is there.
printf '%s\n' "$$" >"$lock.$$" || exit 1
until ln "$lock.$$" "$lock" 2>/dev/null; do
    other=0
    read -r other <"$lock"
    if [ ! -d "$root" ] || is_porter "$other"; then
        rm -f "$lock.$$"
        exit 0
    fi
    rm -f "$lock"
done 2>/dev/null
rm -f "$lock.$$"
setup
export root ns

is_ours()
{
    [ "$(cat "$lock" 2>/dev/null)" = "$$" ]
}

pod='{{.metadata.name}}/{{range .status.containerStatuses}}{{if eq .name "job"}}{{if .state.terminated}}x{{end}}{{end}}{{end}}{{if .metadata.deletionTimestamp}}d{{end}}{{"\n"}}'

pods() # SECONDS TEMPLATE OPTION...
{
    pods_time=$1 pods_template=$2
    shift 2
    call "$pods_time" get pods -n "$ns" -l "$label" -o "go-template=$pods_template" \
        '--field-selector=status.phase!=Succeeded,status.phase!=Failed' "$@" </dev/null 2>/dev/null
}

# Those of ours among them; with "x", only those that have something to give.
ours() # [x]
{
    while read -r name; do
        case $name in
        *[!a-z0-9/-]*) continue ;;
        */) [ -z "$1" ] || continue ;;
        esac
        [ ! -d "$root/${name%%-*}" ] || printf '%s\n' "$name"
    done
}

watch()
{
    failures=0
    while is_ours && [ "$failures" -lt 360 ]; do
        if list=$(pods 30 "{{range .items}}$pod{{end}}" --request-timeout=20s); then
            [ -n "$(printf '%s\n' "$list" | ours '')" ] || return
            failures=0
            pods 60 "$pod" --watch | ours x
            sleep 1
        else
            failures=$((failures + 1))
            sleep 10
        fi
    done
}

watch | xargs -n 1 -P 8 sh -c "$cfx_take" cfx-take
! is_ours || rm -f "$lock"
