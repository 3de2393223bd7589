/*
 * inbox.c - a staged directory becomes a job in one step
 *
 * stage/DIR is renamed to inbox/<token>/DIR, then the job is committed, then the writer's rename is
 * answered; the worker later moves the directory on to the job's files/. A crash before the commit
 * leaves a directory in the inbox whose token no job has: the next start gives it back to stage/,
 * as if mv had never run. (Its caller has heard of no success.)
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clustrixfs/clock.h"
#include "clustrixfs/inputs.h"
#include "clustrixfs/log.h"

#include "engine.h"
#include "live.h"

/* The names that the spec of a directory may have, best first. */
static const char *const spec_names[] = {
    "job.json", "spec.json", "job.sh", "spec.sh", "spec", "job", "run.sh", "submit.sh",
};

struct staged {
    struct message      message;
    struct draft_record rec;
    char               *path;
    service_staged     *done;
    void               *arg;
};

static void staged_free(struct staged *s)
{
    draft_record_release(&s->rec);
    free(s->path);
    free(s);
}

static int read_spec(int dir, const char *name, struct buf *text)
{
    _cleanup_(fdp) int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    struct stat sb;
    ssize_t     n;

    if (fd < 0 || fstat(fd, &sb))
        return -errno;
    if (!S_ISREG(sb.st_mode))
        return -ENOENT;
    if (sb.st_size > SPEC_SIZE_MAX)
        return -E2BIG;
    if (buf_set_len(text, (size_t)sb.st_size))
        return -ENOMEM;
    n = pread(fd, text->data, text->len, 0);
    return n < 0 ? -errno : buf_set_len(text, (size_t)n);
}

/* A link could lead anywhere, and would be run as the job. */
static int check_script(int dir, const struct spec *spec, struct error *e)
{
    struct stat sb;

    if (!spec->script_file)
        return 0;
    if (fstatat(dir, spec->script_file, &sb, AT_SYMLINK_NOFOLLOW))
        return error_set(e, -EINVAL, "\"script\": there is no file %s in the directory",
                         spec->script_file);
    if (!S_ISREG(sb.st_mode))
        return error_set(e, -EINVAL, "\"script\": %s in the directory is not a plain file",
                         spec->script_file);
    return 0;
}

static int find_spec(int dir, struct buf *text, struct error *e)
{
    _cleanup_(bufp) struct buf names = BUF_INIT;

    for (size_t i = 0; i < ARRAY_SIZE(spec_names); i++) {
        int r = read_spec(dir, spec_names[i], text);

        if (r != -ENOENT)
            return r ? error_set(e, r, "%s cannot be read: %s", spec_names[i], strerror(-r)) : 0;
        buf_printf(&names, "%s%s", i ? ", " : "", spec_names[i]);
    }
    return error_set(e, -EINVAL, "there is no spec in the directory: call it one of %s",
                     names.data);
}

/* stage/DIR -> inbox/<token>/DIR */
static int take_in(struct engine *en, struct admitted *a, const char *path, struct error *e)
{
    _cleanup_(bufp) struct buf to = BUF_INIT;
    const char *base = strrchr(path, '/');

    buf_printf(&to, "%s/inbox", en->config->state_dir);
    if (mkdir(to.data, 0700) && errno != EEXIST)
        return error_set(e, -errno, "%s cannot be made: %s", to.data, strerror(errno));
    buf_printf(&to, "/%s", a->token);
    if (mkdir(to.data, 0700))
        return error_set(e, -errno, "%s cannot be made: %s", to.data, strerror(errno));
    buf_printf(&to, "/%s", base ? base + 1 : path);
    a->inputs = buf_error(&to) ? NULL : buf_steal(&to);
    if (!a->inputs)
        return -ENOMEM;
    if (rename(path, a->inputs))
        return error_set(e, -errno, "the directory cannot be moved: %s", strerror(errno));
    return 0;
}

