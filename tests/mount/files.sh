#!/bin/bash
# The files of a job are a folder like any other.
. "$(dirname "$0")/lib.sh"
. "$HERE/folder.sh"
start
job=$(submit folder "$(folder_spec)")
is 'the job completes' "$(ended "$job" 60)" 'completed 0'
folder_is_like "$M/jobs/$job/files" "$S/local/$(info "$job" 'j["token"]')/files"

# Only root can make one of those.
if may 'a device is shown' 'needs root' [ "$(id -u)" = 0 ]; then
    job=$(submit device '{"command": "mknod zero c 1 5"}')
    is 'a device is shown' "$(ended "$job"; stat -c '%F %t %T' "$M/jobs/$job/files/zero")" \
        "$(printf 'completed 0\ncharacter special file 1 5')"
    refused 'and not opened' head -c 1 "$M/jobs/$job/files/zero"
fi
finish
