/*
 * spec_text.h - a spec as one line of text, so that a test is a row: what is written, what it means
 */
#ifndef CLUSTRIXFS_TESTS_SPEC_TEXT_H
#define CLUSTRIXFS_TESTS_SPEC_TEXT_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clustrixfs/buf.h"
#include "clustrixfs/spec.h"

#define TEST_NOW INT64_C(1764590400) /* 2025-12-01 12:00:00 UTC, a Monday */

static inline void text_string(struct buf *out, const char *name, const char *s)
{
    if (s)
        buf_printf(out, " %s=%s", name, s);
}

static inline void text_number(struct buf *out, const char *name, int64_t n)
{
    if (n)
        buf_printf(out, " %s=%lld", name, (long long)n);
}

static inline void text_list(struct buf *out, const char *name, const struct strv *list)
{
    for (size_t i = 0; i < list->n; i++)
        buf_printf(out, " %s[%s]", name, list->v[i]);
}

static inline void text_structs(struct buf *out, const struct spec *s)
{
    static const char *const whens[] = { "completed", "any", "failed" };
    static const char *const languages[] = { "any", "slurm", "pbs", "sge" };

    for (size_t i = 0; i < s->n_ranges; i++)
        buf_printf(out, " %u-%u:%u", s->ranges[i].first, s->ranges[i].last, s->ranges[i].step);
    text_number(out, "throttle", s->throttle);
    for (size_t i = 0; i < s->n_after; i++)
        buf_printf(out, " %s(%s)", whens[s->after[i].when], s->after[i].job);
    for (size_t i = 0; i < s->n_env; i++)
        buf_printf(out, " env.%s=%s", s->env[i].key, s->env[i].value);
    for (size_t i = 0; i < s->n_outputs; i++)
        buf_printf(out, " output[%s -> %s]", s->outputs[i].glob,
                   s->outputs[i].to ? s->outputs[i].to : "");
    for (size_t i = 0; i < s->n_native; i++)
        buf_printf(out, " %s{%s}", languages[s->native[i].language], s->native[i].option);
}

/* All that was said, but the script of a script. */
static inline char *spec_text(const struct spec *s)
{
    struct buf out = BUF_INIT;

    text_string(&out, "command", s->command);
    text_list(&out, "argv", &s->argv);
    if (s->form == SPEC_JSON)
        text_string(&out, "script", s->script);
    text_string(&out, "file", s->script_file);
    text_list(&out, "arg", &s->args);
    text_string(&out, "stdin", s->input);
    text_string(&out, "name", s->name);
    text_string(&out, "cluster", s->cluster);
    text_number(&out, "cores", s->cores);
    text_number(&out, "nodes", s->nodes);
    text_number(&out, "tasks", s->tasks);
    text_number(&out, "memory", (int64_t)s->memory);
    text_number(&out, "time", (int64_t)s->time_s);
    text_number(&out, "gpus", s->gpus);
    text_string(&out, "partition", s->partition);
    text_string(&out, "account", s->account);
    text_string(&out, "qos", s->qos);
    text_string(&out, "constraint", s->constraint);
    text_number(&out, "priority", s->priority);
    text_number(&out, "begin", s->begin_s);
    text_number(&out, "exclusive", s->exclusive);
    text_list(&out, "module", &s->modules);
    text_list(&out, "before", &s->before);
    text_list(&out, "input", &s->inputs);
    text_string(&out, "workdir", s->workdir);
    text_string(&out, "image", s->image);
    text_number(&out, "retries", s->retries);
    text_structs(&out, s);
    text_list(&out, "warn", &s->warnings);
    char *text = buf_steal(&out);
    ck_assert_ptr_nonnull(text);
    return text;
}

/* What is written, and what it has to mean (the text above without its first blank). */
struct good {
    const char *spec, *means;
};

/* What is written, what has to be refused with, and a part of the sentence about it. */
struct bad {
    const char *spec;
    unsigned    line, column;
    const char *says;
};

static inline void expect_good(const struct good *g)
{
    struct spec *spec = NULL;
    struct spec_place at;
    struct error e = ERROR_INIT;
    int r;

    setenv("TZ", "UTC", 1);
    r = spec_parse(&spec, span_str(g->spec), TEST_NOW, &at, &e);

    ck_assert_msg(r == 0, "%s\n  -> %d %s", g->spec, r, e.text);
    char *text = spec_text(spec);
    ck_assert_msg(strcmp(text + (text[0] == ' '), g->means) == 0, "%s\n  ->%s\n  != %s", g->spec,
                  text, g->means);
    ck_assert_int_eq(spec_scan(span_str(g->spec), NULL, NULL), 0);
    free(text);
    spec_free(spec);
}

/* The sentence begins with its place, if it has one, and only then. */
static inline void expect_bad(const struct bad *b, int code)
{
    struct spec *spec = NULL;
    struct spec_place at = { 99, 99 };
    struct error e = ERROR_INIT;
    char place[64] = "";
    int r = spec_parse(&spec, span_str(b->spec), TEST_NOW, &at, &e);

    ck_assert_msg(r == code, "%s\n  -> %d %s", b->spec, r, e.text);
    ck_assert_ptr_null(spec);
    ck_assert_msg(at.line == b->line && at.column == b->column, "%s\n  -> %u:%u %s", b->spec,
                  at.line, at.column, e.text);
    if (b->line)
        snprintf(place, sizeof(place), "line %u, column %u: ", b->line, b->column);
    ck_assert_msg(strncmp(e.text, place, strlen(place)) == 0 && strstr(e.text, b->says),
                  "%s\n  -> %s\n  != %s", b->spec, e.text, b->says);
    ck_assert_int_eq(spec_parse(&spec, span_str(b->spec), TEST_NOW, NULL, NULL), code);
}

#endif
