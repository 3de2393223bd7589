/*
 * lines.c - what the programs of schedulers print, cut into pieces
 *
 * Nothing here trusts a byte: a name is ours only when it is a token, and an answer is whole only
 * when its last line is there.
 */
#include "lines.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "clustrixfs/job.h"

bool span_begins(struct span s, const char *prefix)
{
    size_t len = strlen(prefix);

    return s.len >= len && memcmp(s.data, prefix, len) == 0;
}

bool span_has(struct span s, const char *words)
{
    return s.len > 0 && memmem(s.data, s.len, words, strlen(words));
}

struct span span_until(struct span *rest, char separator)
{
    const char *end = rest->len > 0 ? memchr(rest->data, separator, rest->len) : NULL;
    struct span item = { rest->data, end ? (size_t)(end - rest->data) : rest->len };
    size_t      gone = end ? item.len + 1 : item.len;

    *rest = (struct span){ rest->data + gone, rest->len - gone };
    return item;
}

void span_copy(char *to, size_t size, struct span s)
{
    size_t len = s.len < size ? s.len : size - 1;

    for (size_t i = 0; i < len; i++)
        to[i] = (unsigned char)s.data[i] < ' ' || s.data[i] == 0x7f ? ' ' : s.data[i];
    to[len] = '\0';
}

bool span_is_number(struct span s)
{
    uint64_t n;

    return s.len < 20 && span_to_u64(s, &n) == 0;
}

bool span_is_token(struct span s)
{
    if (s.len != JOB_TOKEN_LEN || !span_begins(s, "cfx"))
        return false;
    for (size_t i = 0; i < s.len; i++)
        if (!(s.data[i] >= 'a' && s.data[i] <= 'z') && !(s.data[i] >= '0' && s.data[i] <= '9'))
            return false;
    return true;
}

static int to_index(struct span s, uint32_t *n)
{
    uint64_t value;

    if (span_to_u64(s, &value) < 0 || value > JOB_INDEX_MAX)
        return -EINVAL;
    *n = (uint32_t)value;
    return 0;
}

int range_next(struct span *elements, struct spec_range *range)
{
    struct span item, first;
    bool        pair;

    if (elements->len == 0)
        return 0;
    item = span_until(elements, ',');
    pair = item.len > 0 && memchr(item.data, '-', item.len);
    first = span_until(&item, '-');
    if (to_index(first, &range->first) < 0)
        return -EINVAL;
    range->last = range->first;
    range->step = 1;
    if (!pair)
        return 1;
    if (to_index(span_until(&item, ':'), &range->last) < 0 || range->last < range->first)
        return -EINVAL;
    return item.len > 0 && (to_index(item, &range->step) < 0 || !range->step) ? -EINVAL : 1;
}

bool ranges_have(struct span elements, uint32_t index)
{
    struct spec_range r;

    while (range_next(&elements, &r) > 0)
        if (index >= r.first && index <= r.last && (index - r.first) % r.step == 0)
            return true;
    return false;
}

bool text_whole(struct span text, struct span *lines)
{
    static const char end[] = TEXT_END "\n";
    size_t            len = strlen(end);

    if (text.len < len || memcmp(text.data + text.len - len, end, len) != 0)
        return false;
    if (text.len > len && text.data[text.len - len - 1] != '\n')
        return false;
    *lines = (struct span){ text.data, text.len - len };
    return true;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

bool span_next_quoted(struct span *rest, struct buf *word)
{
    char quote = 0;
    bool any = false;

    while (rest->len > 0 && is_blank(rest->data[0]))
        *rest = (struct span){ rest->data + 1, rest->len - 1 };
    while (rest->len > 0 && (quote || !is_blank(rest->data[0]))) {
        char c = rest->data[0];

        *rest = (struct span){ rest->data + 1, rest->len - 1 };
        any = true;
        if (c == quote) {
            quote = 0;
        } else if (!quote && (c == '"' || c == '\'')) {
            quote = c;
        } else {
            if (c == '\\' && quote != '\'' && rest->len > 0) {
                c = rest->data[0];
                *rest = (struct span){ rest->data + 1, rest->len - 1 };
            }
            buf_add_char(word, c);
        }
    }
    return any;
}
