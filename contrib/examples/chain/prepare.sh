#!/bin/sh
# The first of three: leaves its numbers where the next one looks for them.
set -eu
seq 1 100 > /tmp/clustrixfs-chain.txt
