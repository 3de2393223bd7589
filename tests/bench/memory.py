"""memory.py - what the daemon takes, and what an ended job adds to it

RSS is what people look at; the figure for one job is made from private memory alone (what is
shared with other programs or can be dropped is no cost of a job).
"""

import os

from harness import Mount, say
from populate import store

MB = 1e6


def sizes(pid):
    """(RSS, private) in bytes."""
    fields = {}
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as f:
        for line in f.readlines()[1:]:
            key, kilobytes = line.split()[:2]
            fields[key] = int(kilobytes) * 1024
    return fields["Rss:"], fields["Anonymous:"]


def look(bench, jobs):
    """After the mount and one listing of jobs/."""
    if jobs:
        state = store(bench, f"memory-{jobs}", jobs)
    else:
        state = bench.fresh("memory-0")
    with Mount(bench.program, state, bench.point) as m:
        os.listdir(m.path("jobs"))
        return sizes(m.pid), m.took


def measure(bench, table):
    steps = bench.few((0, 100_000, 1_000_000), (0, 2_000, 20_000))
    private = {}
    for jobs in steps:
        say(f"memory: {jobs} jobs")
        (rss, private[jobs]), took = look(bench, jobs)
        table.single(f"daemon's RSS with {jobs} ended jobs", rss / MB, "MB",
                     None if jobs else ("<=", 10))
        table.single(f"its private memory with {jobs} ended jobs", private[jobs] / MB, "MB")
        if jobs:
            table.single(f"time to mount with {jobs} jobs", took * 1e3, "ms")
            added = (private[jobs] - private[0]) / jobs
            table.single(f"private bytes for each of {jobs}", added, "B",
                         None if jobs < steps[-1] else ("<=", 40))
