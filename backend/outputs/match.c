/*
 * match.c - which files a glob means, and what they are called at the destination
 *
 * Paths come from the far side and globs from a spec, so no pair of them may take long: of several
 * ** only the last one that was met is ever tried again.
 */
#include "clustrixfs/outputs.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#define PARTS_MAX 260

/* The components of a path; empty ones and "." are none. */
struct parts {
    char       *text; /* with a NUL after each */
    const char *v[PARTS_MAX];
    size_t      n;
};

static bool cut(struct parts *p, const char *path)
{
    char *save = NULL;

    p->n = 0;
    p->text = strdup(path);
    for (char *part = p->text ? strtok_r(p->text, "/", &save) : NULL; part;
         part = strtok_r(NULL, "/", &save)) {
        if (strcmp(part, ".") == 0)
            continue;
        if (p->n == PARTS_MAX)
            return false;
        p->v[p->n++] = part;
    }
    return p->text;
}

static bool is_any(const char *part)
{
    return strcmp(part, "**") == 0;
}

/* A pattern that is used up has matched the file, or a directory that it lies in. */
static bool match(const struct parts *g, const struct parts *p)
{
    size_t gi = 0, pi = 0, any = SIZE_MAX, from = 0;

    while (gi < g->n) {
        if (is_any(g->v[gi])) {
            any = gi++;
            from = pi;
            if (gi == g->n)
                return pi < p->n && p->v[pi][0] != '.';
        } else if (pi < p->n && fnmatch(g->v[gi], p->v[pi], FNM_PERIOD) == 0) {
            gi++;
            pi++;
        } else if (any != SIZE_MAX && from < p->n && p->v[from][0] != '.') {
            pi = ++from;
            gi = any + 1;
        } else {
            return false;
        }
    }
    return g->n > 0;
}

bool outputs_match(const char *glob, const char *path)
{
    struct parts g, p = { .text = NULL };
    bool matches = cut(&g, glob) && cut(&p, path) && match(&g, &p);

    free(g.text);
    free(p.text);
    return matches;
}

/* How many leading components name one directory each; the last component never counts. */
static size_t fixed(const struct parts *g)
{
    size_t n = 0;

    while (n + 1 < g->n && !strpbrk(g->v[n], "*?[\\"))
        n++;
    return n;
}

const char *outputs_name(const char *glob, const char *path)
{
    struct parts g;
    size_t       skip = cut(&g, glob) ? fixed(&g) : 0;

    for (; skip > 0 && strchr(path, '/'); skip--)
        path = strchr(path, '/') + 1;
    free(g.text);
    return path;
}

bool outputs_to_bring(const struct spec *spec, bool here)
{
    for (size_t i = 0; i < spec->n_outputs; i++)
        if (!here || spec->outputs[i].to)
            return true;
    return false;
}
