/*
 * process-hear.c - what the keeper's answers mean
 *
 * An answer is one line a run, "TOKEN/RUN WORD REST", and a line counts only with its newline: what
 * was cut off was not said. What each word means is a table:
 *
 *    start   started PID   it runs
 *            claimed       somebody had claimed it before: that does not tell what became of it, so
 *                          a look has to
 *            failed WHY    certainly not run; it may be tried again
 *    look    none          certainly not run; a claim that its keeper died on was taken back
 *            alive, suspended
 *            unwatched     it runs, but nobody will write down how it ends
 *            ended         its exit record says how
 *            dead          it ran, and it, its keeper and an exit record are all missing: ABSENT
 *                          with CAUSE_SIGNAL, since only a SIGKILL ends a keeper
 *            rebooted      the same, and the machine was started again since: CAUSE_NODE
 *            failed WHY    it could not look
 *    signal  done, gone    it was told, or there was nobody left to tell
 *            failed WHY
 */
#include "process.h"

#include <stdio.h>
#include <string.h>

enum rest { REST_NONE, REST_NATIVE, REST_NOTE };

struct word {
    const char    *word;
    enum report_is is;
    enum job_cause cause;
    enum rest      rest; /* what follows the word */
    const char    *note;
};

// clang-format off
static const struct word start_words[] = {
    { "started", REPORT_RUNNING, CAUSE_NONE, REST_NATIVE, "" },
    { "claimed", REPORT_UNKNOWN, CAUSE_NONE, REST_NONE,   "it had been started before" },
    { "failed",  REPORT_ABSENT,  CAUSE_NONE, REST_NOTE,   "" },
    { NULL },
};

static const struct word look_words[] = {
    { "none",      REPORT_ABSENT,    CAUSE_NONE, REST_NONE, "" },
    { "alive",     REPORT_RUNNING,   CAUSE_NONE, REST_NONE, "" },
    { "suspended", REPORT_SUSPENDED, CAUSE_NONE, REST_NONE, "" },
    { "unwatched", REPORT_RUNNING,   CAUSE_NONE, REST_NONE,
      "it runs, but its keeper was killed: how it ends will not be known" },
    { "ended",     REPORT_ENDED,     CAUSE_NONE, REST_NONE, "" },
    { "dead",      REPORT_ABSENT,    CAUSE_SIGNAL, REST_NONE,
      "its keeper and its processes are gone and left no exit record" },
    { "rebooted",  REPORT_ABSENT,    CAUSE_NODE, REST_NONE,
      "this machine was restarted while it ran" },
    { "failed",    REPORT_UNKNOWN,   CAUSE_NONE, REST_NOTE, "" },
    { NULL },
};

static const struct word signal_words[] = {
    { "done",   REPORT_DONE,   CAUSE_NONE, REST_NONE, "" },
    { "gone",   REPORT_DONE,   CAUSE_NONE, REST_NONE, "it had ended" },
    { "failed", REPORT_FAILED, CAUSE_NONE, REST_NOTE, "" },
    { NULL },
};
// clang-format on

static void copy_text(char *to, size_t size, struct span s)
{
    size_t len = s.len < size ? s.len : size - 1;

    memcpy(to, s.data, len);
    to[len] = '\0';
}

static void fill(struct report *r, const struct word *w, struct span rest)
{
    *r = (struct report){ .is = w->is, .cause = w->cause };
    snprintf(r->note, sizeof r->note, "%s", w->note);
    while (rest.len > 0 && rest.data[0] == ' ')
        rest = (struct span){ rest.data + 1, rest.len - 1 };
    if (w->rest == REST_NATIVE)
        copy_text(r->native, sizeof r->native, rest);
    if (w->rest == REST_NOTE)
        copy_text(r->note, sizeof r->note, rest);
}

/* Which of the jobs asked about is meant; n: none of them. Answers come in the order of the
 * question or nearly so, hence the search goes on where the last one ended. */
static size_t find_run(const struct ask *a, struct span name, size_t from)
{
    for (size_t k = 0; k < a->n; k++) {
        size_t i = (from + k) % a->n;
        char   run[PROCESS_RUN_MAX];

        process_run(run, &a->refs[i]);
        if (span_is(name, run))
            return i;
    }
    return a->n;
}

/* Up to and with the last newline. */
static struct span whole_lines(struct span text)
{
    const char *last = text.len > 0 ? memrchr(text.data, '\n', text.len) : NULL;

    return (struct span){ text.data, last ? (size_t)(last - text.data) + 1 : 0 };
}

/* Whatever has no answer is UNKNOWN, with the program's complaint if it made one. */
static void complain(const struct ask *a, const struct outcome *o, struct report *reports)
{
    struct span rest = buf_span(&o->err), line = { "", 0 };

    (void)span_next_line(&rest, &line);
    for (size_t i = 0; i < a->n; i++) {
        reports[i] = (struct report){ .is = REPORT_UNKNOWN };
        copy_text(reports[i].note, sizeof reports[i].note, line);
    }
}

static void hear(const struct ask *a, const struct outcome *o, struct report *reports,
                 const struct word *words)
{
    struct span rest = whole_lines(buf_span(&o->out)), line, name, word;
    size_t      next = 0;

    complain(a, o, reports);
    while (span_next_line(&rest, &line)) {
        size_t i;

        if (!span_next_word(&line, &name) || !span_next_word(&line, &word))
            continue;
        i = find_run(a, name, next);
        if (i == a->n)
            continue;
        next = i + 1;
        for (const struct word *w = words; w->word; w++)
            if (span_is(word, w->word))
                fill(&reports[i], w, line);
    }
}

void process_hear_start(const struct ask *a, const struct outcome *o, struct report *reports)
{
    hear(a, o, reports, start_words);
}

void process_hear_look(const struct ask *a, const struct outcome *o, struct report *reports)
{
    hear(a, o, reports, look_words);
}

void process_hear_signal(const struct ask *a, const struct outcome *o, struct report *reports)
{
    hear(a, o, reports, signal_words);
}
