/*
 * plan.c - what to run and within which bounds
 *
 * One table of keys. A key that it does not know is an error: a plan made by a newer version may
 * ask for a limit that this one would silently leave out.
 */
#include "plan.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"

static int word_add(const char ***words, size_t *n, const char *word)
{
    const char **more;

    /* Room for the NULL too; doubled whenever the count is a power of two. */
    if ((*n & (*n - 1)) == 0) {
        more = realloc(*words, (*n ? *n * 2 + 1 : 2) * sizeof **words);
        if (!more)
            return -ENOMEM;
        *words = more;
    }
    (*words)[(*n)++] = word;
    (*words)[*n] = NULL;
    return 0;
}

static int set_arg(struct plan *p, const char *value)
{
    return word_add(&p->argv, &p->n_argv, value);
}

static int set_env(struct plan *p, const char *value)
{
    const char *equals = strchr(value, '=');

    return equals && equals != value ? word_add(&p->env, &p->n_env, value) : -EINVAL;
}

static int set_cwd(struct plan *p, const char *value)
{
    p->cwd = value;
    return value[0] == '/' ? 0 : -EINVAL;
}

static int set_stdin(struct plan *p, const char *value)
{
    p->input = value;
    return value[0] == '/' ? 0 : -EINVAL;
}

static int set_time(struct plan *p, const char *value)
{
    return span_to_u64(span_str(value), &p->time_s);
}

static int set_memory(struct plan *p, const char *value)
{
    return span_to_u64(span_str(value), &p->memory);
}

static int set_grace(struct plan *p, const char *value)
{
    return span_to_u64(span_str(value), &p->grace_s);
}

// clang-format off
static const struct {
    const char *key;
    int (*set)(struct plan *p, const char *value);
} keys[] = {
    { "arg",    set_arg    },
    { "cwd",    set_cwd    },
    { "stdin",  set_stdin  },
    { "env",    set_env    },
    { "time",   set_time   },
    { "memory", set_memory },
    { "grace",  set_grace  },
};
// clang-format on

static int piece_read(struct plan *p, const char *piece, struct error *e)
{
    size_t len = strcspn(piece, "=");
    int    r;

    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        if (piece[len] != '=' || !span_is((struct span){ piece, len }, keys[i].key))
            continue;
        r = keys[i].set(p, piece + len + 1);
        if (r < 0)
            return error_set(e, r, "its plan has a value for %s that makes no sense", keys[i].key);
        return 0;
    }
    return error_set(e, -EINVAL, "its plan has a piece '%.40s' that this keeper does not know",
                     piece);
}

static int plan_parse(struct plan *p, struct error *e)
{
    const char *at = p->text.data, *end = at + p->text.len;

    if (p->text.len == 0 || end[-1] != '\0')
        return error_set(e, -EINVAL, "its plan was cut short");
    for (; at < end; at += strlen(at) + 1) {
        int r = piece_read(p, at, e);

        if (r < 0)
            return r;
    }
    if (p->n_argv == 0 || p->argv[0][0] != '/' || !p->cwd)
        return error_set(e, -EINVAL, "its plan does not say what to run, or where");
    return 0;
}

int plan_read(struct plan *p, const char *path, struct error *e)
{
    char file[PATH_MAX];
    int  r;

    if (snprintf(file, sizeof file, "%s/plan", path) >= (int)sizeof file)
        return error_set(e, -ENAMETOOLONG, "%s/plan is too long a path", path);
    r = file_read(AT_FDCWD, file, &p->text);
    if (r < 0)
        return error_set(e, r, "cannot read its plan %s: %s", file, strerror(-r));
    return plan_parse(p, e);
}

void plan_release(struct plan *p)
{
    free(p->argv);
    free(p->env);
    buf_release(&p->text);
    *p = (struct plan)PLAN_INIT;
}
