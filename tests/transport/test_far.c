/*
 * test_far.c - one contract, three transports: what each promises, asked of all of them
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../unit/unit.h"
#include "clustrixfs/clock.h"
#include "clustrixfs/cluster.h"
#include "clustrixfs/transport.h"
#include "sshd.h"

static const struct transport_ops *const kinds[] = { &transport_local, &transport_ssh,
                                                     &transport_openssh };

/* A transport of each kind; openssh rides on a master. */
struct far {
    struct sshd                 sshd;
    struct cluster              cluster;
    const struct transport_ops *ops;
    struct transport           *t;
    struct error                e;
};

static void far_close(struct far *f)
{
    f->ops->close(f->t);
    if (f->cluster.control_path)
        (void)may("ssh -F %s -S %s -O exit far 2>/dev/null", sshd_path(&f->sshd, ".ssh/config"),
                  f->cluster.control_path);
    free(f->cluster.control_path);
    sshd_stop(&f->sshd);
}

static void farp_cleanup(struct far *f)
{
    far_close(f);
}

static void start_master(struct far *f)
{
    f->cluster.control_path = strdup(sshd_path(&f->sshd, "master"));
    must("ssh -F %s -M -S %s -f -N far </dev/null >/dev/null 2>&1",
         sshd_path(&f->sshd, ".ssh/config"), f->cluster.control_path);
}

static void far_open(struct far *f, const struct transport_ops *ops, const char *more)
{
    static char name[] = "far";

    *f = (struct far){ .ops = ops,
                       .cluster = { .name = name, .host = name, .alive_s = 15 } };
    sshd_start(&f->sshd, NULL, more);
    if (ops == &transport_openssh)
        start_master(f);
    ck_assert_msg(ops->open(&f->t, &f->cluster, &f->e) == 0, "%s", f->e.text);
    if (ops->connect)
        ck_assert_msg(ops->connect(f->t, &f->e) == 0, "%s", f->e.text);
}

/* argv, ended by NULL. */
static int run(struct far *f, const char *const *argv, struct span input, unsigned timeout_ms,
               struct outcome *o)
{
    _cleanup_(commandp) struct command c = COMMAND_INIT;

    for (; *argv; argv++)
        ck_assert_int_eq(strv_add(&c.argv, *argv), 0);
    ck_assert_int_eq(buf_add_span(&c.input, input), 0);
    c.timeout_ms = timeout_ms;
    return f->ops->run(f->t, &c, o, &f->e);
}

static int run_sh(struct far *f, const char *script, const char *input, unsigned timeout_ms,
                  struct outcome *o)
{
    return run(f, (const char *const[]){ "/bin/sh", "-c", script, NULL }, span_str(input),
               timeout_ms, o);
}

static void check_sh(struct far *f, const char *script, const char *want)
{
    _cleanup_(outcomep) struct outcome o = OUTCOME_INIT;

    ck_assert_msg(run_sh(f, script, "", 0, &o) == 0, "%s", f->e.text);
    ck_assert_str_eq(o.out.data, want);
}

START_TEST(every_byte_arrives_in_arguments_and_input)
{
    _cleanup_(farp) struct far         f;
    _cleanup_(outcomep) struct outcome o = OUTCOME_INIT;
    char                               bytes[256], want[600];

    far_open(&f, kinds[_i], NULL);
    for (int i = 1; i < 256; i++)
        bytes[i - 1] = (char)i;
    bytes[255] = '\0';
    ck_assert_msg(run(&f,
                      (const char *const[]){ "/usr/bin/printf", "[%s]", bytes, "-n", "$(id)", "a b",
                                             "", "'", "\\", NULL },
                      SPAN_LIT(""), 0, &o) == 0, "%s", f.e.text);
    snprintf(want, sizeof want, "[%s][-n][$(id)][a b][]['][\\]", bytes);
    ck_assert_str_eq(o.out.data, want);
    ck_assert_int_eq(o.status, 0);
    outcomep_cleanup(&o);

    bytes[255] = '\0'; /* a NUL too */
    ck_assert_int_eq(run(&f, (const char *const[]){ "/bin/cat", NULL },
                         (struct span){ bytes, sizeof bytes }, 0, &o), 0);
    ck_assert_uint_eq(o.out.len, sizeof bytes);
    ck_assert_mem_eq(o.out.data, bytes, sizeof bytes);
}
END_TEST

