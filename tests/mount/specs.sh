#!/bin/bash
# What a spec says is what happens.
. "$(dirname "$0")/lib.sh"
start

# gives WHAT SPEC OUTPUT: submitted by cp it completes and prints exactly this.
n=0
gives()
{
    local name=s$((n += 1))
    printf '%s' "$2" >"spec$n"
    ok "$1 is accepted" cp "spec$n" "$M/submit/$name" || { note <"$M/submit/$name.error"; return; }
    job=$(readlink "$M/jobs/latest") # a spec may give itself another name
    is "$1 does what it says" "$(ended "$job"; cat "$M/jobs/$job/stdout"; printf .)" \
        "$(printf 'completed 0\n%s.' "$3")" || note <"$M/jobs/$job/stderr"
}
nl=$'\n'

gives 'a command for the shell' '{"command": "printf \"%s-\" a \"b  c\"; echo $((1+1))"}' "a-b  c-2$nl"
gives 'a command as an array' '{"command": ["printf", "%s|", "a b", "$HOME", "", "\"", "\n"]}' \
    "a b|\$HOME||\"|$nl|"
gives 'a command with its args' '{"command": ["printf", "%s|"], "args": ["x y", "*"]}' 'x y|*|'
gives 'a script in JSON' '{"script": "#!/bin/sh\necho script $1\n", "args": ["one"]}' "script one$nl"
gives 'a script in another language' '{"script": "#!/usr/bin/perl\nprint \"perl\\n\";"}' "perl$nl"
gives 'stdin' '{"command": "cat", "stdin": "line 1\nline 2 \u00e4"}' "line 1${nl}line 2 ä"
gives 'no stdin' '{"command": "wc -c; readlink /proc/self/fd/0"}' "0$nl/dev/null$nl"
gives 'env' '{"command": "printf %s \"$A|$B\"", "env": {"A": "it'"'"'s \"$HOME\"", "B": "x\ny"}}' \
    "it's \"\$HOME\"|x${nl}y"
gives 'workdir' "{\"command\": \"pwd\", \"workdir\": \"$T/home\"}" "$T/home$nl"
gives 'before' '{"before": ["V=1; export V"], "command": "echo $V"}' "1$nl"
gives 'a name of its own' '{"command": "true", "name": "of-its-own"}' ''
is 'and is found under it' "$(job_of of-its-own)" "$job"
gives 'memory, time and cores' \
    '{"command": "true", "memory": "64Mi", "time": "00:01:00", "cores": 1}' ''
gives 'the other names of keys' \
    '{"command": "echo $A $B", "environment_variables": {"A": "1"}, "pre_execution_commands": ["B=2"]}' \
    "1 2$nl"
gives 'a script with CRLF-free bytes that are no UTF-8' \
    "$(printf '#!/bin/sh\nprintf "\xff" | od -An -tx1')" " ff$nl"
gives 'a script without a newline at its end' "$(printf '#!/bin/sh\necho end')" "end$nl"
gives 'a script of bash' "$(printf '#!/bin/bash\na=(1 2 3); echo ${#a[@]}\n')" "3$nl"
gives 'a script through env' "$(printf '#!/usr/bin/env perl\nprint "env\\n";\n')" "env$nl"
gives 'a script that knows its job' "$(printf '#!/bin/sh\ntest -n "$CLUSTRIXFS_JOB" && echo yes\n')" "yes$nl"
gives 'its number in CLUSTRIXFS_JOB' '{"command": "echo $CLUSTRIXFS_JOB"}' "$((n + 1))$nl"
gives 'an #SBATCH script' "$(cat <<'END'
#!/bin/bash
#SBATCH --job-name=slurm
#SBATCH -n 1
#SBATCH --time=1:00
#SBATCH --mem=100M
#SBATCH --export=NONE
#SBATCH --reservation=none
echo from slurm
END
)" "from slurm$nl"
is 'its time limit is the one of the job' "$(info "$job" 'j["time_limit_s"]')" 60
is 'its name too' "$(job_of slurm)" "$job"
gives 'a #PBS script' "$(printf '#!/bin/sh\n#PBS -N pbs\n#PBS -l walltime=00:01:00\necho pbs\n')" "pbs$nl"
gives 'a #$ script' "$(printf '#!/bin/sh\n#$ -N sge\n#$ -l h_rt=00:01:00\necho sge\n')" "sge$nl"
gives 'a #CLUSTRIX script' "$(printf '#!/bin/sh\n#CLUSTRIX time=60\n#CLUSTRIX memory=64M\necho ours\n')" "ours$nl"
gives 'a directive after the first line of code is a comment' \
    "$(printf '#!/bin/sh\ntrue\n#CLUSTRIX nonsense=1\necho code\n')" "code$nl"

# The job's surroundings.
gives 'its own empty directory' '{"command": "ls -A; basename \"$PWD\""}' "files$nl"
gives 'no descriptors but the three (and that of ls)' \
    '{"command": ["ls", "/proc/self/fd"]}' "0${nl}1${nl}2${nl}3$nl"
gives 'a process group of its own' \
    '{"command": "test $(ps -o pgid= -p $$) != $(ps -o pgid= -p $PPID) && echo own"}' "own$nl"
# Of the 31 that have a name; glibc keeps two of the others to itself.
gives 'default signal handling' \
    '{"command": "while read k v; do case $k in SigBlk: | SigIgn:) echo $((0x${v#????????} & 0x7fffffff)) ;; esac; done < /proc/self/status"}' \
    "0${nl}0$nl"

# Output is exact: bytes of all kinds, in order, both streams, large.
job=$(submit bytes '{"command": "i=0; while [ $i -lt 256 ]; do printf \"\\\\$(printf %o $i)\"; i=$((i+1)); done; echo err >&2"}')
ended "$job" >/dev/null
"$PYTHON" -I -c 'import sys; sys.stdout.buffer.write(bytes(range(256)))' >all
same 'stdout is exact for all bytes' all "$M/jobs/$job/stdout"
is 'stderr is apart' "$(cat "$M/jobs/$job/stderr")" err
job=$(submit large '{"command": "seq 1 2000000; seq 1 3000000 > big"}')
ended "$job" >/dev/null
ok 'a large stdout is exact' cmp "$M/jobs/$job/stdout" <(seq 1 2000000)
ok 'a large file is exact' cmp "$M/jobs/$job/files/big" <(seq 1 3000000)
ok 'a part in the middle is exact' cmp <(tail -c +9000000 "$M/jobs/$job/files/big" | head -c 70000) \
    <(seq 1 3000000 | tail -c +9000000 | head -c 70000)
finish
