"""farload.py - what the cluster and the network have to bear while jobs are active and nobody looks

Slurm counts the requests that its controller gets, by the user who sent them (sdiag), so nothing
stands between us and its programs; other users of the account count as ours. The kernel counts the
segments with data that the daemon's connections have sent: no less than its round trips.
"""

import re
import time

from harness import need, run, say, slurp, until

OPTIONS = {"FARLOAD_SECONDS": (60, 10), "FARLOAD_MANY": (100, 20), "FARLOAD_SETTLE": (30, 10)}


def segments(pid):
    """Sent with data in them, by all connections of the daemon that are there now."""
    lines = run(["ss", "-tinpOH", "state", "established"]).splitlines()
    return sum(int(n) for line in lines if f"pid={pid}," in line
               for n in re.findall(r"data_segs_out:(\d+)", line))


def requests(far):
    text = far.slurm("sdiag").split("statistics by user", 1)[1]
    found = re.search(rf"^\s*{re.escape(far.user)}\s.*count:(\d+)", text, re.M)
    return int(found.group(1)) if found else 0


def per_minute(far, mount, seconds):
    """(requests to Slurm, segments sent) a minute"""
    far.slurm("sdiag", "-r")
    before = segments(mount.pid)
    time.sleep(seconds)
    return requests(far) * 60 / seconds, (segments(mount.pid) - before) * 60 / seconds


def activate(mount, jobs):
    """Until one of so many runs; those without a slot wait for it, and are active, too."""
    name = f"load{jobs}"
    more = f', "array": "0-{jobs - 1}"' if jobs > 1 else ""
    mount.submit(name, f'{{"command": "sleep 3000"{more}}}')
    state = mount.path("by-name", name, "state")
    until(lambda: "running" in slurp(state), f"{name} to run")


def measure(bench, table):
    need("ss", "iproute2")
    o = bench.options(OPTIONS)
    far = bench.far()
    with far.links[0].mount("load", "cfx") as m:
        for jobs in (0, 1, o["FARLOAD_MANY"]):
            say(f"load: {jobs} active jobs")
            if jobs:
                activate(m, jobs)
            time.sleep(o["FARLOAD_SETTLE"])
            asked, sent = per_minute(far, m, o["FARLOAD_SECONDS"])
            table.single(f"requests to Slurm a minute, {jobs} active jobs", asked, "",
                         None if jobs else ("<=", 0))
            table.single(f"segments sent a minute, {jobs} active jobs", sent, "")
            far.cancel_all()
