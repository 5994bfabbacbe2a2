#!/usr/bin/env python3
# The JSON Schema of the configuration knows what doc/bladewatch.yaml.example
# knows, key by key, and accepts it with everything switched on.  That the
# program accepts it as well is tests/cli/configuration.sh.
import json
import pathlib
import re
import sys

try:
    import jsonschema
    import yaml
except ImportError as missing:
    print(missing)
    sys.exit(77)

top = pathlib.Path(__file__).resolve().parents[2]


def example():
    text = (top / "doc" / "bladewatch.yaml.example").read_text()
    # Prose has one blank behind the #, settings have an even number.
    return yaml.safe_load(re.sub(r"^#((?:  )*[^ ])", r"\1", text, flags=re.M))


def keys_of_schema(schema, at=""):
    found = set()
    for key, value in schema.get("properties", {}).items():
        found |= {f"{at}/{key}"} | keys_of_schema(value, f"{at}/{key}")
        found |= keys_of_schema(value.get("items", {}), f"{at}/{key}")
    return found


def keys_of(document, at=""):
    found = set()
    if isinstance(document, list):
        for item in document:
            found |= keys_of(item, at)
    elif isinstance(document, dict):
        for key, value in document.items():
            found |= {f"{at}/{key}"} | keys_of(value, f"{at}/{key}")
    return found


def main():
    schema = json.loads((top / "schemas" / "config.schema.json").read_text())
    jsonschema.Draft7Validator.check_schema(schema)
    validator = jsonschema.Draft7Validator(schema)
    document = example()
    faults = [fault.message for fault in validator.iter_errors(document)]
    for key in sorted(keys_of_schema(schema) ^ keys_of(document)):
        faults.append(f"{key} is in one of schema and example alone")
    for wrong in ({"lisen": "x"}, {"fsync": "often"}, {"docker": {"select": [{}]}}):
        if validator.is_valid(wrong):
            faults.append(f"the schema accepts {wrong}")
    print("\n".join(faults) or "they agree")
    return 1 if faults else 0


sys.exit(main())
