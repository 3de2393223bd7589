/*
 * quote.h - words for a shell, the only place where they are quoted
 */
#ifndef CLUSTRIXFS_QUOTE_H
#define CLUSTRIXFS_QUOTE_H

#include "clustrixfs/buf.h"

/* Append `word` so that any POSIX shell reads exactly these bytes as one word. */
int quote_word(struct buf *out, struct span word);
/* All words of argv, separated by blanks. Plain words stay plain. */
int quote_argv(struct buf *out, const struct strv *argv);

#endif
