#!/bin/bash
# The spec's inputs are in files/ before the job starts, as they are; and what cannot be is refused.
. "$(dirname "$0")/lib.sh"
start

mkdir -p "$T/in/tree/deep" "$T/in/other"
printf 'one\n' >"$T/in/one"
printf '#!/bin/sh\necho I run\n' >"$T/in/tool"
chmod 755 "$T/in/tool"
touch -d '2001-02-03 04:05:06.789' "$T/in/one"
echo below >"$T/in/tree/deep/file"
ln -s deep/file "$T/in/tree/link"
ln -s one "$T/in/alias"
touch -d '2002-03-04 05:06:07' "$T/in/tree/deep"
head -c 5000000 /dev/urandom >"$T/in/big"
echo other >"$T/in/other/one"

spec() # PATH...: a spec with those inputs, whose command is in $COMMAND
{
    "$PYTHON" -I -c 'import json, sys
print(json.dumps({"command": sys.argv[1], "inputs": sys.argv[2:]}))' "${COMMAND:-true}" "$@"
}

COMMAND='./tool; cat one tree/link alias; readlink tree/link; cmp big "$BIG"; echo more >>one'
job=$(submit first "$(BIG=x spec "$T/in/one" "$T/in/tool" "$T/in/tree/" "$T/in/big" "$T/in/alias" |
    sed "s|\$BIG|$T/in/big|; s|\\\\\"|\\\\\"|g")")
is 'a job has its inputs' "$(ended "$job")" 'completed 0'
is 'with their bytes, modes and links' "$(cat "$M/jobs/$job/stdout")" \
    "$(printf 'I run\none\nbelow\none\ndeep/file')"
files=$M/jobs/$job/files
is 'an executable one stays so' "$(stat -c %a "$files/tool")" 755
is 'a link that was named is what it leads to' "$(stat -c %F "$files/alias")" 'regular file'
is 'times are kept' "$(stat -c %Y "$files/tree/deep")" "$(stat -c %Y "$T/in/tree/deep")"
is 'a job that writes into its input does no harm to the original' "$(cat "$T/in/one")" one

COMMAND='stat -c %y one'
job=$(submit times "$(spec "$T/in/one")")
is 'to a fraction of a second' "$(ended "$job" >/dev/null; cat "$M/jobs/$job/stdout")" \
    "$(stat -c %y "$T/in/one")"

mkdir -p "$HOME/data"
echo mine >"$HOME/data/mine"
COMMAND='cat mine'
job=$(submit home "$(spec '~/data/mine')")
is '~/ is the home directory' "$(ended "$job"; cat "$M/jobs/$job/stdout")" "$(printf 'completed 0\nmine')"

odd=$'a b\'c"d$(touch CANARY)`e`;f&g|h\\i*?[k]-ü'
echo odd >"$T/in/$odd"
COMMAND='cat a*'
job=$(submit odd "$(spec "$T/in/$odd")")
is 'odd names do no harm' "$(ended "$job"; cat "$M/jobs/$job/stdout")" "$(printf 'completed 0\nodd')"

COMMAND='cat one; echo "$CLUSTRIXFS_TASK" >>one'
"$PYTHON" -I -c 'import json, sys
print(json.dumps({"command": "cat one", "array": "0-3", "inputs": sys.argv[1:]}))' "$T/in/one" \
    >"$M/submit/array"
job=$(job_of array)
is 'all elements of an array have them' "$(ended "$job" >/dev/null; cat "$M/jobs/$job/tasks"/*/stdout)" \
    "$(printf 'one\none\none\none')"

# What cannot be is said while there is somebody who hears it.
n=$(count)
mkfifo "$T/in/pipe"
not() # WHAT GLOB PATH...
{
    local what=$1 glob=$2
    shift 2
    COMMAND=true
    spec "$@" >"$T/spec"
    refused "$what is refused" cp "$T/spec" "$M/submit/bad"
    like "and said" "$(cat "$M/submit/bad.error" 2>&1)" "$glob"
    rm -f "$M/submit/bad"
}
not 'one that is missing' '*/nowhere*No such file*' "$T/in/nowhere"
not 'a fifo' '*neither a file nor a directory*' "$T/in/pipe"
not 'a device' '*neither a file nor a directory*' /dev/null
not 'a relative one without a staged directory' '*relative*staged*' one
not 'a URL' '*https://example.org/x*fetched*' https://example.org/x
not 'another one' '*s3://*fetched*' s3://bucket/x
not 'two of one name' '*two of them are called one*' "$T/in/one" "$T/in/other/one"
not 'a path in this mount' '*clustrixfs mount*' "$M/jobs/$job/spec"
not 'the mount itself' '*clustrixfs mount*' "$M"
not 'one without a name' '*does not end in a name*' /
ln -s "$M/jobs" "$T/in/way"
not 'a link into this mount' '*clustrixfs mount*' "$T/in/way/latest/spec"
ln -s loop "$T/in/loop"
not 'a link to itself' '*cannot be read*' "$T/in/loop"
is 'none of them became a job' "$(count)" "$n"

# A staged directory has the relative ones in it already.
mkdir "$M/stage/d"
echo in >"$M/stage/d/inner"
COMMAND='cat inner one' spec inner "$T/in/one" >"$M/stage/d/job.json"
ok 'a staged directory may name inputs of both kinds' mv "$M/stage/d" "$M/submit/d"
is 'and has both' "$(ended "$(job_of d)"; cat "$M/by-name/d/stdout")" "$(printf 'completed 0\nin\none')"
mkdir "$M/stage/e"
COMMAND=true spec inner >"$M/stage/e/job.json"
refused 'a relative one that is not in it is refused' mv "$M/stage/e" "$M/submit/e"
echo in >"$M/stage/e/one"
COMMAND=true spec "$T/in/one" >"$M/stage/e/job.json"
refused 'and one that would take the place of another' mv "$M/stage/e" "$M/submit/e"
like 'with a sentence' "$(cat "$M/submit/e.error")" '*one in the directory already*'

# Gone before it was its turn.
echo short >"$T/in/short"
"$PYTHON" -I -c 'import json, sys
print(json.dumps({"command": "true", "after": ["gate"], "inputs": sys.argv[1:]}))' "$T/in/short" \
    >"$T/spec"
"$PYTHON" -I -c 'import sys; print("#!/bin/sh\nwhile [ ! -e %s ]; do sleep 0.05; done" % sys.argv[1])' \
    "$T/go" >"$M/submit/gate"
cp "$T/spec" "$M/submit/late"
rm "$T/in/short"
: >"$T/go"
like 'a job whose input has gone fails' "$(ended "$(job_of late)")" 'failed*'
like 'and says why' "$(cat "$M/by-name/late/reason")" '*could not start*short*No such file*'

# A restart in between does no harm, and rerun keeps what the first attempt left.
COMMAND='cat one; echo more >>one'
job=$(submit again "$(spec "$T/in/one")")
ended "$job" >/dev/null
kill_daemon
clear_mount
start
ctl "$job" rerun
is 'a job that is run again finds its files as they were left' \
    "$(ended "$job" >/dev/null; cat "$M/jobs/$job/stdout")" "$(printf 'one\nmore')"
finish
