/*
 * clock.h - what time it is
 */
#ifndef CLUSTRIXFS_CLOCK_H
#define CLUSTRIXFS_CLOCK_H

#include <stdint.h>

#include "clustrixfs/buf.h"

#define NS_PER_S INT64_C(1000000000)
#define NS_PER_MS INT64_C(1000000)

int64_t clock_now_ns(void);  /* since the epoch: for people and for mtimes            */
int64_t clock_mono_ns(void); /* never goes back: for deadlines                        */

int64_t clock_boot_ns(void); /* since the epoch: when this machine was started        */

/* "2026-11-22T18:07:58.123Z" */
int clock_format(struct buf *out, int64_t ns);

#endif
