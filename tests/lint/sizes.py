#!/usr/bin/env python3
"""The size bands: short functions, files of one idea, and a head comment that says which.

Also that nothing changes at file scope: a variable there is const or stands in GLOBALS with the
reason. Needs universal-ctags; without it the test is skipped.
"""

import json
import re
import shutil
import statistics
import subprocess
import sys

import lint

FILE_MAX = 400
FUNCTION_MAX = 60
MEDIAN_MAX = 17
PROGRAM = ("backend", "fs")

# file:variable, and why it may change.
GLOBALS = {
    "backend/base/buf.c:buf_empty": "what all empty bufs point at; nothing writes to it",
    "backend/base/log.c:destination": "set once, before there is a second thread",
}

SKIP = 77


def tags(top, paths):
    command = ["ctags", "--fields=+ne", "--output-format=json", "--kinds-C=fv", "-f", "-",
               "-I", "must_check,unused_arg,printf_like+", "-L", "-"]
    found = subprocess.run(command, input="\n".join(map(str, paths)), cwd=top, text=True,
                           stdout=subprocess.PIPE, check=True)
    return [json.loads(line) for line in found.stdout.splitlines()]


def check_functions(findings, functions):
    sizes = []
    for tag in functions:
        size = tag["end"] - tag["line"] + 1
        sizes.append(size)
        if size > FUNCTION_MAX:
            findings.add(tag["path"], tag["line"],
                         f"{tag['name']}() has {size} lines; {FUNCTION_MAX} at most")
    if not sizes:
        return
    median = statistics.median(sizes)
    over = statistics.quantiles(sizes, n=10, method="inclusive")[-1] if len(sizes) > 1 else sizes[0]
    print(f"{len(sizes)} functions: median {median:g} lines, nine of ten below {over:g}, "
          f"longest {max(sizes)}")
    if median > MEDIAN_MAX:
        findings.add("backend,fs", 0, f"the median function has {median:g} lines; "
                     f"{MEDIAN_MAX} at most")


def declaration(top, tag):
    """The declaration of a variable up to its value, without the members of its struct."""
    text = [line for _, line in lint.lines(top, tag["path"])]
    last = first = tag["line"] - 1
    while text[first][:1] in ("", " ", "}", "{") and first > 0:
        first -= 1
    return re.sub(r"\{.*\}", "", " ".join(text[first:last + 1])).split("=")[0]


def is_const(declared):
    """Nothing of it can be changed: not what it points at, and not where it points."""
    after_star = declared.rsplit("*", 1)[-1]
    return re.search(r"\bconst\b", after_star if "*" in declared else declared)


def check_variables(findings, top, variables):
    for tag in variables:
        name = f"{tag['path']}:{tag['name']}"
        if not is_const(declaration(top, tag)) and name not in GLOBALS:
            findings.add(tag["path"], tag["line"], f"{tag['name']} is a mutable global")


def check_length(findings, top, path):
    count = len(lint.lines(top, path)) - 1
    if count > FILE_MAX:
        findings.add(path, count, f"{count} lines; {FILE_MAX} at most: it holds two concepts")


def check_head(findings, top, path):
    first, second = [text for _, text in (lint.lines(top, path) + [(0, "")] * 2)[:2]]
    if first != "/*" or not second.startswith(f" * {path.name} - "):
        findings.add(path, 1, f'does not open with "/*" and " * {path.name} - what it is"')


def main():
    if not shutil.which("ctags"):
        print("universal-ctags is not installed")
        sys.exit(SKIP)
    top = lint.root()
    findings = lint.Findings()
    program = list(lint.files(top, ".c", under=PROGRAM))
    for path in program:
        check_length(findings, top, path)
    for path in lint.files(top, ".c", ".h", under=(*PROGRAM, "include", "tests")):
        check_head(findings, top, path)
    found = tags(top, program)
    check_functions(findings, [t for t in found if t["kind"] == "function"])
    check_variables(findings, top, [t for t in found if t["kind"] == "variable"])
    findings.end(f"sizes of {len(program)} files")


main()
