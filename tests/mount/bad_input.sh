#!/bin/bash
# Bad input gets an errno and a sentence; the bytes stay; the daemon lives; nothing runs.
. "$(dirname "$0")/lib.sh"
start

# heard WHAT NAME PATTERN COMMAND...: the command fails, NAME.error matches, no job comes of it.
heard()
{
    local what=$1 name=$2 pattern=$3
    shift 3
    refused "$what: the writer hears of it" "$@"
    like "$what: NAME.error says why" "$(cat "$M/submit/$name.error" 2>&1)" "$pattern"
    is "$what: nothing was submitted" "$(count)" 0
}
kept() # WHAT NAME FILE
{
    same "$1: the bytes are still readable" "$3" "$M/submit/$2"
}

: >empty
heard 'an empty file' empty '?* ?*' cp empty "$M/submit/empty"
: >"$M/submit/redirected" 2>/dev/null
touch "$M/submit/touched" 2>/dev/null
for name in redirected touched; do
    like "a file that stays empty is explained ($name)" "$(cat "$M/submit/$name.error" 2>&1)" '*empty*'
done
is 'and is no job' "$(count)" 0
printf '{\n  "command": "true",\n  "memroy": "1G"\n}\n' >unknown
heard 'an unknown key' unknown '*line 3*column 3*memroy*memory*' cp unknown "$M/submit/"
kept 'an unknown key' unknown unknown
printf '{"command": "true",\n "command": "false"}\n' >twice
heard 'a key given twice' twice '*line 2*command*' cp twice "$M/submit/"
kept 'a key given twice' twice twice
printf '{"command": "true", "env": {"A": "1"' >cut
heard 'JSON that is cut short' cut '*line 1*' cp cut "$M/submit/"
kept 'JSON that is cut short' cut cut
printf '{"command": "echo \xff\xfe"}\n' >bytes
heard 'JSON that is not UTF-8' bytes '*line 1*column 19*UTF-8*' cp bytes "$M/submit/"
kept 'JSON that is not UTF-8' bytes bytes
printf '{"command": "true"} and more\n' >more
heard 'text after the JSON' more '*line 1*' cp more "$M/submit/"
printf '{"command": "true", "cores": "many"}\n' >type
heard 'a value of the wrong kind' type '*cores*' cp type "$M/submit/"
printf '{"command": "true", "cores": -1}\n' >negative
heard 'a number out of range' negative '*cores*' cp negative "$M/submit/"
printf '{"command": "true", "memory": "4 parsecs"}\n' >unit
heard 'a unit that is none' unit '*memory*' cp unit "$M/submit/"
printf '{"command": "true", "time": "soon"}\n' >time
heard 'a time that is none' time '*time*' cp time "$M/submit/"
printf '{"command": "true", "cluster": "nowhere"}\n' >cluster
heard 'a cluster that is not configured' cluster '*nowhere*' cp cluster "$M/submit/"
printf '{"name": "x"}\n' >nothing
heard 'a spec that runs nothing' nothing '*command*' cp nothing "$M/submit/"
printf '[1, 2]\n' >list
heard 'JSON that is no object' list '?* ?*' cp list "$M/submit/"
printf 'echo hello\n' >plain
heard 'text that is neither a script nor JSON' plain '*#!*' cp plain "$M/submit/"
kept 'text that is neither a script nor JSON' plain plain
printf '#!/bin/sh\n#CLUSTRIX cors=2\ntrue\n' >directive
heard 'a directive that is unknown' directive '*line 2*cors*cores*' cp directive "$M/submit/"
printf '#!/bin/sh\n#SBATCH --time=whenever\ntrue\n' >sbatch
heard 'an #SBATCH directive with a bad value' sbatch '*line 2*' cp sbatch "$M/submit/"
head -c 1000000 /dev/urandom >noise
heard 'noise' noise '?* ?*' cp noise "$M/submit/"
printf '\177ELF\1\1\1' >elf
heard 'a program' elf '?* ?*' cp elf "$M/submit/"
{ printf '{"command": "'; yes x | head -n 50000 | tr -d '\n'; printf '"'; yes '[' | head -n 90000; } >deep
heard 'a thousand open brackets' deep '?* ?*' cp deep "$M/submit/"
{ printf '#!/bin/sh\n'; head -c 2097152 /dev/zero | tr '\0' '#'; } >big
heard 'a script of 2 MiB' big '*1048576 bytes*' cp big "$M/submit/"
{ printf '{"command": "'; head -c 2097152 /dev/zero | tr '\0' 'a'; printf '"}'; } >bigjson
heard 'JSON of 2 MiB' bigjson '*1048576 bytes*' cp bigjson "$M/submit/"
refused 'truncate beyond 1 MiB is refused' truncate -s 2M "$M/submit/unknown"

