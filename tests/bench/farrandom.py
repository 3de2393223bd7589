"""farrandom.py - small reads all over a large remote file: how many round trips each of them takes

Random places at least 64 KiB apart, of a file that nobody has read from. The round trip is
measured by an echo over ssh in the same run, so the relay and sshd are in it.
"""

import os
import random
import threading

from far import present
from harness import Skip, number, rounds, say, timed

OPTIONS = {"FARRANDOM_MIB": (1024, 64), "FARRANDOM_READS": (100, 25), "FARRANDOM_READERS": (8, 8)}
SIZE = 4096
APART = 65536


def read_at(fd, places):
    for place in places:
        if len(os.pread(fd, SIZE, place)) != SIZE:
            raise RuntimeError(f"a short read at {place}")


def reads_per_s(path, readers, reads):
    """Of `readers` threads, each with its own places and its own descriptor."""
    places = random.sample(range(os.stat(path).st_size // APART), readers * reads)
    fds = [os.open(path, os.O_RDONLY) for _ in range(readers)]
    for fd in fds:
        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_RANDOM)
    threads = [threading.Thread(target=read_at, args=(
        fd, [p * APART for p in places[i::readers]])) for i, fd in enumerate(fds)]

    def all_of_them():
        for t in threads:
            t.start()
        for t in threads:
            t.join()

    took = timed(all_of_them)
    for fd in fds:
        os.close(fd)
    return readers * reads / took


def measure(bench, table):
    o = bench.options(OPTIONS)
    link, mib, reads = bench.far().links[1], o["FARRANDOM_MIB"], o["FARRANDOM_READS"]
    many = o["FARRANDOM_READERS"]
    if many * reads > mib * 1024 * 1024 // APART:
        raise Skip(f"{mib} MiB are too few for {many} x {reads} reads")
    say(f"random reads, {link.name}")
    path = bench.far().big_file(mib)
    where, name = os.path.split(path)
    trip = link.round_trip_ms()
    with link.mount("random") as m:
        def ours(readers):
            def one(r):
                files = m.done(f"random{readers}-{r}", f"#!/bin/sh\nln '{path}' big\n")
                return reads_per_s(os.path.join(files, "big"), readers, reads)
            return one

        def sshfs(readers):
            def one(_):
                with link.sshfs(where) as point:
                    return reads_per_s(os.path.join(point, name), readers, reads)
            return one

        contenders = {("ours", 1): ours(1), ("ours", many): ours(many)}
        if present(table, "random reads", {"sshfs": "sshfs"}):
            contenders.update({("sshfs", 1): sshfs(1), ("sshfs", many): sshfs(many)})
        seen = rounds(contenders, bench.rounds)
    show(table, seen, many, trip, f"random {SIZE} B reads in {mib} MiB, {link.name}")


def show(table, seen, many, trip, what):
    table.single(f"round trip of an echo over ssh, {what.rsplit(', ', 1)[1]}", trip, "ms")
    table.measured(f"{what}: round trips each, 1 reader",
                   [1e3 / rate / trip for rate in seen["ours", 1]], "", ("<=", 1.1))
    table.measured(f"{many} readers at once against 1",
                   [a / b for a, b in zip(seen["ours", many], seen["ours", 1])], "x", (">=", 6))
    for readers in (1, many):
        if ("sshfs", readers) in seen:
            label = "sshfs, " + number(1e3 * readers / max(seen["sshfs", readers]) / trip)
            table.against(f"{what}, {readers} at once", seen["ours", readers],
                          f"{label} round trips", seen["sshfs", readers], "reads/s")
