#!/usr/bin/env python3
"""What stands in no file: notes to oneself, blanks at the end of lines, lines that are too long."""

import re

import lint

COLUMNS = 100
TEXT = (".c", ".h", ".py", ".sh", ".build", ".txt", ".md", ".json", ".in")
C = (".c", ".h")

# Written so that this file does not find itself.
EVERYWHERE = [
    (re.compile(r"\b(TO" r"DO|FIX" r"ME|X" r"XX|HA" r"CK)\b"), "a note to oneself"),
    (re.compile(r"[ \t]+$"), "blanks at the end of the line"),
    (re.compile(r"\r$"), "a carriage return"),
]
IN_C = [
    (re.compile(r"\t"), "a tab"),
    (re.compile(r"else if \(!?str(case|n|ncase)?cmp"), "a chain over strings: make it a table"),
]


def check_line(findings, path, number, line):
    rules = EVERYWHERE + (IN_C if path.name.endswith(C) else [])
    for pattern, what in rules:
        if pattern.search(line):
            findings.add(path, number, what)
    if path.name.endswith(C) and len(line) > COLUMNS:
        findings.add(path, number, f"{len(line)} columns; {COLUMNS} at most")


def main():
    top = lint.root()
    findings = lint.Findings()
    paths = list(lint.files(top, *TEXT))
    for path in paths:
        for number, line in lint.lines(top, path):
            check_line(findings, path, number, line)
    findings.end(f"words of {len(paths)} files")


main()
