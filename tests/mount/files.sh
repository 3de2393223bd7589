#!/bin/bash
# The files of a job are a folder like any other.
. "$(dirname "$0")/lib.sh"
. "$HERE/folder.sh"
start
job=$(submit folder "$(folder_spec)")
is 'the job completes' "$(ended "$job" 60)" 'completed 0'
folder_is_like "$M/jobs/$job/files" "$S/local/$(info "$job" 'j["token"]')/files"
finish
