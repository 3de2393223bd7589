#!/bin/bash
# Editors save once and submit once; what they write beside the file never becomes a job.
. "$(dirname "$0")/lib.sh"
start

submits() # WHAT BEFORE NAME OUTPUT
{
    local job
    is "$1 makes exactly one job" "$(count)" "$(($2 + 1))"
    job=$(job_of "$3")
    is "$1: it is the file as saved" "$(ended "$job"; cat "$M/jobs/$job/stdout")" \
        "$(printf 'completed 0\n%s' "$4")"
    is "$1: submit/NAME is the file as saved" "$(cat "$M/submit/$3")" "$(cat "$M/jobs/$job/spec")"
}

if have vim 'vim'; then
    n=$(count)
    printf '#!/bin/sh\necho one\n' >text
    ok 'vim writes a new file' timeout "$(seconds 30)" \
        vim -u NONE -es -c "e $M/submit/v.sh" -c "0r $T/text" -c wq
    submits 'vim, a new file' "$n" v.sh one
    n=$(count)
    ok 'vim changes a file' timeout "$(seconds 30)" \
        vim -u NONE -es -c '%s/one/two/' -c wq "$M/submit/v.sh"
    submits 'vim, a changed file' "$n" v.sh two
    n=$(count)
    ok 'vim with its defaults in a terminal' helper typed \
        ':%s/two/three/\r|:wq\r' vim -u DEFAULTS --cmd 'set backup writebackup' "$M/submit/v.sh"
    submits 'vim in a terminal with backups' "$n" v.sh three
    n=$(count)
    ok 'vim leaves without saving' timeout "$(seconds 30)" vim -u NONE -es -c q! "$M/submit/v.sh"
    is 'vim that only looked makes no job' "$(count)" "$n"
fi
if have nano 'nano'; then
    n=$(count)
    ok 'nano writes a new file' helper typed '#!/bin/sh\recho four|\x18|y|\r' nano -I "$M/submit/n.sh"
    submits 'nano, a new file' "$n" n.sh four
    n=$(count)
    ok 'nano changes a file' helper typed '\x0b#!/bin/sh -e\r|\x18|y|\r' nano -I "$M/submit/n.sh"
    submits 'nano, a changed file' "$n" n.sh four
fi

printf '#!/bin/sh\necho one\n' >"$M/submit/e.sh"
n=$(count)
ok 'sed -i changes a file' sed -i s/one/two/ "$M/submit/e.sh"
submits 'sed -i' "$n" e.sh two
n=$(count)
ok 'perl -i changes a file' perl -i -pe s/two/three/ "$M/submit/e.sh"
submits 'perl -i' "$n" e.sh three
n=$(count)
ok 'sed -i.bak~ keeps a backup' sed -i.bak~ s/three/four/ "$M/submit/e.sh"
submits 'sed -i with a backup' "$n" e.sh four

is 'nothing is left beside the files' \
    "$(find "$M/submit" -mindepth 1 -printf '%f\n' | grep -v '~$' | sort | tr '\n' ' ')" \
    "$(for f in e.sh n.sh v.sh; do [ -e "$M/submit/$f" ] && printf '%s ' $f; done)"
finish
