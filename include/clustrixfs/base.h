/*
 * base.h - the few words of C that every file here uses
 *
 * Ownership is written down where a local is declared: `_cleanup_(bufp) struct buf b = BUF_INIT;`
 * is released when its scope ends, and `return STEAL(p)` gives it away. Nothing here allocates.
 */
#ifndef CLUSTRIXFS_BASE_H
#define CLUSTRIXFS_BASE_H

#include <stddef.h>
#include <stdint.h>

#define printf_like(fmt, first) __attribute__((format(printf, fmt, first)))
#define must_check __attribute__((warn_unused_result))
#define unused_arg __attribute__((unused))

/* Call `fn_cleanup(&local)` at the end of the scope; see DEFINE_CLEANUP. */
#define _cleanup_(fn) __attribute__((cleanup(fn##_cleanup)))

/* Make `_cleanup_(name)` for a pointer type whose release function takes NULL too. */
#define DEFINE_CLEANUP(name, type, release)                                                        \
    static inline unused_arg void name##_cleanup(type *p)                                          \
    {                                                                                              \
        release(*p);                                                                               \
    }                                                                                              \
    struct cleanup_semicolon_##name

/* Hand over what a pointer owns and forget it. */
#define STEAL(p)                                                                                   \
    ({                                                                                             \
        __typeof__(p) stolen_ = (p);                                                               \
        (p) = NULL;                                                                                \
        stolen_;                                                                                   \
    })

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* The struct that holds `member` at address `ptr`. */
#define container_of(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))

/* `_cleanup_(freep)` for anything from malloc, `_cleanup_(fdp)` for a descriptor (-1: none). */
void freep_cleanup(void *pp);
void fdp_cleanup(int *fd);

#endif
