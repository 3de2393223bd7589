#!/bin/sh
#
# kubernetes-stay.sh - stays in the pod with what the job has left, until that was fetched
#
#   sh -c TEXT ROOT
#
# A container of its own: it outlives a job's that is killed for its memory, and only then does the
# pod end. Its patience begins when the job's container has ended, and anew when somebody fetches.
# Whoever deletes the pod wants the job to end, and its results all the same.
trap '' TERM
cd "$0" || exit 1
mkfifo .life 2>/dev/null
read -r _ <.life
left=600
while [ ! -e .taken ] && [ "$left" -gt 0 ]; do
    if [ -e .asked ]; then
        rm -f .asked
        left=600
    fi
    sleep 1
    left=$((left - 1))
done
exit 0
