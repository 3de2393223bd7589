/*
 * slurm-account.c - how jobs ended that the queue may know no more
 *
 * Three witnesses in one command, since none is always there: the accounting (sites without it are
 * many), the controller's own memory (MinJobAge, minutes at most), and the log of the job, where
 * Slurm's daemon on the node writes why it killed it. The state decides, then the exit code: a job
 * that ran out of memory or time has any code.
 *
 * The answer's lines begin with the witness:
 *    Q|ID|STATE|NODES|START|END|NAME|WAIT STATUS|REASON     the controller
 *    A|ID|STATE|EXIT|SUBMIT|START|END|NODES|MAX RSS|USER|SYSTEM|NAME     the accounting
 *    L|RUN|LINE     a line of the log of TOKEN/RUN
 *    U|UID|NAME     who that is
 *    R|Q|STATUS, R|A|STATUS     what the two programs ended with
 */
#include "slurm-account.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "clustrixfs/units.h"
#include "process.h"

#define QUEUE_FIELDS                                                                               \
    "JobArrayID:64|,State:20|,NodeList:60|,StartTime:20|,EndTime:20|,Name:16|,exit_code:12|,"      \
    "Reason:60"
#define ACCOUNT_FIELDS                                                                             \
    "JobID,State,ExitCode,Submit,Start,End,NodeList,MaxRSS,UserCPU,SystemCPU,JobName"

/* Arguments: the root, the ids as a list, and then each run. */
static const char account[] =
    SLURM_SETUP
    "root=$1 list=$2; shift 2\n"
    "tagged() { printf '%s\\n' \"$2\" | sed \"s/^/$1|/\"; }\n"
    "out=$(timeout 60 squeue --all -h -t all -j \"$list\" -O '" QUEUE_FIELDS "' 2>&1)\n"
    "echo \"R|Q|$?\"; tagged Q \"$out\"\n"
    "out=$(timeout 90 sacct -n -P -D -j \"$list\" -o " ACCOUNT_FIELDS " 2>&1)\n"
    "echo \"R|A|$?\"; tagged A \"$out\"\n"
    "for uid in $(printf '%s\\n' \"$out\" | sed -n 's/.*|CANCELLED by \\([0-9]*\\)|.*/\\1/p' | "
    "sort -u); do\n"
    "    printf 'U|%s|%s\\n' \"$uid\" \"$(id -nu \"$uid\" 2>/dev/null)\"\n"
    "done\n"
    "for run; do\n"
    "    [ -s \"$root/$run.log\" ] || continue\n"
    "    out=$(grep -E 'memory limit|oom|CANCELLED AT|DUE TO' \"$root/$run.log\" | tail -n 5)\n"
    "    [ -z \"$out\" ] || printf '%s\\n' \"$out\" | sed \"s:^:L|$run|:\"\n"
    "done\n"
    "echo " SLURM_END "\n";

/* Each number once, though many elements have the same. */
static int add_ids(const struct ask *a, struct buf *list)
{
    const char *last = "";

    for (size_t i = 0; i < a->n; i++) {
        char             id[SLURM_ID_MAX];
        const char      *native = a->refs[i].native;

        slurm_id(id, &a->refs[i]);
        if (!id[0] || strcmp(native, last) == 0)
            continue;
        buf_printf(list, "%s%s", list->len > 0 ? "," : "", native);
        last = native;
    }
    return buf_error(list);
}

int slurm_say_account(const struct ask *a, struct command *c)
{
    _cleanup_(bufp) struct buf list = BUF_INIT;
    char                       run[PROCESS_RUN_MAX];
    const char *const          first[] = { "sh", "-c", account, "cfx", a->cluster->root };
    int                        r = add_ids(a, &list);

    for (size_t i = 0; r == 0 && i < ARRAY_SIZE(first); i++)
        r = strv_add(&c->argv, first[i]);
    if (r == 0)
        r = strv_add(&c->argv, list.len > 0 ? list.data : "0");
    for (size_t i = 0; r == 0 && i < a->n; i++) {
        process_run(run, &a->refs[i]);
        r = strv_add(&c->argv, run);
    }
    return r;
}

