/*
 * strv.c - lists of strings
 *
 * How much is allocated follows from how many strings there are: room for the next power of two
 * above n. So a list is two words, and every list ends with NULL at any moment.
 */
#include "clustrixfs/buf.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void strv_release(struct strv *s)
{
    for (size_t i = 0; i < s->n; i++)
        free(s->v[i]);
    free(s->v);
    *s = (struct strv)STRV_INIT;
}

int strv_take(struct strv *s, char *owned)
{
    size_t slots = s->n + 1;

    if (!owned)
        return -ENOMEM;
    if ((slots & (slots - 1)) == 0) {
        char **v = reallocarray(s->v, slots * 2, sizeof(*v));
        if (!v) {
            free(owned);
            return -ENOMEM;
        }
        s->v = v;
    }
    s->v[s->n++] = owned;
    s->v[s->n] = NULL;
    return 0;
}

int strv_add(struct strv *s, const char *text)
{
    return strv_take(s, strdup(text));
}

int strv_add_span(struct strv *s, struct span text)
{
    return strv_take(s, span_dup(text));
}

int strv_printf(struct strv *s, const char *fmt, ...)
{
    char   *text;
    va_list ap;

    va_start(ap, fmt);
    int len = vasprintf(&text, fmt, ap);
    va_end(ap);
    return strv_take(s, len < 0 ? NULL : text);
}

int strv_copy(struct strv *to, const struct strv *from)
{
    _cleanup_(strvp) struct strv copy = STRV_INIT;
    int                          r;

    for (size_t i = 0; i < from->n; i++)
        if ((r = strv_add(&copy, from->v[i])) < 0)
            return r;
    strv_release(to);
    *to = copy;
    copy = (struct strv)STRV_INIT;
    return 0;
}

bool strv_has(const struct strv *s, const char *text)
{
    for (size_t i = 0; i < s->n; i++)
        if (strcmp(s->v[i], text) == 0)
            return true;
    return false;
}
