/*
 * sge-account.c - how jobs ended that the queue may know no more
 *
 * A job that has ended is gone from the queue at once, and its record comes into the accounting
 * some seconds later; a job that was deleted before it ran never has one, and is only among the
 * last hundred or so that Grid Engine remembers (z). Where the accounting cannot be read, that is
 * an answer, too: the records of our wrapper have to do.
 *
 * A job that Grid Engine could not start stays in the queue for ever (Eqw). It has failed, so it is
 * taken out: else somebody may clear the error later, and it would run after all.
 *
 * The answer is what qstat -xml printed, and lines that begin with the witness:
 *    E|NUMBER|TASK|WORDS     why it could not be started
 *    A|KEY VALUE             a line of the accounting; "A|====" begins a record
 *    X|RUN                   the run TOKEN/RUN has left its own record
 *    R|Q|STATUS, R|A|WORDS   what qstat ended with; what qacct said that is no record
 */
#include "sge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "batch.h"
#include "process.h"

/* Arguments: the root, the numbers as one word, and then each run. */
static const char account[] =
    SGE_SETUP
    "root=$1 list=$2; shift 2\n"
    "timeout 40 qstat -xml -s prs -u \"$(id -un)\" 2>&1; echo \"R|Q|$?\"\n"
    "timeout 40 qstat -xml -s z -u \"$(id -un)\" 2>/dev/null\n"
    "timeout 40 qstat -s p -u \"$(id -un)\" 2>/dev/null | awk -v list=\" $list \" "
    "'index(list, \" \" $1 \" \") && $5 ~ /E/ { print $1, (NF > 8 ? $9 : \"\") }' |\n"
    "while read -r id tasks; do\n"
    "    timeout 20 qstat -j \"$id\" 2>/dev/null | "
    "sed -n \"s/^error reason *\\([0-9]*\\): */E|$id|\\1|/p\"\n"
    "    for task in $(printf %s \"$tasks\" | tr , ' '); do\n"
    "        timeout 20 qdel \"$id\" -t \"$task\" >/dev/null 2>&1\n"
    "    done\n"
    "    [ -n \"$tasks\" ] || timeout 20 qdel \"$id\" >/dev/null 2>&1\n"
    "done\n"
    "for id in $list; do\n"
    "    out=$(timeout 40 qacct -j \"$id\" 2>&1) || "
    "{ printf 'R|A|%s\\n' \"$out\" | tr '\\n' ' '; echo; }\n"
    "    printf '%s\\n' \"$out\" | sed -n 's/^\\(====\\)=*$/A|\\1/p; "
    "s/^\\(hostname\\|jobname\\|jobnumber\\|taskid\\|failed\\|exit_status\\|ru_wallclock\\|"
    "ru_utime\\|ru_stime\\|category\\) /A|&/p'\n"
    "done\n"
    "for run; do\n"
    "    [ ! -s \"$root/$run/exit\" ] || printf 'X|%s\\n' \"$run\"\n"
    "done\n"
    "echo " TEXT_END "\n";

int sge_say_account(const struct ask *a, struct command *c)
{
    return batch_say_account(a, c, &(struct batch_account){ account, " ", "", batch_number });
}

/* What was said of one job. */
struct heard {
    bool              queued, remembered, accounted, kept;
    struct report     queue;
    struct span       error;
    struct sge_record record; /* of several the last */
};

/* All jobs asked about, while the answer is read. */
struct listening {
    const struct ask *ask;
    struct heard     *jobs;
    struct sge_record record; /* the one that is being read */
    bool              queue_ok, account_ok, account_broken;
};

static bool is_same(const struct job_ref *ref, struct span number, struct span name)
{
    return span_is(number, ref->native) && span_is(name, ref->token);
}

/* "undefined" of a job that is no array. */
static bool is_task(const struct job_ref *ref, struct span task)
{
    uint64_t n;

    if (JOB_ELEMENT(ref->id) == 0)
        return true;
    return span_to_u64(task, &n) == 0 && n == SGE_TASK((uint64_t)JOB_INDEX(ref->id));
}

static void hear_queue(struct listening *l, struct span text)
{
    struct sge_row row;

    while (sge_row_next(&text, &row))
        for (size_t i = 0; i < l->ask->n; i++) {
            const struct job_ref *ref = &l->ask->refs[i];

            if (!is_same(ref, row.number, row.name) ||
                (JOB_ELEMENT(ref->id) > 0 && !sge_row_has(&row, JOB_INDEX(ref->id))))
                continue;
            l->jobs[i].remembered |= span_is(row.state, "z");
            if (span_is(row.state, "z"))
                continue;
            l->jobs[i].queued = true;
            sge_report(&row, &l->jobs[i].queue);
        }
}

static void keep_record(struct listening *l)
{
    const struct sge_record *record = &l->record;

    for (size_t i = 0; record->failed.len > 0 && i < l->ask->n; i++) {
        const struct job_ref *ref = &l->ask->refs[i];

        if (!is_same(ref, record->number, record->name) || !is_task(ref, record->task))
            continue;
        l->jobs[i].record = *record;
        l->jobs[i].accounted = true;
    }
    l->record = (struct sge_record){ 0 };
}

