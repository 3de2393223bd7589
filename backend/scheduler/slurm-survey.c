/*
 * slurm-survey.c - all that the user has in Slurm's queue, in one look
 *
 * The answer ends in a line of its own that only a squeue that ended well is followed by. What was
 * cut short, at whatever byte, lacks it, so that no job is ever taken for absent because a line did
 * not arrive.
 */
#include "slurm.h"

#include <errno.h>

#include "batch.h"

/* Finished jobs too, as long as Slurm remembers them; hidden partitions too. */
static const char survey[] =
    SLURM_SETUP
    "timeout 60 squeue --all -h -t all -u \"$(id -u)\" -o 'J|" SLURM_FIELDS "' && "
    "echo " TEXT_END "\n";

int slurm_survey_say(unused_arg const struct cluster *cluster, struct command *c)
{
    return batch_say_survey(c, survey);
}

/* Where it runs and since when: of a job that waits, both are only a forecast. */
static void add_place(struct report *r, const struct slurm_line *line)
{
    uint64_t start;

    if (r->is == REPORT_QUEUED || r->is == REPORT_HELD)
        return;
    span_copy(r->node, sizeof r->node, line->node);
    if (span_to_u64(line->start, &start) == 0 && start < INT64_MAX / 1000000000)
        r->started_ns = (int64_t)start * 1000000000;
}

static int see(const struct slurm_line *line, sighting_fn *fn, void *arg)
{
    struct sighting s = { .element = false };
    struct slurm_id id;
    int             r = slurm_id_cut(line->id, &id);

    if (r < 0)
        return r;
    span_copy(s.token, sizeof s.token, line->name);
    s.attempt = slurm_comment_attempt(line->comment);
    slurm_report(line->state, line->reason, &s.report);
    span_copy(s.report.native, sizeof s.report.native, id.native);
    add_place(&s.report, line);
    s.element = id.elements.len > 0;
    if (!s.element)
        fn(arg, &s);
    while (id.elements.len > 0 && range_next(&id.elements, &s.range) > 0)
        fn(arg, &s);
    return 0;
}

int slurm_survey_hear(unused_arg const struct cluster *cluster, const struct outcome *o,
                      sighting_fn *fn, void *arg, struct error *e)
{
    struct span       rest, text;
    struct slurm_line line;
    bool              whole = text_whole(buf_span(&o->out), &rest);

    if (!whole)
        return batch_not_whole(o, "squeue", e);
    while (span_next_line(&rest, &text)) {
        /* What does not begin so is a site's chatter, or the rest of a name with a newline. */
        if (!span_begins(text, "J|"))
            continue;
        text = (struct span){ text.data + 2, text.len - 2 };
        if (!slurm_line_cut(text, &line) || !span_is_token(line.name))
            continue;
        if (see(&line, fn, arg) < 0)
            return error_set(e, -EPROTO, "squeue names the job %.*s in a way that cannot be read",
                             (int)(line.id.len < 60 ? line.id.len : 60), line.id.data);
    }
    return 0;
}
