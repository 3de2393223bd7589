/*
 * pbs-rows.c - the jobs that qstat -f tells of
 *
 * "Job Id: 7.server", and a line "    name = value" for each of its attributes. Long values go on
 * in the next line behind a tab. Slurm's qstat has the attributes themselves behind a tab, and
 * breaks no lines.
 */
#include "pbs.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define BEGIN "Job Id:"

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static struct span trimmed(struct span s)
{
    while (s.len > 0 && is_blank(s.data[0]))
        s = (struct span){ s.data + 1, s.len - 1 };
    while (s.len > 0 && (is_blank(s.data[s.len - 1]) || s.data[s.len - 1] == '\r'))
        s.len--;
    return s;
}

int pbs_unwrap(struct span text, struct buf *out)
{
    struct span line;
    bool        first = false, tabs = true;

    while (span_next_line(&text, &line)) {
        bool tab = line.len > 0 && line.data[0] == '\t';

        if (first)
            tabs = tab;
        first = span_begins(line, BEGIN);
        /* The newline before it is taken back. */
        if (tab && !tabs && !first && out->len > 0 && buf_set_len(out, out->len - 1) == 0)
            line = (struct span){ line.data + 1, line.len - 1 };
        buf_add_span(out, line);
        buf_add_char(out, '\n');
    }
    return buf_error(out);
}

static struct span *field_named(struct pbs_row *row, struct span name)
{
    const struct {
        const char  *name;
        struct span *field;
    } fields[] = {
        { "Job_Name", &row->name },
        { "job_state", &row->state },
        { "substate", &row->substate },
        { "Exit_status", &row->exit }, /* Torque: exit_status */
        { "comment", &row->comment },
        { "exec_host", &row->hosts },
        { "Priority", &row->priority },
        { "Variable_List", &row->variables },
        { "resources_used.cput", &row->cput },
        { "resources_used.mem", &row->memory },
        { "resources_used.walltime", &row->walltime },
    };

    for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
        if (name.len == strlen(fields[i].name) &&
            strncasecmp(name.data, fields[i].name, name.len) == 0)
            return fields[i].field;
    return NULL;
}

/* The first counts: what a value with line ends in it may say comes behind the names we look for,
 * but for its own variables. */
static void take_field(struct pbs_row *row, struct span line)
{
    const char *at = line.len > 0 ? memmem(line.data, line.len, " = ", 3) : NULL;
    struct span name, *field;

    if (!at || !is_blank(line.data[0]))
        return;
    name = trimmed((struct span){ line.data, (size_t)(at - line.data) });
    field = field_named(row, name);
    if (field && field->len == 0)
        *field = trimmed((struct span){ at + 3, line.len - (size_t)(at + 3 - line.data) });
}

bool pbs_row_next(struct span *rest, struct pbs_row *row)
{
    struct span line, ahead;
    bool        found = false;

    *row = (struct pbs_row){ 0 };
    while (!found && span_next_line(rest, &line))
        found = span_begins(line, BEGIN);
    if (!found)
        return false;
    row->id = trimmed((struct span){ line.data + strlen(BEGIN), line.len - strlen(BEGIN) });
    for (ahead = *rest; span_next_line(&ahead, &line) && !span_begins(line, BEGIN); *rest = ahead)
        take_field(row, line);
    return true;
}

int pbs_id_cut(struct span text, struct pbs_id *id)
{
    struct span number, inner, rest = text;
    uint64_t    n;
    size_t      len = 0;

    *id = (struct pbs_id){ 0 };
    while (len < text.len && text.data[len] >= '0' && text.data[len] <= '9')
        len++;
    number = (struct span){ text.data, len };
    if (len == 0 || len > NATIVE_ID_MAX - 3)
        return -EINVAL;
    rest = (struct span){ text.data + len, text.len - len };
    id->array = span_begins(rest, "[");
    if (id->array) {
        if (!memchr(rest.data, ']', rest.len))
            return -EINVAL;
        inner = span_until(&rest, ']');
        inner = (struct span){ inner.data + 1, inner.len - 1 };
        id->element = inner.len > 0;
        if (id->element && (span_to_u64(inner, &n) < 0 || n > JOB_INDEX_MAX))
            return -EINVAL;
        id->index = id->element ? (uint32_t)n : 0;
    }
    if (rest.len > 0 && rest.data[0] != '.')
        return -EINVAL;
    snprintf(id->native, sizeof id->native, "%.*s%s", (int)number.len, number.data,
             id->array ? "[]" : "");
    return 0;
}

void pbs_id(char out[VERB_ID_MAX], const struct job_ref *ref)
{
    struct pbs_id id;

    out[0] = '\0';
    if (pbs_id_cut(span_str(ref->native), &id) < 0)
        return;
    if (id.array && JOB_ELEMENT(ref->id) > 0)
        snprintf(out, VERB_ID_MAX, "%.*s[%u]", (int)strcspn(id.native, "["), id.native,
                 JOB_INDEX(ref->id));
    else
        snprintf(out, VERB_ID_MAX, "%s", id.native);
}

