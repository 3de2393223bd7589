#!/bin/sh
#CLUSTRIX cores=1
#CLUSTRIX time=1m
# The first job: says where it runs, counts primes, and leaves a result file.
set -eu

echo "job $CLUSTRIXFS_JOB on $(uname -n), in $PWD"

awk 'BEGIN {
    for (n = 2; n <= 20000; n++) {
        prime = 1
        for (d = 2; d * d <= n && prime; d++)
            prime = n % d != 0
        if (prime) {
            print n > "primes.txt"
            found++
        }
    }
    printf "found %d primes up to 20000; they are in files/primes.txt\n", found
}'
