/*
 * far_site.c - a place where real jobs run under far-keeper.sh, in each of the shells it is for
 */
#include "far_site.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clustrixfs/clock.h"
#include "clustrixfs/spec.h"

#define AWAIT_MS 60000

static const struct shell {
    const char *program, *line;
    bool        busybox; /* and nothing but busybox is on the PATH */
} shells[FAR_SHELLS] = {
    { "/bin/dash", "#!/bin/dash\n", false },
    { "/bin/bash", "#!/bin/bash\n", false },
    { "/bin/bash", "#!/bin/bash --posix\n", false },
    { "/bin/busybox", "#!/bin/busybox sh\n", true },
};

/* Renders for a far machine; what there is to do is done here. */
static const struct transport_ops far_transport = { .name = "far" };

static void command(struct far *f, const char *const *argv, struct outcome *o)
{
    _cleanup_(commandp) struct command c = COMMAND_INIT;
    struct error                       e = ERROR_INIT;

    for (; *argv; argv++)
        ck_assert_int_eq(strv_add(&c.argv, *argv), 0);
    ck_assert_msg(transport_local.run(f->transport, &c, o, &e) == 0, "%s", e.text);
}

static void only_busybox(struct far *f)
{
    _cleanup_(outcomep) struct outcome o = OUTCOME_INIT;
    char                               bin[80];

    snprintf(bin, sizeof(bin), "%s/bin", f->root);
    ck_assert_int_eq(mkdir(bin, 0700), 0);
    command(f, (const char *const[]){ "/bin/busybox", "--install", "-s", bin, NULL }, &o);
    ck_assert_int_eq(o.status, 0);
    setenv("PATH", bin, 1);
}

