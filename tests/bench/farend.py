"""farend.py - from the last act of a command under Slurm to `wait` returning

The job is the witness: the time is the last thing it says, by exec. Against it `sbatch --wait`,
run by ssh over a connection that is there already.
"""

import time

from farsubmit import MS, batch, read_times
from harness import percentile, say

OPTIONS = {"FAREND_JOBS": (30, 4)}
COMMAND = "date +%s%N; sleep 0.2; exec date +%s%N"


def last_act(far, path):
    return read_times(far, path)[-1]


def ours(m, name):
    m.submit(name, f'{{"command": "{COMMAND}"}}')
    said = m.wait(name)
    returned = time.time_ns()
    if said != "completed 0":
        raise RuntimeError(f"{name}: {said}")
    with open(m.path("by-name", name, "stdout"), encoding="ascii") as f:
        return (returned - int(f.read().split()[-1])) / MS


def theirs(far, ssh, name):
    batch(far, ssh, name, COMMAND, "--wait")
    returned = time.time_ns()
    return (returned - last_act(far, f"{far.dir}/{name}.out")) / MS


def one_link(bench, table, link, n):
    far = bench.far()
    ssh = link.master("cfx")
    say(f"end latency, {link.name}")
    seen = {"ours": [], "theirs": []}
    with link.mount(f"end{link.suffix}", "cfx") as m:
        ours(m, "warm")
        for i in range(n):
            seen["ours"].append(ours(m, f"end{i}"))
            seen["theirs"].append(theirs(far, ssh, f"end{link.suffix}{i}"))
    what = f"Slurm job's last act -> wait returns, {link.name}"
    limit = 300 + link.round_trip_ms("cfx")
    table.measured(f"{what}, {n} jobs", seen["ours"], "ms", ("<=", round(limit)))
    table.against(what, seen["ours"], "sbatch --wait", seen["theirs"], "ms", ("<=", 0.2))
    table.against("the same, p99", [percentile(seen["ours"], 99)], "sbatch --wait",
                  [percentile(seen["theirs"], 99)], "ms")


def measure(bench, table):
    n = bench.options(OPTIONS)["FAREND_JOBS"]
    for link in bench.far().links:
        one_link(bench, table, link, n)
