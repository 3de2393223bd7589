/*
 * directives-readers.c - the readers of options that several dialects have
 */
#include "parse.h"

#include <errno.h>
#include <string.h>

int read_key(struct parse *p, const struct option *o, const struct word *value)
{
    return take_text(p, o->key, value->text);
}

int read_noted(struct parse *p, const struct option *o, unused_arg const struct word *value)
{
    return parse_warn(p, "%s: %s", p->what, o->note);
}

int read_refused(struct parse *p, const struct option *o, unused_arg const struct word *value)
{
    return parse_fail(p, "%s: %s", p->what, o->note);
}

/* "A=1,B=2". A name alone would mean the value that it has in the shell that submits. */
int read_env(struct parse *p, unused_arg const struct option *o, const struct word *value)
{
    struct span rest = value->text, item, name;
    int r = parse_claim(p, KEY_ENV);

    while (r == 0 && span_cut(&rest, ',', &item)) {
        if (!memchr(item.data, '=', item.len)) {
            r = parse_warn(p,
                           "%s: %s has no value here, since the environment of a shell that "
                           "submits is not known; write %s=VALUE",
                           p->what, shown(item).text, shown(item).text);
            continue;
        }
        span_cut(&item, '=', &name);
        r = env_add(p, span_trim(name), item);
    }
    return r;
}

int read_compact_time(struct parse *p, unused_arg const struct option *o, const struct word *value)
{
    int r = parse_claim(p, KEY_BEGIN);

    if (r != 0)
        return r;
    if (begin_compact(value->text, p->now_s, &p->spec->begin_s) < 0)
        return parse_fail(p, "%s has to be [[CC]YY]MMDDhhmm[.SS] or hhmm, for example 12240800",
                          p->what);
    return 0;
}

// clang-format off
static const struct { const char *type; enum after_when when; } dependency_types[] = {
    { "afterok", AFTER_COMPLETED }, { "afterany", AFTER_ANY }, { "afternotok", AFTER_FAILED },
};
// clang-format on

static int dependency_type(struct span type, enum after_when *when)
{
    for (size_t i = 0; i < ARRAY_SIZE(dependency_types); i++) {
        if (span_is(type, dependency_types[i].type)) {
            *when = dependency_types[i].when;
            return 0;
        }
    }
    return PARSE_E_NATIVE;
}

/* "afterok:17:18,afterany:19"; any other condition, and "?" for or, leaves it to Slurm. */
int read_dependency(struct parse *p, unused_arg const struct option *o,
                           const struct word *value)
{
    struct span rest = value->text, item, type;
    enum after_when when;
    int r = 0;

    if (memchr(rest.data, '?', rest.len) || memchr(rest.data, '+', rest.len))
        return PARSE_E_NATIVE;
    while (r == 0 && span_cut(&rest, ',', &item)) {
        span_cut(&item, ':', &type);
        r = dependency_type(type, &when);
    }
    if (r == 0)
        r = parse_claim(p, KEY_AFTER);
    rest = value->text;
    while (r == 0 && span_cut(&rest, ',', &item)) {
        struct span job;
        span_cut(&item, ':', &type);
        r = dependency_type(type, &when);
        if (r == 0 && !item.data)
            return parse_fail(p, "%s: %s needs the number of a job, as in %s:17", p->what,
                              shown(type).text, shown(type).text);
        while (r == 0 && span_cut(&item, ':', &job))
            r = after_add(p, when, job);
    }
    return r;
}

static int take_resource(struct parse *p, const struct dialect *d, const struct resource *table,
                         size_t n, struct span item)
{
    struct span rest = item, name;

    span_cut(&rest, '=', &name);
    for (size_t i = 0; rest.data && i < n; i++) {
        if (!span_is(name, table[i].name))
            continue;
        p->what = table[i].name;
        int r = table[i].read(p, rest);
        if (r != PARSE_E_NATIVE)
            return r < 0 ? r : 0;
    }
    _cleanup_(bufp) struct buf option = BUF_INIT;
    buf_add_str(&option, "-l ");
    int r = buf_add_span(&option, item);
    return r < 0 ? r : native_add(p, d->language, buf_span(&option));
}

int take_resources(struct parse *p, const struct dialect *d, const struct resource *table, size_t n,
                   const struct word *value)
{
    struct span rest = value->text, item;
    int r = 0;

    while (r == 0 && span_cut(&rest, ',', &item)) {
        p->at = value->at + (size_t)(item.data - value->text.data);
        if (item.len == 0)
            return parse_fail(p, "%s has an empty item, as between two commas", p->what);
        r = take_resource(p, d, table, n, item);
    }
    return r;
}
