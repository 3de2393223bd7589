/*
 * batch.c - what the scripts for all schedulers that have a queue have in common
 *
 * `submit RUN` serves every attempt of the job and each single element of its array, so it is put
 * there once; job.sh becomes the wrapper that every scheduler's jobs run under.
 */
#include "batch.h"

#include <errno.h>
#include <string.h>

#include "clustrixfs/quote.h"
#include "job-files.h"

void batch_add_path(struct buf *out, const struct cluster *c, const struct job_ref *ref,
                    const char *file)
{
    buf_printf(out, "%s/%s/%s", c->root ? c->root : "", ref->token, file);
}

int batch_quote_path(struct buf *out, const struct cluster *c, const struct job_ref *ref,
                      const char *file)
{
    _cleanup_(bufp) struct buf path = BUF_INIT;

    batch_add_path(&path, c, ref, file);
    return quote_word(out, buf_span(&path));
}

void batch_add_cd(struct buf *out, const struct spec *spec, const struct cluster *c,
                   const struct job_ref *ref)
{
    if (spec->workdir) {
        buf_add_str(out, "cd ");
        quote_word(out, span_str(spec->workdir));
        buf_add_str(out, " 2>/dev/null || ");
    }
    buf_add_str(out, "cd ");
    batch_quote_path(out, c, ref, "files");
    buf_add_str(out, " 2>/dev/null || cd /\n");
}

int batch_check(const struct spec *spec, const struct cluster *cluster, struct error *e)
{
    if (spec->image)
        return error_set(e, -EINVAL, "image: cluster %s starts no containers by itself; leave it "
                         "out, and start the container in the command, as with apptainer exec",
                         cluster->name);
    return 0;
}

int batch_add_scripts(const struct cluster *cluster, const struct job_ref *ref,
                      const struct buf *submit, const struct buf *job, struct far_files *files)
{
    int r = job_file_add(cluster, ref->token, files, "job.sh", 0700, buf_span(job));

    return r < 0 ? r : job_file_add(cluster, ref->token, files, "submit", 0700, buf_span(submit));
}
