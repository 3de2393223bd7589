/*
 * plan.c - what a keeper is to run and within which bounds, in the words of either keeper
 *
 * What is in a plan is said once, as rows of a key and a value; how a row is written is what the
 * two keepers differ in. One takes NUL-terminated pieces in which values stand as they are, the
 * other a script for `.`, in which every value is quoted.
 */
#include "plan.h"

#include <stdio.h>
#include <string.h>

#include "clustrixfs/quote.h"
#include "script.h"

enum row { ROW_ARG, ROW_CWD, ROW_STDIN, ROW_TIME, ROW_MEMORY, ROW_GRACE, ROW_ENV };

/* Write one row. `key`: of an environment variable; else NULL. */
typedef int write_row(struct buf *out, enum row row, const char *key, const char *value);

struct writing {
    const struct plan *p;
    struct buf        *out;
    write_row         *write;
};

static int add(const struct writing *w, enum row row, const char *key, const char *value)
{
    return w->write(w->out, row, key, value);
}

static int add_number(const struct writing *w, enum row row, const char *key, uint64_t n)
{
    char text[24];

    snprintf(text, sizeof(text), "%llu", (unsigned long long)n);
    return add(w, row, key, text);
}

/* A path in the job's directory. */
static int add_path(const struct writing *w, enum row row, const char *key, const char *name)
{
    _cleanup_(bufp) struct buf path = BUF_INIT;
    int r = buf_printf(&path, "%s/%s/%s", w->p->cluster->root, w->p->ref->token, name);

    return r < 0 ? r : add(w, row, key, path.data);
}

/* A prelude runs what follows it, so the user's script stays as it is. */
static int add_argv(const struct writing *w)
{
    const struct spec *spec = w->p->spec;
    int                r = 0;

    if (spec->script && script_has_prelude(spec))
        r = add_path(w, ROW_ARG, NULL, "prelude");
    if (r == 0)
        r = add_path(w, ROW_ARG, NULL, "script");
    for (size_t i = 0; r == 0 && spec->script && i < spec->args.n; i++)
        r = add(w, ROW_ARG, NULL, spec->args.v[i]);
    return r;
}

static int add_place(const struct writing *w)
{
    const struct spec *spec = w->p->spec;
    int r = spec->workdir ? add(w, ROW_CWD, NULL, spec->workdir)
                          : add_path(w, ROW_CWD, NULL, "files");

    return r == 0 && spec->input ? add_path(w, ROW_STDIN, NULL, "stdin") : r;
}

static int add_limits(const struct writing *w)
{
    const struct {
        enum row row;
        uint64_t n;
    } limits[] = {
        { ROW_TIME, w->p->limits & LIMIT_TIME ? w->p->spec->time_s : 0 },
        { ROW_MEMORY, w->p->limits & LIMIT_MEMORY ? w->p->spec->memory : 0 },
        { ROW_GRACE, w->p->cluster->grace_s },
    };
    int r = 0;

    for (size_t i = 0; r == 0 && i < ARRAY_SIZE(limits); i++)
        if (limits[i].n > 0)
            r = add_number(w, limits[i].row, NULL, limits[i].n);
    return r;
}

/* Ours come last: a spec cannot claim to be another job. */
static int add_env(const struct writing *w)
{
    const struct plan *p = w->p;
    int                r = 0;

    for (size_t i = 0; r == 0 && i < p->spec->n_env; i++)
        r = add(w, ROW_ENV, p->spec->env[i].key, p->spec->env[i].value);
    if (r == 0)
        r = add_number(w, ROW_ENV, "CLUSTRIXFS_JOB", JOB_NUMBER(p->ref->id));
    if (r == 0)
        r = add(w, ROW_ENV, "CLUSTRIXFS_TOKEN", p->ref->token);
    return r < 0 ? r : add_path(w, ROW_ENV, SCRIPT_FILES_VARIABLE, "files");
}