/* Does this id, with this name, mean the job asked for? Numbers are used again; tokens are not. */
static bool is_meant(const struct job_ref *ref, struct span id_text, struct span name,
                     bool *unreadable)
{
    struct slurm_id id;

    if (!span_is(name, ref->token))
        return false;
    if (slurm_id_cut(id_text, &id) < 0) {
        *unreadable = true;
        return false;
    }
    if (!span_is(id.native, ref->native))
        return false;
    return JOB_ELEMENT(ref->id) > 0 ? slurm_id_has(&id, JOB_INDEX(ref->id)) : id.elements.len == 0;
}

static struct span trimmed(struct span s)
{
    while (s.len > 0 && s.data[s.len - 1] == ' ')
        s.len--;
    return s;
}

static int64_t to_ns(struct span s)
{
    uint64_t n;

    return span_to_u64(s, &n) == 0 && n < INT64_MAX / 1000000000 ? (int64_t)n * 1000000000 : 0;
}

/* A job's own words for its end: what it exited with, or what killed it. */
static void set_exit(struct report *r, uint64_t code, uint64_t signal)
{
    r->cause = code == 0 && signal > 0 ? CAUSE_SIGNAL : CAUSE_EXIT;
    r->exit_code = r->cause == CAUSE_EXIT ? (int32_t)(code & 0xff) : 0;
    r->signal = r->cause == CAUSE_SIGNAL ? (int32_t)(signal & 0x7f) : 0;
    /* Slurm's own number for a log that it could not open. */
    if (r->signal == 53) {
        r->cause = CAUSE_START;
        r->signal = 0;
        snprintf(r->note, sizeof r->note, "Slurm could not start it: its log cannot be written");
    }
}

static bool exit_decides(const struct report *r, struct span state)
{
    return r->is == REPORT_ENDED && (r->cause == CAUSE_EXIT || span_is(state, "FAILED"));
}

static void hear_queue(struct heard *h, const struct job_ref *ref, struct span line)
{
    struct span   f[8];
    struct report r = { .is = REPORT_UNKNOWN };
    uint64_t      status;

    for (size_t i = 0; i < ARRAY_SIZE(f); i++)
        f[i] = trimmed(span_until(&line, '|'));
    if (!is_meant(ref, f[0], f[5], &h->unreadable))
        return;
    slurm_report(f[1], f[7], &r);
    slurm_copy(r.node, sizeof r.node, f[2]);
    r.started_ns = to_ns(f[3]);
    r.ended_ns = r.is == REPORT_ENDED ? to_ns(f[4]) : 0;
    if (exit_decides(&r, f[1]) && span_to_u64(f[6], &status) == 0)
        set_exit(&r, status >> 8, status & 0x7f);
    h->queue = r;
    h->queued = true;
}

/* "1-02:03:04", "03:04.567": microseconds. */
static uint64_t to_us(struct span s)
{
    uint64_t    seconds = 0, part = 0;
    struct span whole = span_until(&s, '.');

    if (units_time(whole, UNITS_TIME_SECONDS, &seconds) < 0 || seconds > UINT32_MAX)
        return 0;
    if (s.len != 3 || span_to_u64(s, &part) < 0)
        part = 0;
    return seconds * 1000000 + part * 1000;
}

/* The steps carry what was used: the most of any, and the sum of the times. */
static void add_usage(struct job_usage *u, const struct account_line *l)
{
    uint64_t memory;

    if (units_memory(l->memory, UNITS_BYTES, &memory) == 0 && memory > u->max_memory)
        u->max_memory = memory;
    if (!l->step)
        return;
    u->user_us += to_us(l->user);
    u->system_us += to_us(l->system);
}

