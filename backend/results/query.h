/*
 * query.h - one command that brings small files and pieces of files, checked
 */
#ifndef CLUSTRIXFS_RESULTS_QUERY_H
#define CLUSTRIXFS_RESULTS_QUERY_H

#include "parts.h"

/* A small file is fetched whole up to this, though it has become larger than we knew. */
#define WHOLE_MAX ((off_t)1024 * 1024)

/* What to bring, and what came. */
struct query_piece {
    const char     *token, *path; /* borrowed                                         */
    off_t           off, len;     /* multiples of MIRROR_GRAIN; len 0: nothing but the attributes;
                                     WHOLE_MAX at 0: the whole file                   */
    bool            alone;        /* does not share a directory's turn                */
    int             err;          /* 0; -ENOENT; -EACCES; -ESTALE: something else is there by now;
                                     -EAGAIN: it cannot be told, ask for it alone     */
    bool            steady;       /* it did not change while it was read              */
    struct far_attr attr;         /* before it was read                               */
    struct span     data;         /* within the answer                                */
};

/*
 * One round trip for all of them. `answer` holds the data. 0, and each piece's own `err`;
 * -EHOSTUNREACH, -EIO or another errno: nothing is known of any. [no lock]
 */
int query(struct lane *l, struct query_piece *pieces, size_t n, struct outcome *answer)
    must_check;

/* For tests: the script, and what it printed taken to pieces. `pieces` sorted by directory. */
#define QUERY_MARK 32
int  query_script(struct buf *out, const char *root, const char mark[QUERY_MARK + 1],
                  const struct query_piece *pieces, size_t n) must_check;
void query_hear(struct query_piece *pieces, size_t n, const char mark[QUERY_MARK + 1],
                struct span text);

#endif
