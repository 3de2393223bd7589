/*
 * base.c - what `_cleanup_(freep)` and `_cleanup_(fdp)` do at the end of a scope
 *
 * They run between a function's last statement and its caller, so they must leave errno alone.
 */
#include "clustrixfs/base.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void freep_cleanup(void *pp)
{
    int   saved = errno;
    void *p;

    /* pp points at a pointer of any type: reading it as a `void *` would break aliasing rules. */
    memcpy(&p, pp, sizeof(p));
    free(p);
    errno = saved;
}

void fdp_cleanup(int *fd)
{
    int saved = errno;

    if (*fd >= 0)
        close(*fd);
    errno = saved;
}
