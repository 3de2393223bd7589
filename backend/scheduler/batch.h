/*
 * batch.h - what all schedulers that have a queue have in common
 */
#ifndef CLUSTRIXFS_SCHEDULER_BATCH_H
#define CLUSTRIXFS_SCHEDULER_BATCH_H

#include "clustrixfs/scheduler.h"
#include "verbs.h"

/* ROOT/TOKEN/file, as it is and as a word for a shell. */
void batch_add_path(struct buf *out, const struct cluster *c, const struct job_ref *ref,
                    const char *file);
int  batch_quote_path(struct buf *out, const struct cluster *c, const struct job_ref *ref,
                      const char *file);

/* Go where a user's script expects to have been submitted: `cd $SLURM_SUBMIT_DIR` and its like
 * are in half of them. */
void batch_add_cd(struct buf *out, const struct spec *spec, const struct cluster *c,
                  const struct job_ref *ref);

/* Lines that add `words` to the options of `submit` where this run waits for others, after those of
 * `check`: in both $after is for whom, see scheduler_after(). Nothing for a job that waits for
 * nobody. */
void batch_add_after(struct buf *out, const struct spec *spec, const struct cluster *c,
                     const struct job_ref *ref, const char *check, const char *words);

/* -EINVAL and a sentence where the name of the cluster's directory has one of `characters` in it,
 * which are called `names`: `who` would take the name of a log apart at them. */
int batch_check_root(const struct cluster *cluster, const char *characters, const char *names,
                     const char *who, struct error *e) must_check;

/* In which words a job is submitted; each returns 0 or a negative errno. */
struct batch_words {
    /* Both with a sentence. options: the words of its program for the spec. */
    int (*check)(const struct spec *spec, const struct cluster *cluster, struct error *e);
    int (*options)(const struct spec *spec, const struct cluster *cluster, struct strv *options,
                   struct error *e);
    int (*submit)(const struct spec *spec, const struct cluster *cluster,
                  const struct job_ref *ref, const struct strv *options, struct buf *out);
    int (*job)(const struct spec *spec, const struct cluster *cluster, const struct job_ref *ref,
               struct buf *out);
};

/* As scheduler_ops.render: what every job has in its directory, and `submit` and job.sh. */
int batch_render(const struct batch_words *words, const struct spec *spec,
                 const struct cluster *cluster, const struct job_ref *ref,
                 struct far_files *files, struct error *e) must_check;

/* The last part of that alone: add `submit` and job.sh. 0 or a negative errno. */
int batch_add_scripts(const struct cluster *cluster, const struct job_ref *ref,
                      const struct buf *submit, const struct buf *job,
                      struct far_files *files) must_check;

/* An option of a qsub, and how many words belong to it; `instead`: it is refused, and this is to be
 * done. A table of them ends with NULL. */
struct batch_option {
    const char *name;
    unsigned    takes;
    const char *instead;
};

/* The words of the spec's native options that are in this language or in none, which `who` is
 * given. 0, or -EINVAL and a sentence. */
int batch_natives(const struct spec *spec, enum spec_language language,
                  const struct batch_option *options, const char *who, struct strv *out,
                  struct error *e) must_check;

/* The keys that all of them carry out; begin is theirs, after and retries are the daemon's. */
#define BATCH_KEYS                                                                                 \
    (KEY_BIT(KEY_COMMAND) | KEY_BIT(KEY_SCRIPT) | KEY_BIT(KEY_ARGS) | KEY_BIT(KEY_STDIN) |         \
     KEY_BIT(KEY_NAME) | KEY_BIT(KEY_CLUSTER) | KEY_BIT(KEY_CORES) | KEY_BIT(KEY_NODES) |          \
     KEY_BIT(KEY_TASKS) | KEY_BIT(KEY_MEMORY) | KEY_BIT(KEY_TIME) | KEY_BIT(KEY_PARTITION) |       \
     KEY_BIT(KEY_ACCOUNT) | KEY_BIT(KEY_PRIORITY) | KEY_BIT(KEY_BEGIN) | KEY_BIT(KEY_ARRAY) |      \
     KEY_BIT(KEY_AFTER) | KEY_BIT(KEY_ENV) | KEY_BIT(KEY_MODULES) | KEY_BIT(KEY_BEFORE) |          \
     KEY_BIT(KEY_INPUTS) | KEY_BIT(KEY_OUTPUTS) | KEY_BIT(KEY_WORKDIR) | KEY_BIT(KEY_RETRIES) |    \
     KEY_BIT(KEY_NATIVE))

/* As scheduler_ops.as_array: every array is. */
bool batch_as_array(const struct cluster *cluster, const struct spec *spec);

/* Ask for the whole queue with this script; why its answer is not whole: -EPROTO and a sentence. */
int batch_say_survey(struct command *c, const char *script) must_check;
int batch_not_whole(const struct outcome *o, const char *program, struct error *e);

/* A script about the ends of jobs: its arguments are the root, their numbers as one word with the
 * separator between them (`none` where there are none), and then each run. */
struct batch_account {
    const char *script, *separator, *none;
    verb_id_fn *id;
};
int batch_say_account(const struct ask *a, struct command *c,
                      const struct batch_account *account) must_check;
/* The number of an array for all of its elements. */
void batch_number(char out[VERB_ID_MAX], const struct job_ref *ref);

#endif
