/*
 * sge-survey.c - all that the user has in Grid Engine's queue, in one look
 *
 * The answer ends in a line of its own that only a qstat that ended well is followed by. A job that
 * has ended is in no answer at all, so one that was cut short must never pass for a whole one.
 */
#include "sge.h"

#include <errno.h>

#include "batch.h"

/* A user's own defaults (~/.sge_qstat) come first, and would hide jobs without the -s. */
static const char survey[] =
    SGE_SETUP
    "timeout 60 qstat -xml -s prs -u \"$(id -un)\" && echo " TEXT_END "\n";

int sge_survey_say(unused_arg const struct cluster *cluster, struct command *c)
{
    return batch_say_survey(c, survey);
}

static int see(const struct sge_row *row, sighting_fn *fn, void *arg)
{
    struct sighting s = { .element = row->tasks.len > 0 };
    struct span     tasks = row->tasks;
    int             r = 0;

    if (!span_is_number(row->number) || row->number.len >= sizeof s.report.native)
        return -EINVAL;
    span_copy(s.token, sizeof s.token, row->name);
    sge_report(row, &s.report);
    if (!s.element)
        fn(arg, &s);
    while (s.element && (r = sge_range_next(&tasks, &s.range)) > 0)
        fn(arg, &s);
    return r;
}

int sge_survey_hear(unused_arg const struct cluster *cluster, const struct outcome *o,
                    sighting_fn *fn, void *arg, struct error *e)
{
    struct span    rest;
    struct sge_row row;

    if (!text_whole(buf_span(&o->out), &rest) || !span_has(rest, "</job_info>\n"))
        return batch_not_whole(o, "qstat", e);
    while (sge_row_next(&rest, &row))
        if (span_is_token(row.name) && see(&row, fn, arg) < 0)
            return error_set(e, -EPROTO, "qstat lists the job %.*s in a way that cannot be read",
                             (int)row.name.len, row.name.data);
    return 0;
}
