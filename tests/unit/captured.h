/*
 * captured.h - text that was captured from the real programs, in tests/captured
 */
#ifndef CLUSTRIXFS_TESTS_CAPTURED_H
#define CLUSTRIXFS_TESTS_CAPTURED_H

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "clustrixfs/buf.h"
#include "unit.h"

/* The whole of $CAPTURED/NAME, behind what `out` has. */
static inline unused_arg void captured(const char *name, struct buf *out)
{
    char    path[1024];
    ssize_t n;

    ck_assert_ptr_nonnull(getenv("CAPTURED"));
    snprintf(path, sizeof path, "%s/%s", getenv("CAPTURED"), name);
    _cleanup_(fdp) int fd = open(path, O_RDONLY | O_CLOEXEC);
    ck_assert_msg(fd >= 0, "no %s", path);
    while ((n = buf_read(out, fd, 65536)) > 0)
        continue;
    ck_assert_int_eq(n, 0);
}

#endif
