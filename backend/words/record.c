/*
 * record.c - the evidence that a job leaves in its directory: written, and read back
 *
 * What a record holds is one table: a key, its kind, and where it lies in struct record. Reading
 * trusts nothing: the text comes from a directory that the job itself can write to.
 */
#include "clustrixfs/record.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum kind { KIND_TEXT, KIND_I32, KIND_I64, KIND_U64, KIND_CAUSE };

struct field {
    const char *key;
    enum kind   kind;
    size_t      offset, size;
};

#define FIELD(key, kind, member)                                                                   \
    {                                                                                              \
        key, kind, offsetof(struct record, member), sizeof(((struct record *)NULL)->member)        \
    }

// clang-format off
static const struct field fields[] = {
    FIELD("node",         KIND_TEXT,  node),
    FIELD("boot",         KIND_TEXT,  boot),
    FIELD("keeper_pid",   KIND_I32,   keeper_pid),
    FIELD("keeper_ticks", KIND_U64,   keeper_ticks),
    FIELD("job_pid",      KIND_I32,   job_pid),
    FIELD("job_ticks",    KIND_U64,   job_ticks),
    FIELD("started_ns",   KIND_I64,   started_ns),
    FIELD("memory_by",    KIND_TEXT,  memory_by),
    FIELD("cause",        KIND_CAUSE, cause),
    FIELD("exit_code",    KIND_I32,   exit_code),
    FIELD("signal",       KIND_I32,   signal),
    FIELD("ended_ns",     KIND_I64,   ended_ns),
    FIELD("user_us",      KIND_U64,   usage.user_us),
    FIELD("system_us",    KIND_U64,   usage.system_us),
    FIELD("max_memory",   KIND_U64,   usage.max_memory),
    FIELD("note",         KIND_TEXT,  note),
};
// clang-format on

#define RECORD_END "end\n"

static const struct field *field_named(struct span key)
{
    for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
        if (span_is(key, fields[i].key))
            return &fields[i];
    return NULL;
}

static void text_read(char *to, size_t size, struct span s)
{
    size_t len = s.len < size ? s.len : size - 1;

    memcpy(to, s.data, len);
    to[len] = '\0';
}

static int signed_read(struct span s, int64_t most, int64_t *out)
{
    bool     minus = s.len > 0 && s.data[0] == '-';
    uint64_t u;

    if (minus)
        s = (struct span){ s.data + 1, s.len - 1 };
    if (span_to_u64(s, &u) < 0 || u > (uint64_t)most)
        return RECORD_E_NONE;
    *out = minus ? -(int64_t)u : (int64_t)u;
    return 0;
}

static int i32_read(struct span s, int32_t *out)
{
    int64_t n;

    if (signed_read(s, INT32_MAX, &n) != 0)
        return RECORD_E_NONE;
    *out = (int32_t)n;
    return 0;
}

static int cause_read(struct span s, enum job_cause *out)
{
    for (int c = CAUSE_NONE + 1; c < JOB_CAUSE_COUNT; c++)
        if (span_is(s, job_cause_name((enum job_cause)c))) {
            *out = (enum job_cause)c;
            return 0;
        }
    return RECORD_E_NONE;
}

static int field_read(const struct field *f, struct record *r, struct span value)
{
    void *at = (char *)r + f->offset;

    switch (f->kind) {
    case KIND_TEXT:
        text_read(at, f->size, value);
        return 0;
    case KIND_I32:
        return i32_read(value, at);
    case KIND_I64:
        return signed_read(value, INT64_MAX, at);
    case KIND_U64:
        return span_to_u64(value, at) < 0 ? RECORD_E_NONE : 0;
    case KIND_CAUSE:
        return cause_read(value, at);
    }
    return RECORD_E_NONE;
}

/* Everything before the last line, which must be `end` with its newline: the newline is the last
 * byte written, so whatever was cut short lacks it. */
static int body_of(struct span text, struct span *body)
{
    size_t end = sizeof RECORD_END - 1;

    if (text.len < end || memcmp(text.data + text.len - end, RECORD_END, end) != 0)
        return RECORD_E_NONE;
    if (memchr(text.data, '\0', text.len))
        return RECORD_E_NONE;
    *body = (struct span){ text.data, text.len - end };
    return body->len == 0 || body->data[body->len - 1] == '\n' ? 0 : RECORD_E_NONE;
}

