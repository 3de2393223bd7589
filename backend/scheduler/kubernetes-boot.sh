#!/bin/sh
#
# kubernetes-boot.sh - the first words of a job's container, where there is no volume
#
#   sh -c TEXT ROOT TOKEN ATTEMPT [INDEX]
#
# What a fifo's other end is open for tells whoever stays with the results (kubernetes-stay.sh) that
# this container lives, however it ends. So the job begins only when somebody is there to stay; and
# after five minutes without, for then nobody will be.
cd "$0" || exit 1
mkfifo .life 2>/dev/null
{ sleep 300; : <>.life; } &
exec 9>.life
if ! words=$(tar -xzf /.clustrixfs-pack/pack 2>&1); then
    printf 'cause could not start\nexit_code -1\nnote %s: %s\nend\n' \
        'its image cannot unpack the files of the job; it needs tar and gzip' \
        "$(printf '%s\n' "$words" | head -n 1)" >/dev/termination-log
    exit 1
fi
token=$1
shift
exec /bin/sh "$0/$token/job.sh" "$@"
