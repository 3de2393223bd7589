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
 *    G|RUN|SINCE    it has no log, so its script was not begun; or one that tells only that a
 *                   prolog failed, since then
 *    N|NODES|SINCE|NODE|REASON     one of these nodes is out of service since then
 *    P|PROGRAM      what the controller itself runs before each job
 *    U|UID|NAME     who that is
 *    R|Q|STATUS, R|A|STATUS     what the two programs ended with
 *    B|BOOT|NOW     since when the controller is up, and what time it is
 */
#include "slurm-account.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "batch.h"
#include "clustrixfs/clock.h"
#include "clustrixfs/units.h"
#include "process.h"

#define QUEUE_FIELDS                                                                               \
    "JobArrayID:1000|,State:20|,NodeList:200|,StartTime:20|,EndTime:20|,Name:16|,"                 \
    "exit_code:12|,Reason:60"
#define ACCOUNT_FIELDS                                                                             \
    "JobID,State,ExitCode,Submit,Start,End,NodeList,MaxRSS,UserCPU,SystemCPU,JobName"

/* squeue fills its columns up, and cuts what does not fit; the blanks need not travel.
 * Arguments: the root, the ids as a list, and then each run. */
static const char account[] =
    SLURM_SETUP
    "root=$1 list=$2 unlogged=; shift 2\n"
    "tagged() { printf '%s\\n' \"$2\" | sed \"s/^/$1|/; s/  *|/|/g\"; }\n"
    "queue=$(timeout 40 squeue --all -h -t all -j \"$list\" -O '" QUEUE_FIELDS "' 2>&1)\n"
    "echo \"R|Q|$?\"; tagged Q \"$queue\"\n"
    "out=$(timeout 40 sacct -n -P -D -j \"$list\" -o " ACCOUNT_FIELDS " 2>&1)\n"
    "echo \"R|A|$?\"; tagged A \"$out\"\n"
    "for uid in $(printf '%s\\n' \"$out\" | sed -n 's/.*|CANCELLED by \\([0-9]*\\)|.*/\\1/p' | "
    "sort -u); do\n"
    "    printf 'U|%s|%s\\n' \"$uid\" \"$(id -nu \"$uid\" 2>/dev/null)\"\n"
    "done\n"
    "nodes=$({ printf '%s\\n' \"$queue\" | sed 's/  *|/|/g' | cut -d '|' -f 2,3\n"
    "    printf '%s\\n' \"$out\" | cut -d '|' -f 2,7; } |\n"
    "    sed -n '/|None assigned$/d; /^CANCELLED/s/.*|//p; /^NODE_FAIL/s/.*|//p' |\n"
    "    grep . | sort -u | head -n 20)\n"
    "config=$(timeout 10 scontrol show config 2>/dev/null)\n"
    "told() { printf '%s\\n' \"$config\" | sed -n \"s/^$1 *= *//p\"; }\n"
    "echo \"B|$(told BOOT_TIME)|$(date +%s)\"\n"
    "echo \"P|$(told PrologSlurmctld)\"\n"
    "for run; do\n"
    "    log=$root/$run.log\n"
    "    if [ ! -e \"$log\" ] && [ -e \"$root/${run%/*}/submit\" ]; then\n"
    "        echo \"G|$run|\" && unlogged=yes\n"
    "    fi\n"
    "    [ -s \"$log\" ] || continue\n"
    "    grep -qviE 'slurm prolog|prolog failure' \"$log\" ||\n"
    "        { echo \"G|$run|$(stat -c %Y \"$log\")\" && unlogged=yes; }\n"
    "    out=$(grep -E 'memory limit|oom.kill|CANCELLED AT|DUE TO' \"$log\" | tail -n 5)\n"
    "    [ -z \"$out\" ] || printf '%s\\n' \"$out\" | sed \"s:^:L|$run|:\"\n"
    "done\n"
    "[ -z \"$unlogged\" ] || [ -z \"$nodes\" ] || printf '%s\\n' \"$nodes\" | "
    "while IFS= read -r some; do\n"
    "    timeout 10 sinfo -h -R -N -n \"$some\" -o '%H|%N|%E' 2>/dev/null </dev/null | sort -u |\n"
    "        while IFS= read -r line; do printf 'N|%s|%s\\n' \"$some\" \"$line\"; done\n"
    "done\n"
    "echo " TEXT_END "\n";

