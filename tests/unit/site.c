/*
 * site.c - a place where real jobs run: a ROOT of its own, the real keeper, nothing in between
 */
#include "site.h"

#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clustrixfs/clock.h"
#include "clustrixfs/cluster.h"

#define AWAIT_MS 20000

void site_open(struct site *s)
{
    struct error e = ERROR_INIT;

    s->keeper = getenv("KEEPER");
    ck_assert_msg(s->keeper != NULL, "KEEPER does not say where the keeper is");
    snprintf(s->root, sizeof s->root, "/tmp/clustrixfs-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(s->root));
    ck_assert_int_eq(transport_local.open(&s->transport, &(struct cluster){ 0 }, &e), 0);

    _cleanup_(bufp) struct buf path = BUF_INIT;
    buf_printf(&path, "%s/" TOKEN, s->root);
    ck_assert_int_eq(mkdir(path.data, 0700), 0);
    buf_add_str(&path, "/files");
    ck_assert_int_eq(mkdir(path.data, 0700), 0);
}

/* Through the keeper, which knows a job from a process that merely has its pid. */
static void end_run(struct site *s, const char *name)
{
    _cleanup_(bufp) struct buf out = BUF_INIT;
    char                       run[NAME_MAX + sizeof TOKEN + 1];

    snprintf(run, sizeof run, TOKEN "/%s", name);
    site_ask(s, "signal", "KILL", run, &out);
}

/* A failed case leaves jobs behind. */
static void end_all(struct site *s)
{
    char           path[128];
    struct dirent *entry;
    DIR           *d;

    snprintf(path, sizeof path, "%s/" TOKEN, s->root);
    d = opendir(path);
    while (d && (entry = readdir(d)))
        end_run(s, entry->d_name);
    if (d)
        closedir(d);
}

void sitep_cleanup(struct site *s)
{
    struct error e = ERROR_INIT;

    end_all(s);
    /* A keeper may be writing its last record into the directory just now: then once more. */
    while (transport_local.remove(s->transport, s->root, &e) == -ENOTEMPTY)
        ;
    transport_local.close(s->transport);
    buf_release(&s->plan);
}

void site_write(struct site *s, const char *name, const char *fmt, ...)
{
    _cleanup_(far_filesp) struct far_files files = FAR_FILES_INIT;
    _cleanup_(bufp) struct buf             path = BUF_INIT;
    _cleanup_(freep) char                 *text = NULL;
    struct error                           e = ERROR_INIT;
    mode_t                                 mode = strcmp(name, "script") == 0 ? 0700 : 0600;
    va_list                                args;

    va_start(args, fmt);
    ck_assert_int_ge(vasprintf(&text, fmt, args), 0);
    va_end(args);
    buf_printf(&path, "%s/" TOKEN "/%s", s->root, name);
    ck_assert_int_eq(far_files_add(&files, path.data, mode, span_str(text)), 0);
    ck_assert_msg(transport_local.put(s->transport, &files, &e) == 0, "%s", e.text);
}

static bool fetch(struct site *s, const char *path, struct buf *out)
{
    _cleanup_(far_filesp) struct far_files files = FAR_FILES_INIT;
    char                                   full[PATH_MAX];
    struct error                           e = ERROR_INIT;

    snprintf(full, sizeof full, "%s/%s", s->root, path);
    ck_assert_int_eq(far_files_add(&files, full, 0, (struct span){ "", 0 }), 0);
    ck_assert_msg(transport_local.fetch(s->transport, &files, &e) == 0, "%s", e.text);
    buf_add_span(out, buf_span(&files.v[0].data));
    return !files.v[0].missing;
}

void site_read(struct site *s, const char *path, struct buf *out)
{
    ck_assert_msg(fetch(s, path, out), "%s is not there", path);
}

void site_plan(struct site *s, const char *key, const char *value)
{
    buf_printf(&s->plan, "%s=%s%c", key, value, '\0');
}

void site_script(struct site *s, const char *script)
{
    char path[128];

    site_write(s, "script", "%s", script);
    snprintf(path, sizeof path, "%s/" TOKEN "/script", s->root);
    site_plan(s, "arg", path);
    snprintf(path, sizeof path, "%s/" TOKEN "/files", s->root);
    site_plan(s, "cwd", path);
}

void site_ask(struct site *s, const char *verb, const char *word, const char *run, struct buf *out)
{
    _cleanup_(commandp) struct command c = COMMAND_INIT;
    _cleanup_(outcomep) struct outcome o = OUTCOME_INIT;
    const char *const                  argv[] = { s->keeper, verb, word, s->root, run };
    struct error                       e = ERROR_INIT;

    for (size_t i = 0; i < ARRAY_SIZE(argv); i++)
        if (argv[i])
            ck_assert_int_eq(strv_add(&c.argv, argv[i]), 0);
    ck_assert_msg(transport_local.run(s->transport, &c, &o, &e) == 0, "%s", e.text);
    ck_assert_str_eq(o.err.data, "");
    buf_add_span(out, buf_span(&o.out));
}

void site_look(struct site *s, const char *run, char word[32])
{
    _cleanup_(bufp) struct buf out = BUF_INIT;
    char                       name[100];

    site_ask(s, "look", NULL, run, &out);
    ck_assert_int_eq(sscanf(out.data, "%99s %31[^\n]\n", name, word), 2);
    ck_assert_str_eq(name, run);
}

void site_put_plan(struct site *s)
{
    _cleanup_(far_filesp) struct far_files files = FAR_FILES_INIT;
    char                                   path[128];
    struct error                           e = ERROR_INIT;

    snprintf(path, sizeof path, "%s/" TOKEN "/plan", s->root);
    ck_assert_int_eq(far_files_add(&files, path, 0600, buf_span(&s->plan)), 0);
    ck_assert_msg(transport_local.put(s->transport, &files, &e) == 0, "%s", e.text);
}

void site_start(struct site *s, const char *run)
{
    _cleanup_(bufp) struct buf out = BUF_INIT;
    char                       name[100];
    int                        pid;

    site_put_plan(s);
    site_ask(s, "start", NULL, run, &out);
    ck_assert_msg(sscanf(out.data, "%99s started %d\n", name, &pid) == 2, "%s", out.data);
    ck_assert_str_eq(name, run);
}

/* Woken by what happens in the directory, not by the clock. */
void site_await(struct site *s, const char *path)
{
    _cleanup_(fdp) int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    char               full[PATH_MAX], dir[PATH_MAX], events[4096];
    int64_t            deadline = clock_mono_ns() + AWAIT_MS * NS_PER_MS;
    struct pollfd      p = { .fd = fd, .events = POLLIN };

    snprintf(full, sizeof full, "%s/%s", s->root, path);
    snprintf(dir, sizeof dir, "%s", full);
    *strrchr(dir, '/') = '\0';
    ck_assert_int_ge(inotify_add_watch(fd, dir, IN_CREATE | IN_MOVED_TO), 0);
    while (access(full, F_OK) < 0) {
        ck_assert_msg(clock_mono_ns() < deadline, "%s does not appear", path);
        poll(&p, 1, 1000);
        while (read(fd, events, sizeof events) > 0)
            ;
    }
}

void site_record(struct site *s, const char *run, const char *which, struct record *r)
{
    _cleanup_(bufp) struct buf text = BUF_INIT;
    char                       path[512];

    snprintf(path, sizeof path, "%s/%s", run, which);
    if (fetch(s, path, &text) && record_parse(r, buf_span(&text)) != 0)
        *r = (struct record){ 0 };
}

void site_end(struct site *s, const char *run, struct record *r)
{
    char path[128];

    snprintf(path, sizeof path, "%s/exit", run);
    site_await(s, path);
    site_record(s, run, RECORD_EXIT, r);
}

void site_run(struct site *s, const char *run, struct record *r)
{
    site_start(s, run);
    site_end(s, run, r);
}
