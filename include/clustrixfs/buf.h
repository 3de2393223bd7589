/*
 * buf.h - bytes: looked at (span), grown (buf), and lists of strings (strv)
 *
 * A span borrows. A buf owns; its data is always followed by one NUL that does not count, so
 * `b.data` is a C string whenever the bytes hold no NUL themselves. An append that runs out of
 * memory leaves the buf as it was, returns -ENOMEM, and every later append fails too until
 * buf_release(); so a run of appends may be checked once at its end with buf_error().
 */
#ifndef CLUSTRIXFS_BUF_H
#define CLUSTRIXFS_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "clustrixfs/base.h"

struct span {
    const char *data;
    size_t      len;
};

#define SPAN_LIT(s) ((struct span){ (s), sizeof(s) - 1 })
struct span span_str(const char *s); /* NULL gives an empty span */
bool        span_is(struct span a, const char *s);

/* Cut `*rest` at the next newline: the line without it, and `*rest` moves on. False at the end. */
bool span_next_line(struct span *rest, struct span *line);
/* Cut the next word (blanks and tabs between). False when there is none. */
bool span_next_word(struct span *rest, struct span *word);
/* Decimal digits only, no sign, no blanks, no overflow: 0, or -EINVAL / -ERANGE. */
int span_to_u64(struct span s, uint64_t *out) must_check;
/* malloc'ed copy with a NUL, or NULL when out of memory. */
char *span_dup(struct span s);

struct buf {
    char  *data; /* never NULL: points at a static NUL while empty */
    size_t len;
    size_t alloc;
    bool   failed;
};

extern char buf_empty[1];
#define BUF_INIT { .data = buf_empty }

void        buf_release(struct buf *b); /* frees and makes it empty again */
int         buf_error(const struct buf *b);
int         buf_add(struct buf *b, const void *data, size_t len);
int         buf_add_span(struct buf *b, struct span s);
int         buf_add_str(struct buf *b, const char *s);
int         buf_add_char(struct buf *b, char c);
int         buf_printf(struct buf *b, const char *fmt, ...) printf_like(2, 3);
int         buf_reserve(struct buf *b, size_t more); /* room for `more` bytes and the NUL */
int         buf_set_len(struct buf *b, size_t len);  /* cut, or grow with NULs            */
/* One read(): how many bytes (`most` or fewer) were appended, 0 at the end; or a negative errno. */
ssize_t     buf_read(struct buf *b, int fd, size_t most) must_check;
struct span buf_span(const struct buf *b);
char       *buf_steal(struct buf *b); /* the malloc'ed string, or NULL on failure */

static inline unused_arg void bufp_cleanup(struct buf *b)
{
    buf_release(b);
}

/* A list of owned strings; `v[n]` is always NULL, so it serves as an argv. */
struct strv {
    char **v; /* NULL while empty */
    size_t n;
};

#define STRV_INIT { 0 }
void strv_release(struct strv *s);
int  strv_add(struct strv *s, const char *text) must_check;
int  strv_add_span(struct strv *s, struct span text) must_check;
int  strv_take(struct strv *s, char *owned) must_check; /* frees it on failure too; NULL: -ENOMEM */
int  strv_printf(struct strv *s, const char *fmt, ...) printf_like(2, 3) must_check;
int  strv_copy(struct strv *to, const struct strv *from) must_check;
bool strv_has(const struct strv *s, const char *text);

static inline unused_arg void strvp_cleanup(struct strv *s)
{
    strv_release(s);
}

#endif
