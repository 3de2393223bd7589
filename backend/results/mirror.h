/*
 * mirror.h - the tree of placeholders: names, attributes, and which bytes are here
 *
 * A placeholder has its true size and mtime from the beginning; its bytes come later, in any order.
 * What has not come is a hole, and a hole is nothing else: zeros that were fetched are written
 * like any other bytes. All offsets that are written or dropped are multiples of MIRROR_GRAIN, or
 * the end of the file, since a file system knows only whole blocks.
 *
 * Everything is named relative to an open directory and no link is ever followed, so that a hostile
 * listing reaches nothing outside MIRROR/TOKEN. Any thread; who changes names must be alone
 * (take.c's lock).
 */
#ifndef CLUSTRIXFS_RESULTS_MIRROR_H
#define CLUSTRIXFS_RESULTS_MIRROR_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "clustrixfs/buf.h"
#include "clustrixfs/clock.h"
#include "clustrixfs/error.h"

#define MIRROR_GRAIN (64 * 1024)
#define MIRROR_GUARDS 16

struct mirror {
    int              fd;   /* MIRROR itself                                        */
    char            *path;
    atomic_uint      gone; /* how many names were moved out of sight to be removed */
    pthread_rwlock_t guards[MIRROR_GUARDS]; /* see holes.c                         */
};

/* What is known of a file of the far side. */
struct far_attr {
    mode_t   mode;
    uint64_t size;
    int64_t  mtime_ns;
};

/*
 * mirror.c
 *
 * `path` is made where it is not there. -EOPNOTSUPP and a sentence: no holes on that file system.
 */
int  mirror_open(struct mirror *m, const char *path, struct error *e) must_check;
void mirror_close(struct mirror *m);
/* Below `dir`, without following a link or leaving it; the descriptor or a negative errno. */
int mirror_walk(int dir, const char *path, int flags) must_check;
/* The same for a directory, making what is not there. "": dir itself. */
int mirror_make_dirs(int dir, const char *path) must_check;
/* Remove whatever `name` is, with all below it; absent is 0. */
int mirror_remove(struct mirror *m, int dir, const char *name) must_check;
/* The same for MIRROR/token, but only out of sight at once; mirror_clean() removes it. */
int  mirror_hide(struct mirror *m, const char *token) must_check;
void mirror_clean(struct mirror *m);

/*
 * Make `name` what `attr` (and, of a link, `target`) says. Bytes that may be others by now are
 * dropped; with `grows` (stdout, stderr) what was held stays held when the file only got longer.
 * MIRROR_E_CHANGED: it was made or is other than before; MIRROR_E_SAME.
 */
enum { MIRROR_E_SAME = 1, MIRROR_E_CHANGED };
int mirror_place(struct mirror *m, int dir, const char *name, const struct far_attr *attr,
                 const char *target, bool grows) must_check;
int mirror_set_mtime(int dir, const char *name, int64_t ns) must_check;
/* mode in the mirror of what has `mode` there: see service_far_stat() for the way back. */
mode_t mirror_mode(mode_t mode);

static inline int64_t stat_mtime_ns(const struct stat *st)
{
    return st->st_mtim.tv_sec * NS_PER_S + st->st_mtim.tv_nsec;
}

static inline struct timespec mtime_spec(int64_t ns)
{
    int64_t below = ns % NS_PER_S < 0; /* before 1970: seconds round down, the rest counts up */

    return (struct timespec){ ns / NS_PER_S - below, ns % NS_PER_S + below * NS_PER_S };
}

/*
 * holes.c
 */
/* Whether all bytes of [off, off + size) up to the end of the file are here. */
bool holes_held(int fd, off_t off, size_t size);
/* Read them: how many, -EAGAIN when not all of them are here, or another errno. */
ssize_t holes_read(struct mirror *m, int fd, void *data, size_t size, off_t off) must_check;
/*
 * Write what was fetched, unless *gen is another than `expected` by now (-ESTALE). The mtime is
 * `mtime_ns` again afterwards.
 */
int holes_write(struct mirror *m, int fd, const atomic_uint *gen, unsigned expected,
                int64_t mtime_ns, struct span data, off_t off) must_check;
/* Forget all bytes; the size stays. */
int holes_drop(struct mirror *m, int fd) must_check;
/* Another size and mtime. `keep`: the bytes up to the old size stay, when the new one is larger. */
int holes_resize(struct mirror *m, int fd, uint64_t size, int64_t mtime_ns, bool keep) must_check;
/* The first hole in [off, end), and where it ends (at most `end`); false: there is none. */
bool holes_next(int fd, off_t off, off_t end, off_t *from, off_t *to);

#endif
