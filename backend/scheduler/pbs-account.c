/*
 * pbs-account.c - how jobs ended that the queue may know no more
 *
 * PBS Pro keeps a history where its administrator wishes so; else, as in Torque, a job that has
 * ended is known for some minutes or not at all, and the records of our wrapper have to do. Why it
 * was killed is written into its log.
 *
 * The answer is that of qstat, as in a survey, and a line "L|RUN|LINE" for each line of a log that
 * tells of a kill.
 */
#include "pbs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "batch.h"
#include "process.h"

/* Arguments: the root, the numbers as one word, and then each run. */
#define ACCOUNT_BEGIN                                                                              \
    PBS_SETUP                                                                                      \
    "root=$1 list=$2; shift 2\n"
#define ACCOUNT_END                                                                                \
    "for run; do\n"                                                                                \
    "    [ -s \"$root/$run.log\" ] || continue\n"                                                  \
    "    out=$(grep -E 'PBS: job killed|memory limit|oom.kill|CANCELLED AT|DUE TO' "               \
    "\"$root/$run.log\" | tail -n 5)\n"                                                            \
    "    [ -z \"$out\" ] || printf '%s\\n' \"$out\" | sed \"s:^:L|$run|:\"\n"                      \
    "done\n"                                                                                       \
    "echo " TEXT_END "\n"

/* Without a history only those are known that have not ended. */
static const char without[] = "answer=\n"
                              "off='PBS is not configured to maintain job history'\n"
                              "[ -z \"$list\" ] || answer=$(look %s $list)\n"
                              "case $answer in *\"$off\"*) answer=$(look -f $list) ;; esac\n"
                              "printf '%%s\\n' \"$answer\"\n";

int pbs_say_account(const struct ask *a, struct command *c)
{
    _cleanup_(bufp) struct buf text = BUF_INIT;
    struct batch_account       account = { .separator = " ", .none = "", .id = pbs_id };

    buf_add_str(&text, ACCOUNT_BEGIN);
    buf_add_str(&text, pbs_look);
    buf_printf(&text, without, pbs_dialect(a->cluster)->ended);
    buf_add_str(&text, ACCOUNT_END);
    account.script = text.data;
    return buf_error(&text) < 0 ? -ENOMEM : batch_say_account(a, c, &account);
}

/* What was said of one job. */
struct heard {
    bool           known;
    struct pbs_row row;
    struct report  log;
};

/* All jobs asked about, while the answer is read. */
struct listening {
    const struct ask         *ask;
    const struct pbs_dialect *dialect;
    struct heard             *jobs;
};

static bool is_same(const struct job_ref *ref, const struct pbs_id *id, struct span token)
{
    return span_is(token, ref->token) && strcmp(id->native, ref->native) == 0 &&
           (!id->element || (JOB_ELEMENT(ref->id) > 0 && id->index == JOB_INDEX(ref->id)));
}

static void hear_row(struct listening *l, const struct pbs_row *row)
{
    struct pbs_id id;
    struct span   token, run;

    if (!pbs_row_token(row, &token, &run) || pbs_id_cut(row->id, &id) < 0)
        return;
    for (size_t i = 0; i < l->ask->n; i++)
        if (is_same(&l->ask->refs[i], &id, token)) {
            l->jobs[i].known = true;
            l->jobs[i].row = *row;
        }
}

static void hear_log(struct listening *l, struct span line)
{
    struct span name = span_until(&line, '|');

    for (size_t i = 0; i < l->ask->n; i++) {
        char run[PROCESS_RUN_MAX];

        process_run(run, &l->ask->refs[i]);
        if (span_is(name, run))
            pbs_log_line(line, &l->jobs[i].log);
    }
}

static void listen(struct listening *l, struct span text)
{
    struct pbs_row row;
    struct span    rest = text, line;

    while (pbs_row_next(&rest, &row))
        hear_row(l, &row);
    for (rest = text; span_next_line(&rest, &line);)
        if (span_begins(line, "L|"))
            hear_log(l, (struct span){ line.data + 2, line.len - 2 });
}

static void conclude(const struct listening *l, const struct heard *h, bool all, struct report *r)
{
    if (h->known) {
        pbs_report(&h->row, l->dialect, r);
        if (r->is == REPORT_ENDED)
            pbs_ended(&h->row, l->dialect, &h->log, r);
    } else if (h->log.is == REPORT_ENDED) {
        *r = h->log;
    } else if (all) {
        r->is = REPORT_ABSENT;
    }
}

void pbs_hear_account(const struct ask *a, const struct outcome *o, struct report *reports)
{
    _cleanup_(freep) struct heard *jobs = calloc(a->n ? a->n : 1, sizeof *jobs);
    _cleanup_(bufp) struct buf     lines = BUF_INIT;
    struct listening               l = { a, pbs_dialect(a->cluster), jobs };
    struct span                    text, words;
    bool whole = jobs && text_whole(buf_span(&o->out), &text) && pbs_unwrap(text, &lines) == 0;

    if (whole)
        listen(&l, buf_span(&lines));
    for (size_t i = 0; i < a->n; i++) {
        reports[i] = (struct report){ .is = REPORT_UNKNOWN };
        if (whole)
            conclude(&l, &jobs[i], pbs_heard_all(text, &words), &reports[i]);
        snprintf(reports[i].native, sizeof reports[i].native, "%s", a->refs[i].native);
    }
}
