/*
 * pbs-survey.c - all that the user has in the queue of PBS, in one look
 *
 * First the numbers of one's own jobs, then qstat -f of these: so nothing that another user calls a
 * job of his is ever read. A job that ends in between is an error to qstat, and an answer to us.
 */
#include "pbs.h"

#include <errno.h>
#include <stdio.h>

#include "batch.h"

/* Of all that qstat -f says of a job, which is much, this. An attribute begins as far from the edge
 * as the first of its job does; what is elsewhere belongs to the one before. */
const char pbs_look[] =
    "wanted='^(Job_Name|job_state|substate|exit_status|comment|exec_host|priority|variable_list|"
    "resources_used[.](cput|mem|walltime))$'\n"
    "filter() {\n"
    "    awk -v wanted=\"$wanted\" '\n"
    "        BEGIN { wanted = tolower(wanted) }\n"
    "        /^[SW]\\|/ { print; keep = 0; next }\n"
    "        /^Job Id:/ { print; first = 1; keep = 0; next }\n"
    "        first { edge = substr($0, 1, 1); first = 0 }\n"
    "        substr($0, 1, 1) == edge && $2 == \"=\" { keep = tolower($1) ~ wanted }\n"
    "        keep'\n"
    "}\n"
    "tell() { # STATUS ERRORS\n"
    "    echo \"S|$1\"; [ -z \"$2\" ] || printf '%s\\n' \"$2\" | sed 's/^/W|/'\n"
    "}\n"
    "look() {\n"
    "    { errors=$(timeout 60 qstat \"$@\" 2>&1 >&3 3>&-); tell \"$?\" \"$errors\"; } 3>&1 |\n"
    "        filter\n"
    "}\n";

int pbs_survey_say(const struct cluster *cluster, struct command *c)
{
    const struct pbs_dialect  *d = pbs_dialect(cluster);
    _cleanup_(bufp) struct buf text = BUF_INIT;

    buf_printf(&text, PBS_SETUP "%s"
               "out=$(timeout 60 %s 2>&1); status=$?\n"
               "ids=$(printf '%%s\\n' \"$out\" | awk '$1 ~ /^[0-9]+(\\[[0-9]*\\])?([.].*)?$/ "
               "{ print $1 }')\n"
               "if [ \"$status\" -ne 0 ]; then tell \"$status\" \"$out\"\n"
               "elif [ -z \"$ids\" ]; then tell 0 ''\n"
               "else look %s $ids\n"
               "fi\n"
               "echo " TEXT_END "\n", pbs_look, d->list, d->jobs);
    return buf_error(&text) < 0 ? -ENOMEM : batch_say_survey(c, text.data);
}

/* What qstat says of a number that it does not know (any more); Slurm's says nothing. */
static bool is_answer(struct span words)
{
    return span_has(words, "Unknown Job Id") || span_has(words, "Unknown Job ID") ||
           span_has(words, "Job has finished");
}

bool pbs_heard_all(struct span text, struct span *words)
{
    struct span line, status = { "", 0 };
    bool        unknown = false, other = false;

    *words = (struct span){ "", 0 };
    while (span_next_line(&text, &line)) {
        struct span rest = { line.data + 2, line.len - 2 };

        if (span_begins(line, "S|"))
            status = rest;
        if (!span_begins(line, "W|"))
            continue;
        unknown |= is_answer(rest);
        other |= !is_answer(rest);
        if (!is_answer(rest) && words->len == 0)
            *words = rest;
    }
    if (span_is(status, "0"))
        return true;
    return !other && (span_is(status, "153") || (unknown && span_is(status, "35")));
}

static int see(const struct pbs_row *row, const struct pbs_dialect *d, struct span token,
               struct span run, sighting_fn *fn, void *arg)
{
    struct sighting s = { .element = false };
    struct pbs_id   id;

    if (pbs_id_cut(row->id, &id) < 0 ||
        (run.len > 0 && pbs_run_cut(run, &s.element, &s.range.first, &s.attempt) < 0))
        return -EINVAL;
    span_copy(s.token, sizeof s.token, token);
    pbs_report(row, d, &s.report);
    /* Its elements come by themselves: what is said of an array as such is that it is there. */
    if (id.array && !id.element)
        s.report.is = REPORT_UNKNOWN;
    if (id.element)
        s.range.first = id.index;
    s.element |= id.element;
    s.range.last = s.range.first;
    s.range.step = 1;
    fn(arg, &s);
    return 0;
}

int pbs_survey_hear(const struct cluster *cluster, const struct outcome *o, sighting_fn *fn,
                    void *arg, struct error *e)
{
    const struct pbs_dialect  *d = pbs_dialect(cluster);
    _cleanup_(bufp) struct buf whole = BUF_INIT;
    struct span                text, words, rest, token, run;
    struct pbs_row             row;

    if (!text_whole(buf_span(&o->out), &text))
        return batch_not_whole(o, "qstat", e);
    if (!pbs_heard_all(text, &words))
        return error_set(e, -EPROTO, "qstat does not answer: %.*s",
                         (int)(words.len < 200 ? words.len : 200), words.data);
    if (pbs_unwrap(text, &whole) < 0)
        return error_set(e, -EPROTO, "out of memory for what qstat answered");
    rest = buf_span(&whole);
    while (pbs_row_next(&rest, &row))
        if (pbs_row_token(&row, &token, &run) && see(&row, d, token, run, fn, arg) < 0)
            return error_set(e, -EPROTO, "qstat lists the job %.*s in a way that cannot be read",
                             (int)(row.id.len < 60 ? row.id.len : 60), row.id.data);
    return 0;
}
