/*
 * show-info.c - info.json: a job for a program
 *
 * Every key is there for every job, null where there is nothing to say, so that a program need not
 * ask which ones to expect. Points in time come twice: for people, and in seconds for arithmetic.
 */
#include "fs/show.h"

#include "clustrixfs/clock.h"
#include "clustrixfs/json.h"

#define US_PER_S 1000000

/* One key on a line of its own: `cat info.json` is for people too. */
static void key(struct buf *out, const char *name)
{
    buf_add_str(out, out->data[out->len - 1] == '{' ? "\n  " : ",\n  ");
    json_add_string(out, span_str(name));
    buf_add_str(out, ": ");
}

static void text(struct buf *out, const char *name, const char *value)
{
    key(out, name);
    if (value && *value)
        json_add_string(out, span_str(value));
    else
        buf_add_str(out, "null");
}

static void number_or_null(struct buf *out, const char *name, bool known, uint64_t value)
{
    key(out, name);
    if (known)
        buf_printf(out, "%llu", (unsigned long long)value);
    else
        buf_add_str(out, "null");
}

static void number(struct buf *out, const char *name, uint64_t value)
{
    number_or_null(out, name, true, value);
}

static void seconds(struct buf *out, const char *name, bool known, int64_t ns)
{
    key(out, name);
    if (known)
        buf_printf(out, "%.6f", (double)ns / (double)NS_PER_S);
    else
        buf_add_str(out, "null");
}

/* "started": "2026-11-22T18:07:58.123Z", "started_s": 1795370878.123456 */
static void moment(struct buf *out, const char *name, const char *name_s, int64_t ns)
{
    key(out, name);
    if (ns) {
        buf_add_char(out, '"');
        clock_format(out, ns);
        buf_add_char(out, '"');
    } else {
        buf_add_str(out, "null");
    }
    seconds(out, name_s, ns != 0, ns);
}

static void show_end(const struct job_view *v, struct buf *out)
{
    text(out, "state", job_state_name(v->state));
    text(out, "reason", v->reason);
    text(out, "cause", job_cause_name(v->cause));
    number_or_null(out, "exit_code", v->exit_code >= 0, (uint64_t)v->exit_code);
    number_or_null(out, "signal", v->signal > 0, (uint64_t)v->signal);
    number(out, "attempt", v->attempt);
    number(out, "retries", v->retries);
}

static void show_staging(const struct job_view *v, struct buf *out)
{
    bool on_its_way = v->staging.files > 0;

    number_or_null(out, "inputs", on_its_way, v->staging.files);
    number_or_null(out, "inputs_done", on_its_way, v->staging.files_done);
    number_or_null(out, "inputs_bytes", on_its_way, v->staging.bytes);
    number_or_null(out, "inputs_bytes_done", on_its_way, v->staging.bytes_done);
}

static void show_times(const struct job_view *v, struct buf *out)
{
    bool ran = v->times.started_ns && v->times.ended_ns;

    moment(out, "accepted", "accepted_s", v->times.accepted_ns);
    moment(out, "started", "started_s", v->times.started_ns);
    moment(out, "ended", "ended_s", v->times.ended_ns);
    moment(out, "changed", "changed_s", v->times.changed_ns);
    seconds(out, "wall_s", ran, v->times.ended_ns - v->times.started_ns);
}

static void show_resources(const struct job_view *v, struct buf *out)
{
    bool ended = v->times.ended_ns != 0;

    number(out, "cores", v->cores);
    number_or_null(out, "memory", v->memory > 0, v->memory);
    number_or_null(out, "time_limit_s", v->time_s > 0, v->time_s);
    key(out, "priority");
    buf_printf(out, "%d", v->priority);
    seconds(out, "user_s", ended, (int64_t)v->usage.user_us * (NS_PER_S / US_PER_S));
    seconds(out, "system_s", ended, (int64_t)v->usage.system_us * (NS_PER_S / US_PER_S));
    number_or_null(out, "max_memory", ended && v->usage.max_memory > 0, v->usage.max_memory);
    text(out, "memory_by", v->memory_by);
}

static void show_elements(const struct job_view *v, struct buf *out)
{
    const char *comma = "";

    number_or_null(out, "elements", v->elements > 0, v->elements);
    key(out, "element_states");
    buf_add_char(out, '{');
    for (unsigned s = JOB_NONE + 1; s < JOB_STATE_COUNT; s++) {
        if (v->elements == 0 || v->counts[s] == 0)
            continue;
        buf_printf(out, "%s\"%s\": %u", comma, job_state_name((enum job_state)s), v->counts[s]);
        comma = ", ";
    }
    buf_add_char(out, '}');
}

int show_info(struct mount *m unused_arg, uint64_t id, const struct job_view *v, struct buf *out)
{
    buf_add_char(out, '{');
    number(out, "id", JOB_NUMBER(id));
    number_or_null(out, "task", JOB_ELEMENT(id) > 0, JOB_INDEX(id));
    text(out, "name", v->name);
    text(out, "token", v->token);
    text(out, "cluster", v->cluster);
    text(out, "native_id", v->native);
    text(out, "node", v->node);
    show_end(v, out);
    show_staging(v, out);
    show_times(v, out);
    show_resources(v, out);
    show_elements(v, out);
    return buf_add_str(out, "\n}\n");
}
