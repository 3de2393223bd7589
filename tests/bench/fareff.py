"""fareff.py - how much of the cluster works while 1 s jobs fill all of its slots

The ideal is jobs x 1 s / slots. The makespan is from the beginning of the submission to the last
job's last act, which it writes down itself; the same for `sbatch --array` on the login host, so
what Slurm itself costs is in both. Twice: on all slots, more than this machine's processors can
start jobs for in a second, and on those of one node.
"""

import os
import time

from farsubmit import MS
from harness import PATIENCE_MS, Ends, run, say

OPTIONS = {"FAREFF_JOBS": (320, 32), "FAREFF_NODE_JOBS": (80, 8), "FAREFF_ROUNDS": (3, 1)}
WORK = 'sleep 1; date +%s%N >>\\"{witness}\\"'
LAST = 'until [ "$(cat "$1" 2>/dev/null | wc -l)" -ge "$2" ]; do sleep 0.2; done; sort -n "$1" |' \
       ' tail -n 1'


class Contenders:
    """Each runs all jobs and returns the efficiency in percent."""

    def __init__(self, bench, mount, n, partition):
        self.bench, self.far, self.mount, self.n = bench, bench.far(), mount, n
        self.partition = partition
        nodes = self.far.slurm("sinfo", "-h", "-o", "%C", "-p", partition)
        self.slots = int(nodes.split("/")[3])

    def efficiency(self, name, began, seconds=None):
        """By the witness file; or by how long it has taken until something else."""
        last = int(self.far.remote(LAST, f"{self.far.dir}/{name}", str(self.n)))
        seconds = seconds or (last - began) / MS / 1e3
        return 100 * self.n / self.slots / seconds

    def work(self, name):
        return WORK.format(witness=f"{self.far.dir}/{name}")

    def spec(self, name, more=""):
        return f'{{"command": "{self.work(name)}", "partition": "{self.partition}"{more}}}'

    def specs(self, r):
        name = f"eff-{self.partition}-{r}"
        where = self.bench.fresh(name)
        for i in range(self.n):
            with open(f"{where}/{self.partition}{r}-{i:05d}", "w", encoding="ascii") as f:
                f.write(self.spec(name))
        ends = Ends(self.mount)
        began = time.time_ns()
        run(["cp", *(os.path.join(where, f) for f in sorted(os.listdir(where))),
             self.mount.path("submit/")])
        ends.wait(self.n)
        known = (time.time_ns() - began) / MS / 1e3
        ends.close()
        return self.efficiency(name, began), self.efficiency(name, began, known)

    def array(self, r):
        name = f"eff-array-{self.partition}-{r}"
        began = time.time_ns()
        self.mount.submit(name, self.spec(name, f', "array": "0-{self.n - 1}"'))
        self.mount.wait(name, PATIENCE_MS + 1000 * self.n)
        return self.efficiency(name, began)

    def sbatch(self, r):
        name = f"eff-sbatch-{self.partition}-{r}"
        script = "#!/bin/sh\n" + self.work(name).replace("\\", "") + "\n"
        began = time.time_ns()
        run(self.far.account('exec sbatch --parsable -D "$1" -o /dev/null --array="$2"'
                             ' -p "$3"', self.far.dir, f"0-{self.n - 1}", self.partition),
            input=script.encode(), cwd=self.far.account_home)
        return self.efficiency(name, began)


def one_partition(bench, table, partition, n, times):
    seen = {"specs": [], "array": [], "sbatch": []}
    with bench.far().links[0].mount(f"eff-{partition}", "cfx") as m:
        c = Contenders(bench, m, n, partition)
        for r in range(times):
            for name in seen:
                say(f"efficiency, {partition}: {name}")
                seen[name].append(getattr(c, name)(r))
    what = f"parallel efficiency, {n} jobs of 1 s on {c.slots} slots"
    peer = "sbatch --array on the login host"
    ran, known = zip(*seen["specs"])
    table.against(f"{what}: a spec each", ran, peer, seen["sbatch"], "%")
    table.measured("the same, a spec each", ran, "%", (">=", 90))
    table.measured("the same, until all ends are known here", known, "%")
    table.against(f"{what}: an array", seen["array"], peer, seen["sbatch"], "%")
    table.measured("the same, an array", seen["array"], "%", (">=", 90))


def measure(bench, table):
    o = bench.options(OPTIONS)
    one_partition(bench, table, "main", o["FAREFF_JOBS"], o["FAREFF_ROUNDS"])
    one_partition(bench, table, "short", o["FAREFF_NODE_JOBS"], o["FAREFF_ROUNDS"])
