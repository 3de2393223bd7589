#!/bin/bash
# The tree stands: every name, its type, its mode and its true size.
. "$(dirname "$0")/lib.sh"
start

empty=$(find "$M" -not -path "$M/jobs/*" 2>&1 >/dev/null)
is 'find walks the empty tree without an error' "$empty" ''
is 'the root has these names and no others' \
    "$(find "$M" -mindepth 1 -maxdepth 1 -printf '%f\n' | sort | tr '\n' ' ')" \
    'README.md by-cluster by-name by-state check clusters events jobs metrics stage submit '
is 'there is no latest before the first job' "$(readlink "$M/jobs/latest")" ''

job=$(submit done '{"command": "echo out; echo err >&2; mkdir d; echo x > d/f; ln -s f d/l", "name": "done"}')
array=$(submit many '{"command": "echo $CLUSTRIXFS_TASK", "array": "0-2"}')
is 'a job ends' "$(ended "$job")" 'completed 0'
is 'an array ends' "$(ended "$array")" 'completed 0'
run=$(submit runs "{\"command\": \"$(gate g)\"}")
arrived g
await_state "$run" running

kind() { stat -c %F "$M/$1" 2>&1; }
rows=(
    README.md:regular\ file submit:directory check:directory stage:directory jobs:directory
    jobs/latest:symbolic\ link by-name:directory by-state:directory by-cluster:directory
    clusters:directory events:regular\ file metrics:regular\ file
    "jobs/$job:directory" "jobs/$job/state:regular file" "jobs/$job/reason:regular file"
    "jobs/$job/exit_code:regular file" "jobs/$job/wait:regular file"
    "jobs/$job/stdout:regular file" "jobs/$job/stderr:regular file" "jobs/$job/files:directory"
    "jobs/$job/spec:regular file" "jobs/$job/script:regular file"
    "jobs/$job/info.json:regular file" "jobs/$job/events:regular file"
    "jobs/$job/ctl:regular file" "jobs/$array/tasks:directory" "jobs/$array/tasks/0:directory"
    "jobs/$array/tasks/2/stdout:regular file" by-name/done:symbolic\ link
    "by-state/completed/$job:symbolic link" "by-state/running/$run:symbolic link"
    "by-cluster/local/$job:symbolic link" clusters/local:directory
    clusters/local/submit:directory clusters/local/state:regular\ file
    clusters/local/info.json:regular\ file clusters/local/ctl:regular\ file
)
for row in "${rows[@]}"; do
    name=${row%:*}
    is "${name/$job/ID} is a ${row##*:}" "$(kind "$name" | sed 's/regular empty/regular/')" "${row##*:}"
done

is 'by-name points to the job' "$(readlink "$M/by-name/done")" "../jobs/$job"
is 'by-state points to the job' "$(readlink "$M/by-state/completed/$job")" "../../jobs/$job"
is 'by-cluster points to the job' "$(readlink "$M/by-cluster/local/$job")" "../../jobs/$job"
is 'by-state leads there' "$(cat "$M/by-state/completed/$job/stdout")" out
for s in accepted submitting queued held running suspended collecting completed failed cancelled lost
do
    [ -d "$M/by-state/$s" ] || missing="${missing-} $s"
done
is 'by-state has a directory for each state' "${missing-}" ''
is 'a job is not in the directory of a state that it is not in' \
    "$(ls "$M/by-state/running" "$M/by-state/failed" | grep -cx "$job")" 0
is 'an array has its elements in tasks/' "$(ls "$M/jobs/$array/tasks" | tr '\n' ' ')" '0 1 2 '
is 'a job that is no array has no tasks/' "$(ls -d "$M/jobs/$job/tasks" 2>/dev/null)" ''
is 'an element has its own output' "$(cat "$M/jobs/$array/tasks/1/stdout")" 1
is 'an element has its own wait' "$(bounded cat "$M/jobs/$array/tasks/1/wait")" 'completed 0'
is 'the cluster is up' "$(cat "$M/clusters/local/state")" up

json() { "$PYTHON" -I -m json.tool "$1"; }
ok "a job's info.json is JSON" json "$M/jobs/$job/info.json"
ok "a cluster's info.json is JSON" json "$M/clusters/local/info.json"
ok "a job's events are JSON lines" "$PYTHON" -I -c \
    'import json,sys; assert len([json.loads(l) for l in open(sys.argv[1])]) > 3' "$M/jobs/$job/events"
