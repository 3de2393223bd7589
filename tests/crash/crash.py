#!/usr/bin/env python3
"""crash.py - SIGKILLs the daemon at random moments and counts what ran

    CLUSTRIXFS=PROGRAM crash.py [--kills N] [--seconds S] [--seed X]

Several writers cp specs into submit/, JSON and scripts in turn, while the daemon is killed and
mounted again on the same state, over and over. Each job appends its own name to a file, the
witness. In the end, for every cp that exited 0 its job ran exactly once; the one exception is a
script that was caught between the flush and the release of its file: nobody can tell whether it is
complete, so it stays a draft with a NAME.error that says so. A cp that failed may have run, once.
"""
import argparse
import collections
import os
import random
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

WRITERS = 3
BACKLOG = 200  # writers pause when so many jobs wait, so that the end is never far


class Ground:
    """The daemon, its state and its mount, below one directory of our own."""

    def __init__(self):
        self.top = tempfile.mkdtemp(prefix="cfx.", dir=os.environ.get("TMPDIR", "/tmp"))
        self.mount = os.path.join(self.top, "m")
        self.witness = os.path.join(self.top, "witness")
        self.program = os.path.realpath(os.environ["CLUSTRIXFS"])
        for name in ("m", "s", "c/clustrixfs", "src"):
            os.makedirs(os.path.join(self.top, name))
        with open(os.path.join(self.top, "c/clustrixfs/config.json"), "w") as f:
            # Few, so that jobs wait for their turn when the daemon is killed.
            f.write('{"clusters": {"local": {"cores": 2}}}\n')
        open(self.witness, "w").close()
        self.env = dict(os.environ, XDG_STATE_HOME=os.path.join(self.top, "s"),
                        XDG_CONFIG_HOME=os.path.join(self.top, "c"))
        self.log = open(os.path.join(self.top, "log"), "ab")
        self.daemon = None

    def path(self, *names):
        return os.path.join(self.mount, *names)

    def launch(self):
        self.daemon = subprocess.Popen([self.program, "-f", self.mount], env=self.env,
                                       stdin=subprocess.DEVNULL, stdout=self.log,
                                       stderr=self.log)

    def await_mount(self, seconds):
        """Until the mount answers, or the daemon has ended by itself (False)."""
        end = time.monotonic() + seconds
        process = os.pidfd_open(self.daemon.pid)
        try:
            with open("/proc/self/mountinfo", "rb", buffering=0) as mounts:
                poll = select.poll()
                poll.register(mounts, select.POLLPRI)
                poll.register(process, select.POLLIN)
                while time.monotonic() < end:
                    mounts.seek(0)
                    lines = mounts.read(1 << 20).splitlines()
                    if os.fsencode(self.mount) in [line.split()[4] for line in lines]:
                        return os.path.isdir(self.path("submit"))
                    if process in [fd for fd, _ in poll.poll(1000 * (end - time.monotonic()))]:
                        return False
        finally:
            os.close(process)
        return False

    def kill(self):
        self.daemon.kill()
        self.daemon.wait()
        subprocess.run(["fusermount3", "-u", "-z", self.mount], stderr=subprocess.DEVNULL)

    def take_down(self):
        if self.daemon and self.daemon.poll() is None:
            self.daemon.kill()
            self.daemon.wait()
        while subprocess.run(["fusermount3", "-u", "-z", self.mount],
                             stderr=subprocess.DEVNULL).returncode == 0:
            pass
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                cwd = os.readlink(f"/proc/{pid}/cwd")
                with open(f"/proc/{pid}/cmdline", "rb") as f:
                    words = f.read()
                if cwd.startswith(self.top + "/") or os.fsencode(self.top + "/") in words:
                    os.kill(int(pid), signal.SIGKILL)
            except OSError:
                pass
        shutil.rmtree(self.top, ignore_errors=True)


class Workload:
    """The writers, and what each of their cp said."""

    def __init__(self, ground, rng):
        self.ground = ground
        self.said = {}  # name: exit status of its cp
        self.up = threading.Event()
        self.over = threading.Event()
        self.room = threading.Event()
        self.room.set()
        self.threads = [threading.Thread(target=self.write, args=(w, random.Random(rng.random())))
                        for w in range(WRITERS)]

    def spec(self, name):
        words = f"printf '%s\\n' {name} >> {self.ground.witness}"
        if name.endswith(".sh"):
            return f"#!/bin/sh\n# {'x' * 200}\n{words}\n"
        return f'{{"command": "{words}"}}\n'.replace("\\n'", "\\\\n'")

    def write(self, writer, rng):
        n = 0
        while not self.over.is_set():
            self.up.wait()
            self.room.wait()
            if self.over.is_set():
                return
            n += 1
            name = f"w{writer}.{n}.{rng.choice(('sh', 'json'))}"
            source = os.path.join(self.ground.top, "src", name)
            with open(source, "w") as f:
                f.write(self.spec(name))
            self.said[name] = subprocess.run(["cp", source, self.ground.path("submit", name)],
                                             stderr=subprocess.DEVNULL).returncode
            # A pace of its own, so that kills meet the writers at all stages.
            self.over.wait(rng.random() * 0.02)

    def acknowledged(self):
        return sum(1 for status in list(self.said.values()) if status == 0)


