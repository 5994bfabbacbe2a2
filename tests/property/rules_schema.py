#!/usr/bin/env python3
# The JSON Schema of rule files agrees with `bladewatch check`: on our own rules
# and every file of fixtures/rules/good both find nothing; in every file of
# fixtures/rules/bad the program finds what stands in NAME.expect, and the
# schema something, too - unless the fault is inside an expression (expr-*), or
# is in how things refer to one another (ref-*), which a schema cannot see.
import json
import os
import pathlib
import subprocess
import sys

try:
    import jsonschema
    import yaml
except ImportError as missing:
    print(missing)
    sys.exit(77)

top = pathlib.Path(__file__).resolve().parents[2]
program = os.environ.get("BLADEWATCH", str(top / "build-test" / "bladewatch"))
rules = top / "fixtures" / "rules"
failures = []


class Loader(yaml.SafeLoader):
    """As the program: a key that stands there twice is a fault."""

    def construct_mapping(self, node, deep=False):
        keys = [key.value for key, _ in node.value]
        if len(keys) != len(set(keys)):
            raise yaml.YAMLError(f"a key twice: {keys}")
        return super().construct_mapping(node, deep)


def check(path):
    """Exit status and output, with the file named as beside its .expect."""
    done = subprocess.run(
        [program, "check", path.name],
        cwd=path.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=60,
    )
    return done.returncode, done.stdout.decode()


def schema_faults(validator, path):
    try:
        document = yaml.load(path.read_bytes(), Loader)
    except (yaml.YAMLError, UnicodeError) as fault:
        return [str(fault)]
    return [fault.message for fault in validator.iter_errors(document)]


def fail(path, text):
    failures.append(f"{path.relative_to(top)}: {text}")


def files(folder):
    found = sorted(p for p in folder.iterdir() if p.suffix in (".yaml", ".json"))
    if not found:
        failures.append(f"{folder}: nothing is there")
    return found


def check_good(validator, path):
    status, out = check(path)
    if status != 0 or "warning" in out:
        fail(path, f"the program says:\n{out}")
    for fault in schema_faults(validator, path):
        fail(path, f"the schema says: {fault}")


def check_bad(validator, path):
    status, out = check(path)
    wanted = path.with_suffix(".expect").read_text()
    if status != 1 or out != wanted:
        fail(path, f"exit {status}, and the program says:\n{out}not:\n{wanted}")
    unseen = path.name.startswith(("expr-", "ref-"))
    found = bool(schema_faults(validator, path))
    if found == unseen:
        fail(path, f"the schema {'finds' if found else 'misses'} the fault")


def main():
    schema = json.loads((top / "schemas" / "rules.schema.json").read_text())
    jsonschema.Draft7Validator.check_schema(schema)
    validator = jsonschema.Draft7Validator(schema)
    for path in files(rules / "good") + files(top / "rules"):
        check_good(validator, path)
    for path in files(rules / "bad"):
        check_bad(validator, path)
    print("\n".join(failures) or "they agree")
    return 1 if failures else 0


sys.exit(main())
