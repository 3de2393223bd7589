/*
 * slurm-options.c - what a spec asks for, as options of sbatch
 *
 * Each option is one word, also a native one: "-w n1" becomes "-wn1". So nothing in a spec can end
 * up where sbatch expects the name of a script, and what a job's directory and our way of finding
 * jobs rest on (name, output, array) stays ours.
 */
#include "slurm.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum fate { FATE_REFUSED, FATE_DROPPED, FATE_COMMENT };

struct promise {
    const char *name;
    char        letter; /* 0: it has none */
    enum fate   fate;
    const char *instead;
};

// clang-format off
static const struct promise promises[] = {
    { "--job-name",  'J', FATE_REFUSED, "write it as the key name" },
    { "--output",    'o', FATE_REFUSED, "the output is in jobs/<id>/stdout" },
    { "--error",     'e', FATE_REFUSED, "the output is in jobs/<id>/stderr" },
    { "--open-mode", 0,   FATE_REFUSED, "the output is in jobs/<id>/stdout and stderr" },
    { "--input",     'i', FATE_REFUSED, "write what it reads as the key stdin" },
    { "--array",     'a', FATE_REFUSED, "write it as the key array" },
    { "--chdir",     'D', FATE_REFUSED, "write it as the key workdir" },
    { "--wrap",      0,   FATE_REFUSED, "write it as the key command" },
    { "--clusters",  'M', FATE_REFUSED,
      "give that cluster a name of its own in the configuration, and name it in the key cluster" },
    { "--wait",      'W', FATE_REFUSED, "read jobs/<id>/wait instead" },
    { "--test-only", 0,   FATE_REFUSED, "write the spec into check/ instead" },
    { "--help",      'h', FATE_REFUSED, "it submits nothing" },
    { "--usage",     0,   FATE_REFUSED, "it submits nothing" },
    { "--version",   'V', FATE_REFUSED, "it submits nothing" },
    { "--parsable",  0,   FATE_DROPPED, NULL },
    { "--quiet",     'Q', FATE_DROPPED, NULL },
    { "--verbose",   'v', FATE_DROPPED, NULL },
    { "--comment",   0,   FATE_COMMENT, NULL },
};
// clang-format on

/* Letters that take no value: behind one, getopt would read further options. */
#define LETTERS_ALONE "HOsQvWVh"

/* One option, cut out of what the user wrote: "--name", "=", "value"; or "-x" and "value". */
struct native {
    struct buf word;  /* quotes taken away, of one or two words made one */
    size_t     name;  /* how much of it is the name                      */
};

static int not_one(const char *option, struct error *e)
{
    return error_set(e, -EINVAL, "native: %.80s is not one option of sbatch; write each as a "
                     "string of its own, for example \"--reservation=course\"", option);
}

static int native_cut(const char *option, struct native *n, struct error *e)
{
    _cleanup_(bufp) struct buf value = BUF_INIT;
    struct span                rest = span_str(option);
    const char                *equals;
    bool                       is_long, pair, more;

    if (!span_next_quoted(&rest, &n->word) || n->word.len < 2 || n->word.data[0] != '-')
        return not_one(option, e);
    is_long = n->word.data[1] == '-';
    equals = is_long ? strchr(n->word.data, '=') : NULL;
    n->name = !is_long ? 2 : equals ? (size_t)(equals - n->word.data) : n->word.len;
    pair = span_next_quoted(&rest, &value);
    more = span_next_quoted(&rest, &value) || (pair && n->word.len > n->name);
    if (more || n->name < (is_long ? 3u : 2u))
        return not_one(option, e);
    if (!is_long && n->word.len > 2 && strchr(LETTERS_ALONE, n->word.data[1]))
        return not_one(option, e);
    if (pair && is_long)
        buf_add_char(&n->word, '=');
    buf_add_span(&n->word, buf_span(&value));
    return buf_error(&n->word) < 0 ? -ENOMEM : buf_error(&value);
}

/* getopt takes the beginning of a long name for the whole. */
static const struct promise *promise_of(const struct native *n)
{
    bool is_long = n->word.data[1] == '-';

    for (size_t i = 0; i < ARRAY_SIZE(promises); i++) {
        const struct promise *p = &promises[i];

        if (is_long ? strncmp(p->name, n->word.data, n->name) == 0
                    : p->letter && p->letter == n->word.data[1])
            return p;
    }
    return NULL;
}

static bool is_ours(const struct spec_native *n)
{
    return n->language == LANG_ANY || n->language == LANG_SLURM;
}

static int add_native(const char *option, struct strv *options, struct error *e)
{
    _cleanup_(bufp) struct buf word = BUF_INIT;
    struct native              n = { .word = BUF_INIT };
    const struct promise      *p;
    int                        r = native_cut(option, &n, e);

    word = n.word;
    if (r < 0)
        return r;
    p = promise_of(&n);
    if (!p)
        return strv_add_span(options, buf_span(&word));
    if (p->fate == FATE_REFUSED)
        return error_set(e, -EINVAL, "native: %s cannot be passed to Slurm: %s", p->name,
                         p->instead);
    return 0;
}