def witnessed(ground):
    with open(ground.witness) as f:
        return collections.Counter(f.read().split())


def crash(ground, work, rng, kills, seconds):
    """Kill and mount again; returns how often it was killed."""
    end = time.monotonic() + seconds
    killed = 0
    while killed < kills and time.monotonic() < end:
        ground.launch()
        if rng.random() < 0.2:
            time.sleep(rng.random() * 0.1)  # while it is still taking up its jobs
        elif ground.await_mount(20):
            work.up.set()
            time.sleep(rng.random() * 0.4)  # in the middle of the work
        if ground.daemon.poll() is not None:
            raise SystemExit(f"Bail out! the daemon ended by itself: {ground.daemon.returncode}")
        work.up.clear()
        ground.kill()
        killed += 1
        behind = work.acknowledged() - sum(witnessed(ground).values())
        (work.room.set if behind < BACKLOG else work.room.clear)()
    return killed


def how_it_ended(ground, number, seconds):
    """What its wait says; for a job that never ends, in which state and why it is."""
    try:
        r = subprocess.run(["cat", ground.path("jobs", number, "wait")], capture_output=True,
                           text=True, timeout=seconds)
        return r.stdout.strip() or r.stderr.strip()
    except subprocess.TimeoutExpired:
        with open(ground.path("jobs", number, "state")) as state, \
                open(ground.path("jobs", number, "reason")) as reason:
            return f"still {state.read().strip()}: {reason.read().strip()}"


def settle(ground, seconds):
    """Until every job has ended; how each of them did."""
    end = time.monotonic() + seconds
    return collections.Counter(how_it_ended(ground, number, max(0.2, end - time.monotonic()))
                               for number in os.listdir(ground.path("jobs"))
                               if number.isdigit())


def draft_says_so(ground, work, name):
    """Kept, whole, with a sentence about it."""
    try:
        with open(ground.path("submit", name)) as f:
            whole = f.read() == work.spec(name)
        with open(ground.path("submit", name + ".error")) as f:
            return whole and len(f.read().split()) > 3
    except OSError:
        return False


def spec_is_whole(ground, work, name):
    try:
        with open(ground.path("by-name", name, "spec")) as f:
            return f.read() == work.spec(name)
    except OSError:
        return False


def judge(ground, work):
    runs = witnessed(ground)
    verdict = collections.defaultdict(list)
    for name, status in work.said.items():
        n = runs.pop(name, 0)
        if n > 1:
            verdict["twice"].append(name)
        elif n == 1 and not spec_is_whole(ground, work, name):
            verdict["without its spec"].append(name)
        elif status == 0 and n == 1:
            verdict["once"].append(name)
        elif status == 0 and name.endswith(".sh") and draft_says_so(ground, work, name):
            verdict["kept as drafts"].append(name)
        elif status == 0:
            verdict["lost"].append(name)
        else:
            verdict["failed, ran" if n else "failed, not run"].append(name)
    verdict["out of nowhere"] = list(runs)
    return verdict


def report(kills, wanted, work, verdict, states):
    acknowledged = work.acknowledged()
    print(f"# {kills} kills; {len(work.said)} cp, {acknowledged} of them exited 0")
    for what in sorted(verdict):
        print(f"# {what}: {len(verdict[what])} {' '.join(sorted(verdict[what])[:3])}")
    print(f"# jobs: {dict(states)}")
    tests = [
        (kills == wanted, f"the daemon was killed {wanted} times"),
        (acknowledged >= kills, "there was a workload to kill it over"),
        (not verdict["lost"], "no spec whose cp exited 0 is lost"),
        (not verdict["twice"], "none ran twice"),
        (not verdict["out of nowhere"], "nothing ran that was not asked for"),
        (not verdict["without its spec"], "each job has the spec that was written, whole"),
        (set(states) == {"completed 0"}, "every job completed"),
    ]
    for i, (holds, what) in enumerate(tests, 1):
        print(f"{'ok' if holds else 'not ok'} {i} - {what}")
    print(f"1..{len(tests)}")
    return all(holds for holds, _ in tests)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--kills", type=int, default=200)
    p.add_argument("--seconds", type=float, default=300)
    p.add_argument("--seed", default=str(time.time_ns()))
    args = p.parse_args()
    rng = random.Random(args.seed)
    print(f"# seed {args.seed}", flush=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    ground = Ground()
    work = Workload(ground, rng)
    try:
        for t in work.threads:
            t.start()
        kills = crash(ground, work, rng, args.kills, args.seconds)
        ground.launch()
        if not ground.await_mount(20):
            raise SystemExit("Bail out! the last mount failed")
        work.over.set()
        work.up.set()
        work.room.set()
        for t in work.threads:
            t.join()
        states = settle(ground, 120)
        holds = report(kills, args.kills, work, judge(ground, work), states)
        if not holds:
            with open(os.path.join(ground.top, "log"), errors="replace") as f:
                print("".join("# " + line for line in f.readlines()[-20:]), end="")
        return 0 if holds else 1
    finally:
        work.over.set()
        work.up.set()
        work.room.set()
        if os.environ.get("CRASH_KEEP"):
            print(f"# kept: {ground.top}")
        else:
            ground.take_down()


if __name__ == "__main__":
    sys.exit(main())
