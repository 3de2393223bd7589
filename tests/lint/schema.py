#!/usr/bin/env python3
"""contrib/schema.json has the keys that the parser's table has, and says something about each.

The table is backend/words/spec-keys.c: rows of spec_keys, and the other names in aliases. Where the
Python package jsonschema is installed, the examples are held against what they are examples of.
"""

import json
import re

import lint

TABLE = "backend/words/spec-keys.c"
SCHEMA = "contrib/schema.json"

ROW = re.compile(r"\[(KEY_\w+)\] = \{ \"(\w+)\"(.*?)\},\n(?=    \[|\};)", re.DOTALL)
ALIAS = re.compile(r"\{ \"(\w+)\",\s+(KEY_\w+) \},")


def table(text):
    """name -> may there be a default_ of it; of keys and of their other names."""
    rows = {key: (name, ".may_default = true" in rest) for key, name, rest in ROW.findall(text)}
    names = dict(rows.values())
    for alias, key in ALIAS.findall(text):
        names[alias] = rows[key][1]
    return names


def check_names(findings, names, schema):
    for name in sorted(names.keys() - schema["properties"].keys()):
        findings.add(SCHEMA, 1, f"the key {name} of {TABLE} is missing")
    for name in sorted(schema["properties"].keys() - names.keys()):
        findings.add(SCHEMA, 1, f"{name} is not a key of {TABLE}")
    for name, may_default in names.items():
        found = sum(bool(re.search(p, f"default_{name}")) for p in schema["patternProperties"])
        if found != may_default:
            findings.add(SCHEMA, 1, f"default_{name} matches {found} patterns, not {may_default:d}")


def check_descriptions(findings, schema):
    for name, value in schema["properties"].items():
        if not value.get("description", "").endswith("."):
            findings.add(SCHEMA, 1, f"{name} has no description")


def check_examples(findings, schema):
    try:
        import jsonschema
    except ImportError:
        return
    jsonschema.Draft202012Validator.check_schema(schema)
    for name, value in schema["properties"].items():
        for example in value.get("examples", []):
            spec = {"command": "x", name: example}
            if name == "script":
                del spec["command"]
            for error in jsonschema.Draft202012Validator(schema).iter_errors(spec):
                findings.add(SCHEMA, 1, f"the example of {name}: {error.message}")


def main():
    top = lint.root()
    findings = lint.Findings()
    names = table((top / TABLE).read_text(encoding="utf-8"))
    schema = json.loads((top / SCHEMA).read_text(encoding="utf-8"))
    if len(names) < 30:
        findings.add(TABLE, 1, f"only {len(names)} keys were found: has the table another form?")
    check_names(findings, names, schema)
    check_descriptions(findings, schema)
    check_examples(findings, schema)
    findings.end(f"schema of {len(names)} keys")


if __name__ == "__main__":
    main()