int slurm_say_account(const struct ask *a, struct command *c)
{
    return batch_say_account(a, c, &(struct batch_account){ account, ",", "0", batch_number });
}

/* All jobs asked about, while the lines are read one after the other. */
struct listening {
    struct hearing    all;
    const struct ask *ask;
    struct heard     *jobs;   /* one for each of the ask's                                  */
    size_t            next;   /* answers come in the order of the question or nearly so     */
    struct heard     *within; /* whose record in the accounting the steps that follow are of */
};

enum match { MATCH_NONE, MATCH_REST, MATCH_THIS };

/*
 * Does this id, with this name, mean the job asked for? Numbers are used again; tokens are not. The
 * number of an array alone stands for those of its elements that never had a line of their own.
 */
static enum match match(const struct job_ref *ref, const struct slurm_id *id, struct span name)
{
    if (!span_is(name, ref->token) || !span_is(id->native, ref->native))
        return MATCH_NONE;
    if (JOB_ELEMENT(ref->id) == 0)
        return id->elements.len == 0 ? MATCH_THIS : MATCH_NONE;
    if (id->elements.len == 0)
        return MATCH_REST;
    return slurm_id_has(id, JOB_INDEX(ref->id)) ? MATCH_THIS : MATCH_NONE;
}

/*
 * Call fn for each job that the line is about. An id that cannot be read may be anybody's.
 */
typedef void matched_fn(struct listening *l, struct heard *h, enum match m, const void *line);

