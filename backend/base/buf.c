/*
 * buf.c - bytes that grow
 *
 * Running out of memory is remembered in the buf itself, so that a run of appends is written
 * without a check after each and fails as a whole, never with a hole in its middle.
 */
#include "clustrixfs/buf.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FIRST_ALLOC 64

char buf_empty[1] = ""; /* what all empty bufs point at; never written to */

void buf_release(struct buf *b)
{
    if (b->alloc > 0)
        free(b->data);
    *b = (struct buf)BUF_INIT;
}

int buf_error(const struct buf *b)
{
    return b->failed ? -ENOMEM : 0;
}

static int buf_fail(struct buf *b)
{
    b->failed = true;
    return -ENOMEM;
}

int buf_reserve(struct buf *b, size_t more)
{
    size_t need;

    if (b->failed || __builtin_add_overflow(b->len, more, &need) || need >= SIZE_MAX / 2)
        return buf_fail(b);
    need++; /* the NUL */
    if (need <= b->alloc)
        return 0;

    /* Doubling keeps a long run of small appends linear. */
    size_t alloc = b->alloc > 0 ? b->alloc * 2 : FIRST_ALLOC;
    if (alloc < need)
        alloc = need;
    char *data = realloc(b->alloc > 0 ? b->data : NULL, alloc);
    if (!data)
        return buf_fail(b);
    data[b->len] = '\0';
    b->data = data;
    b->alloc = alloc;
    return 0;
}

int buf_add(struct buf *b, const void *data, size_t len)
{
    int r;

    if (len == 0)
        return buf_error(b);
    if ((r = buf_reserve(b, len)) < 0)
        return r;
    memcpy(b->data + b->len, data, len);
    b->len += len;
    b->data[b->len] = '\0';
    return 0;
}

int buf_add_span(struct buf *b, struct span s)
{
    return buf_add(b, s.data, s.len);
}

int buf_add_str(struct buf *b, const char *s)
{
    return buf_add(b, s, strlen(s));
}

int buf_add_char(struct buf *b, char c)
{
    return buf_add(b, &c, 1);
}

int buf_printf(struct buf *b, const char *fmt, ...)
{
    va_list ap;
    int     r;

    va_start(ap, fmt);
    int len = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (len < 0)
        return buf_fail(b);
    if ((r = buf_reserve(b, (size_t)len)) < 0)
        return r;

    va_start(ap, fmt);
    vsnprintf(b->data + b->len, (size_t)len + 1, fmt, ap);
    va_end(ap);
    b->len += (size_t)len;
    return 0;
}

int buf_set_len(struct buf *b, size_t len)
{
    int r;

    if (len > b->len) {
        if ((r = buf_reserve(b, len - b->len)) < 0)
            return r;
        memset(b->data + b->len, '\0', len - b->len);
    }
    b->len = len;
    if (b->alloc > 0)
        b->data[len] = '\0';
    return buf_error(b);
}

ssize_t buf_read(struct buf *b, int fd, size_t most)
{
    ssize_t n;
    int     r;

    if ((r = buf_reserve(b, most)) < 0)
        return r;
    do
        n = read(fd, b->data + b->len, most);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return -errno;
    b->len += (size_t)n;
    b->data[b->len] = '\0';
    return n;
}

struct span buf_span(const struct buf *b)
{
    return (struct span){ b->data, b->len };
}

char *buf_steal(struct buf *b)
{
    char *data = NULL;

    /* An empty buf has nothing allocated to give away yet. */
    if (buf_reserve(b, 0) == 0)
        data = STEAL(b->data);
    else if (b->alloc > 0)
        free(b->data);
    *b = (struct buf)BUF_INIT;
    return data;
}