static int add_natives(const struct spec *spec, struct strv *options, struct error *e)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < spec->n_native; i++)
        if (is_ours(&spec->native[i]))
            r = add_native(spec->native[i].option, options, e);
    return r;
}

static bool has_native(const struct strv *options, const char *prefix)
{
    for (size_t i = 0; i < options->n; i++)
        if (strncmp(options->v[i], prefix, strlen(prefix)) == 0)
            return true;
    return false;
}

static int add_number(struct strv *options, const char *name, uint64_t n, const char *unit)
{
    return n == 0 ? 0 : strv_printf(options, "--%s=%llu%s", name, (unsigned long long)n, unit);
}

static int add_text(struct strv *options, const char *name, const char *text)
{
    return !text ? 0 : strv_printf(options, "--%s=%s", name, text);
}

#define MIB (UINT64_C(1) << 20)

static int add_sizes(const struct spec *s, const struct strv *natives, struct strv *options)
{
    /* A native option says more exactly which ones. */
    bool gpus = has_native(natives, "--gpus") || has_native(natives, "--gres=gpu") ||
                has_native(natives, "-G");
    int  r = add_number(options, "nodes", s->nodes, "");

    if (r == 0)
        r = add_number(options, "ntasks", s->tasks, "");
    if (r == 0)
        r = add_number(options, "cpus-per-task", s->cores, "");
    if (r == 0)
        r = add_number(options, "mem", s->memory / MIB + (s->memory % MIB != 0), "M");
    if (r == 0 && !gpus)
        r = add_number(options, "gpus", s->gpus, "");
    if (r == 0 && s->time_s > 0)
        r = strv_printf(options, "--time=%llu:%02u", (unsigned long long)(s->time_s / 60),
                        (unsigned)(s->time_s % 60));
    return r;
}

static int add_places(const struct spec *s, struct strv *options)
{
    int r = add_text(options, "partition", s->partition);

    if (r == 0)
        r = add_text(options, "account", s->account);
    if (r == 0)
        r = add_text(options, "qos", s->qos);
    if (r == 0)
        r = add_text(options, "constraint", s->constraint);
    if (r == 0 && s->exclusive)
        r = strv_add(options, "--exclusive");
    /* A user may only step back; a higher priority is for operators of the cluster to give. */
    if (r == 0 && s->priority < 0)
        r = strv_printf(options, "--nice=%lld", -(long long)s->priority);
    return r;
}

int slurm_options(const struct spec *spec, unused_arg const struct cluster *cluster,
                  struct strv *options, struct error *e)
{
    _cleanup_(strvp) struct strv natives = STRV_INIT;
    int                          r = add_natives(spec, &natives, e);

    if (r == 0)
        r = add_sizes(spec, &natives, options);
    if (r == 0)
        r = add_places(spec, options);
    /* Whether it runs again after a failure, and how often, is the daemon's to decide. */
    if (r == 0 && !strv_has(&natives, "--requeue"))
        r = strv_add(options, "--no-requeue");
    for (size_t i = 0; r == 0 && i < natives.n; i++)
        r = strv_add(options, natives.v[i]);
    return r;
}

bool slurm_runs_again(const struct spec *spec)
{
    _cleanup_(strvp) struct strv natives = STRV_INIT;

    return add_natives(spec, &natives, NULL) == 0 && strv_has(&natives, "--requeue");
}

/* The user's own comment, else the name of the job; in one line. */
int slurm_comment(const struct spec *spec, struct buf *out)
{
    _cleanup_(bufp) struct buf word = BUF_INIT;
    const char                *text = spec->name ? spec->name : "";

    for (size_t i = 0; i < spec->n_native; i++) {
        struct native        n = { .word = BUF_INIT };
        const struct promise *p;

        if (!is_ours(&spec->native[i]))
            continue;
        if (native_cut(spec->native[i].option, &n, NULL) == 0 && (p = promise_of(&n)) &&
            p->fate == FATE_COMMENT && n.word.len > n.name) {
            bufp_cleanup(&word);
            word = n.word;
            text = word.data + n.name + 1;
            continue;
        }
        buf_release(&n.word);
    }
    return buf_add_str(out, text);
}

#define COMMENT_BEGIN "clustrixfs job "

uint32_t slurm_comment_attempt(struct span comment)
{
    static const char begin[] = COMMENT_BEGIN;
    struct span       rest = comment, word;
    uint64_t          n;

    if (!span_begins(comment, begin))
        return 0;
    rest = (struct span){ comment.data + strlen(begin), comment.len - strlen(begin) };
    if (!span_next_word(&rest, &word) || !span_next_word(&rest, &word) || !span_is(word, "attempt"))
        return 0;
    if (!span_next_word(&rest, &word))
        return 0;
    if (word.len > 0 && word.data[word.len - 1] == ':')
        word.len--;
    return span_to_u64(word, &n) == 0 && n <= UINT32_MAX ? (uint32_t)n : 0;
}
