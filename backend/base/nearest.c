/*
 * nearest.c - "did you mean": the word that somebody most likely meant
 *
 * The distance is the optimal string alignment: letters changed, missing or additional, and
 * neighbours swapped, since that is what fingers do. Three rows of its table are enough.
 */
#include "clustrixfs/nearest.h"

#include <ctype.h>
#include <string.h>

#define WORD_MAX 64 /* nothing longer is a mistyped keyword */

static int letter(struct span s, size_t i)
{
    return tolower((unsigned char)s.data[i]);
}

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* The row that follows `last` and `before` (the two above it), for the i-th letter of a. */
static void next_row(unsigned *row, const unsigned *last, const unsigned *before, struct span a,
                     size_t i, struct span b)
{
    row[0] = (unsigned)i;
    for (size_t j = 1; j <= b.len; j++) {
        bool same = letter(a, i - 1) == letter(b, j - 1);
        row[j] = least(last[j - 1] + !same, least(last[j], row[j - 1]) + 1);
        if (i > 1 && j > 1 && letter(a, i - 1) == letter(b, j - 2) &&
            letter(a, i - 2) == letter(b, j - 1))
            row[j] = least(row[j], before[j - 2] + 1);
    }
}

/* Both at most WORD_MAX long. */
static unsigned distance(struct span a, struct span b)
{
    unsigned rows[3][WORD_MAX + 1] = { { 0 } };

    for (size_t j = 0; j <= b.len; j++)
        rows[0][j] = (unsigned)j;
    for (size_t i = 1; i <= a.len; i++)
        next_row(rows[i % 3], rows[(i + 2) % 3], rows[(i + 1) % 3], a, i, b);
    return rows[a.len % 3][b.len];
}

const char *nearest_word(struct span word, const char *const *words, size_t n)
{
    unsigned    limit = word.len / 3 > 2 ? (unsigned)word.len / 3 : 2;
    const char *best = NULL;

    if (word.len > WORD_MAX)
        return NULL;
    for (size_t i = 0; i < n; i++) {
        struct span w = span_str(words[i]);
        if (w.len > WORD_MAX)
            continue;
        unsigned d = distance(word, w);
        if (d > limit || d >= word.len)
            continue;
        best = words[i];
        if (d == 0)
            break;
        limit = d - 1; /* the next one has to be better */
    }
    return best;
}
