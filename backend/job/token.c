/*
 * token.c - sixty random bits, readable
 *
 * "cfx" and twelve letters of base32 (lower case, no padding): see JOB_TOKEN_LEN in job.h for why
 * this shape.
 */
#include "token.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#define PREFIX "cfx"
#define PREFIX_LEN 3
#define LETTERS "abcdefghijklmnopqrstuvwxyz234567"

int token_make(char out[JOB_TOKEN_LEN + 1])
{
    uint64_t bits;

    if (getrandom(&bits, sizeof(bits), 0) != sizeof(bits))
        return -EIO;
    memcpy(out, PREFIX, PREFIX_LEN);
    for (int i = PREFIX_LEN; i < JOB_TOKEN_LEN; i++, bits >>= 5)
        out[i] = LETTERS[bits & 31];
    out[JOB_TOKEN_LEN] = '\0';
    /* All zero bits would be no key; once in 2^60 we draw again. */
    return token_bits(span_str(out)) ? 0 : token_make(out);
}

uint64_t token_bits(struct span token)
{
    uint64_t bits = 0;

    if (token.len != JOB_TOKEN_LEN || memcmp(token.data, PREFIX, PREFIX_LEN))
        return 0;
    for (int i = JOB_TOKEN_LEN - 1; i >= PREFIX_LEN; i--) {
        const char *at = token.data[i] ? strchr(LETTERS, token.data[i]) : NULL;

        if (!at)
            return 0;
        bits = bits << 5 | (uint64_t)(at - LETTERS);
    }
    return bits;
}