# Who hears it: builtins through write(), everything else through close().
refused 'echo of bash hears of broken JSON' bash -c "echo '{command}' > '$M/submit/broken'"
refused 'echo of bash hears of an unknown key' \
    bash -c "echo '{\"comand\":\"x\"}' > '$M/submit/echo'"
refused 'printf of dash hears of an unknown key' \
    dash -c "printf '{\"comand\":\"x\"}' > '$M/submit/printf'"
refused 'tee hears of it' sh -c "echo '{\"comand\":1}' | tee '$M/submit/tee'"
refused 'mv hears of it and keeps the original' \
    sh -c "cp unknown moving && mv moving '$M/submit/moved'"
is 'the original is still there' "$(cat moving 2>&1)" "$(cat unknown)"
refused 'a rename of a bad draft onto a plain name hears of it' \
    sh -c "cp unknown '$M/submit/.r' && mv '$M/submit/.r' '$M/submit/r'"
like 'Python hears of it when it closes' \
    "$("$PYTHON" -I "$HERE/writers.py" plain cut "$M/submit/python" 2>&1)" '*Errno*'

# What is no file.
refused 'a directory is refused' mkdir "$M/submit/dir"
refused 'cp -r of a directory is refused' sh -c "mkdir -p d && cp unknown d && cp -r d '$M/submit/'"
refused 'a fifo is refused' mkfifo "$M/submit/fifo"
refused 'a device is refused' mknod "$M/submit/null" c 1 3
refused 'a name that is too long is refused' \
    cp unknown "$M/submit/$(head -c 256 /dev/zero | tr '\0' n)"
is 'none of them left a name' \
    "$(find "$M/submit" -mindepth 1 \( -not -type f -o -name dir -o -name d -o -name fifo \) -printf '%f ')" ''
cp unknown "$M/submit/removed" 2>/dev/null
ok 'a refused file can be removed' rm "$M/submit/removed"
is 'and its NAME.error goes with it' "$(find "$M/submit" -name 'removed*' -printf '%f ')" ''

# Mended, it runs, and the error is gone.
printf '{"command": "echo mended"}\n' >mended
ok 'a mended file is accepted under the same name' cp mended "$M/submit/unknown"
is 'and runs' "$(ended "$(job_of unknown)"; cat "$M/by-name/unknown/stdout")" \
    "$(printf 'completed 0\nmended')"
is 'and its NAME.error is gone' "$(find "$M/submit" -name unknown.error -printf x)" ''
is 'it is the only job' "$(count)" 1
is 'names with every odd byte are names' "$(
    name=$(printf 'a b\n"c\\\x01\xff$(x)')
    cp mended "$M/submit/$name" && bounded cat "$M/by-name/$name/wait")" 'completed 0'

{ printf '#!/bin/sh\necho just\n#'; head -c 1048555 /dev/zero | tr '\0' '#'; } >just
ok 'a script of exactly 1 MiB is none too many' cp just "$M/submit/just"
is 'and runs' "$(stat -c %s just) $(ended "$(job_of just)"; cat "$M/by-name/just/stdout")" \
    "$(printf '1048576 completed 0\njust')"

# A writer that goes on after an error submits nothing: half a spec is none.
n=$(count)
dash -c "{ echo '#CLUSTRIX cores=1'; echo '#!/bin/sh'; echo 'echo half'; } >'$M/submit/half'" 2>/dev/null
{ echo '{"comand": "a"}'; echo '{"command": "true"}'; } >"$M/submit/twice" 2>/dev/null
is 'what follows a refused write is no spec' "$(count)" "$n"
is 'all that was written is there' "$(cat "$M/submit/half")" \
    "$(printf '#CLUSTRIX cores=1\n#!/bin/sh\necho half')"
ok 'and it is said why' [ -s "$M/submit/half.error" -a -s "$M/submit/twice.error" ]
ok 'begun anew it is a spec' cp mended "$M/submit/half"
is 'and runs once' "$(ended "$(job_of half)") $(count)" "completed 0 $((n + 1))"
finish
