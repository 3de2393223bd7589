#!/bin/bash
# Every way of writing a file into submit/ makes one job, of the whole file, by the time the writer
# has ended.
. "$(dirname "$0")/lib.sh"
start

SHM=$(mktemp -d /dev/shm/cfx.XXXXXX) || SHM=$T
trap 'rm -rf "$SHM"; at_exit' EXIT
jobs=0

# Ran once, whole: jobs has grown by one, by-name leads to it, it printed its own name.
once() # WHAT NAME
{
    local what=$1 name=$2 job
    jobs=$((jobs + 1))
    is "$what makes exactly one job" "$(count)" "$jobs" || jobs=$(count)
    job=$(job_of "$name" 2>/dev/null)
    [ -n "$job" ] || { result 1 "$what: by-name/$name is there when the writer has ended"; return; }
    same "$what: the spec is the whole file" "src/$name" "$M/jobs/$job/spec"
    ended "$job" >/dev/null
    is "$what: it ran" "$(cat "$M/jobs/$job/wait" "$M/jobs/$job/stdout" 2>&1)" \
        "$(printf 'completed 0\nI am %s' "$name")"
}

# The same writer brings a script and a JSON spec; $SRC and $DST are its two ends.
n=0
mkdir src
both() # WHAT COMMAND
{
    local what=$1 kind
    n=$((n + 1))
    for kind in sh json; do
        NAME=w$n.$kind
        SRC=$T/src/$NAME DST=$M/submit/$NAME
        if [ $kind = sh ]; then
            printf '#!/bin/sh\necho I am %s\n' "$NAME" >"$SRC"
        else
            printf '{\n  "command": "echo I am %s"\n}\n' "$NAME" >"$SRC"
        fi
        export SRC DST NAME SHM T HERE PYTHON
        timeout -k 5 "$(seconds 30)" bash -c "$2" >.out 2>&1 </dev/null
        result $? "$what ($kind) says no error" || note <.out
        once "$what ($kind)" "$NAME"
    done
}

both 'cp' 'cp "$SRC" "$DST"'
both 'cp into the directory' 'cp "$SRC" "${DST%/*}/"'
both 'cp -a' 'cp -a "$SRC" "$DST"'
both 'cp -p' 'cp -p "$SRC" "$DST"'
both 'cp --sparse=always --reflink=auto' 'cp --sparse=always --reflink=auto "$SRC" "$DST"'
both 'mv from the disk' 'cp "$SRC" "$T/moving" && mv "$T/moving" "$DST"'
both 'mv from tmpfs' 'cp "$SRC" "$SHM/moving" && mv "$SHM/moving" "$DST"'
both 'install' 'install "$SRC" "$DST"'
both 'install -m 755' 'install -m 755 "$SRC" "$DST"'
both 'dd' 'dd if="$SRC" of="$DST" status=none'
both 'dd bs=7' 'dd if="$SRC" of="$DST" bs=7 status=none'
both 'dd conv=fsync' 'dd if="$SRC" of="$DST" conv=fsync status=none'
both 'dd oflag=direct' 'dd if="$SRC" of="$DST" oflag=direct status=none'
both 'tee' 'tee "$DST" < "$SRC" > /dev/null'
both 'cat >' 'cat "$SRC" > "$DST"'
both 'cat > in dash' 'dash -c "cat \"\$SRC\" > \"\$DST\""'
both 'echo > in bash' 'echo "$(cat "$SRC")" > "$DST"'
both 'echo > in dash' 'dash -c "echo \"\$(cat "$SRC")\" > \"\$DST\""'
both 'printf > in bash' 'printf "%s\n" "$(cat "$SRC")" > "$DST"'
both 'printf > in dash' 'dash -c "printf \"%s\\n\" \"\$(cat "$SRC")\" > \"\$DST\""'
both 'echo > with noclobber' 'set -C; echo "$(cat "$SRC")" > "$DST"'
both 'a here-document' "$(printf 'cat > "$DST" <<END\n$(cat "$SRC")\nEND')"
both 'a group of builtins and programs' \
    '{ x=$(cat "$SRC"); printf "%s" "${x:0:9}"; printf "%s\n" "${x:9}" | cat; } > "$DST"'
both 'a group that ends in cat' '{ head -c 9 "$SRC"; tail -c +10 "$SRC"; } 2>/dev/null > "$DST"'
both 'exec 3>' 'exec 3> "$DST"; head -c 9 "$SRC" >&3 2>/dev/null; tail -c +10 "$SRC" >&3; exec 3>&-'
both 'a subshell' '( cat "$SRC" ) > "$DST"'
both 'a pipe into a loop' 'while IFS= read -r l; do printf "%s\n" "$l"; done < "$SRC" > "$DST"'
both 'sort -o' 'sort -s -k 99 -o "$DST" "$SRC"'
both 'head -c' 'head -c 100000 "$SRC" > "$DST"'
both 'perl print' 'perl -pe 1 "$SRC" > "$DST"'
both 'touch, then cat >' 'touch "$DST" 2>/dev/null; cat "$SRC" > "$DST"'
both 'mv from a hidden name' 'cp "$SRC" "${DST%/*}/.$NAME.x" && mv "${DST%/*}/.$NAME.x" "$DST"'
both 'mv from NAME.part' 'cp "$SRC" "$DST.part" && mv "$DST.part" "$DST"'
both 'mv -n' 'cp "$SRC" "$DST.part" && mv -n "$DST.part" "$DST"'
for way in plain byte_by_byte path temporary mapped child fork backwards two_handles synced \
    rename_before_close touch_again never_closed copy copy2 copyfile; do
    both "Python's $way" "\"\$PYTHON\" -I \"\$HERE/writers.py\" $way \"\$SRC\" \"\$DST\""
done
for way in rsync 'rsync -a' 'rsync --inplace' 'rsync --partial'; do
    have rsync "$way" && both "$way" "$way \"\$SRC\" \"\$DST\""
done
have gio 'gio copy' && both 'gio copy' 'gio copy "file://$SRC" "$DST"'
have gio 'gio save' && both 'gio save' 'gio save "$DST" < "$SRC"'

is 'no job came later than its writer' "$(count)" "$jobs"
is 'nothing was refused' "$(ls "$M/submit" | grep '\.error$')" ''

# The order is dependable: when the writer has ended, the name is there.
loop()
{
    local i
    for i in $(seq 200); do
        cp "$T/src/w1.json" "$M/submit/loop$i" && readlink "$M/by-name/loop$i" || return 1
    done
}
ok 'by-name/NAME is there after each of 200 cp' loop
is 'they made 200 jobs' "$(count)" "$((jobs + 200))"
finish
