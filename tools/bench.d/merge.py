# merge.py FILE [print]: deep-merges every line of FILE (RFC 7396) and, if
# asked to, prints the state as canonical JSON: keys sorted by their bytes.
import json
import sys


def merge(into, patch):
    for key, value in patch.items():
        if value is None:
            into.pop(key, None)
        elif type(value) is dict:
            old = into.get(key)
            if type(old) is not dict:
                old = into[key] = {}
            merge(old, value)
        else:
            into[key] = value


def main():
    state = {}
    lines = 0
    with open(sys.argv[1], encoding="utf-8") as f:
        for line in f:
            merge(state, json.loads(line))
            lines += 1
    if sys.argv[2:] == ["print"]:
        # Python orders text by code point, which is the order of its bytes.
        text = json.dumps(state, sort_keys=True, ensure_ascii=False,
                          separators=(",", ":"))
        sys.stdout.buffer.write(text.encode() + b"\n")
    else:
        print(lines, "lines")


main()