static int line_read(struct record *r, struct span line)
{
    const char         *blank = memchr(line.data, ' ', line.len);
    struct span         key = line, value = { line.data + line.len, 0 };
    const struct field *f;

    if (span_is(line, "end"))
        return RECORD_E_NONE;
    if (blank) {
        key.len = (size_t)(blank - line.data);
        value = (struct span){ blank + 1, line.len - key.len - 1 };
    }
    f = field_named(key);
    return f ? field_read(f, r, value) : 0;
}

int record_parse(struct record *r, struct span text)
{
    struct span rest, line;

    *r = (struct record){ 0 };
    if (body_of(text, &rest) != 0)
        return RECORD_E_NONE;
    while (span_next_line(&rest, &line))
        if (line_read(r, line) != 0)
            return RECORD_E_NONE;
    /* One that says neither that it started nor how it ended says nothing. */
    return r->started_ns || r->cause != CAUSE_NONE ? 0 : RECORD_E_NONE;
}

/* A newline in a text would begin a line of its own. */
static void text_format(struct buf *out, const char *key, const char *text)
{
    if (text[0] == '\0')
        return;
    buf_printf(out, "%s ", key);
    for (; *text; text++)
        buf_add_char(out, (unsigned char)*text < ' ' ? ' ' : *text);
    buf_add_char(out, '\n');
}

static void signed_format(struct buf *out, const char *key, int64_t n)
{
    if (n)
        buf_printf(out, "%s %lld\n", key, (long long)n);
}

static void field_format(const struct field *f, const struct record *r, struct buf *out)
{
    const void *at = (const char *)r + f->offset;

    switch (f->kind) {
    case KIND_TEXT:
        text_format(out, f->key, at);
        break;
    case KIND_I32:
        signed_format(out, f->key, *(const int32_t *)at);
        break;
    case KIND_I64:
        signed_format(out, f->key, *(const int64_t *)at);
        break;
    case KIND_U64:
        if (*(const uint64_t *)at)
            buf_printf(out, "%s %llu\n", f->key, *(const unsigned long long *)at);
        break;
    case KIND_CAUSE:
        text_format(out, f->key, job_cause_name(*(const enum job_cause *)at));
        break;
    }
}

void record_format(const struct record *r, struct buf *out)
{
    for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
        field_format(&fields[i], r, out);
    buf_add_str(out, RECORD_END);
}

void run_name(char out[RUN_NAME_MAX], uint32_t element, uint32_t attempt)
{
    if (element == 0)
        snprintf(out, RUN_NAME_MAX, "attempt%u", attempt);
    else
        snprintf(out, RUN_NAME_MAX, "task%u.attempt%u", element - 1, attempt);
}

/* `prefix` and a number at the front of *s, which moves on. */
static int number_after(struct span *s, const char *prefix, uint64_t most, uint32_t *out)
{
    size_t      len = strlen(prefix), digits = 0;
    struct span number;
    uint64_t    n;

    if (s->len < len || memcmp(s->data, prefix, len) != 0)
        return -EINVAL;
    number = (struct span){ s->data + len, s->len - len };
    while (digits < number.len && number.data[digits] >= '0' && number.data[digits] <= '9')
        digits++;
    *s = (struct span){ number.data + digits, number.len - digits };
    number.len = digits;
    if (span_to_u64(number, &n) < 0 || n > most)
        return -EINVAL;
    *out = (uint32_t)n;
    return 0;
}

int run_name_parse(struct span name, uint32_t *element, uint32_t *attempt)
{
    struct span s = name;
    char        again[RUN_NAME_MAX];
    uint32_t    index = 0, task = 0, count;

    if (name.len > 0 && name.data[0] == 't') {
        if (number_after(&s, "task", JOB_INDEX_MAX, &index) < 0)
            return -EINVAL;
        task = index + 1;
        if (number_after(&s, ".attempt", UINT32_MAX, &count) < 0)
            return -EINVAL;
    } else if (number_after(&s, "attempt", UINT32_MAX, &count) < 0) {
        return -EINVAL;
    }

    /* One run has one name: no leading zeros, nothing after it, no attempt before the first. */
    run_name(again, task, count);
    if (count == 0 || !span_is(name, again))
        return -EINVAL;
    *element = task;
    *attempt = count;
    return 0;
}
