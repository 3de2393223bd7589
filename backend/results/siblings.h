/*
 * siblings.h - which small files lie beside one, and are not here
 */
#ifndef CLUSTRIXFS_RESULTS_SIBLINGS_H
#define CLUSTRIXFS_RESULTS_SIBLINGS_H

#include "parts.h"

/*
 * Append the paths (below MIRROR/token) of up to n files of `most` bytes together that come after
 * `path` in its directory's order. What goes wrong finds fewer. [no lock]
 */
void siblings_find(struct results *r, const char *token, const char *path, size_t n, uint64_t most,
                   struct strv *paths);

#endif
