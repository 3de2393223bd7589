/*
 * collect.h - what `KEEPER collect ROOT TOKEN/RUN...` says: records, output and files of jobs
 *
 * Everything that is known of a run comes in one round trip. The text is a row of fields, each
 * ended by a NUL, since that is the one byte that no name has. A field begins with a letter:
 *
 *    J TOKEN/RUN           begins a run
 *    T TEXT                its `started` record     } as they are in its directory;
 *    X TEXT                its `exit` record        } left out where they are not
 *    O SIZE MTIME          its stdout, and
 *    E SIZE MTIME          its stderr, once they are there (MTIME: seconds.nanoseconds)
 *    o LEN, e LEN          (run ended, LEN at most COLLECT_BYTES) then LEN bytes of it and a NUL
 *    Z                     ends the run: without it the text was cut short and is no evidence
 *
 *    D TOKEN               begins the listing of a job's files/, after its last run in the text
 *    F TYPE MODE SIZE MTIME PATH    TYPE as find's %y; MODE octal; PATH from files/, without "./"
 *    L TARGET              of the symbolic link before it
 *    Z N                   ends the listing of N files
 *
 * The text ends without a Z in a listing of more than 200000 files, or of more than 12 MiB in all.
 * A link that has the byte 1 in its target is left out; where the far side's awk takes a 0 for the
 * end of a line (busybox), so is any file that has it in its path.
 *
 * Nothing in it is trusted: numbers are checked, and a PATH that is absolute, has a "..", "." or an
 * empty component, or is longer or deeper than can be shown here, is given as the empty path: it
 * counts for N, and whoever reads passes it over with the L that may follow.
 */
#ifndef CLUSTRIXFS_COLLECT_H
#define CLUSTRIXFS_COLLECT_H

#include <stdint.h>
#include <sys/types.h>

#include "clustrixfs/buf.h"

#define COLLECT_BYTES 32768
#define COLLECT_PATH_MAX 3000 /* bytes: with the directory of the mirror before it, still a path */
#define COLLECT_DEPTH_MAX 256

struct collect_item {
    char        kind; /* one of the letters above */
    struct span text; /* J, D, T, X, L: the text; F: the path, or empty; o, e: the bytes   */
    mode_t      mode; /* F: with its S_IFMT: S_IFSOCK for all that is neither file, directory,
                         link nor pipe, and so is never opened                             */
    uint64_t    size; /* O, E, F: an off_t holds it; Z: N, 0 after a run                   */
    int64_t     mtime_ns; /* O, E, F: since the epoch; the nearest there is                */
};

enum {
    COLLECT_E_END = 1, /* nothing more */
};

/* The next field; spans borrow from *rest. 0; COLLECT_E_END; -EPROTO: the rest is no such text. */
int collect_next(struct span *rest, struct collect_item *item) must_check;

#endif