static bool cut_account(struct span line, struct account_line *l)
{
    struct span *const fields[] = { &l->id,    &l->state, &l->exit,   &l->submit, &l->start,
                                    &l->end,   &l->node,  &l->memory, &l->user,   &l->system };

    for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
        if (line.len == 0 || !memchr(line.data, '|', line.len))
            return false;
        *fields[i] = span_until(&line, '|');
    }
    l->name = line;
    l->step = memchr(l->id.data, '.', l->id.len) != NULL;
    return true;
}

static void set_account(struct heard *h, const struct account_line *l)
{
    struct span   rest = l->exit, state = l->state, word = { "", 0 }, by;
    struct report r = { .is = REPORT_UNKNOWN };
    uint64_t      code, signal;

    (void)span_next_word(&state, &word);
    slurm_report(word, (struct span){ "", 0 }, &r);
    slurm_copy(r.node, sizeof r.node, l->node);
    r.started_ns = to_ns(l->start);
    r.ended_ns = to_ns(l->end);
    by = span_until(&rest, ':');
    if (exit_decides(&r, word) && span_to_u64(by, &code) == 0 && span_to_u64(rest, &signal) == 0)
        set_exit(&r, code, signal);
    h->by = (struct span){ "", 0 };
    if (span_next_word(&state, &by) && span_is(by, "by") && span_next_word(&state, &by))
        h->by = by;
    h->account = r;
    h->submit_ns = to_ns(l->submit);
    h->accounted = true;
}

/* A job that was run again has a record for each time: the newest counts. A step belongs to the
 * record before it. */
static void hear_account(struct heard *h, const struct job_ref *ref, struct span text)
{
    struct account_line l;

    if (!cut_account(text, &l))
        return;
    if (l.step) {
        if (h->within)
            add_usage(&h->account.usage, &l);
        return;
    }
    h->within = is_meant(ref, l.id, l.name, &h->unreadable) &&
                (!h->accounted || to_ns(l.submit) >= h->submit_ns);
    if (h->within)
        set_account(h, &l);
}

static void hear_log(struct heard *h, const struct job_ref *ref, struct span line)
{
    char run[PROCESS_RUN_MAX];

    process_run(run, ref);
    if (span_is(span_until(&line, '|'), run))
        slurm_log_line(line, &h->log);
}

static void hear_status(struct heard *h, struct span line)
{
    struct span who = span_until(&line, '|');

    if (span_is(who, "Q"))
        h->queue_ok = span_is(line, "0");
    if (span_is(who, "A"))
        h->account_ok = span_is(line, "0");
}

/* One id alone that is unknown makes squeue fail; no accounting makes sacct fail. */
static void hear_complaint(struct heard *h, char who, struct span line)
{
    if (who == 'Q' && span_has(line, "Invalid job id specified"))
        h->queue_ok = true;
    if (who == 'A' && span_has(line, "accounting storage is disabled"))
        h->account_ok = true;
}

static void hear_line(struct heard *h, const struct job_ref *ref, struct span line)
{
    char who = line.len > 2 && line.data[1] == '|' ? line.data[0] : 0;

    if (!who)
        return;
    line = (struct span){ line.data + 2, line.len - 2 };
    if (who == 'R')
        hear_status(h, line);
    if (who == 'Q')
        hear_queue(h, ref, line);
    if (who == 'A')
        hear_account(h, ref, line);
    if (who == 'L')
        hear_log(h, ref, line);
    hear_complaint(h, who, line);
}

void slurm_hear_account(const struct ask *a, const struct outcome *o, struct report *reports)
{
    struct span all = { "", 0 };
    bool        whole = slurm_whole(buf_span(&o->out), &all);

    for (size_t i = 0; i < a->n; i++) {
        struct heard h = { .log = { .is = REPORT_UNKNOWN } };
        struct span  rest = all, line;

        while (span_next_line(&rest, &line))
            hear_line(&h, &a->refs[i], line);
        reports[i] = (struct report){ .is = REPORT_UNKNOWN };
        if (whole)
            slurm_conclude(&h, all, &reports[i]);
        snprintf(reports[i].native, sizeof reports[i].native, "%s", a->refs[i].native);
    }
}
