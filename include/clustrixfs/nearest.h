/*
 * nearest.h - "did you mean": the word that somebody most likely meant
 */
#ifndef CLUSTRIXFS_NEAREST_H
#define CLUSTRIXFS_NEAREST_H

#include "clustrixfs/buf.h"

/*
 * The one of the `n` words that is the fewest changed, missing, additional or swapped letters away
 * from `word`, letter case aside; the first of several. NULL when none is close: further away than
 * two letters and than a third of the word, or with nothing of the word left.
 */
const char *nearest_word(struct span word, const char *const *words, size_t n);

#endif
