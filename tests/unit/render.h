/*
 * render.h - what a scheduler puts into the directory of a job, looked at by the tests
 */
#ifndef CLUSTRIXFS_TEST_RENDER_H
#define CLUSTRIXFS_TEST_RENDER_H

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "clustrixfs/scheduler.h"
#include "unit.h"

#define TOKEN "cfxabcdefghijkl"

static inline int render(const struct cluster *c, const char *text, struct far_files *files,
                         struct error *e)
{
    _cleanup_(specp) struct spec *spec = NULL;
    const struct job_ref          ref = { JOB_ID(17, 0), TOKEN, "", 1 };

    ck_assert_msg(spec_parse(&spec, span_str(text), 0, NULL, e) == 0, "%s", e->text);
    return c->scheduler->render(spec, c, &ref, files, e);
}

static inline void check_has(const struct cluster *c, const char *spec, const char *name,
                             const char *words)
{
    _cleanup_(far_filesp) struct far_files files = FAR_FILES_INIT;
    struct error                           e = ERROR_INIT;
    char                                   path[100];

    ck_assert_msg(render(c, spec, &files, &e) == 0, "%s", e.text);
    snprintf(path, sizeof path, "%s/" TOKEN "/%s", c->root, name);
    for (size_t i = 0; i < files.n; i++)
        if (strcmp(files.v[i].path, path) == 0) {
            ck_assert_msg(strstr(files.v[i].data.data, words) != NULL, "not '%s' in:\n%s", words,
                          files.v[i].data.data);
            return;
        }
    ck_abort_msg("no %s", name);
}

static inline void check_refused(const struct cluster *c, const char *spec, const char *words)
{
    _cleanup_(far_filesp) struct far_files files = FAR_FILES_INIT;
    struct error                           e = ERROR_INIT;

    ck_assert_int_eq(render(c, spec, &files, &e), -EINVAL);
    ck_assert_msg(strstr(e.text, words) != NULL, "%s", e.text);
}

#endif