START_TEST(statuses_and_both_streams_are_told)
{
    _cleanup_(farp) struct far         f;
    _cleanup_(outcomep) struct outcome o = OUTCOME_INIT;

    far_open(&f, kinds[_i], NULL);
    ck_assert_int_eq(run_sh(&f, "cat; echo oops >&2; exit 7", "in\n", 0, &o), 0);
    ck_assert_int_eq(o.status, 7);
    ck_assert_str_eq(o.out.data, "in\n");
    ck_assert_str_eq(o.err.data, "oops\n");
    outcomep_cleanup(&o);
    ck_assert_int_eq(run_sh(&f, "kill -KILL $$", "", 0, &o), 0);
    ck_assert_int_eq(o.status, 128 + SIGKILL);
}
END_TEST

/* A command that does not read its input, or prints without a newline, leaves the next one alone. */
START_TEST(one_command_does_not_disturb_the_next)
{
    _cleanup_(farp) struct far         f;
    _cleanup_(bufp) struct buf         big = BUF_INIT;

    far_open(&f, kinds[_i], NULL);
    ck_assert_int_eq(buf_set_len(&big, 300000), 0);
    for (int i = 0; i < 3; i++) {
        _cleanup_(outcomep) struct outcome o = OUTCOME_INIT;

        ck_assert_msg(run(&f, (const char *const[]){ "/usr/bin/printf", "x", NULL },
                          buf_span(&big), 0, &o) == 0, "%s", f.e.text);
        ck_assert_str_eq(o.out.data, "x");
        check_sh(&f, "printf y", "y");
    }
}
END_TEST

START_TEST(much_output_comes_whole)
{
    _cleanup_(farp) struct far         f;
    _cleanup_(outcomep) struct outcome o = OUTCOME_INIT;

    far_open(&f, kinds[_i], NULL);
    ck_assert_msg(run_sh(&f, "head -c 3000000 /dev/zero >&2; head -c 5242880 /dev/zero", "", 0,
                         &o) == 0, "%s", f.e.text);
    ck_assert_uint_eq(o.out.len, 5242880);
    ck_assert_uint_eq(o.err.len, 3000000);
    check_sh(&f, "echo on", "on\n");
}
END_TEST

START_TEST(output_has_a_bound)
{
    _cleanup_(farp) struct far         f;
    _cleanup_(outcomep) struct outcome o = OUTCOME_INIT;

    far_open(&f, kinds[_i], NULL);
    ck_assert_int_eq(run_sh(&f, "exec cat /dev/zero", "", 20000, &o), TRANSPORT_E_UNKNOWN);
}
END_TEST

START_TEST(a_command_out_of_time_cannot_be_told)
{
    _cleanup_(farp) struct far         f;
    _cleanup_(outcomep) struct outcome o = OUTCOME_INIT;
    int64_t                            begin;

    far_open(&f, kinds[_i], NULL);
    begin = clock_mono_ns();
    ck_assert_int_eq(run_sh(&f, "exec sleep 20", "", 300, &o), TRANSPORT_E_UNKNOWN);
    ck_assert_msg(strstr(f.e.text, "300 ms"), "%s", f.e.text);
    ck_assert_int_lt(clock_mono_ns() - begin, 5 * NS_PER_S);
    if (!f.ops->connect)
        return;
    ck_assert_int_eq(run_sh(&f, "true", "", 0, &o), TRANSPORT_E_NOT_RUN);
    ck_assert_msg(f.ops->connect(f.t, &f.e) == 0, "%s", f.e.text);
    check_sh(&f, "echo on", "on\n");
}
END_TEST

static void put(struct far *f, const char *name, mode_t mode, struct span data)
{
    _cleanup_(far_filesp) struct far_files files = FAR_FILES_INIT;

    ck_assert_int_eq(far_files_add(&files, sshd_path(&f->sshd, name), mode, data), 0);
    ck_assert_msg(f->ops->put(f->t, &files, &f->e) == 0, "%s", f->e.text);
}

static void check_mode(struct far *f, const char *name, mode_t mode)
{
    struct stat st;

    ck_assert_msg(stat(sshd_path(&f->sshd, name), &st) == 0, "%s is not there", name);
    ck_assert_uint_eq(st.st_mode & 07777, mode);
}

#define MANY 300