/* The draft that stays in submit/: it reads back the spec, and knows its job. */
static int leave_draft(struct engine *en, struct staged *s, const struct admitted *a)
{
    s->rec.status = DRAFT_SUBMITTED;
    s->rec.job = a->id;
    s->rec.size = a->text.len;
    s->rec.mtime_ns = clock_now_ns();
    commit_urgent(en);
    return commit_change(en, change_keep_draft(&s->rec));
}

static int accept_dir(struct engine *en, struct staged *s, struct error *e)
{
    _cleanup_(admittedp) struct admitted a = ADMITTED_INIT;
    _cleanup_(bufp) struct buf text = BUF_INIT;
    _cleanup_(fdp) int dir = open(s->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    struct admit_jobs  jobs = accept_jobs(en);
    int                r;

    if (dir < 0)
        return error_set(e, -errno, "the staged directory cannot be read: %s", strerror(errno));
    jobs.staged = true;
    r = find_spec(dir, &text, e);
    if (!r)
        r = admit(&a, en->config, s->rec.cluster, buf_span(&text), &jobs, e);
    if (r > 0)
        r = -EINVAL;
    if (!r)
        r = check_script(dir, a.spec, e);
    if (!r)
        r = inputs_check_staged(&a.spec->inputs, dir, e);
    if (!r)
        r = admit_name(&a, s->rec.name);
    if (!r)
        r = buf_add_span(&a.text, buf_span(&text));
    if (!r)
        r = take_in(en, &a, s->path, e);
    if (r)
        return r;
    a.id = JOB_ID(board_number(en->board), 0);
    r = leave_draft(en, s, &a);
    return r ? r : accept_job(en, &a) ? 0 : -ENOMEM;
}

/* Told after the commit, like everything else. */
static void tell(void *arg, int r, const struct error *e)
{
    struct staged *s = arg;

    s->done(s->arg, r, &s->rec, e);
    staged_free(s);
}

static void act_submit_dir(struct engine *en, struct message *m)
{
    struct staged *s = container_of(m, struct staged, message);
    struct error   e = ERROR_INIT;
    int            r = accept_dir(en, s, &e);

    commit_promise(en, tell, s, r, &e);
}

uint64_t engine_submit_dir(struct engine *en, const struct draft_record *r, const char *path,
                           service_staged *done, void *arg)
{
    struct staged *s = calloc(1, sizeof(*s));

    if (!s || draft_record_copy(&s->rec, r) || !(s->path = strdup(path))) {
        if (s)
            staged_free(s);
        return 0;
    }
    s->done = done;
    s->arg = arg;
    s->message.act = act_submit_dir;
    return engine_post(en, &s->message);
}

/* Give what lies in one inbox directory back to stage/, or leave it where it is and say so. */
static void give_back(struct engine *en, int inbox, const char *token)
{
    _cleanup_(fdp) int from = openat(inbox, token, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    _cleanup_(fdp) int stage = -1;
    _cleanup_(bufp) struct buf path = BUF_INIT;
    DIR           *d = from < 0 ? NULL : fdopendir(dup(from));
    struct dirent *entry;

    buf_printf(&path, "%s/stage", en->config->state_dir);
    stage = open(path.data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    while (d && stage >= 0 && (entry = readdir(d))) {
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
            continue;
        if (renameat2(from, entry->d_name, stage, entry->d_name, RENAME_NOREPLACE))
            log_line(LOG_WARN, "inbox/%s/%s could not be given back to stage/: %s", token,
                     entry->d_name, strerror(errno));
    }
    if (d)
        closedir(d);
    unlinkat(inbox, token, AT_REMOVEDIR);
}

int inbox_return(struct engine *en)
{
    _cleanup_(bufp) struct buf path = BUF_INIT;
    DIR           *d;
    struct dirent *entry;

    if (buf_printf(&path, "%s/inbox", en->config->state_dir))
        return -ENOMEM;
    d = opendir(path.data);
    if (!d)
        return errno == ENOENT ? 0 : -errno;
    while ((entry = readdir(d)))
        if (entry->d_name[0] != '.' && !store_has_token(en->store, entry->d_name))
            give_back(en, dirfd(d), entry->d_name);
    closedir(d);
    return 0;
}