/* "task3.attempt1" */
int pbs_run_cut(struct span run, bool *element, uint32_t *index, uint32_t *attempt)
{
    uint64_t n = 0, i = 0;

    *element = span_begins(run, "task");
    if (*element) {
        struct span task = span_until(&run, '.');

        if (span_to_u64((struct span){ task.data + 4, task.len - 4 }, &i) < 0 || i > JOB_INDEX_MAX)
            return -EINVAL;
    }
    if (!span_begins(run, "attempt") ||
        span_to_u64((struct span){ run.data + 7, run.len - 7 }, &n) < 0 || n > UINT32_MAX)
        return -EINVAL;
    *index = (uint32_t)i;
    *attempt = (uint32_t)n;
    return 0;
}

/* The one that submit gave it; others may end in the same letters. */
static struct span find_run(struct span variables)
{
    static const char name[] = "CLUSTRIXFS_RUN=";

    while (variables.len > 0) {
        struct span one = span_until(&variables, ',');

        if (span_begins(one, name))
            return (struct span){ one.data + strlen(name), one.len - strlen(name) };
    }
    return (struct span){ "", 0 };
}

bool pbs_row_token(const struct pbs_row *row, struct span *token, struct span *run)
{
    *run = row->name;
    *token = span_until(run, '.');
    if (row->name.len == token->len)
        *run = find_run(row->variables);
    return span_is_token(*token);
}

struct letter {
    char           letter;
    enum report_is is;
    const char    *note;
};

/* E is on its way out, but its processes may be there. Of an array that has begun, B, each element
 * has a state of its own. */
// clang-format off
static const struct letter letters[] = {
    { 'Q', REPORT_QUEUED,    "" },
    { 'W', REPORT_QUEUED,    "it waits for its time" },
    { 'T', REPORT_QUEUED,    "PBS is moving it" },
    { 'H', REPORT_HELD,      "it is held: write release to ctl" },
    { 'R', REPORT_RUNNING,   "" },
    { 'E', REPORT_RUNNING,   "" },
    { 'S', REPORT_SUSPENDED, "PBS suspended it" },
    { 'U', REPORT_SUSPENDED, "PBS suspended it, since its machine is in use" },
    { 'C', REPORT_ENDED,     "" },
    { 'F', REPORT_ENDED,     "" },
    { 'X', REPORT_ENDED,     "" },
    { 'B', REPORT_UNKNOWN,   "it is an array that has begun" },
    { 'M', REPORT_UNKNOWN,   "PBS moved it to another server" },
};

/* Slurm's qstat has no letter for a job out of memory or at its deadline, nor for one that is held,
 * whose priority is 0. */
static const struct letter slurm_letters[] = {
    { 'U', REPORT_ENDED,     "" },
};
// clang-format on

static const struct letter *letter_of(const struct pbs_row *row, const struct pbs_dialect *d)
{
    for (size_t i = 0; row->state.len == 1 && d->slurm && i < ARRAY_SIZE(slurm_letters); i++)
        if (slurm_letters[i].letter == row->state.data[0])
            return &slurm_letters[i];
    for (size_t i = 0; row->state.len == 1 && i < ARRAY_SIZE(letters); i++)
        if (letters[i].letter == row->state.data[0])
            return &letters[i];
    return NULL;
}

/* "n1/0+n1/1+n2/0": "n1,n2". */
static void set_node(struct span hosts, struct report *r)
{
    struct span last = { "", 0 };

    while (hosts.len > 0) {
        struct span part = span_until(&hosts, '+'), host = span_until(&part, '/');
        size_t      len = strlen(r->node);

        while (host.len > 0 && host.data[0] == '(')
            host = (struct span){ host.data + 1, host.len - 1 };
        if ((host.len == last.len && memcmp(host.data, last.data, last.len) == 0) ||
            len + 1 + host.len >= sizeof r->node)
            continue;
        if (len > 0)
            r->node[len++] = ',';
        span_copy(r->node + len, sizeof r->node - len, host);
        last = host;
    }
}

void pbs_report(const struct pbs_row *row, const struct pbs_dialect *d, struct report *r)
{
    const struct letter *l = letter_of(row, d);
    struct pbs_id        id;

    *r = (struct report){ .is = REPORT_UNKNOWN };
    if (pbs_id_cut(row->id, &id) == 0)
        memcpy(r->native, id.native, sizeof r->native);
    if (l) {
        r->is = l->is;
        snprintf(r->note, sizeof r->note, "%s", l->note);
    } else {
        snprintf(r->note, sizeof r->note, "PBS calls its state ");
        span_copy(r->note + strlen(r->note), sizeof r->note - strlen(r->note), row->state);
    }
    if (r->is == REPORT_QUEUED && d->slurm && span_is(row->priority, "0")) {
        r->is = REPORT_HELD;
        snprintf(r->note, sizeof r->note, "it is held: write release to ctl");
    }
    if (r->is == REPORT_QUEUED && !r->note[0])
        span_copy(r->note, sizeof r->note, row->comment);
    if (r->is == REPORT_RUNNING || r->is == REPORT_SUSPENDED || r->is == REPORT_ENDED)
        set_node(row->hosts, r);
}
