#!/bin/bash
# One script, unchanged, on every cluster: the same output, errors, exit code and files.
. "$(dirname "$0")/lib.sh"
. "$SERVICES/far.sh"
needs sshd slurm sge pbs kubernetes
FAR_CLUSTERS='cfx-host cfx cfx-sge cfx-pbs cfx-kube'
# What Slurm's own qsub leads to is Slurm, too, and would be taken for it.
declare -A more=(
    [cfx-pbs]=', "scheduler": "pbs"'
    [cfx-kube]=", \"volume\": \"$FAR\", \"image\": \"localhost/busybox:1\""
)
clusters=
for CLUSTER in $FAR_CLUSTERS; do
    clusters+=", \"$CLUSTER\": {\"host\": \"$CLUSTER\", \"dir\": \"$FAR/$CLUSTER\"${more[$CLUSTER]-}}"
done
config "{\"clusters\": {\"local\": {\"cores\": 4}$clusters}}"
start
for CLUSTER in $FAR_CLUSTERS; do
    like "$CLUSTER is reached" "$(far_state up 90)" 'up*'
done
declare -A job cell

# everywhere NAME: what stands on standard input goes to each cluster, as job[CLUSTER].
everywhere()
{
    local c
    cat >"$T/$1"
    for c in local $FAR_CLUSTERS; do
        cp "$T/$1" "$M/clusters/$c/submit/$1.$c"
        job[$c]=$(job_of "$1.$c")
    done
}

# same ROW WHAT WANTED COMMAND...: on each cluster, where the command has the directory of the job.
same()
{
    local c got
    for c in local $FAR_CLUSTERS; do
        got=$("${@:4}" "$M/jobs/${job[$c]}")
        is "$1 on $c: $2" "$got" "$3"
        [ "$got" = "$3" ] || cell[$1.$c]=differs
    done
}

how_it_ended() { timeout "$(seconds 120)" cat "$1/wait"; }
word_of() { how_it_ended "$1" | cut -d' ' -f1; }
stdout_of() { cat "$1/stdout"; }
stderr_of() { cat "$1/stderr"; }
reason_has() { grep -c -i "$1" "$2/reason"; }
# Who tells: the cluster, or where the limit is one of addresses, the program, by its own words.
told_of_memory() { cat "$1/reason" "$1/stderr" | grep -ci memory >/dev/null; echo $?; }
files_of() { (cd "$1/files" && find . -type f | sort | xargs md5sum); }
tasks_of() { cat "$1"/tasks/{0,1,2}/stdout; }
# All elements have one directory, and each shows it.
parts_of() { (cd "$1/tasks/1/files/" && cat part.* | tr '\n' ' '); }
parts_copied() { rm -rf copied && cp -rL "$1/tasks/2" copied && cat copied/files/part.* | tr '\n' ' '; }

everywhere works <<'END'
#!/bin/sh
#SBATCH --job-name=everywhere
#SBATCH --cpus-per-task=2
#SBATCH --mem=500M
#SBATCH --time=5
echo "it works"
echo "  in two lines, the second without an end: é" | tr -d '\n'
echo "errors are apart" >&2
mkdir -p deep/er
printf 'a\0b' > deep/er/bytes
echo done > result
END
same works end 'completed 0' how_it_ended
same works stdout $'it works\n  in two lines, the second without an end: é' stdout_of
same works stderr 'errors are apart' stderr_of
printf 'a\0b' >bytes
same works files "$(printf '%s  ./deep/er/bytes\n%s  ./result' "$(md5sum <bytes | cut -c-32)" \
    "$(echo 'done' | md5sum | cut -c-32)")" files_of

everywhere exit3 <<'END'
#!/bin/sh
#SBATCH --time=5
echo before
exit 3
END
same exit3 end 'failed 3' how_it_ended
same exit3 stdout before stdout_of

everywhere array <<'END'
#!/bin/sh
#SBATCH --array=0-2
#SBATCH --time=5
echo "element $CLUSTRIXFS_TASK"
echo "$CLUSTRIXFS_TASK" > "part.$CLUSTRIXFS_TASK"
END
same array end 'completed 0' how_it_ended
same array stdout $'element 0\nelement 1\nelement 2' tasks_of
same array 'files of an element' '0 1 2 ' parts_of
same array 'files of an element, copied' '0 1 2 ' parts_copied

# A minute is the least that Slurm knows.
everywhere limit <<'END'
#!/bin/sh
#SBATCH --time=0:20
echo begun
sleep 600
END
for c in local $FAR_CLUSTERS; do limits+=" $c=${job[$c]}"; done

everywhere memory <<'END'
#!/bin/sh
#SBATCH --mem=200M
#SBATCH --time=5
echo begun
exec awk 'BEGIN { for (s = "x"; length(s) < 900000000; ) s = s s; system("sleep 60") }'
END
same memory end failed word_of
same memory stdout begun stdout_of
same memory 'somebody tells why' 0 told_of_memory
for c in local $FAR_CLUSTERS; do
    note <<<"memory on $c: $(cat "$M/jobs/${job[$c]}/reason")"
done

everywhere cancel <<'END'
#!/bin/sh
echo begun
sleep 600
END
for c in local $FAR_CLUSTERS; do
    ok "cancel on $c: it runs" await_state "${job[$c]}" running
    ctl "${job[$c]}" cancel
done
same cancel end cancelled word_of

for c in $limits; do job[${c%=*}]=${c#*=}; done
same limit end failed word_of
same limit stdout begun stdout_of
same limit reason 1 reason_has 'time limit'

# What tests/run prints at its end.
printf '#| %s\n#| %-9s' 'one script, unchanged, on every cluster:' ''
printf '%-10s' local $FAR_CLUSTERS
for row in works exit3 array cancel memory limit; do
    printf '\n#| %-9s' "$row"
    for c in local $FAR_CLUSTERS; do printf '%-10s' "${cell[$row.$c]:-same}"; done
done
echo
finish
