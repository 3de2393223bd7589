#!/bin/bash
# A plain user, without any right of root, has all of it.
. "$(dirname "$0")/lib.sh"

if ! may 'a plain user mounts' 'this is a plain user already' is_root; then
    finish
fi
# In a container /dev/fuse may belong to root alone; elsewhere it is everybody's, and so it is here.
own_namespace
mknod -m 666 "$T/fuse" c 10 229
mount --bind "$T/fuse" /dev/fuse
# The checkout may lie in root's home, where nobody else has a way in.
keeper=$(realpath "$(dirname "$CLUSTRIXFS")/../backend/keeper/clustrixfs-keeper") &&
    install -D -t "$T/bin" "$CLUSTRIXFS" "$keeper" && CLUSTRIXFS=$T/bin/clustrixfs
chown -R nobody: "$T"
as_user() { setpriv --reuid=nobody --regid=nogroup --clear-groups "$@"; }
fuse_open() { as_user sh -c "fusermount3 -V" && [ -u "$(command -v fusermount3)" ]; }
# Without the function, so that $! is the daemon and not a shell before it.
start_as_user()
{
    setpriv --reuid=nobody --regid=nogroup --clear-groups "$CLUSTRIXFS" -f "$M" >>log 2>&1 &
    DAEMON=$!
}
await_mount_as_user()
{
    as_user "$PYTHON" -I - await-mount "$M" "$DAEMON" "$(seconds 20)" <"$HERE/helper.py"
}
if may 'a plain user may mount' 'fusermount3 is not set-user-id here' fuse_open; then
    start_as_user
    # Not even root sees a mount of somebody else; so it is looked at as that user.
    ok 'a plain user mounts' await_mount_as_user
    as_user sh -c "printf '#!/bin/sh\nid -un; pwd\n' > '$M/submit/me'"
    is 'submits' "$(as_user timeout "$(seconds 20)" cat "$M/by-name/me/wait")" 'completed 0'
    is 'reads' "$(as_user head -n 1 "$M/by-name/me/stdout")" nobody
    is 'owns the tree' "$(as_user stat -c %U "$M/jobs/1/state")" nobody
    as_user sh -c "echo '{\"command\": \"perl -e 1\", \"memory\": \"200M\", \"time\": 60}' > '$M/submit/limits'"
    is 'has limits' "$(as_user timeout "$(seconds 20)" cat "$M/by-name/limits/wait")" 'completed 0'
    is 'even root stays outside without allow_other' "$(ls "$M" 2>/dev/null)" ''
    ok 'unmounts' as_user fusermount3 -u "$M"
    ended_daemon
    is 'and the daemon ends with 0' "$STATUS" 0

    # After a crash the mount point is stale for its owner, too.
    start_as_user
    await_mount_as_user
    kill_daemon
    if as_user timeout "$(seconds 20)" "$CLUSTRIXFS" "$M" >.out 2>&1; then
        result 0 'a stale mount point of a plain user is cleared or explained'
        as_user fusermount3 -u "$M"
    else
        like 'a stale mount point of a plain user is cleared or explained' "$(cat .out)" '*fusermount3 -u*'
        as_user fusermount3 -u -z "$M"
    fi

    # A line of fstab: mount(8) takes HOME away from a user, and the program has to find it again.
    cp -a /etc "$T/etc"
    sed -i "s|^\(nobody:.*\):[^:]*:\([^:]*\)$|\1:$HOME:\2|" "$T/etc/passwd"
    echo "clustrixfs $M fuse.clustrixfs noauto,user 0 0" >>"$T/etc/fstab"
    mount --bind "$T/etc" /etc
    mount --bind "$T/bin" /usr/local/bin
    if may 'a plain user mounts a line of fstab' 'mount is not set-user-id here' \
        [ -u "$(command -v mount)" ]; then
        ok 'a plain user mounts a line of fstab' as_user env -u XDG_STATE_HOME mount "$M"
        as_user sh -c "echo '{\"command\": \"echo \$HOME\"}' > '$M/submit/home'"
        is 'a job runs there, with the HOME of the account' \
            "$(as_user timeout "$(seconds 20)" cat "$M/by-name/home/wait" "$M/by-name/home/stdout")" \
            "$(printf 'completed 0\n%s' "$HOME")"
        ok 'the state is in it' [ -d "$HOME/.local/state/clustrixfs" ]
        ok 'umount takes it away' as_user umount "$M"
        for p in $(ours); do helper await-exit "$p" 10; done
    fi
fi
finish
