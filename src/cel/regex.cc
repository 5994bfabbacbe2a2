// regex.cc - the only C++ in the tree.
//
// What may throw runs inside noexcept functions: without memory the process
// ends, as it does everywhere (base/alloc.h).
#include <stddef.h>
#include <stdint.h>
#include <string.h>

extern "C" {
#include "cel/regex.h"
}

#include <re2/re2.h>

#include <string>

namespace
{

const size_t FRAGMENT_MAX = 40;

// RE2's message, which ends with the fragment at fault, on one line.
std::string message(const RE2 &re)
{
    std::string text = re.error();
    size_t fragment = re.error_arg().size();

    if (fragment > FRAGMENT_MAX && text.size() > fragment + 2)
        text.resize(text.size() - fragment - 2); // ": " and the fragment
    for (char &c : text)
        if (static_cast<unsigned char>(c) < ' ' || c == 0x7f)
            c = ' ';
    return text;
}

void explain(const RE2 &re, struct slice pattern, struct err *err) noexcept
{
    const std::string &fault = re.error_arg();
    const char *at = nullptr;

    if (!fault.empty())
        at = static_cast<const char *>(
            memmem(pattern.p, pattern.n, fault.data(), fault.size()));
    err_set(err, "%s", message(re).c_str());
    if (err && at)
        err->column = static_cast<size_t>(at - pattern.p) + 1;
}

RE2::Options options(int64_t memory)
{
    RE2::Options o;

    o.set_log_errors(false);
    o.set_max_mem(memory);
    o.set_never_capture(true);
    return o;
}

} // namespace

struct regex {
    RE2 re;
    regex(struct slice pattern, int64_t memory)
        : re(re2::StringPiece(pattern.p, pattern.n), options(memory))
    {
    }
};

namespace
{

enum status make(struct slice pattern, int64_t memory, struct regex **ret,
                 struct err *err) noexcept
{
    struct regex *r;

    if (pattern.n > REGEX_PATTERN_MAX) {
        err_set(err, "a pattern of more than %d bytes", REGEX_PATTERN_MAX);
        return ST_BAD;
    }
    r = new regex(pattern, memory);
    if (!r->re.ok()) {
        explain(r->re, pattern, err);
        delete r;
        return ST_BAD;
    }
    *ret = r;
    return ST_OK;
}

bool search(const struct regex *r, struct slice subject) noexcept
{
    return RE2::PartialMatch(re2::StringPiece(subject.p, subject.n), r->re);
}

struct cached {
    std::string pattern;
    struct regex *regex = nullptr; // NULL: the place is free
    uint64_t used = 0;             // when, as a number of uses
};

} // namespace

struct regex_cache {
    cached place[REGEX_CACHED];
    uint64_t uses = 0;
    uint64_t turn = 0; // uses before this evaluation
    ~regex_cache()
    {
        for (cached &p : place)
            delete p.regex;
    }
};

namespace
{

bool take(uint64_t *fuel, uint64_t cost)
{
    if (*fuel < cost)
        return false;
    *fuel -= cost;
    return true;
}

enum status look_up(struct regex_cache *c, struct slice pattern, uint64_t *fuel,
                    const struct regex **ret, struct err *err) noexcept
{
    uint64_t cost = REGEX_COMPILE_FUEL + REGEX_COMPILE_FUEL_BYTE * pattern.n;
    cached *oldest = &c->place[0];
    struct regex *made;
    enum status st;

    for (cached &p : c->place) {
        if (p.regex &&
            slice_eq(slice_of(p.pattern.data(), p.pattern.size()), pattern)) {
            if (p.used <= c->turn && !take(fuel, cost))
                return ST_LIMIT;
            p.used = ++c->uses;
            *ret = p.regex;
            return ST_OK;
        }
        if (p.used < oldest->used)
            oldest = &p;
    }
    if (!take(fuel, cost))
        return ST_LIMIT;
    st = make(pattern, REGEX_COMPUTED_MEMORY_MAX, &made, err);
    if (st)
        return st;
    delete oldest->regex;
    oldest->pattern.assign(pattern.p, pattern.n);
    oldest->regex = made;
    oldest->used = ++c->uses;
    *ret = made;
    return ST_OK;
}

struct regex_cache *new_cache() noexcept
{
    return new regex_cache;
}

} // namespace

extern "C" {

enum status regex_new(struct slice pattern, struct regex **ret, struct err *err)
{
    return make(pattern, REGEX_MEMORY_MAX, ret, err);
}

void regex_free(struct regex *r)
{
    delete r;
}

bool regex_matches(const struct regex *r, struct slice subject)
{
    return search(r, subject);
}

uint64_t regex_fuel(const struct regex *r, size_t n)
{
    return (n / 16 + 1) * (1 + static_cast<uint64_t>(r->re.ProgramSize()) / 8);
}

struct regex_cache *regex_cache_new(void)
{
    return new_cache();
}

void regex_cache_free(struct regex_cache *c)
{
    delete c;
}

void regex_cache_turn(struct regex_cache *c)
{
    c->turn = c->uses;
}

enum status regex_cache_get(struct regex_cache *c, struct slice pattern,
                            uint64_t *fuel, const struct regex **ret,
                            struct err *err)
{
    return look_up(c, pattern, fuel, ret, err);
}
}
