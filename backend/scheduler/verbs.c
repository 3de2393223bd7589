/*
 * verbs.c - one command that does something to many jobs, with a verdict for each
 *
 * A verdict is a line "V|ID|STATUS|WORDS". When the scheduler is away, what one call heard is said
 * of all: else a thousand jobs would each wait for it.
 */
#include "verbs.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lines.h"

static const char each[] =
    "say() { printf 'V|%s|%s|%s\\n' \"$1\" \"$2\" \"$(printf %s \"$3\" | tr '\\n' ' ')\"; }\n"
    "if out=$(all \"$@\" 2>&1); then\n"
    "    for id; do say \"$id\" 0 ''; done\n"
    "elif away \"$out\"; then\n"
    "    for id; do say \"$id\" 1 \"$out\"; done\n"
    "else\n"
    "    out=\n"
    "    for id; do\n"
    "        away \"$out\" || { out=$(one \"$id\" 2>&1); status=$?; }\n"
    "        say \"$id\" \"$status\" \"$out\"\n"
    "    done\n"
    "fi\n"
    "echo " TEXT_END "\n";

int verb_say(const struct ask *a, struct command *c, const char *setup, const char *how,
             const char *word, verb_id_fn *id_of)
{
    int  r = strv_add(&c->argv, "sh");
    char id[VERB_ID_MAX];

    if (r == 0)
        r = strv_add(&c->argv, "-c");
    if (r == 0)
        r = strv_printf(&c->argv, "%s%s%s", setup, how, each);
    if (r == 0)
        r = strv_add(&c->argv, "cfx");
    if (r == 0 && word)
        r = strv_add(&c->argv, word);
    for (size_t i = 0; r == 0 && i < a->n; i++) {
        id_of(id, &a->refs[i]);
        if (id[0])
            r = strv_add(&c->argv, id);
    }
    return r;
}

bool verb_waiting(const struct ask *a)
{
    return a->word && strcmp(a->word, CANCEL_WAITING) == 0;
}

static void judge(struct span status, struct span words, const struct verdict *v, struct report *r)
{
    *r = (struct report){ .is = span_is(status, "0") ? REPORT_DONE : REPORT_UNKNOWN };
    if (r->is == REPORT_DONE)
        return;
    span_copy(r->note, sizeof r->note, words);
    for (; v->words; v++)
        if (span_has(words, v->words)) {
            r->is = v->is;
            if (v->note)
                snprintf(r->note, sizeof r->note, "%s", v->note);
            return;
        }
}

static void forget(const struct ask *a, const struct outcome *o, struct report *reports)
{
    struct span rest = buf_span(&o->err), line = { "", 0 };

    (void)span_next_line(&rest, &line);
    for (size_t i = 0; i < a->n; i++) {
        reports[i] = (struct report){ .is = REPORT_UNKNOWN };
        span_copy(reports[i].note, sizeof reports[i].note, line);
    }
}

/* Answers come in the order of the question. */
static size_t find(const struct ask *a, struct span id, size_t from, verb_id_fn *id_of)
{
    char mine[VERB_ID_MAX];

    for (size_t k = 0; k < a->n; k++) {
        size_t i = (from + k) % a->n;

        id_of(mine, &a->refs[i]);
        if (mine[0] && span_is(id, mine))
            return i;
    }
    return a->n;
}

void verb_hear(const struct ask *a, const struct outcome *o, struct report *reports,
               const struct verdict *verdicts, verb_id_fn *id_of)
{
    struct span rest = buf_span(&o->out), line;
    size_t      next = 0;

    forget(a, o, reports);
    while (memchr(rest.data, '\n', rest.len) && span_next_line(&rest, &line)) {
        struct span id, status;
        size_t      i;

        if (!span_begins(line, "V|"))
            continue;
        (void)span_until(&line, '|');
        id = span_until(&line, '|');
        status = span_until(&line, '|');
        i = find(a, id, next, id_of);
        if (i == a->n)
            continue;
        judge(status, line, verdicts, &reports[i]);
        next = i + 1;
    }
}
