"""tally.py - what a run of meson test came to: tally.py STAGE TABLE LOG.json [AGAIN.json]
                                                  tally.py --failed LOG.json

Counts the single assertions of TAP programs, and a program of another kind, or one that ended
before its time, as one. Shows what failed, and appends a row for each suite to TABLE. What was run
once more counts as it went then, and what had failed at first is shown all the same. Exits 1 when
anything failed. --failed: prints the names of the programs that did.

What a program has to say to people also when all went well stands in comments that begin with "#|".
It is kept in TABLE.said, for the end of the run.
"""
import collections
import json
import re
import sys

TAP = re.compile(r"^(not )?ok\b(?:[^#\\]|\\.)*(#\s*SKIP)?", re.IGNORECASE)
SAID = "#|"
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


def read(log):
    with open(log) as f:
        return {test["name"]: test for test in map(json.loads, f)}


def parts(name):
    return re.match(r"(?:[^:]*:)?([^+/ ]*)[^/]*(?:/ *(.*))?$", name).groups()


def show(stage, name, said, how):
    print(f"\n{stage}: {' / '.join(parts(name))} {how}:")
    print("\n".join("    " + line for line in said))


def failed(log):
    for name, test in read(log).items():
        if judge(test)[0]["failed"]:
            print(parts(name)[1])
    return 0


def keep_words(table, tests):
    with open(table + ".said", "a") as f:
        for test in tests:
            for line in test.get("stdout", "").splitlines():
                if line.startswith(SAID):
                    print(line[len(SAID):].removeprefix(" "), file=f)


def main(stage, table, log, again=None):
    suites = collections.defaultdict(collections.Counter)
    second = read(again) if again else {}
    keep_words(table, {**read(log), **second}.values())
    for name, test in read(log).items():
        counts, said = judge(test)
        if counts["failed"] and name in second:
            show(stage, name, said, "failed, and was run once more")
            counts, said = judge(second[name])
            test["duration"] += second[name]["duration"]
        suite = parts(name)[0]
        suites[suite] += counts
        suites[suite]["ms"] += int(1000 * test["duration"])
        if counts["failed"]:
            show(stage, name, said, "failed")
    with open(table, "a") as f:
        for suite, c in suites.items():
            print(stage, suite, c["passed"], c["failed"], c["skipped"], c["ms"] // 1000, file=f)
    return any(c["failed"] for c in suites.values()) or not suites


if __name__ == "__main__":
    sys.exit(failed(sys.argv[2]) if sys.argv[1] == "--failed" else main(*sys.argv[1:]))