/* Text, bytes with NULs, names with every sort of character, and what is larger than a line. */
static void add_many(struct far *f, struct far_files *files)
{
    for (unsigned i = 0; i < MANY; i++) {
        _cleanup_(bufp) struct buf data = BUF_INIT;
        char                       name[100];

        snprintf(name, sizeof name, "p/d%u/-it's a \"$(name)\"\n%u", i / 40, i);
        for (unsigned k = 0; k < i * 7; k++)
            buf_add_char(&data, (char)(i % 3 ? 1 + (k * 31 + i) % 255 : k % 256));
        ck_assert_int_eq(far_files_add(files, sshd_path(&f->sshd, name), i % 2 ? 0600 : 0755,
                                       buf_span(&data)), 0);
    }
}

START_TEST(many_files_are_put_and_fetched)
{
    _cleanup_(farp) struct far             f;
    _cleanup_(far_filesp) struct far_files files = FAR_FILES_INIT, got = FAR_FILES_INIT;
    struct stat                            st;

    far_open(&f, kinds[_i], NULL);
    add_many(&f, &files);
    ck_assert_msg(f.ops->put(f.t, &files, &f.e) == 0, "%s", f.e.text);
    ck_assert_msg(f.ops->put(f.t, &files, &f.e) == 0, "%s", f.e.text);
    for (size_t i = 0; i < files.n; i++) {
        ck_assert_int_eq(stat(files.v[i].path, &st), 0);
        ck_assert_uint_eq(st.st_mode & 07777, files.v[i].mode);
        ck_assert_int_eq(far_files_add(&got, files.v[i].path, 0, SPAN_LIT("")), 0);
    }
    ck_assert_int_eq(far_files_add(&got, sshd_path(&f.sshd, "p/none"), 0, SPAN_LIT("")), 0);
    ck_assert_msg(f.ops->fetch(f.t, &got, &f.e) == 0, "%s", f.e.text);
    for (size_t i = 0; i < files.n; i++) {
        ck_assert(!got.v[i].missing);
        ck_assert_uint_eq(got.v[i].data.len, files.v[i].data.len);
        ck_assert_mem_eq(got.v[i].data.data, files.v[i].data.data, files.v[i].data.len);
    }
    ck_assert(got.v[files.n].missing);
    check_mode(&f, "p", 0700);
    check_mode(&f, "p/d0", 0700);
    check_sh(&f, "ls -A \"$HOME\" >/dev/null; echo on", "on\n");
    ck_assert_int_eq(may("find %s/p -name '.*' | grep -q .", f.sshd.dir) != 0, 1);
}
END_TEST

START_TEST(what_is_no_small_file_is_missing)
{
    _cleanup_(farp) struct far             f;
    _cleanup_(far_filesp) struct far_files got = FAR_FILES_INIT;
    static const char *const names[] = { "dir", "link", "fifo", "big", "none", "file/below", "edge" };

    far_open(&f, kinds[_i], NULL);
    must("cd %s && mkdir dir && ln -s id link && mkfifo fifo && : >file && "
         "head -c 1048577 /dev/zero >big && head -c 1048576 /dev/zero >edge", f.sshd.dir);
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        ck_assert_int_eq(far_files_add(&got, sshd_path(&f.sshd, names[i]), 0, SPAN_LIT("")), 0);
    ck_assert_msg(f.ops->fetch(f.t, &got, &f.e) == 0, "%s", f.e.text);
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        ck_assert_msg(got.v[i].missing == (strcmp(names[i], "edge") != 0), "%s", names[i]);
    ck_assert_uint_eq(got.v[6].data.len, 1048576);
}
END_TEST

START_TEST(a_put_that_fails_says_why_and_harms_nothing)
{
    _cleanup_(farp) struct far             f;
    _cleanup_(far_filesp) struct far_files files = FAR_FILES_INIT;

    far_open(&f, kinds[_i], NULL);
    must("cd %s && mkdir dir && : >file", f.sshd.dir);
    ck_assert_int_eq(far_files_add(&files, sshd_path(&f.sshd, "dir"), 0600, SPAN_LIT("a\0b")), 0);
    ck_assert_int_eq(far_files_add(&files, sshd_path(&f.sshd, "after"), 0600, SPAN_LIT("a\0b")), 0);
    ck_assert_int_lt(f.ops->put(f.t, &files, &f.e), 0);
    ck_assert_int_eq(access(sshd_path(&f.sshd, "dir/dir"), F_OK), -1);
    check_sh(&f, "echo on", "on\n");
    ck_assert_str_eq(files.v[0].path, sshd_path(&f.sshd, "dir"));
    free(files.v[0].path);
    files.v[0].path = strdup(sshd_path(&f.sshd, "file/below"));
    ck_assert_int_eq(f.ops->put(f.t, &files, &f.e), -ENOTDIR);
    put(&f, "newdir", S_IFDIR | 0750, SPAN_LIT(""));
    put(&f, "newdir", S_IFDIR | 0750, SPAN_LIT(""));
    check_mode(&f, "newdir", 0750);
}
END_TEST

