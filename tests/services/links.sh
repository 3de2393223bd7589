# shellcheck shell=bash
#
# links.sh - jobs that wait for each other, for the tests of that
#
# Each writes its name into a witness when it runs.

mount_far()
{
    start_far "$CLUSTER:$FAR/root" && far_state up >/dev/null
}

# A job that ends with this status when somebody lets it.
gated() # NAME STATUS [KEY...]
{
    submit "$1" "{\"command\": \"until [ -e $FAR/$1.go ]; do sleep 0.2; done; exit $2\"${3+, $3}}"
}

# An array whose elements write down their names, and end with the status that they are told.
gated_array() # NAME RANGE [KEY...]
{
    local at=$FAR/$1.\$CLUSTRIXFS_TASK
    submit "$1" "{\"command\": \"until [ -e $at ]; do sleep 0.2; done; echo $1.\$CLUSTRIXFS_TASK >> $FAR/witness; exit \$(cat $at)\", \"array\": \"$2\"${3+, $3}}"
}

# shellcheck disable=SC2016 # for the far shell
tell_element() # NAME INDEX STATUS
{
    remote 'echo "$2" >"$1.part" && mv "$1.part" "$1"' "$FAR/$1.$2" "$3"
}

# shellcheck disable=SC2016 # for the far shell
let_go() { remote 'touch "$1"' "$FAR/$1.go"; }

# A job that writes its name down when it runs.
link_of() # NAME CONDITION [KEY...]
{
    submit "$1" "{\"command\": \"echo $1 >> $FAR/witness\", \"after\": $2${3+, $3}}"
}

# shellcheck disable=SC2016 # for the far shell
in_queue() # JOB FORMAT: what squeue says of it
{
    remote 'squeue -h -n "$1" -o "$2"' "$(token_of "$1")" "$2"
}

queue_is_like() # JOB FORMAT GLOB
{
    # shellcheck disable=SC2053 # the pattern is meant as one
    [[ $(in_queue "$1" "$2") == $3 ]]
}

# There, and known here to be. An array shows it in any of its elements, like 17/tasks/0.
is_tied() # JOB FOR CONDITION
{
    local native
    native=$(info "$2" 'j["native_id"]')
    [ "$native" != None ] &&
        text_is_like "$M/jobs/$1/reason" "queued: waits for job ${2%%/*} to *" && queue_is_like "$1" '%T %E' "PENDING $3:$native*"
}

waits_there() # JOB FOR CONDITION
{
    ok "job ${1%%/*} waits in the queue there for job ${2%%/*}" until_true 30 is_tied "$@"
}

# shellcheck disable=SC2016 # for the far shell
witnessed() { remote 'cat "$1" 2>/dev/null | tr "\n" " "' "$FAR/witness"; }
witness_is() { [ "$(witnessed)" = "$1" ]; }
ends_of() { grep -c '"state":"failed"' "$M/jobs/$1/events"; }

never_ran() # JOB FOR WHAT: failed, once, with that sentence, and is gone there
{
    is "job $1 fails" "$(ended "$1" 60)" failed
    is 'and says for whom' "$(cat "$M/jobs/$1/reason")" \
        "job $2, which had to $3: this one never ran"
    is 'as what it is' "$(info "$1" 'j["cause"]')" dependency
    is 'once' "$(ends_of "$1")" 1
    ok 'it is not in the queue any more' until_true 20 queue_is_like "$1" %T ''
}
