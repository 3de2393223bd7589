#!/bin/bash
# What a newcomer does in the first minute, as the README says it.
. "$(dirname "$0")/lib.sh"
start

cat >train.sh <<'END'
#!/bin/sh
echo learning
echo a warning >&2
echo 42 > result.txt
END

ok 'cp puts a script into submit/' cp train.sh "$M/submit/"
is 'wait blocks and then says completed 0' "$(bounded cat "$M/by-name/train.sh/wait")" 'completed 0'
is 'stdout is what it printed' "$(cat "$M/by-name/train.sh/stdout")" learning
is 'stderr is what it complained' "$(cat "$M/by-name/train.sh/stderr")" 'a warning'
ok 'ls -l lists the files of the newest job' ls -l "$M/jobs/latest/files/"
is 'the result file is there' "$(ls "$M/jobs/latest/files/")" result.txt
is 'the result file is what the job wrote' "$(cat "$M/jobs/latest/files/result.txt")" 42
is 'the state is one word' "$(cat "$M/jobs/latest/state")" completed
is 'the exit code is a number' "$(cat "$M/jobs/latest/exit_code")" 0
like 'the reason is a sentence' "$(cat "$M/jobs/latest/reason")" '?*'
same 'the spec is byte for byte what was submitted' train.sh "$M/jobs/latest/spec"
same 'submit/train.sh reads back what was written' train.sh "$M/submit/train.sh"

ok 'echo submits a JSON spec' \
    dash -c 'echo "{\"command\":\"hostname\"}" > "$1"' - "$M/submit/hello"
is 'it runs' "$(bounded cat "$M/by-name/hello/wait")" 'completed 0'
is 'it prints' "$(cat "$M/by-name/hello/stdout")" "$(hostname)"
is 'jobs/latest is the newest' "$(readlink "$M/jobs/latest")" "$(job_of hello)"

# The tree's own README: its commands, pasted in one go by somebody who is in the mount. What is
# indented is a command, but for the list of a job's files.
pasted()
{
    awk '/^In a job/ { list = 1; next } /^[^ ]/ { list = 0 } /^    / && !list' "$M/README.md" |
        sed "s|MOUNTPOINT|$M|" >pasted
    bounded bash -ec 'cd "$1" && . "$2"' - "$M" "$T/pasted" >said
}
ok "the commands of the tree's README.md all succeed" pasted
is 'they are many' "$(wc -l <pasted | awk '{ print ($1 > 30) }')" 1
is 'jobs end as it says' "$(grep -x -e 'completed 0' -e cancelled said | tr '\n' ' ')" \
    'completed 0 completed 0 cancelled completed 0 completed 0 completed 0 '
is 'results are what it says' "$(sed -n '/^result$/p; /^task [0-9]$/p; /^10$/p' said | tr '\n' ' ')" \
    "result $(seq -f 'task %g' 0 9 | tr '\n' ' ')10 "
ok 'the last of them unmounts' ended_daemon
is 'and the daemon exits 0' "${STATUS-none}" 0

# The README's first command, in a checkout in which what takes long has been done: the packages
# are there, and the build is the one under test.
source=$(realpath "$HERE/../..") build=${CLUSTRIXFS%/fs/clustrixfs}
mkdir checkout && ln -s "$source/contrib" checkout/contrib
ln -s "$build" checkout/build-release

# What differs from one machine, or one run, to the next; and its last words are shortened there.
masked()
{
    sed -e 's/^\(==> packages:\|==> build: build-release\).*/\1/' -e '/==> done/,$d' \
        -e 's/job [0-9]* on .*, in .*/job N on HOST, in DIRECTORY/' -e 's/^\( *-rw-------\) .* primes/\1 ... primes/'
}
newcomer() { (cd checkout && timeout "$(seconds 30)" ./contrib/first-minute); }
# It stays in the background, beside the keeper that it has at hand.
daemons() { for p in $(ours); do grep -lsx clustrixfs "/proc/$p/comm"; done | cut -d / -f 3; }
none_left() { for p in $(ours); do helper await-exit "$p" "$(seconds 10)" || return; done; }
if [ ! -f "$build/build.ninja" ]; then
    echo "# $CLUSTRIXFS is in no build directory: ./contrib/first-minute is left out"
    finish
fi
ok './contrib/first-minute succeeds' newcomer
cp .out first
is 'and prints what the README shows' "$(masked <first)" \
    "$(sed -n '/^    ==> packages/,/^ *\.\.\.$/s/^    //p' "$source/README.md" | masked)"
ok 'what it says to do next succeeds' bash -ec "$(sed '1,/==> done/d' first)"
is 'and ends with the mount' "$(mountpoint -q "$HOME/cluster" && echo mounted)" ''
ok 'and with the daemon' none_left
before=$(find "$S/local" -mindepth 1 -maxdepth 1 -name 'cfx*' | wc -l)
ok 'a second time it succeeds' newcomer
ok 'and a third time, on a mount that is there' newcomer
is 'with one daemon' "$(daemons | wc -l)" 1
is 'which it says' "$(grep -c 'is mounted already' .out)" 1
kill -9 "$(daemons)"
ok 'and where the daemon was killed' newcomer
is 'each of these was one job' "$(find "$HOME/cluster/by-cluster/local" -type l | wc -l)" \
    "$((before + 3))"
ok 'it unmounts' fusermount3 -u "$HOME/cluster"
ok 'and nothing of it is left' none_left
finish
