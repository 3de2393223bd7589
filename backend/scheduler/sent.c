/*
 * sent.c - what became of submits: the language of `KEEPER submit` and `KEEPER sent`
 *
 * The same for every scheduler with a queue. What the far side kept of an answer may hold any
 * bytes, so they are counted, not marked; a run counts only with its end, `Z`.
 */
#include <errno.h>
#include <string.h>

#include "clustrixfs/scheduler.h"
#include "process.h"

int sent_say(const struct ask *a, bool submit, struct command *c)
{
    char run[PROCESS_RUN_MAX];
    int  r = strv_add(&c->argv, a->cluster->keeper);

    if (r == 0)
        r = strv_add(&c->argv, submit ? "submit" : "sent");
    if (r == 0)
        r = strv_add(&c->argv, a->cluster->root);
    for (size_t i = 0; r == 0 && i < a->n; i++) {
        process_run(run, &a->refs[i]);
        r = strv_add(&c->argv, run);
    }
    return r;
}

/* Cut the next field; false when it is not there to its NUL. */
static bool next_field(struct span *rest, struct span *field)
{
    const char *end = rest->len > 0 ? memchr(rest->data, '\0', rest->len) : NULL;

    if (!end)
        return false;
    *field = (struct span){ rest->data, (size_t)(end - rest->data) };
    *rest = (struct span){ end + 1, rest->len - field->len - 1 };
    return true;
}

/* "o LEN": those bytes follow, and perhaps a NUL, with which no field can begin. */
static bool cut_bytes(struct span *rest, struct span len_text, struct span *bytes)
{
    uint64_t len;

    if (span_to_u64(len_text, &len) < 0 || len > rest->len)
        return false;
    *bytes = (struct span){ rest->data, (size_t)len };
    *rest = (struct span){ rest->data + len, rest->len - (size_t)len };
    if (rest->len > 0 && rest->data[0] == '\0')
        *rest = (struct span){ rest->data + 1, rest->len - 1 };
    return true;
}

static size_t find_run(const struct ask *a, struct span name, size_t from)
{
    char run[PROCESS_RUN_MAX];

    for (size_t k = 0; k < a->n; k++) {
        size_t i = (from + k) % a->n;

        process_run(run, &a->refs[i]);
        if (span_is(name, run))
            return i;
    }
    return a->n;
}

/* What is known so far of the run whose fields are being read. */
struct reading {
    size_t      at; /* its index; the ask's n: none of ours */
    bool        out, err;
    struct sent sent;
};

static bool read_status(struct reading *g, struct span text)
{
    uint64_t status;

    if (span_to_u64(text, &status) < 0 || status > INT32_MAX)
        return false;
    g->sent.is = SENT_ANSWER;
    g->sent.status = (int)status;
    return true;
}

/* One field of a run, but for its first and its last. False: it cannot be read. */
static bool read_field(struct reading *g, struct span field, struct span *rest)
{
    struct span value = { field.data, 0 };

    if (field.len == 0)
        return false;
    if (field.len > 2)
        value = (struct span){ field.data + 2, field.len - 2 };
    switch (field.data[0]) {
    case 'R':
        return read_status(g, value);
    case 'o':
        return g->out = cut_bytes(rest, value, &g->sent.out);
    case 'e':
        return g->err = cut_bytes(rest, value, &g->sent.err);
    case 'F':
        g->sent.is = SENT_FAILED;
        g->sent.err = value;
        return true;
    case 'U':
        g->sent.is = SENT_NEVER;
        return true;
    case 'K':
        g->sent.is = SENT_TRYING;
        return true;
    case 'S':
        g->sent.is = SENT_LOST;
        return true;
    case 'C':
        g->sent.claimed = true;
        return true;
    default:
        return false;
    }
}

static bool is_complete(const struct ask *a, const struct reading *g)
{
    if (g->at == a->n)
        return false;
    return g->sent.is != SENT_ANSWER || (g->out && g->err);
}

void sent_hear(const struct ask *a, struct span text, struct sent *sent)
{
    struct reading g = { .at = a->n };
    struct span    field;
    size_t         next = 0;

    for (size_t i = 0; i < a->n; i++)
        sent[i] = (struct sent){ .is = SENT_NOTHING };
    while (next_field(&text, &field)) {
        if (field.len > 2 && field.data[0] == 'J' && field.data[1] == ' ') {
            struct span run = { field.data + 2, field.len - 2 };

            g = (struct reading){ .at = find_run(a, run, next) };
            next = g.at == a->n ? next : g.at + 1;
        } else if (span_is(field, "Z")) {
            if (is_complete(a, &g))
                sent[g.at] = g.sent;
            g.at = a->n;
        } else if (!read_field(&g, field, &text)) {
            g.at = a->n;
        }
    }
}