static void each_match(struct listening *l, struct span id_text, struct span name, matched_fn *fn,
                       const void *line)
{
    struct slurm_id id;
    size_t          first = l->next;

    if (slurm_id_cut(id_text, &id) < 0) {
        l->all.unreadable = true;
        return;
    }
    for (size_t k = 0; k < l->ask->n; k++) {
        size_t     i = (first + k) % l->ask->n;
        enum match m = match(&l->ask->refs[i], &id, name);

        if (m == MATCH_NONE)
            continue;
        fn(l, &l->jobs[i], m, line);
        l->next = i + 1;
        if (m == MATCH_THIS && !memchr(id.elements.data, ',', id.elements.len) &&
            !memchr(id.elements.data, '-', id.elements.len))
            return;
    }
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
    r->cause = signal > 0 ? CAUSE_SIGNAL : CAUSE_EXIT;
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

static void read_queue(unused_arg struct listening *l, struct heard *h, enum match m,
                       const void *line)
{
    const struct span *f = line;
    struct report      r = { .is = REPORT_UNKNOWN };
    uint64_t           status;

    if (m == MATCH_REST && h->queued)
        return;
    slurm_report(f[1], f[7], &r);
    span_copy(r.node, sizeof r.node, f[2]);
    r.started_ns = to_ns(f[3]);
    r.ended_ns = r.is == REPORT_ENDED ? to_ns(f[4]) : 0;
    if (exit_decides(&r, f[1]) && span_to_u64(f[6], &status) == 0)
        set_exit(&r, status >> 8, status & 0x7f);
    h->queue = r;
    h->queued = true;
}

/* One id alone that is unknown makes squeue fail, which is an answer too. */
static void hear_queue(struct listening *l, struct span line)
{
    struct span f[8];

    if (!memchr(line.data, '|', line.len)) {
        l->all.queue_ok |= span_has(line, "Invalid job id specified");
        return;
    }
    for (size_t i = 0; i < ARRAY_SIZE(f); i++)
        f[i] = trimmed(span_until(&line, '|'));
    each_match(l, f[0], f[5], read_queue, f);
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
    if (!span_is(l->node, "None assigned"))
        span_copy(r.node, sizeof r.node, l->node);
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

/* A job that was run again has a record for each time: the newest counts. */
static void read_account(struct listening *l, struct heard *h, enum match m, const void *line)
{
    const struct account_line *a = line;

    if (h->accounted && (m == MATCH_REST || to_ns(a->submit) < h->submit_ns))
        return;
    set_account(h, a);
    l->within = h;
}

/* A step belongs to the record before it. Where no accounting is kept, that is an answer too. */
static void hear_account(struct listening *l, struct span text)
{
    struct account_line a;

    if (!cut_account(text, &a)) {
        l->all.account_ok |= span_has(text, "accounting storage is disabled");
        return;
    }
    if (a.step && l->within)
        add_usage(&l->within->account.usage, &a);
    if (a.step)
        return;
    l->within = NULL;
    each_match(l, a.id, a.name, read_account, &a);
}

/* Which of the jobs asked about that run is; NULL: none. */
static struct heard *heard_of(struct listening *l, struct span name)
{
    for (size_t k = 0; k < l->ask->n; k++) {
        size_t i = (l->next + k) % l->ask->n;
        char   run[PROCESS_RUN_MAX];

        process_run(run, &l->ask->refs[i]);
        if (!span_is(name, run))
            continue;
        l->next = i;
        return &l->jobs[i];
    }
    return NULL;
}

static void hear_log(struct listening *l, struct span line)
{
    struct heard *h = heard_of(l, span_until(&line, '|'));

    if (h)
        slurm_log_line(line, &h->log);
}

static void hear_unlogged(struct listening *l, struct span line)
{
    struct heard *h = heard_of(l, span_until(&line, '|'));

    if (!h)
        return;
    h->unlogged = true;
    h->prolog_ns = to_ns(line);
}

static void hear_status(struct listening *l, struct span line)
{
    struct span who = span_until(&line, '|');

    if (span_is(who, "Q"))
        l->all.queue_ok = span_is(line, "0");
    if (span_is(who, "A"))
        l->all.account_ok = span_is(line, "0");
}

/* Both are whole seconds, so it may be up for a second less than they say. */
static void hear_boot(struct listening *l, struct span line)
{
    int64_t boot = to_ns(span_until(&line, '|')), now = to_ns(line);

    if (boot > 0 && boot <= now)
        l->all.up_ns = now - boot > NS_PER_S ? now - boot - NS_PER_S : 1;
}

static void hear_prolog(struct listening *l, struct span line)
{
    l->all.prolog = line.len > 0 && !span_is(line, "(null)");
}

static void hear_line(struct listening *l, struct span line)
{
    static const struct {
        char who;
        void (*hear)(struct listening *l, struct span line);
    } witnesses[] = {
        { 'R', hear_status }, { 'Q', hear_queue },    { 'A', hear_account }, { 'L', hear_log },
        { 'B', hear_boot },   { 'G', hear_unlogged }, { 'P', hear_prolog },
    };
    char who = line.len > 2 && line.data[1] == '|' ? line.data[0] : 0;

    if (!who)
        return;
    line = (struct span){ line.data + 2, line.len - 2 };
    for (size_t i = 0; i < ARRAY_SIZE(witnesses); i++)
        if (witnesses[i].who == who)
            witnesses[i].hear(l, line);
}

void slurm_hear_account(const struct ask *a, const struct outcome *o, struct report *reports)
{
    _cleanup_(freep) struct heard *jobs = calloc(a->n ? a->n : 1, sizeof *jobs);
    struct listening               l = { .ask = a, .jobs = jobs };
    struct span                    rest, line;
    bool whole = jobs && text_whole(buf_span(&o->out), &l.all.text);

    for (rest = l.all.text; whole && span_next_line(&rest, &line);)
        hear_line(&l, line);
    for (size_t i = 0; i < a->n; i++) {
        reports[i] = (struct report){ .is = REPORT_UNKNOWN };
        if (whole)
            slurm_conclude(&l.all, &jobs[i], &reports[i]);
        snprintf(reports[i].native, sizeof reports[i].native, "%s", a->refs[i].native);
    }
}
