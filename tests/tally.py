"""tally.py - what a run of meson test came to: tally.py STAGE TABLE LOG.json

Counts the single assertions of TAP programs, and a program of another kind, or one that ended
before its time, as one. Shows what failed, and appends a row for each suite to TABLE. Exits 1 when
anything failed.
"""
import collections
import json
import re
import sys

TAP = re.compile(r"^(not )?ok\b(?:[^#\\]|\\.)*(#\s*SKIP)?", re.IGNORECASE)
SHOWN = 40  # lines of a program that failed


def assertions(text):
    """(passed, failed, skipped), and the lines that tell of a failure."""
    counts, said, failing = collections.Counter(), [], False
    for line in text.splitlines():
        m = TAP.match(line)
        if m:
            kind = "failed" if m[1] else "skipped" if m[2] else "passed"
            counts[kind] += 1
            failing = bool(m[1])
        if failing or line.startswith("Bail out!"):
            said.append(line)
    return counts, said


def judge(test):
    """The same for one program of meson's log."""
    counts, said = assertions(test.get("stdout", ""))
    if test["result"] == "SKIP" and not counts:
        counts["skipped"] += 1
    elif test["result"] in ("OK", "SKIP", "EXPECTEDFAIL"):
        counts["passed"] += not counts
    elif not counts["failed"]:
        counts["failed"] += 1
        said += [f"ended as {test['result']}, {test['returncode']}"]
        said += test.get("stdout", "").splitlines()[-SHOWN:]
        said += test.get("stderr", "").splitlines()[-SHOWN:]
    return counts, said


def main(stage, table, log):
    suites = collections.defaultdict(collections.Counter)
    with open(log) as f:
        for test in map(json.loads, f):
            suite, name = re.match(r"(?:[^:]*:)?([^+/ ]*)[^/]*(?:/ *(.*))?$", test["name"]).groups()
            counts, said = judge(test)
            suites[suite] += counts
            suites[suite]["ms"] += int(1000 * test["duration"])
            if counts["failed"]:
                print(f"\n{stage}: {suite} / {name} failed:")
                print("\n".join("    " + line for line in said))
    with open(table, "a") as f:
        for suite, c in suites.items():
            print(stage, suite, c["passed"], c["failed"], c["skipped"], c["ms"] // 1000, file=f)
    return any(c["failed"] for c in suites.values()) or not suites


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
