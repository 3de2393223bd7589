/*
 * job-files.c - what every job has in its directory, whoever runs it
 *
 * All attempts and all elements of an array share these files, so they are put there once, and
 * putting them there again changes nothing.
 */
#include "job-files.h"

#include <string.h>
#include <sys/stat.h>

#include "plan.h"
#include "script.h"

/* What it is about one job, while its files are made. */
struct making {
    struct plan       plan;
    struct far_files *files;
};

int job_file_add(const struct cluster *cluster, const char *token, struct far_files *files,
                 const char *name, mode_t mode, struct span data)
{
    _cleanup_(bufp) struct buf path = BUF_INIT;
    int                        r = path_job(&path, cluster, token);

    if (r == 0)
        r = buf_printf(&path, "/%s", name);
    return r < 0 ? r : far_files_add(files, path.data, mode, data);
}

static int add_file(const struct making *m, const char *name, mode_t mode, struct span data)
{
    return job_file_add(m->plan.cluster, m->plan.ref->token, m->files, name, mode, data);
}

static int add_script(const struct making *m)
{
    _cleanup_(bufp) struct buf text = BUF_INIT;
    int                        r = script_render(m->plan.spec, &text);

    return r < 0 ? r : add_file(m, "script", 0700, buf_span(&text));
}

/* The user's script with something before it: a script of its own that ends by becoming it. */
static int add_prelude(const struct making *m)
{
    _cleanup_(bufp) struct buf text = BUF_INIT;
    int                        r;

    if (!m->plan.spec->script || !script_has_prelude(m->plan.spec))
        return 0;
    r = script_prelude(m->plan.spec, &text);
    buf_add_str(&text, "exec \"$@\"\n");
    if (r == 0)
        r = buf_error(&text);
    return r < 0 ? r : add_file(m, "prelude", 0700, buf_span(&text));
}

static int add_input(const struct making *m)
{
    const struct spec *spec = m->plan.spec;

    if (!spec->input)
        return 0;
    return add_file(m, "stdin", 0600, (struct span){ spec->input, spec->input_len });
}

static int add_plan(const struct making *m)
{
    _cleanup_(bufp) struct buf text = BUF_INIT;
    bool                       scripted = m->plan.cluster->scripted;
    int r = scripted ? plan_shell(&m->plan, &text) : plan_pieces(&m->plan, &text);

    return r < 0 ? r : add_file(m, scripted ? "plan.sh" : "plan", 0600, buf_span(&text));
}

static int add_all(const struct making *m)
{
    int r = add_file(m, "files", S_IFDIR | 0700, (struct span){ "", 0 });

    if (r == 0)
        r = add_script(m);
    if (r == 0)
        r = add_prelude(m);
    if (r == 0)
        r = add_input(m);
    return r < 0 ? r : add_plan(m);
}

int job_files_add(const struct spec *spec, const struct cluster *cluster, const struct job_ref *ref,
                  struct far_files *files, unsigned limits, struct error *e)
{
    const struct making m = { { spec, cluster, ref, limits }, files };
    int                 r = add_all(&m);

    return r < 0 ? error_set(e, r, "cannot make the files of the job: %s", strerror(-r)) : 0;
}