#define MAKE_ODD                                                                                   \
    "mkdir -p in/empty in/deep/er 'in/ sp ace' && cd in && echo one >'it'\\''s' && "               \
    "printf 'two\\n' >\"$(printf 'new\\nline')\" && : >-rf && : >'$(touch evil)' && "              \
    ": >\"$(printf 'latin\\351')\" && : >'umlaut-ä' && ln -s /nowhere dangling && "                \
    "ln -s -- -rf dash && printf '#!/bin/sh\\n' >run && chmod 755 run && chmod 600 -- -rf && "     \
    "head -c 3000000 /dev/urandom >big && truncate -s 5M hole && "                                 \
    ": >$(printf 'n%%.0s' $(seq 250)) && mkdir locked && : >locked/f && chmod 555 locked && "      \
    "touch -d '2020-02-02 02:02:02' big deep"

START_TEST(a_directory_is_moved_in_as_it_is)
{
    _cleanup_(farp) struct far f;
    const char                *here, *there;

    far_open(&f, kinds[_i], NULL);
    must("cd %s && " MAKE_ODD, f.sshd.dir);
    must("cd %s && cp -a in same", f.sshd.dir);
    here = sshd_path(&f.sshd, "in");
    there = sshd_path(&f.sshd, "job/x y/files");
    if (!f.ops->connect)
        must("mkdir -p '%s/job/x y'", f.sshd.dir);
    ck_assert_msg(f.ops->move_in(f.t, here, there, &f.e) == 0, "%s", f.e.text);
    ck_assert_int_lt(access(here, F_OK), 0);
    must("cd %s && diff -r --no-dereference same 'job/x y/files'", f.sshd.dir);
    must("cd %s && list() { (cd \"$1\" && find . -printf '%%p %%y %%m %%l %%s\\n' | grep -v '^. d' | "
         "sed 's/\\( d [0-9]* \\).*/\\1/' | sort); }; "
         "[ \"$(list same)\" = \"$(list 'job/x y/files')\" ]", f.sshd.dir);
    must("cd '%s/job/x y/files' && [ $(stat -c %%Y big) = $(stat -c %%Y ../../../same/big) ] && "
         "[ $(stat -c %%Y deep) = $(stat -c %%Y ../../../same/deep) ]", f.sshd.dir);
    /* Once more: it was done before. */
    ck_assert_msg(f.ops->move_in(f.t, here, there, &f.e) == 0, "%s", f.e.text);
    ck_assert_msg(f.ops->remove(f.t, sshd_path(&f.sshd, "job"), &f.e) == 0, "%s", f.e.text);
    ck_assert_int_lt(f.ops->move_in(f.t, here, there, &f.e), 0);
}
END_TEST

START_TEST(no_device_or_socket_is_moved_in)
{
    _cleanup_(farp) struct far f;

    far_open(&f, kinds[_i], NULL);
    must("cd %s && mkdir in && mkfifo in/fifo && : >in/a", f.sshd.dir);
    ck_assert_int_eq(f.ops->move_in(f.t, sshd_path(&f.sshd, "in"), sshd_path(&f.sshd, "out"), &f.e),
                     -EINVAL);
    ck_assert_msg(strstr(f.e.text, "fifo is neither"), "%s", f.e.text);
    must("cd %s && [ ! -e out ] && [ -e in/a ] && rm in/fifo", f.sshd.dir);
    ck_assert_msg(f.ops->move_in(f.t, sshd_path(&f.sshd, "in"), sshd_path(&f.sshd, "out"),
                                 &f.e) == 0, "%s", f.e.text);
    must("cd %s && [ -e out/a ] && [ ! -e in ]", f.sshd.dir);
}
END_TEST

