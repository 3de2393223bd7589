"""farsubmit.py - how long it takes until Slurm has a job, and until the job begins

One by one: from close() of the spec until its state is `queued` (sbatch has answered) and until
the job's own first act, against `ssh host sbatch` over a connection that is there already. In
bulk: one cp of many specs until all are queued, against a loop of sbatch on the login host, as
the account and without ssh, and a loop of `ssh host sbatch`. The jobs of the bulk begin in an
hour, so that none runs while others are submitted, and are cancelled at the end of each round.
"""

import os
import time

from harness import Ends, run, say, timed

OPTIONS = {"FARSUBMIT_JOBS": (20, 3), "FARSUBMIT_BULK": (1000, 50), "FARSUBMIT_ROUNDS": (3, 1)}
MS = 1e6
TAKEN = ("queued", "running", "collecting", "completed")
COMMAND = "exec date +%s%N"


def batch(far, ssh, name, command, *options):
    """sbatch at the other end of `ssh`, of a script that comes from here."""
    script = f"#!/bin/sh\n{command}\n".encode()
    return run([*ssh, "env", f"SLURM_CONF={far.env['SLURM_CONF']}", "sbatch", "--parsable",
                *options, "-D", far.dir, "-o", f"{far.dir}/{name}.out", "-t", "5"], input=script)


def read_times(far, path):
    """What `date +%s%N` has written at the far side, once it has."""
    return [int(word) for word in
            far.remote('until [ -s "$1" ]; do sleep 0.1; done; cat "$1"', path).split()]


def wait_taken(ends, jobs):
    """Until so many jobs are known to Slurm."""
    seen = set()
    while len(seen) < jobs:
        seen |= {e["job"] for e in ends.more() if e.get("state") in TAKEN}


def ours(m, name):
    """(close to queued, close to the first act) in ms"""
    ends = Ends(m)
    m.submit(name, f'{{"command": "{COMMAND}"}}')
    closed = time.time_ns()
    wait_taken(ends, 1)
    queued = time.time_ns()
    ends.close()
    said = m.wait(name)
    if said != "completed 0":
        raise RuntimeError(f"{name}: {said}")
    with open(m.path("by-name", name, "stdout"), encoding="ascii") as f:
        return (queued - closed) / MS, (int(f.read()) - closed) / MS


def theirs(far, ssh, name):
    began = time.time_ns()
    batch(far, ssh, name, COMMAND)
    queued = time.time_ns()
    return (queued - began) / MS, (read_times(far, f"{far.dir}/{name}.out")[0] - began) / MS


def one_by_one(bench, table, link, n):
    far = bench.far()
    ssh = link.master("cfx")
    say(f"submit latency, {link.name}")
    with link.mount(f"submit{link.suffix}", "cfx") as m:
        ours(m, "warm")
        pairs = [(ours(m, f"job{i}"), theirs(far, ssh, f"submit{link.suffix}{i}"))
                 for i in range(n)]
    our, their = zip(*pairs)
    peer = "ssh host sbatch, ControlMaster"
    table.against(f"close() -> queued in Slurm, {link.name}, {n} jobs", [o[0] for o in our], peer,
                  [t[0] for t in their], "ms", ("<=", 1.3))
    table.against(f"close() -> the job's first act, {link.name}", [o[1] for o in our], peer,
                  [t[1] for t in their], "ms", ("<=", 1.3))


class Bulk:
    """Many at once; each way returns jobs/s."""

    def __init__(self, bench, link, mount, n):
        self.bench, self.far, self.mount, self.n = bench, bench.far(), mount, n
        self.ssh, self.name = link.master("cfx"), f"bulk{link.suffix}"
        self.script = f"{self.far.dir}/{self.name}.sh"
        self.far.remote("printf '#!/bin/sh\\ntrue\\n' >\"$1\"", self.script)

    def rate(self, fn):
        took = timed(fn)
        self.far.cancel_all()
        return self.n / took

    def ours(self, r):
        where = self.bench.fresh(f"{self.name}-{r}")
        specs = [os.path.join(where, f"r{r}-{i:05d}") for i in range(self.n)]
        for path in specs:
            with open(path, "w", encoding="ascii") as f:
                f.write('{"command": "true", "begin": "+1h"}')
        ends = Ends(self.mount)
        rate = self.rate(lambda: (run(["cp", *specs, self.mount.path("submit/")]),
                                  wait_taken(ends, self.n)))
        ends.close()
        return rate

    def options(self):
        return f"--parsable --begin=now+1hour -D {self.far.dir} -o /dev/null {self.script}"

    def host(self, _):
        loop = 'i=0; while [ $i -lt "$1" ]; do sbatch $2 || exit; i=$((i + 1)); done'
        return self.rate(lambda: self.far.remote(loop, str(self.n), self.options()))

    def over_ssh(self, _):
        command = f"SLURM_CONF={self.far.env['SLURM_CONF']} sbatch {self.options()}"
        loop = ('n=$1 c=$2; shift 2; i=0;'
                ' while [ $i -lt "$n" ]; do "$@" "$c" || exit; i=$((i + 1)); done')
        return self.rate(lambda: run(["sh", "-c", loop, "sh", str(self.n), command, *self.ssh],
                                     input=b""))


def bulk(bench, table, link, o):
    n, times = o["FARSUBMIT_BULK"], o["FARSUBMIT_ROUNDS"]
    say(f"{n} submissions at once, {link.name}")
    with link.mount(f"bulk{link.suffix}", "cfx") as m:
        b = Bulk(bench, link, m, n)
        seen = {"ours": [], "host": [], "over_ssh": []}
        for r in range(times):
            for name in seen:
                seen[name].append(getattr(b, name)(r))
    what = f"{n} specs by one cp, until all are queued, {link.name}"
    table.against(what, seen["ours"], "loop of sbatch on the login host", seen["host"], "jobs/s",
                  (">=", 0.8))
    table.against(what, seen["ours"], "loop of ssh host sbatch, ControlMaster", seen["over_ssh"],
                  "jobs/s")


def measure(bench, table):
    o = bench.options(OPTIONS)
    for link in bench.far().links:
        one_by_one(bench, table, link, o["FARSUBMIT_JOBS"])
    for link in bench.far().links:
        bulk(bench, table, link, o)
