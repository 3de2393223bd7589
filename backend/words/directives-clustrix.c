/*
 * directives-clustrix.c - "#CLUSTRIX key=value"
 *
 * The keys of the JSON form, one a line, with the rest of the line as the value; `env.NAME=` and
 * `after.any=` reach the members of those that have some.
 */
#include "parse.h"

#include <errno.h>
#include <string.h>

/* "name" in one pair of quotes is name; quotes inside are left to whoever reads the value. */
static struct span without_quotes(struct span s)
{
    if (s.len < 2 || s.data[0] != '"' || memchr(s.data + 1, '"', s.len - 1) != s.data + s.len - 1)
        return s;
    return (struct span){ s.data + 1, s.len - 2 };
}

/* "4 memory=8GB": somebody wrote a second key into the same line. */
static bool holds_another_key(struct span value)
{
    struct span word, name, rest;

    span_next_word(&value, &word);
    while (span_next_word(&value, &word)) {
        rest = word;
        if (memchr(word.data, '=', word.len) && span_cut(&rest, '=', &name) && key_named(name))
            return true;
    }
    return false;
}

static int take_value(struct parse *p, struct span name, struct span value)
{
    const struct key *key = key_named(name);
    const char *dot = memchr(name.data, '.', name.len);
    struct span member = { NULL, 0 };
    int r;

    if (!key && dot) {
        member = span_from(name, (size_t)(dot - name.data) + 1);
        key = key_named((struct span){ name.data, (size_t)(dot - name.data) });
        if (key && !key->kind->member)
            return parse_fail(p, "\"%s\" has no members", key->name);
    }
    if (!key)
        return key_unknown(p, name);
    if (!key->kind->text)
        return parse_fail(p, "\"%s\" cannot be given in a script: the script is what runs",
                          key->name);
    r = parse_claim(p, key_of(key));
    if (r != 0)
        return r < 0 ? r : 0;
    if (value.len > 0)
        p->at = (size_t)(value.data - p->text.data);
    r = member.data ? key->kind->member(p, key, member, value) : key->kind->text(p, key, value);
    if (r == -EINVAL && holds_another_key(value))
        return parse_fail(p, "%s: there is another key in its value; write each one on a line "
                             "of its own", p->what);
    return r;
}

int directive_clustrix(struct parse *p, struct span line)
{
    _cleanup_(bufp) struct buf what = BUF_INIT;
    struct span rest = span_trim(span_from(line, strlen("#CLUSTRIX")));
    struct span name;
    int r = count_option(p);

    if (r < 0)
        return r;
    if (rest.len == 0 || !memchr(rest.data, '=', rest.len))
        return parse_fail(p, "a #CLUSTRIX line has to be key=value, for example "
                             "\"#CLUSTRIX time=2h\"");
    p->at = (size_t)(rest.data - p->text.data);
    span_cut(&rest, '=', &name);
    name = span_trim(name);
    buf_add_char(&what, '"');
    buf_add_str(&what, shown(name).text);
    buf_add_char(&what, '"');
    if (buf_error(&what) < 0)
        return -ENOMEM;
    p->what = what.data;
    return take_value(p, name, without_quotes(span_trim(rest)));
}
