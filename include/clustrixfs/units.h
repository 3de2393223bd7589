/*
 * units.h - amounts of memory and of time as people write them
 *
 *   memory = NUMBER [ "." 1 to 3 digits ] [ blanks ] [ UNIT ]
 *   UNIT   = "B", or one of K M G T P, alone or followed by "B", "i" or "iB"; in any letter case
 *
 * All units count in steps of 1024, as Slurm and PBS do, so 4GB, 4G, 4Gi and 4096M are the same.
 *
 *   time = NUMBER                               seconds, or minutes: the caller says which
 *        | [[HOURS ":"] MINUTES ":"] SECONDS    with at least one colon
 *        | DAYS "-" HOURS [":" MINUTES [":" SECONDS]]
 *        | [NUMBER "d"][NUMBER "h"][NUMBER "m"][NUMBER "s"]    at least one, in this order
 *
 * Numbers are decimal digits without a sign. Fields may exceed 59 (`90:00` is an hour and a half).
 * Blanks around the whole are skipped.
 */
#ifndef CLUSTRIXFS_UNITS_H
#define CLUSTRIXFS_UNITS_H

#include <stdint.h>

#include "clustrixfs/buf.h"

#define UNITS_BYTES UINT64_C(1)
#define UNITS_MB (UINT64_C(1) << 20)

/* What may come out at most: an off_t of bytes; seconds that still fit int64_t nanoseconds. */
#define UNITS_MEMORY_MAX ((uint64_t)INT64_MAX)
#define UNITS_TIME_MAX ((uint64_t)INT64_MAX / 1000000000u)

/* What a plain number means. */
enum units_time_style {
    UNITS_TIME_SECONDS, /* JSON, #CLUSTRIX, #PBS, #$ */
    UNITS_TIME_MINUTES, /* #SBATCH                   */
};

/*
 * `default_unit` is what a plain number counts: UNITS_BYTES, UNITS_MB (#SBATCH --mem), or 0 when it
 * needs a unit. Both return 0; or -EINVAL, also for what is larger than the maximum, and leave the
 * result alone. Zero is an amount: whether it makes sense is the caller's affair.
 */
int units_memory(struct span text, uint64_t default_unit, uint64_t *bytes) must_check;
int units_time(struct span text, enum units_time_style style, uint64_t *seconds) must_check;

#endif
