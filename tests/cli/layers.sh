#!/usr/bin/env bash
# tools/check-layers, check-pure and check-size find what they are there for.
set -uo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bad=0
mkdir -p "$work/tools" "$work"/src/{base,tree,core,docker,httpd,app} \
    "$work/tests"
cp "$top"/tools/check-* "$top/tools/size-allow" "$work/tools"
cp "$top/CMakeLists.txt" "$work"

# layers STATUS FOLDER INCLUDE
layers() {
    printf '#include %s\n' "$3" >"$work/src/$2/x.c"
    "$work/tools/check-layers" >"$work/said" 2>&1
    [[ $? == "$1" ]] || {
        echo "FAILED: $3 in src/$2: $(cat "$work/said")"
        bad=1
    }
    rm "$work/src/$2/x.c"
}

layers 0 base '<string.h>'
layers 1 base '<unistd.h>'
layers 1 core '<time.h>'
layers 1 base '"tree/path.h"'
layers 0 core '"tree/tree.h"'
layers 1 tree '"core/port.h"'
layers 0 docker '"core/port.h"'
layers 0 docker '"tree/path.h"'
layers 1 docker '"core/core.h"'
layers 1 docker '"core/view.h"'
layers 0 httpd '"core/view.h"'
layers 1 httpd '"docker/docker.h"'
layers 1 httpd '<curl/curl.h>'
layers 0 httpd '<microhttpd.h>'
layers 1 docker '<uv.h>'
layers 1 app '<yajl/yajl_parse.h>'
layers 0 app '"docker/docker.h"'
layers 0 docker '<uthash.h>'

sed -i 's/^bw_library(base /bw_library(base USES core /' "$work/CMakeLists.txt"
layers 1 base '<string.h>'

# pure STATUS C-TEXT
pure() {
    echo "$2" >"$work/p.c"
    cc -O1 -c -o "$work/p.o" "$work/p.c" && rm -f "$work/libp.a" &&
        ar rc "$work/libp.a" "$work/p.o" 2>/dev/null
    "$work/tools/check-pure" "$work/libp.a" >"$work/said" 2>&1
    [[ $? == "$1" ]] || {
        echo "FAILED: purity of: $2: $(cat "$work/said")"
        bad=1
    }
}

pure 0 'void *memmove(void *, const void *, unsigned long);
void *f(void *p, unsigned long n) { return memmove(p, (char *)p + 1, n); }'
pure 1 'long time(long *); long f(void) { return time(0); }'
pure 1 'char *getenv(const char *); char *f(void) { return getenv("TZ"); }'
pure 1 'int rand(void); int f(void) { return rand(); }'

{
    printf 'static int long_one(void)\n{\n'
    for _ in {1..79}; do echo '    ;'; done
    printf '}\n'
} >"$work/src/base/x.c"
"$work/tools/check-size" >"$work/said" 2>&1 && {
    echo "FAILED: a function of 81 lines passed"
    bad=1
}
grep -q 'long_one() has 81 lines' "$work/said" || {
    echo "FAILED: it is not named: $(cat "$work/said")"
    bad=1
}
exit "$bad"
