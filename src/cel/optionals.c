#include "cel/library.h"

/* What a type's value is before anybody gives it one. */
static bool is_zero(struct cel_context *cx, struct cel_value v)
{
    switch (v.kind) {
    case CEL_NULL:
        return true;
    case CEL_BOOL:
        return !v.b;
    case CEL_INT:
    case CEL_UINT:
    case CEL_DURATION:
        return v.i == 0;
    case CEL_TIMESTAMP:
        return v.i == 0 && v.n == 0;
    case CEL_DOUBLE:
        return v.d >= 0 && v.d <= 0;
    case CEL_STRING:
    case CEL_BYTES:
        return v.n == 0;
    case CEL_LIST:
        return v.list->n == 0;
    case CEL_MAP:
        return cel_map_size(cx, v) == 0;
    default:
        return false;
    }
}

CEL_CALL(of)
{
    return cel_optional_of(cx, arg[0]);
}

CEL_CALL(none)
{
    return cel_optional_none();
}

CEL_CALL(of_non_zero)
{
    return is_zero(cx, arg[0]) ? cel_optional_none()
                               : cel_optional_of(cx, arg[0]);
}

/* The values of those that have one. */
CEL_CALL(unwrap)
{
    const struct cel_list *list = arg[0].list;
    struct cel_value *item = cel_new_items(cx, list->n);
    size_t i, count = 0;

    if (!item)
        return cel_spent();
    for (i = 0; i < list->n; i++) {
        if (list->item[i].kind != CEL_OPTIONAL)
            return cel_no_overload(cx);
        if (list->item[i].of)
            item[count++] = *list->item[i].of;
    }
    return cel_list_of(cx, item, count);
}

CEL_CALL(has_value)
{
    return cel_bool(arg[0].of);
}

CEL_CALL(value)
{
    if (!arg[0].of)
        return cel_fail(cx, CEL_NO_SUCH_KEY, "optional.none() has no value");
    return *arg[0].of;
}

CEL_CALL(or_optional)
{
    return arg[0].of ? arg[0] : arg[1];
}

CEL_CALL(or_value)
{
    return arg[0].of ? *arg[0].of : arg[1];
}

CEL_CALL(first)
{
    const struct cel_list *list = arg[0].list;

    return list->n ? cel_optional_of(cx, list->item[0]) : cel_optional_none();
}

CEL_CALL(last)
{
    const struct cel_list *list = arg[0].list;

    return list->n ? cel_optional_of(cx, list->item[list->n - 1])
                   : cel_optional_none();
}

static const struct cel_overload overloads[] = {
    { "optional.of(A) -> optional_type(A)", of },
    { "optional.none() -> optional_type(A)", none },
    { "optional.ofNonZeroValue(A) -> optional_type(A)", of_non_zero },
    { "optional.unwrap(list(optional_type(A))) -> list(A)", unwrap },
    { "list(optional_type(A)).unwrapOpt() -> list(A)", unwrap },
    { "optional_type(A).hasValue() -> bool", has_value },
    { "optional_type(A).value() -> A", value },
    { "optional_type(A).or(optional_type(A)) -> optional_type(A)",
      or_optional },
    { "optional_type(A).orValue(A) -> A", or_value },
    { "list(A).first() -> optional_type(A)", first },
    { "list(A).last() -> optional_type(A)", last },
};

struct cel_library cel_library_optionals(void)
{
    return CEL_LIBRARY(overloads);
}