ok "the mount's events are JSON lines" "$PYTHON" -I -c \
    'import json,sys; assert len([json.loads(l) for l in open(sys.argv[1])]) > 9' "$M/events"
metrics_fit()
{
    "$PYTHON" -I - "$M/metrics" <<'END'
import re, sys
text = open(sys.argv[1]).read()
assert text.endswith("\n"), "no newline at the end"
sample = re.compile(r'[a-zA-Z_:][a-zA-Z0-9_:]*(\{[a-zA-Z_]\w*="[^"]*"(,[a-zA-Z_]\w*="[^"]*")*\})? -?[0-9.e+]+$')
typed = set()
n = 0
for line in text.splitlines():
    if line.startswith("# TYPE"):
        typed.add(line.split()[2])
    elif not line.startswith("#"):
        assert sample.match(line), line
        assert re.split(r"[ {]", line)[0] in typed, "no # TYPE for " + line
        n += 1
assert n > 3, text
END
}
ok "metrics are in Prometheus' text format" metrics_fit

# Modes: nothing for anybody else, directories can be entered, ctl is written.
is 'nothing in the tree is open to others by its mode' \
    "$(find "$M" -not -type l -not -path '*/files/*' -perm /022 -printf '%P %m\n')" ''
is 'ctl can be written' "$(find "$M/jobs/$job/ctl" -perm -200 -printf x)" x
is 'what only tells cannot be written' \
    "$(find "$M/jobs/$job" -maxdepth 1 -type f -not -name ctl -perm /222 -printf '%P %m\n')" ''
refused 'a file that only tells refuses a writer' sh -c "echo x > '$M/jobs/$job/state'"
refused 'a new name in a directory of the tree is refused' touch "$M/jobs/$job/new"
refused 'a new directory in jobs/ is refused' mkdir "$M/jobs/999"
refused 'a new name in the root is refused' touch "$M/new"
refused 'a name that is not there is not there' stat "$M/jobs/$job/nothing"
refused 'a job that is not there is not there' stat "$M/jobs/4711/state"
refused 'a job number with a leading zero is no name' stat "$M/jobs/0$job"

# Sizes: what stat says is what there is to read.
sizes()
{
    find "$M/jobs/$job/" "$M/jobs/$array/" "$M/submit/" "$M/README.md" "$M/clusters/" "$M/metrics" \
        -type f -not -name ctl -print | while read -r f; do
        said=$(stat -c %s "$f") read=$(timeout 20 cat "$f" | wc -c)
        [ "$said" = "$read" ] || echo "${f#"$M"/}: stat says $said, reading gives $read"
    done
}
is 'sizes are true: stat agrees with wc -c on every regular file of an ended job' "$(sizes)" ''
is 'the sum of jobs/ID/files is true as well' "$(stat -c %s "$M/jobs/$job/files/d/f")" 2

end=$(stat -c %Y "$M/jobs/$job")
now=$(date +%s)
ok "a job directory's mtime is its last change of state" [ "$((now - end))" -le "$(seconds 20)" ]
is "stdout's mtime is its last byte" \
    "$([ "$(stat -c %Y "$M/jobs/$job/stdout")" -le "$end" ] && echo true)" true

# Walked as people and programs walk it, with a job that is not over.
ok 'ls -laR says no error' timeout "$(seconds 20)" bash -c "ls -laR '$M' >/dev/null"
is 'ls -laR complains of nothing' "$(ls -laR "$M" 2>&1 >/dev/null)" ''
ok 'find -ls says no error' timeout "$(seconds 20)" find "$M" -ls
is 'ls -i and stat agree on inode numbers' "$(ls -di "$M/jobs/$job" | cut -d' ' -f1)" \
    "$(stat -c %i "$M/jobs/$job")"
is 'all entries have inode numbers of their own' \
    "$(find "$M" -not -type l -printf '%i %P\n' | sort | awk '$1 "" == last { print } { last = $1 }')" ''
is 'statfs tells of free space' "$([ "$(stat -f -c %a "$M")" -gt 0 ] && echo true)" true
ok 'a job directory can be the working directory' sh -c "cd '$M/jobs/$job/files/d' && cat f"
is 'a link inside files/ reads as the job made it' "$(readlink "$M/jobs/$job/files/d/l")" f
open_gate g
ended "$run" >/dev/null
finish