static struct span trimmed(struct span s)
{
    while (s.len > 0 && s.data[0] == ' ')
        s = (struct span){ s.data + 1, s.len - 1 };
    while (s.len > 0 && s.data[s.len - 1] == ' ')
        s.len--;
    return s;
}

static void hear_account(struct listening *l, struct span line)
{
    struct sge_record *r = &l->record;
    const struct {
        const char  *key;
        struct span *value;
    } fields[] = {
        { "hostname", &r->node },        { "jobname", &r->name },
        { "jobnumber", &r->number },     { "taskid", &r->task },
        { "failed", &r->failed },        { "exit_status", &r->status },
        { "ru_wallclock", &r->wallclock }, { "ru_utime", &r->user },
        { "ru_stime", &r->system },      { "category", &r->category },
    };
    struct span key = span_until(&line, ' ');

    if (span_is(key, "===="))
        keep_record(l);
    l->account_ok = true;
    for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
        if (span_is(key, fields[i].key))
            *fields[i].value = trimmed(line);
}

static void hear_error(struct listening *l, struct span line)
{
    struct span number = span_until(&line, '|'), task = span_until(&line, '|');

    for (size_t i = 0; i < l->ask->n; i++)
        if (span_is(number, l->ask->refs[i].native) && is_task(&l->ask->refs[i], task))
            l->jobs[i].error = line;
}

static void hear_kept(struct listening *l, struct span line)
{
    for (size_t i = 0; i < l->ask->n; i++) {
        char run[PROCESS_RUN_MAX];

        process_run(run, &l->ask->refs[i]);
        if (span_is(line, run))
            l->jobs[i].kept = true;
    }
}

/* That it has no such record, or that there is no accounting there, are answers. */
static void hear_status(struct listening *l, struct span line)
{
    struct span who = span_until(&line, '|');

    if (span_is(who, "Q"))
        l->queue_ok = span_is(line, "0");
    else if (span_has(line, "job id ") && span_has(line, " not found"))
        l->account_ok = true;
    else if (!span_has(line, "not found") && !span_has(line, "No such file") &&
             !span_has(line, "no jobs running since startup"))
        l->account_broken = true;
}

static void hear_line(struct listening *l, struct span line)
{
    static const struct {
        const char *prefix;
        void (*hear)(struct listening *l, struct span line);
    } witnesses[] = {
        { "E|", hear_error }, { "A|", hear_account }, { "X|", hear_kept }, { "R|", hear_status },
    };

    for (size_t i = 0; i < ARRAY_SIZE(witnesses); i++)
        if (span_begins(line, witnesses[i].prefix))
            witnesses[i].hear(l, (struct span){ line.data + 2, line.len - 2 });
}

/* "11/30/2026 10:04:56 [1001:28746]: error: can't open ...": the words. */
static void set_error(struct span words, struct report *r)
{
    const char *at = words.len > 0 ? memmem(words.data, words.len, "]: ", 3) : NULL;
    size_t      gone = at ? (size_t)(at - words.data) + 3 : 0;

    if (words.len == 0)
        return;
    snprintf(r->note, sizeof r->note, "Grid Engine could not start it: ");
    span_copy(r->note + strlen(r->note), sizeof r->note - strlen(r->note),
              (struct span){ words.data + gone, words.len - gone });
}

static void conclude(const struct listening *l, const struct heard *h, struct report *r)
{
    if (h->queued) {
        *r = h->queue;
        if (r->is == REPORT_ENDED)
            set_error(h->error, r);
    } else if (h->accounted) {
        sge_ended(&h->record, h->kept, r);
    } else if (l->queue_ok && !l->account_broken) {
        r->is = REPORT_ABSENT;
        if (!h->remembered || !l->account_ok)
            return;
        /* It has ended, and if that is so for good, without having been accounted for. */
        r->cause = CAUSE_CANCEL;
        snprintf(r->note, sizeof r->note, "Grid Engine remembers its end, and never ran it");
    }
}

void sge_hear_account(const struct ask *a, const struct outcome *o, struct report *reports)
{
    _cleanup_(freep) struct heard *jobs = calloc(a->n ? a->n : 1, sizeof *jobs);
    struct listening               l = { .ask = a, .jobs = jobs };
    struct span                    text, rest, line;
    bool                           whole = jobs && text_whole(buf_span(&o->out), &text);

    if (whole) {
        hear_queue(&l, text);
        for (rest = text; span_next_line(&rest, &line);)
            hear_line(&l, line);
        keep_record(&l);
    }
    for (size_t i = 0; i < a->n; i++) {
        reports[i] = (struct report){ .is = REPORT_UNKNOWN };
        if (whole)
            conclude(&l, &jobs[i], &reports[i]);
        snprintf(reports[i].native, sizeof reports[i].native, "%s", a->refs[i].native);
    }
}
