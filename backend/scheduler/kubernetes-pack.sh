# shellcheck shell=sh disable=SC2154 # submit sets them
#
# kubernetes-pack.sh - within `submit`: what a pod without a volume finds of its job, as a Secret
#
# It is made once for a job, before the first of its pods, so that each element and each attempt
# begins with the same. The Secret is there before the pod, and the pod is owned by it: a pod that
# is made late, by a request that was long on its way, finds none, never starts, and is removed.
pack=$dir/.pack

fail()
{
    printf '%s\n' "$1" >&2
    exit 1
}

# What would be found out only when the job has ended, and its results cannot be fetched.
check_rights()
{
    [ ! -e "$target.may" ] || return 0
    answer=$(kube auth can-i create pods --subresource=exec -n "$ns" </dev/null)
    case $answer in
    yes) : >"$target.may" ;;
    no*) fail 'kubectl may not create pods/exec, by which results are fetched where there is no volume' ;;
    *) exit 1 ;;
    esac
}

make_pack()
{
    [ ! -e "$pack" ] || return 0
    set -- "${keeper##*/}"
    for file in job.sh plan.sh script prelude stdin files; do
        [ ! -e "$dir/$file" ] || set -- "$@" "$token/$file"
    done
    {
        tar -C "$root" -cf - "$@"
        echo $? >"$pack.$$.status"
    } | gzip | head -c 1048577 >"$pack.$$"
    read -r status <"$pack.$$.status"
    size=$(wc -c <"$pack.$$")
    rm -f "$pack.$$.status"
    if [ "$size" -gt 1048576 ]; then
        rm -f "$pack.$$"
        fail "its script and inputs, $(du -sk "$dir" | cut -f 1) KiB, are more than 1 MiB when packed, which is the most that a pod without a volume is given: configure a \"volume\""
    fi
    [ "$status" = 0 ] && ln "$pack.$$" "$pack"
    rm -f "$pack.$$"
    [ -e "$pack" ] || fail "its script and inputs could not be packed"
}

secret()
{
    {
        printf '{"apiVersion":"v1","kind":"Secret","immutable":true,"metadata":{"name":"%s",' "$pod"
        printf '"labels":{"%s":"%s"}},"data":{"pack":"' "${label%=*}" "${label#*=}"
        base64 <"$pack" | tr -d '\n'
        printf '"}}\n'
    } | kube create --raw "/api/v1/namespaces/$ns/secrets" -f -
}

uid_of()
{
    sed -n 's/.*"uid":"\([-0-9A-Za-z]*\)".*/\1/p'
}

make_secret()
{
    uid=$(secret 2>"$pack.$pod.words" | uid_of)
    words=$(cat "$pack.$pod.words")
    rm -f "$pack.$pod.words"
    case $uid$words in
    *'(AlreadyExists)'*)
        uid=$(kube get --raw "/api/v1/namespaces/$ns/secrets/$pod" </dev/null | uid_of)
        [ -n "$uid" ] || exit 1
        ;;
    esac
    [ -n "$uid" ] || fail "$words"
}

check_rights
make_pack
make_secret