static int write_piece(struct buf *out, enum row row, const char *key, const char *value)
{
    static const char *const names[] = {
        [ROW_ARG] = "arg",   [ROW_CWD] = "cwd",       [ROW_STDIN] = "stdin",
        [ROW_TIME] = "time", [ROW_MEMORY] = "memory", [ROW_GRACE] = "grace",
        [ROW_ENV] = "env",
    };

    return buf_printf(out, "%s=%s%s%s%c", names[row], key ? key : "", key ? "=" : "", value, '\0');
}

int plan_pieces(const struct plan *p, struct buf *out)
{
    const struct writing w = { p, out, write_piece };
    int                  r = add_argv(&w);

    if (r == 0)
        r = add_place(&w);
    if (r == 0)
        r = add_limits(&w);
    return r < 0 ? r : add_env(&w);
}

static int write_variable(struct buf *out, enum row row, unused_arg const char *key,
                          const char *value)
{
    static const char *const names[] = {
        [ROW_CWD] = "plan_cwd",       [ROW_STDIN] = "plan_stdin", [ROW_TIME] = "plan_time",
        [ROW_MEMORY] = "plan_memory", [ROW_GRACE] = "plan_grace", [ROW_ARG] = "plan_program",
    };

    buf_printf(out, "%s=", names[row]);
    quote_word(out, span_str(value));
    return buf_add_char(out, '\n');
}

static int write_word(struct buf *out, unused_arg enum row row, unused_arg const char *key,
                      const char *value)
{
    buf_add_str(out, " \\\n        ");
    return quote_word(out, span_str(value));
}

/* Shells keep these to themselves: some refuse to set them, some give them another value. */
static bool is_shells_own(const char *key)
{
    static const char *const names[] = {
        "BASHOPTS", "BASHPID",  "BASH_VERSINFO", "BASH_ARGC", "BASH_ARGV", "BASH_LINENO",
        "BASH_SOURCE", "COMP_WORDBREAKS", "DIRSTACK", "EPOCHREALTIME", "EPOCHSECONDS", "EUID",
        "FUNCNAME", "GROUPS", "HISTCMD", "LINENO", "OPTIND", "PPID", "RANDOM", "SECONDS",
        "SHELLOPTS", "SRANDOM", "UID", "_",
    };

    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if (strcmp(names[i], key) == 0)
            return true;
    return false;
}

/*
 * An exported variable is seen by nobody else, where the words of a command can be read by all who
 * are on the machine; so env(1) gets only what a shell would not export.
 */
static int write_export(struct buf *out, unused_arg enum row row, const char *key,
                        const char *value)
{
    bool env = is_shells_own(key);

    buf_printf(out, env ? "    set -- env %s=" : "    export %s=", key);
    quote_word(out, span_str(value));
    return buf_add_str(out, env ? " \"$@\"\n" : "\n");
}

/* The program by itself, for the keeper to look at. */
static int add_program(const struct writing *w)
{
    const struct spec *spec = w->p->spec;
    bool               prelude = spec->script && script_has_prelude(spec);

    return add_path(w, ROW_ARG, NULL, prelude ? "prelude" : "script");
}

static const char run_begin[] = "plan_run()\n{\n"
                                "    plan_attempt=$1 plan_element=$2\n"
                                "    shift 2\n";
static const char run_end[] = "    export CLUSTRIXFS_ATTEMPT=\"$plan_attempt\"\n"
                              "    [ -z \"$plan_element\" ] || "
                              "export CLUSTRIXFS_TASK=\"$plan_element\"\n"
                              "    exec \"$@\"";

int plan_shell(const struct plan *p, struct buf *out)
{
    const struct writing variables = { p, out, write_variable };
    const struct writing exports = { p, out, write_export };
    const struct writing words = { p, out, write_word };
    int                  r = add_program(&variables);

    if (r == 0)
        r = add_place(&variables);
    if (r == 0)
        r = add_limits(&variables);
    buf_add_str(out, run_begin);
    if (r == 0)
        r = add_env(&exports);
    buf_add_str(out, run_end);
    if (r == 0)
        r = add_argv(&words);
    buf_add_str(out, "\n}\nplan_end=yes\n");
    return r < 0 ? r : buf_error(out);
}
