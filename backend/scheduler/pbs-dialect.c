/*
 * pbs-dialect.c - in which of its three languages a PBS is spoken to
 *
 * PBS Pro and OpenPBS; Torque; and the programs of the same names that come with Slurm. Which one a
 * cluster has its meeting told, in the version that it keeps.
 */
#include "pbs.h"

#include <string.h>

#include "meeting.h"

/* Only one's own: what other users call their jobs is not read. */
#define SELECT "qselect -u \"$(id -un)\""

/* To Slurm's qstat -u takes precedence over -f. */
// clang-format off
static const struct pbs_dialect dialects[] = {
    { .sign = MEETING_FRONT_END, .list = "qstat -u \"$(id -un)\"", .jobs = "-f", .ended = "-f",
      .shell = "", .slurm = true },
    { .sign = "ersion:", .list = SELECT, .jobs = "-f -t", .ended = "-f", .shell = " -S /bin/sh" },
    { .sign = "", .list = SELECT, .jobs = "-f -t", .ended = "-x -f", .shell = " -S /bin/sh",
      .chunks = true, .range = true },
};
// clang-format on

const struct pbs_dialect *pbs_dialect(const struct cluster *cluster)
{
    const char *version = cluster->version ? cluster->version : "";
    size_t      i = 0;

    while (!strstr(version, dialects[i].sign))
        i++;
    return &dialects[i];
}

/* What cannot go as one array goes as a job for each element. */
bool pbs_as_array(const struct cluster *cluster, const struct spec *spec)
{
    const struct pbs_dialect *d = pbs_dialect(cluster);

    if (d->slurm || spec->n_ranges == 0)
        return false;
    return !d->range || (spec->n_ranges == 1 && spec->ranges[0].last > spec->ranges[0].first);
}