START_TEST(a_removal_follows_no_link)
{
    _cleanup_(farp) struct far f;

    far_open(&f, kinds[_i], NULL);
    must("cd %s && mkdir -p job/a/b keep && : >keep/precious && ln -s ../keep job/link && "
         "ln -s ../../keep job/a/link && : >'job/-rf *' && chmod 000 job/a", f.sshd.dir);
    ck_assert_msg(f.ops->remove(f.t, sshd_path(&f.sshd, "job"), &f.e) == 0, "%s", f.e.text);
    must("cd %s && [ ! -e job ] && [ -e keep/precious ]", f.sshd.dir);
    ck_assert_msg(f.ops->remove(f.t, sshd_path(&f.sshd, "job"), &f.e) == 0, "%s", f.e.text);
}
END_TEST

static void check_followed(struct far *f, int fd, const char *want)
{
    _cleanup_(bufp) struct buf b = BUF_INIT;
    struct pollfd              p = { .fd = fd, .events = POLLIN };

    ck_assert_msg(f->ops->follow_read(f->t, &b, &f->e) == 0, "%s", f->e.text);
    while (b.len < strlen(want)) {
        ck_assert_int_eq(poll(&p, 1, 5000), 1);
        ck_assert_msg(f->ops->follow_read(f->t, &b, &f->e) == 0, "%s", f->e.text);
    }
    ck_assert_str_eq(b.data, want);
}

START_TEST(a_file_is_followed_while_commands_run)
{
    _cleanup_(farp) struct far f;
    int                        fd;

    far_open(&f, kinds[_i], NULL);
    must("cd %s && echo old >events", f.sshd.dir);
    fd = f.ops->follow(f.t, sshd_path(&f.sshd, "events"), &f.e);
    ck_assert_msg(fd >= 0, "%s", f.e.text);
    check_followed(&f, fd, "");
    must("cd %s && printf 'one\\n' >>events", f.sshd.dir);
    check_followed(&f, fd, "one\n");
    for (int i = 0; i < 20; i++) {
        char script[200];

        snprintf(script, sizeof script, "printf 'two\\n' >>%s/events; sleep 0.05; echo done",
                 f.sshd.dir);
        check_sh(&f, script, "done\n");
        check_followed(&f, fd, "two\n");
    }
}
END_TEST

START_TEST(a_followed_file_may_come_late_and_be_replaced)
{
    _cleanup_(farp) struct far f;
    int                        fd;

    far_open(&f, kinds[_i], NULL);
    fd = f.ops->follow(f.t, sshd_path(&f.sshd, "root/events"), &f.e);
    ck_assert_msg(fd >= 0, "%s", f.e.text);
    must("cd %s/root && echo first >>events", f.sshd.dir);
    check_followed(&f, fd, "first\n");
    must("cd %s/root && echo second >new && mv new events", f.sshd.dir);
    check_followed(&f, fd, "second\n");
}
END_TEST

struct got {
    struct buf b;
    size_t     most;
};

static int keep(void *arg, const char *data, size_t n)
{
    struct got *g = arg;

    ck_assert_int_eq(buf_add(&g->b, data, n), 0);
    return g->b.len >= g->most;
}

static int read_at(struct far *f, const char *name, off_t off, uint64_t size, struct got *g)
{
    bufp_cleanup(&g->b);
    g->most = SIZE_MAX;
    return f->ops->read(f->t, sshd_path(&f->sshd, name), off, size, keep, g, &f->e);
}

START_TEST(bytes_of_a_file_are_read_at_any_place)
{
    _cleanup_(farp) struct far f;
    struct got                 g = { .b = BUF_INIT };

    far_open(&f, kinds[_i], NULL);
    must("cd %s && printf 0123456789 >file && mkdir dir && mkfifo fifo && : >'it'\\''s'", f.sshd.dir);
    ck_assert_int_eq(read_at(&f, "file", 0, UINT64_MAX, &g), 0);
    ck_assert_str_eq(g.b.data, "0123456789");
    ck_assert_int_eq(read_at(&f, "file", 3, 4, &g), 0);
    ck_assert_str_eq(g.b.data, "3456");
    ck_assert_int_eq(read_at(&f, "file", 8, 400, &g), 0);
    ck_assert_str_eq(g.b.data, "89");
    ck_assert_int_eq(read_at(&f, "file", 10, UINT64_MAX, &g), 0);
    ck_assert_str_eq(g.b.data, "");
    ck_assert_int_eq(read_at(&f, "file", 1000, UINT64_MAX, &g), 0);
    ck_assert_str_eq(g.b.data, "");
    ck_assert_int_eq(read_at(&f, "file", 2, 0, &g), 0);
    ck_assert_str_eq(g.b.data, "");
    ck_assert_int_eq(read_at(&f, "it's", 0, UINT64_MAX, &g), 0);
    ck_assert_int_eq(read_at(&f, "none", 0, UINT64_MAX, &g), -ENOENT);
    ck_assert_int_eq(read_at(&f, "file/x", 0, UINT64_MAX, &g), -ENOTDIR);
    ck_assert_int_eq(read_at(&f, "dir", 0, UINT64_MAX, &g), -EISDIR);
    ck_assert_int_eq(read_at(&f, "fifo", 0, UINT64_MAX, &g), -EINVAL);
    must("cd %s && printf abc >>file", f.sshd.dir);
    ck_assert_int_eq(read_at(&f, "file", 10, UINT64_MAX, &g), 0);
    ck_assert_str_eq(g.b.data, "abc");
    bufp_cleanup(&g.b);
}
END_TEST

