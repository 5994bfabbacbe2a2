#!/usr/bin/env bash
# Whatever is logged: the good lines around it count, and nothing crashes.
# shellcheck source=tests/cli/lib.bash
. "$(dirname "$0")/lib.bash"

# survives NAME FILE: FILE stands between two good lines.  A line beyond the
# largest is a problem, and told; all others are only counted.
survives() {
    {
        printf '{"before":1}\n'
        cat "$2"
        printf '\n{"after":1}\n'
    } >"$work/input.jsonl"
    run timeout 60 "$program" replay --state --format jsonl "$work/input.jsonl"
    case $1 in
    enormous*)
        is "$1: exit" "$status" 1
        one_sentence "$1" "$err"
        ;;
    *) is "$1: exit" "$status" 0 ;;
    esac
    is "$1: the good lines count" \
        "$(jq -c '[.before, .after]' "$work/out" 2>&1)" '[1,1]'
    iconv -f UTF-8 -t UTF-8 "$work/out" >/dev/null 2>&1 ||
        fail "$1: the state is not UTF-8"
}

make() {
    python3 - "$1" >"$work/bad" <<'END'
import sys
w = sys.stdout.buffer.write
deep = 100000
kinds = {
    "truncated": b'{"a":{"b":"c',
    "empty lines": b"\n\n\n",
    "blanks": b"   \t  ",
    "an array": b'[1,2,{"a":1}]',
    "a string": b'"text"',
    "a number": b"42",
    "null": b"null",
    "carriage return": b'{"a":1}\r',
    "byte order mark": b'\xef\xbb\xbf{"a":1}',
    "ANSI": b"\x1b[31mred\x1b[0m",
    "NUL": b'{"a":"\x00"}\x00\x00',
    "NUL escape": b'{"a":"\\u0000","\\u0000":1}',
    "invalid UTF-8": b'{"a":"\xff\xfe\xc3("}\n\xc0\x80\xed\xa0\x80',
    "a lone surrogate": b'{"a":"\\ud800","\\udfff":1}',
    "deep objects": b'{"a":' * deep + b"1" + b"}" * deep,
    "deep arrays": b'{"a":' + b"[" * deep + b"]" * deep + b"}",
    "deep and open": b'{"a":[' * deep,
    "enormous": b'{"a":"' + b"x" * (20 << 20) + b'"}',
    "enormous, not JSON": b"x" * (20 << 20),
    "a long key": b'{"' + b"k" * 5000 + b'":1}',
    "many keys": b"{" + b",".join(b'"k%d":%d' % (i, i)
                                  for i in range(20000)) + b"}",
    "duplicate keys": b'{"a":1,"a":{"b":1},"a":2}',
    "odd keys": b'{"":1,"a.b":2,"__proto__":3,"a/b":4,"~":5,"*":6}',
    "64 bits": b'{"a":-9223372036854775808,"b":9223372036854775807,'
               b'"c":18446744073709551616,"d":{"$inc":-9223372036854775808}}',
    "beyond": b'{"a":1e400,"b":-1e-400,"c":1' + b"0" * 3000 + b"}",
    "huge increments": b'{"n":{"$inc":999999999999999999},'
                       b'"m":{"$inc":1e30},"o":{"$inc":"1"},"p":{"$inc":{}}}',
    "odd leases": b'{"a":{"$ttl":-1},"b":{"$ttl":"x"},"c":{"$ttl":1e300},'
                  b'"$ttl":1,"d":{"$ttl":0,"v":1}}',
    "odd times": b'{"$ts":"yesterday","a":1}\n{"$ts":-5,"b":1}\n'
                 b'{"$ts":{"$inc":1},"c":1}\n{"$ts":1e99,"d":1}',
    "odd instructions": b'{"$inc":1}\n{"$set":{"x":1}}\n{"$push":1}\n'
                        b'{"a":{"$nope":1}}\n{"a":{"$inc":1,"$push":2}}',
    "a reserved key": b'{"monitor":{"x":1},"docker":1,"probes":[]}',
}
if sys.argv[1] == "--names":
    w("\n".join(kinds).encode())
else:
    w(kinds[sys.argv[1]])
END
}

make --names
mapfile -t names <"$work/bad"
for name in "${names[@]}"; do
    make "$name"
    survives "$name" "$work/bad"
done

feed '{"a":-9223372036854775808,"b":18446744073709551616,"c":1.10,"d":1E3}' \
    "$program" replay --state -
is "numbers keep their text" "$out" \
    '{"a":-9223372036854775808,"b":18446744073709551616,"c":1.10,"d":1E3}'
feed '{"a":{"b":1},"a":2}' "$program" replay --state -
is "of two equal keys the last one wins" "$out" '{"a":2}'
