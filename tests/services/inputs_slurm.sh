#!/bin/bash
# The same of a cluster whose scheduler keeps a queue.
# shellcheck source=/dev/null # it goes by the name of this one
. "$(dirname "$0")/inputs.sh"
