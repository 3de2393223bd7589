/*
 * batch.c - what all schedulers that have a queue have in common
 *
 * A job goes there as two scripts in its directory. `submit RUN NOW` serves every attempt of the
 * job and each single element of its array, so it is put there once, and is read by the keeper's
 * shell: $0 and $$ are not its own; NOW is the time, in seconds. job.sh becomes the wrapper that
 * every scheduler's jobs run under.
 */
#include "batch.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "clustrixfs/quote.h"
#include "job-files.h"
#include "lines.h"
#include "process.h"

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

void batch_add_after(struct buf *out, const struct spec *spec, const struct cluster *c,
                     const struct job_ref *ref, const char *check, const char *words)
{
    if (spec->n_after == 0)
        return;
    buf_add_str(out, "after=$(cat ");
    batch_quote_path(out, c, ref, "");
    buf_printf(out, "\"$run.after\" 2>/dev/null)\n"
                    "if [ -n \"$after\" ]; then\n"
                    "%s"
                    "    set -- \"$@\" %s\n"
                    "fi\n", check, words);
}

int batch_check_root(const struct cluster *cluster, const char *characters, const char *names,
                     const char *who, struct error *e)
{
    if (cluster->root && strpbrk(cluster->root, characters))
        return error_set(e, -EINVAL, "the directory %s of cluster %s has %s in it, which %s does "
                         "not take in the name of a log; configure another one", cluster->root,
                         cluster->name, names, who);
    return 0;
}

/* What no such scheduler does for us, and what to do instead. */
static int check(const struct spec *spec, const struct cluster *cluster, struct error *e)
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

static int add_scripts(const struct batch_words *words, const struct spec *spec,
                       const struct cluster *cluster, const struct job_ref *ref,
                       const struct strv *options, struct far_files *files)
{
    _cleanup_(bufp) struct buf submit = BUF_INIT, job = BUF_INIT;
    int                        r = words->submit(spec, cluster, ref, options, &submit);

    if (r == 0)
        r = words->job(spec, cluster, ref, &job);
    return r < 0 ? r : batch_add_scripts(cluster, ref, &submit, &job, files);
}

int batch_render(const struct batch_words *words, const struct spec *spec,
                 const struct cluster *cluster, const struct job_ref *ref,
                 struct far_files *files, struct error *e)
{
    _cleanup_(strvp) struct strv options = STRV_INIT;
    int                          r = words->check(spec, cluster, e);

    if (r == 0)
        r = check(spec, cluster, e);
    if (r == 0)
        r = words->options(spec, cluster, &options, e);
    if (r == 0)
        r = job_files_add(spec, cluster, ref, files, LIMIT_NONE, e);
    if (r < 0)
        return r;
    r = add_scripts(words, spec, cluster, ref, &options, files);
    return r < 0 ? error_set(e, r, "cannot make the script of the job: %s", strerror(-r)) : 0;
}

bool batch_as_array(unused_arg const struct cluster *cluster, unused_arg const struct spec *spec)
{
    return true;
}

int batch_say_survey(struct command *c, const char *script)
{
    int r = strv_add(&c->argv, "sh");

    if (r == 0)
        r = strv_add(&c->argv, "-c");
    return r < 0 ? r : strv_add(&c->argv, script);
}

int batch_not_whole(const struct outcome *o, const char *program, struct error *e)
{
    struct span rest = buf_span(&o->err), line;
    char        words[200] = "";

    while (!words[0] && span_next_line(&rest, &line))
        span_copy(words, sizeof words, line);
    if (words[0])
        return error_set(e, -EPROTO, "%s does not answer: %s", program, words);
    if (o->status == 124)
        return error_set(e, -EPROTO, "%s does not answer: it took longer than a minute", program);
    return error_set(e, -EPROTO, "the answer of %s was cut short", program);
}

void batch_number(char out[VERB_ID_MAX], const struct job_ref *ref)
{
    snprintf(out, VERB_ID_MAX, "%s", span_is_number(span_str(ref->native)) ? ref->native : "");
}

/* Each number once, though many elements may have the same. */
static int add_numbers(const struct ask *a, const struct batch_account *account, struct buf *list)
{
    char last[VERB_ID_MAX] = "", id[VERB_ID_MAX];

    for (size_t i = 0; i < a->n; i++) {
        account->id(id, &a->refs[i]);
        if (!id[0] || strcmp(id, last) == 0)
            continue;
        buf_printf(list, "%s%s", list->len > 0 ? account->separator : "", id);
        memcpy(last, id, sizeof last);
    }
    return buf_error(list);
}

int batch_say_account(const struct ask *a, struct command *c, const struct batch_account *account)
{
    _cleanup_(bufp) struct buf list = BUF_INIT;
    char                       run[PROCESS_RUN_MAX];
    const char *const          first[] = { "sh", "-c", account->script, "cfx", a->cluster->root };
    int                        r = add_numbers(a, account, &list);

    for (size_t i = 0; r == 0 && i < ARRAY_SIZE(first); i++)
        r = strv_add(&c->argv, first[i]);
    if (r == 0)
        r = strv_add(&c->argv, list.len > 0 ? list.data : account->none);
    for (size_t i = 0; r == 0 && i < a->n; i++) {
        process_run(run, &a->refs[i]);
        r = strv_add(&c->argv, run);
    }
    return r;
}
