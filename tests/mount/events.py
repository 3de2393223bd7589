#!/usr/bin/env python3
"""events.py - what events.sh needs of a program that follows the log of all events"""
import json
import os
import sys
import time


def follow(path, kept, milliseconds):
    """Read on from where `kept` ends, to the end and then for so long, and append it there."""
    end = time.monotonic() + int(milliseconds) / 1000
    with open(kept, "ab") as out:
        try:
            fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
            at = out.tell()
            while True:
                try:
                    data = os.pread(fd, 65536, at)
                except BlockingIOError:
                    data = b""
                out.write(data)
                at += len(data)
                if not data:
                    if time.monotonic() > end:
                        break
                    time.sleep(0.005)
        except OSError:
            pass  # the daemon was killed


def check(path):
    last, gaps = 0, []
    for line in open(path, "rb"):
        seq = json.loads(line)["seq"]
        if seq != last + 1:
            gaps.append((last, seq))
        last = seq
    print(f"{last} events")
    for before, after in gaps[:10]:
        print(f"after {before} comes {after}")
    sys.exit(bool(gaps) or last == 0)


def job(path, own, number):
    lines = [line for line in open(path, "rb") if json.loads(line)["job"] == int(number)]
    sys.exit(b"".join(lines) != open(own, "rb").read())


if __name__ == "__main__":
    {"follow": follow, "check": check, "job": job}[sys.argv[1]](*sys.argv[2:])
