/*
 * utf8.h - one character at a time
 */
#ifndef CLUSTRIXFS_UTF8_H
#define CLUSTRIXFS_UTF8_H

#include <stddef.h>
#include <stdint.h>

enum {
    UTF8_CUT = 0,    /* the bytes end within a character that is right so far */
    UTF8_WRONG = -1, /* no character begins like this                         */
};

/* How many bytes the first character of these (at least one) has, or one of the above. */
int utf8_len(const char *p, size_t len);

/* The first character; only where utf8_len() gave its length. */
uint32_t utf8_decode(const char *p, int len);

#endif
