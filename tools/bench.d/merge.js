// merge.js FILE [print]: deep-merges every line of FILE (RFC 7396) and, if
// asked to, prints the state as canonical JSON: keys sorted by their bytes.
'use strict';
const fs = require('fs');

function merge(into, patch) {
    for (const key in patch) {
        const value = patch[key];
        if (value === null) {
            delete into[key];
        } else if (typeof value === 'object' && !Array.isArray(value)) {
            let old = into[key];
            if (typeof old !== 'object' || old === null || Array.isArray(old))
                old = into[key] = {};
            merge(old, value);
        } else {
            into[key] = value;
        }
    }
}

function canonical(value, out) {
    if (typeof value !== 'object' || value === null) {
        out.push(JSON.stringify(value));
    } else if (Array.isArray(value)) {
        value.forEach((item, i) => {
            out.push(i ? ',' : '[');
            canonical(item, out);
        });
        out.push(value.length ? ']' : '[]');
    } else {
        const bytes = (a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b));
        const keys = Object.keys(value).sort(bytes);
        keys.forEach((key, i) => {
            out.push(i ? ',' : '{', JSON.stringify(key), ':');
            canonical(value[key], out);
        });
        out.push(keys.length ? '}' : '{}');
    }
}

const [file, print] = process.argv.slice(2);
const fd = fs.openSync(file, 'r');
const block = Buffer.alloc(1 << 20);
const state = {};
let have = 0;
let lines = 0;
for (;;) {
    const got = fs.readSync(fd, block, have, block.length - have, null);
    if (got === 0)
        break;
    const end = have + got;
    let start = 0;
    let newline;
    while ((newline = block.indexOf(10, start)) >= 0 && newline < end) {
        merge(state, JSON.parse(block.toString('utf8', start, newline)));
        lines++;
        start = newline + 1;
    }
    block.copy(block, 0, start, end);
    have = end - start;
}
if (print === 'print') {
    const out = [];
    canonical(state, out);
    fs.writeSync(1, out.join('') + '\n');
} else {
    console.log(lines + ' lines');
}