bool fsite_open(struct far *f, int shell)
{
    const struct shell *s = &shells[shell];
    struct error        e = ERROR_INIT;

    if (access(s->program, X_OK) < 0)
        return false;
    snprintf(f->root, sizeof(f->root), "/tmp/clustrixfs-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(f->root));
    snprintf(f->keeper, sizeof(f->keeper), "%s/%s", f->root, far_keeper_name);
    ck_assert_int_eq(transport_local.open(&f->transport, &(struct cluster){ 0 }, &e), 0);
    f->cluster = (struct cluster){
        .name = (char *)(uintptr_t)"far",
        .transport = &far_transport, .scripted = true,
        .scheduler = &scheduler_process,
        .root = f->root,
        .keeper = f->keeper,
        .grace_s = 1,
    };
    if (s->busybox)
        only_busybox(f);

    _cleanup_(bufp) struct buf text = BUF_INIT;
    buf_add_str(&text, s->line);
    buf_add_str(&text, strchr(far_keeper_text, '\n') + 1);
    fsite_write(f, far_keeper_name, 0700, text.data);
    return true;
}

/* Through the keeper, which knows a job from a process that merely has its pid. */
static void end_all(struct far *f)
{
    char           path[96];
    struct dirent *entry;
    DIR           *d;

    snprintf(path, sizeof(path), "%s/" TOKEN, f->root);
    d = opendir(path);
    while (d && (entry = readdir(d))) {
        _cleanup_(bufp) struct buf out = BUF_INIT;
        char                       run[NAME_MAX + sizeof(TOKEN) + 1];

        snprintf(run, sizeof(run), TOKEN "/%s", entry->d_name);
        if (!strstr(entry->d_name, "attempt") || strchr(strstr(entry->d_name, "attempt"), '.'))
            continue;
        fsite_ask(f, "signal", "KILL", (const char *const[]){ run, NULL }, &out);
    }
    if (d)
        closedir(d);
}

void farp_cleanup(struct far *f)
{
    struct error e = ERROR_INIT;

    if (!f->transport)
        return;
    end_all(f);
    /* A keeper may be writing its last record into the directory just now: then once more. */
    while (transport_local.remove(f->transport, f->root, &e) == -ENOTEMPTY)
        ;
    transport_local.close(f->transport);
}

void fsite_write(struct far *f, const char *path, mode_t mode, const char *text)
{
    _cleanup_(far_filesp) struct far_files files = FAR_FILES_INIT;
    _cleanup_(bufp) struct buf             full = BUF_INIT;
    struct error                           e = ERROR_INIT;

    buf_printf(&full, "%s/%s", f->root, path);
    ck_assert_int_eq(far_files_add(&files, full.data, mode, span_str(text)), 0);
    ck_assert_msg(transport_local.put(f->transport, &files, &e) == 0, "%s", e.text);
}

static bool fetch(struct far *f, const char *path, struct buf *out)
{
    _cleanup_(far_filesp) struct far_files files = FAR_FILES_INIT;
    _cleanup_(bufp) struct buf             full = BUF_INIT;
    struct error                           e = ERROR_INIT;

    buf_printf(&full, "%s/%s", f->root, path);
    ck_assert_int_eq(far_files_add(&files, full.data, 0, (struct span){ "", 0 }), 0);
    ck_assert_msg(transport_local.fetch(f->transport, &files, &e) == 0, "%s", e.text);
    buf_add_span(out, buf_span(&files.v[0].data));
    return !files.v[0].missing;
}

void fsite_read(struct far *f, const char *path, struct buf *out)
{
    ck_assert_msg(fetch(f, path, out), "%s is not there", path);
}

bool fsite_has(const struct far *f, const char *path)
{
    _cleanup_(bufp) struct buf full = BUF_INIT;

    buf_printf(&full, "%s/%s", f->root, path);
    return access(full.data, F_OK) == 0;
}

void fsite_job(struct far *f, const char *token, const char *text)
{
    _cleanup_(far_filesp) struct far_files files = FAR_FILES_INIT;
    _cleanup_(specp) struct spec          *spec = NULL;
    const struct job_ref                   ref = { JOB_ID(17, 0), token, "", 1 };
    struct error                           e = ERROR_INIT;

    ck_assert_msg(spec_parse(&spec, span_str(text), 0, NULL, &e) == 0, "%s", e.text);
    ck_assert_msg(scheduler_process.render(spec, &f->cluster, &ref, &files, &e) == 0, "%s", e.text);
    ck_assert_msg(transport_local.put(f->transport, &files, &e) == 0, "%s", e.text);
}

void fsite_ask(struct far *f, const char *verb, const char *word, const char *const *runs,
             struct buf *out)
{
    _cleanup_(outcomep) struct outcome o = OUTCOME_INIT;
    const char                        *argv[300] = { f->keeper, verb };
    size_t                             n = 2;

    if (word)
        argv[n++] = word;
    argv[n++] = f->root;
    for (; *runs; runs++) {
        ck_assert_uint_lt(n, ARRAY_SIZE(argv) - 1);
        argv[n++] = *runs;
    }
    command(f, argv, &o);
    ck_assert_str_eq(o.err.data, "");
    buf_add_span(out, buf_span(&o.out));
}

void fsite_check(struct far *f, const char *verb, const char *word, const char *run,
               const char *answer)
{
    _cleanup_(bufp) struct buf out = BUF_INIT, want = BUF_INIT;
    size_t                     len;

    fsite_ask(f, verb, word, (const char *const[]){ run, NULL }, &out);
    buf_printf(&want, "%s %s\n", run, answer);
    len = strcspn(want.data, "%");
    ck_assert_msg(strncmp(out.data, want.data, want.data[len] ? len : len + 1) == 0,
                  "%s %s: %s, not %s", verb, run, out.data, want.data);
}

/* Woken by what happens in the directory, not by the clock. */
void fsite_await(const struct far *f, const char *path)
{
    _cleanup_(fdp) int         fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    _cleanup_(bufp) struct buf dir = BUF_INIT;
    int64_t                    deadline = clock_mono_ns() + AWAIT_MS * NS_PER_MS;
    struct pollfd              p = { .fd = fd, .events = POLLIN };
    char                       events[4096];

    buf_printf(&dir, "%s/%s", f->root, path);
    *strrchr(dir.data, '/') = '\0';
    ck_assert_int_ge(inotify_add_watch(fd, dir.data, IN_CREATE | IN_MOVED_TO | IN_DELETE), 0);
    while (!fsite_has(f, path)) {
        ck_assert_msg(clock_mono_ns() < deadline, "%s does not appear", path);
        poll(&p, 1, 1000);
        while (read(fd, events, sizeof(events)) > 0)
            ;
    }
}

void fsite_record(struct far *f, const char *run, const char *which, struct record *r)
{
    _cleanup_(bufp) struct buf text = BUF_INIT;
    char                       path[128];

    snprintf(path, sizeof(path), "%s/%s", run, which);
    fsite_read(f, path, &text);
    ck_assert_msg(record_parse(r, buf_span(&text)) == 0, "%s", text.data);
}

void fsite_end(struct far *f, const char *run, struct record *r)
{
    char path[128];

    snprintf(path, sizeof(path), "%s/" RECORD_EXIT, run);
    fsite_await(f, path);
    fsite_record(f, run, RECORD_EXIT, r);
}

void fsite_run(struct far *f, const char *run, struct record *r)
{
    fsite_check(f, "start", NULL, run, "started %");
    fsite_end(f, run, r);
}