START_TEST(a_sink_may_stop_a_read)
{
    _cleanup_(farp) struct far f;
    struct got                 g = { .b = BUF_INIT, .most = 100000 };

    far_open(&f, kinds[_i], NULL);
    must("cd %s && truncate -s 3G large", f.sshd.dir);
    ck_assert_msg(f.ops->read(f.t, sshd_path(&f.sshd, "large"), 0, UINT64_MAX, keep, &g, &f.e) == 0,
                  "%s", f.e.text);
    ck_assert_uint_ge(g.b.len, 100000);
    ck_assert_uint_lt(g.b.len, 40000000);
    check_sh(&f, "echo on", "on\n");
    ck_assert_int_eq(f.ops->read(f.t, sshd_path(&f.sshd, "host.pub"), 0, 7, keep, &g, &f.e), 0);
    bufp_cleanup(&g.b);
}
END_TEST

struct sum {
    uint64_t n, h;
};

static int count(void *arg, const char *data, size_t n)
{
    struct sum *s = arg;

    for (size_t i = 0; i < n; i += 4093)
        s->h += (unsigned char)data[i];
    s->n += n;
    return 0;
}

START_TEST(a_large_file_is_read_whole)
{
    _cleanup_(farp) struct far f;
    struct sum                 s = { 0 };
    int64_t                    begin;

    far_open(&f, kinds[_i], NULL);
    must("cd %s && head -c 268435456 /dev/urandom >large", f.sshd.dir);
    begin = clock_mono_ns();
    ck_assert_msg(f.ops->read(f.t, sshd_path(&f.sshd, "large"), 0, UINT64_MAX, count, &s, &f.e) == 0,
                  "%s", f.e.text);
    ck_assert_uint_eq(s.n, 268435456);
    fprintf(stderr, "# %s: %.0f MB/s\n", f.ops->name,
            268435456e-6 / ((double)(clock_mono_ns() - begin) / 1e9));
}
END_TEST

/* Each for every kind of transport from `first` on. */
static void add(Suite *suite, const TTest *const *tests, size_t n, int first)
{
    for (size_t i = 0; i < n; i++) {
        TCase *one = tcase_create(tests[i]->name);

        tcase_set_timeout(one, 60);
        tcase_add_loop_test(one, tests[i], first, (int)ARRAY_SIZE(kinds));
        suite_add_tcase(suite, one);
    }
}

int main(void)
{
    const TTest *everywhere[] = {
        every_byte_arrives_in_arguments_and_input,
        statuses_and_both_streams_are_told,
        one_command_does_not_disturb_the_next,
        much_output_comes_whole,
        output_has_a_bound,
        a_command_out_of_time_cannot_be_told,
        many_files_are_put_and_fetched,
        what_is_no_small_file_is_missing,
        a_put_that_fails_says_why_and_harms_nothing,
        a_directory_is_moved_in_as_it_is,
        a_removal_follows_no_link,
        a_file_is_followed_while_commands_run,
        a_followed_file_may_come_late_and_be_replaced,
    };
    const TTest *far_away[] = {
        no_device_or_socket_is_moved_in,
        bytes_of_a_file_are_read_at_any_place,
        a_sink_may_stop_a_read,
        a_large_file_is_read_whole,
    };
    Suite   *suite = suite_create("far");
    SRunner *runner = srunner_create(suite);
    int      failed;

    add(suite, everywhere, ARRAY_SIZE(everywhere), 0);
    add(suite, far_away, ARRAY_SIZE(far_away), 1);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
