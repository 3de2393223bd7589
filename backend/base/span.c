/*
 * span.c - bytes that belong to somebody else
 *
 * Nothing here copies but span_dup(); cutting a line or a word only moves two numbers.
 */
#include "clustrixfs/buf.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct span span_str(const char *s)
{
    return s ? (struct span){ s, strlen(s) } : (struct span){ "", 0 };
}

bool span_is(struct span a, const char *s)
{
    return a.len == strlen(s) && memcmp(a.data, s, a.len) == 0;
}

static struct span span_from(struct span s, size_t start)
{
    return (struct span){ s.data + start, s.len - start };
}

bool span_next_line(struct span *rest, struct span *line)
{
    if (rest->len == 0)
        return false;

    const char *newline = memchr(rest->data, '\n', rest->len);
    size_t      len = newline ? (size_t)(newline - rest->data) : rest->len;
    *line = (struct span){ rest->data, len };
    *rest = span_from(*rest, newline ? len + 1 : len);
    return true;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

bool span_next_word(struct span *rest, struct span *word)
{
    size_t start = 0;

    while (start < rest->len && is_blank(rest->data[start]))
        start++;
    size_t end = start;
    while (end < rest->len && !is_blank(rest->data[end]))
        end++;
    if (end == start)
        return false;
    *word = (struct span){ rest->data + start, end - start };
    *rest = span_from(*rest, end);
    return true;
}

static bool all_digits(struct span s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.data[i] < '0' || s.data[i] > '9')
            return false;
    return s.len > 0;
}

int span_to_u64(struct span s, uint64_t *out)
{
    uint64_t n = 0;

    if (!all_digits(s))
        return -EINVAL;
    for (size_t i = 0; i < s.len; i++)
        if (__builtin_mul_overflow(n, 10u, &n) ||
            __builtin_add_overflow(n, (unsigned)(s.data[i] - '0'), &n))
            return -ERANGE;
    *out = n;
    return 0;
}

char *span_dup(struct span s)
{
    char *copy = s.len < SIZE_MAX ? malloc(s.len + 1) : NULL;

    if (!copy)
        return NULL;
    if (s.len > 0)
        memcpy(copy, s.data, s.len);
    copy[s.len] = '\0';
    return copy;
}
