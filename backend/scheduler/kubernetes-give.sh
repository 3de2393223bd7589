#!/bin/sh
#
# kubernetes-give.sh - said within a pod: what a run has left, as a tar
#
#   sh -c TEXT ROOT TOKEN RUN LIMIT WAIT
#
# It exits 0 after all of it; 3: its files were more than LIMIT bytes, and are left out; 4: so was
# its output, of which there is the beginning; 5: the job did not begin; 6: it has not ended within
# WAIT seconds (0: its container has).
root=$0 token=$1 run=$2 limit=$3 wait=$4
cd "$root/$token" 2>/dev/null || exit 5
: >"$root/.asked"
while [ ! -e "$run/exit" ] && [ "$wait" -gt 0 ]; do
    sleep 1
    wait=$((wait - 1))
    [ "$wait" -gt 0 ] || exit 6
done

# How long the tar of these will be.
sum()
{
    find "$@" -exec ls -lnd {} + 2>/dev/null | {
        n=0
        while read -r mode _ _ _ size _; do
            n=$((n + 1024))
            case $mode.$size in
            -*.*[!0-9]* | -*.) ;;
            -*) n=$((n + size)) ;;
            esac
        done
        echo "$n"
    }
}

if [ "$(sum "$run" files)" -le "$limit" ]; then
    tar -cf - "$run" files
    exit 0
fi 2>/dev/null
if [ "$(sum "$run")" -le "$limit" ]; then
    tar -cf - "$run"
    exit 3
fi 2>/dev/null
mkdir -p "$root/.cut/$run" || exit 1
for file in started exit stdout stderr; do
    [ ! -f "$run/$file" ] || head -c "$((limit / 4))" "$run/$file" >"$root/.cut/$run/$file"
done
cd "$root/.cut" && tar -cf - "$run" 2>/dev/null
exit 4
