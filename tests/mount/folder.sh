# shellcheck shell=bash
#
# folder.sh - files/ of a job is a folder like any other, for the programs that people use
#
# For a job of this machine (files.sh) and for one behind a network (services/host.sh) alike.

# What the job leaves; the far side needs no more than sh and python3.
folder_spec()
{
    cat <<'END'
#!/bin/sh
mkdir -p many deep/er
i=0
while [ $i -lt 2000 ]; do echo "line $i" >many/$i; i=$((i+1)); done
head -c 3000000 /dev/urandom >deep/er/random
echo needle >deep/er/hay
printf '#!/bin/sh\necho I run\n' >tool
chmod 750 tool
touch -d '2001-02-03 04:05:06' tool
ln -s er/hay deep/link
ln -s /etc/passwd absolute
ln -s ../../../../../../../../etc/passwd climbing
mkfifo pipe
python3 -c 'import os, socket
socket.socket(socket.AF_UNIX).bind("socket")
for name in (b"\xff\xfe not UTF-8", b" ", b"\\", b"\x01\n\x02\x7f", b"-rf", b"*"):
    with open(name, "wb") as f: f.write(name)
with open("sparse", "wb") as f:
    f.truncate(5 << 30)
    f.seek(4500000000)
    f.write(b"here")'
END
}

# folder_is_like DIR ORIGINAL: what the mount shows, and the directory itself.
folder_is_like()
{
    local f=$1 real=$2
    ok 'cp -r brings what is in it' cp -r "$f/many" "$f/deep" "$f/tool" "$T/"
    ok 'byte for byte' diff -r --no-dereference "$real/many" "$T/many"
    ok 'also what is large' diff -r --no-dereference "$real/deep" "$T/deep"
    ok 'tar packs it' sh -c 'tar -C "$1" -cf - many deep tool | tar -C "$2" -xf -' - "$f" \
        "$(mktemp -d "$T/tar.XXXX")"
    ok 'as it is' diff -r --no-dereference "$real/deep" "$T"/tar.*/deep
    is 'with modes and times' "$(stat -c '%a %Y' "$T"/tar.*/tool)" "$(stat -c '%a %Y' "$real/tool")"
    have rsync 'rsync brings it' &&
        ok 'rsync brings it' rsync -a --no-owner --no-group "$f/many" "$f/deep" "$T/rsync/"
    ok 'as it is, too' diff -r --no-dereference "$real/deep" "$T/rsync/deep"
    is 'and the second time nothing' \
        "$(rsync -a --no-owner --no-group --out-format=%n "$f/many" "$f/deep" "$T/rsync/")" ''
    is 'grep -r finds' "$(cd "$f" && grep -rl needle deep)" deep/er/hay
    is 'thousands of files are listed' "$(ls "$f/many" | wc -l)" 2000
    is 'and read' "$(cat "$f"/many/* | sort | md5sum)" "$(cat "$real"/many/* | sort | md5sum)"
    is 'it can be mapped' "$("$PYTHON" -I -c 'import hashlib, mmap, sys
with open(sys.argv[1], "rb") as f, mmap.mmap(f.fileno(), 0, prot=mmap.PROT_READ) as m:
    print(hashlib.md5(m).hexdigest())' "$f/deep/er/random")" \
        "$(md5sum <"$real/deep/er/random" | cut -d' ' -f1)"
    ok 'read from the end to its beginning' "$PYTHON" -I -c 'import sys
a, b = (open(p, "rb") for p in sys.argv[1:])
for at in range(2900000, -1, -290000):
    a.seek(at), b.seek(at)
    assert a.read(1000) == b.read(1000), at' "$f/deep/er/random" "$real/deep/er/random"
    have vim 'an editor opens it' &&
        is 'an editor opens it' "$(bounded vim -NRu NONE -es -c '%p' -c 'q!' "$f/deep/er/hay")" needle
    # shellcheck disable=SC2012 # the names are what is looked at
    is 'names of any bytes are listed' "$(cd "$f" && printf '%s/' * | md5sum)" \
        "$(cd "$real" && printf '%s/' * | md5sum)"
    ok 'and read' "$PYTHON" -I -c 'import os, sys
for name in (b"\xff\xfe not UTF-8", b" ", b"\\", b"\x01\n\x02\x7f", b"-rf", b"*"):
    with open(os.path.join(os.fsencode(sys.argv[1]), name), "rb") as f: assert f.read() == name' "$f"
    is 'beyond 4 GiB it is what it is' \
        "$(tail -c +4499999999 "$f/sparse" | head -c 7 | od -An -c | tr -d ' ')" '\0\0here\0'
    is 'a link in it works' "$(cat "$f/deep/link")" needle
    refused 'an absolute one leads to nothing here' cat "$f/absolute"
    refused 'nor does one that climbs out' cat "$f/climbing"
    is 'pipes and sockets are shown' "$(stat -c %F "$f/pipe" "$f/socket" | tr '\n' ,)" fifo,socket,
}
