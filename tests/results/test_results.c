/*
 * test_results.c - bytes of far files come when they are wanted, each the right one
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../unit/unit.h"
#include "clustrixfs/clock.h"
#include "clustrixfs/results.h"
#include "clustrixfs/transport.h"
#include "sshd.h"

#define TOKEN "cfxabcdefghijkl"
#define RUN "attempt1"
#define MIB (1024 * 1024)
#define PIECE ((off_t)256 * 1024)
/* Far more than anything here takes, and less than what the test may. */
#define LONG_S 100

struct far {
    struct sshd     sshd;
    struct cluster  cluster;
    struct results *r;
    char            root[256], mirror[256], home[300];
    pthread_mutex_t lock;
    pthread_cond_t  cond;
    unsigned        changes;
};

static void on_change(void *arg, const char *token unused_arg, const char *path unused_arg)
{
    struct far *f = arg;

    pthread_mutex_lock(&f->lock);
    f->changes++;
    pthread_cond_broadcast(&f->cond);
    pthread_mutex_unlock(&f->lock);
}

static void far_close(struct far *f)
{
    results_close(f->r);
    free(f->cluster.keeper);
    sshd_stop(&f->sshd);
}

static void farp_cleanup(struct far *f)
{
    far_close(f);
}

static void far_open(struct far *f, uint64_t mirror_max)
{
    struct error e = ERROR_INIT;

    memset(f, 0, sizeof(*f));
    pthread_mutex_init(&f->lock, NULL);
    pthread_cond_init(&f->cond, NULL);
    sshd_start(&f->sshd, NULL, NULL);
    snprintf(f->root, sizeof(f->root), "%s/far root", f->sshd.dir);
    snprintf(f->mirror, sizeof(f->mirror), "%s/mirror", f->sshd.dir);
    snprintf(f->home, sizeof(f->home), "%s/" TOKEN, f->root);
    must("mkdir -p '%s/files' '%s/" RUN "'", f->home, f->home);
    must("cp '%s' '%s/keeper' && chmod 700 '%s/keeper'", getenv("FAR_KEEPER"), f->root, f->root);
    f->cluster = (struct cluster){ .name = (char *)"far", .host = (char *)"far", .alive_s = 5,
                                   .transport = &transport_ssh, .root = f->root, .met = true,
                                   .mirror = f->mirror, .mirror_max = mirror_max };
    ck_assert_int_gt(asprintf(&f->cluster.keeper, "%s/keeper", f->root), 0);
    ck_assert_msg(results_open(&f->r, &f->cluster, on_change, f, &e) == 0, "%s", e.text);
}

/* As the engine does when a job has ended. */
static void collect(struct far *f)
{
    _cleanup_(bufp) struct buf text = BUF_INIT;
    struct error               e = ERROR_INIT;
    char                       command[2 * PATH_MAX];
    FILE                      *p;
    char                       data[65536];
    size_t                     n;

    snprintf(command, sizeof(command), "'%s' collect '%s' " TOKEN "/" RUN, f->cluster.keeper,
             f->root);
    p = popen(command, "r");
    while ((n = fread(data, 1, sizeof(data), p)) > 0)
        buf_add(&text, data, n);
    ck_assert_int_eq(pclose(p), 0);
    ck_assert_msg(results_take(f->r, buf_span(&text), &e) == 0, "%s", e.text);
}

struct wait {
    struct far *f;
    bool        done;
    int         r;
};

static void on_done(void *arg, int r)
{
    struct wait *w = arg;

    pthread_mutex_lock(&w->f->lock);
    w->r = r;
    w->done = true;
    pthread_cond_broadcast(&w->f->cond);
    pthread_mutex_unlock(&w->f->lock);
}

static void wait_for(struct wait *w)
{
    struct timespec until;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += LONG_S;
    pthread_mutex_lock(&w->f->lock);
    while (!w->done)
        ck_assert_int_eq(pthread_cond_timedwait(&w->f->cond, &w->f->lock, &until), 0);
    pthread_mutex_unlock(&w->f->lock);
}

static int want(struct far *f, const char *path, off_t off, size_t size)
{
    struct wait w = { .f = f };

    results_want(f->r, TOKEN, path, off, size, on_done, &w);
    wait_for(&w);
    return w.r;
}

static int open_mirrored(struct far *f, const char *path)
{
    char all[2 * PATH_MAX];
    int  fd;

    snprintf(all, sizeof(all), "%s/" TOKEN "/%s", f->mirror, path);
    fd = open(all, O_RDONLY | O_CLOEXEC);
    ck_assert_msg(fd >= 0, "%s", all);
    return fd;
}

/* As a program reads through the mount. */
static ssize_t read_at(struct far *f, int fd, const char *path, void *data, size_t size, off_t off)
{
    ssize_t n;
    int     r = 0;

    while ((n = results_read(f->r, fd, data, size, off)) == -EAGAIN && r == 0)
        r = want(f, path, off, size);
    return r < 0 ? r : n;
}

static void check_whole(struct far *f, const char *path, size_t step)
{
    _cleanup_(fdp) int     fd = open_mirrored(f, path);
    _cleanup_(freep) char *data = malloc(step);
    char                   copy[PATH_MAX + 16];
    off_t                  off = 0;
    ssize_t                n;

    snprintf(copy, sizeof(copy), "%s/copy", f->sshd.dir);
    _cleanup_(fdp) int out = open(copy, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    while ((n = read_at(f, fd, path, data, step, off)) > 0) {
        ck_assert_int_eq(write(out, data, (size_t)n), n);
        off += n;
    }
    ck_assert_int_eq(n, 0);
    must("cmp '%s' '%s/%s'", copy, f->home, path);
}

/* The listener and the processes of all its connections. */
static void signal_all(const struct far *f, int signal)
{
    must("all() { echo $1; for p in $(ps -o pid= --ppid $1); do all $p; done; }; "
         "kill -%d $(all %d) || true",
         signal, (int)f->sshd.pid);
}

static void make_random(struct far *f, const char *path, size_t size)
{
    must("head -c %zu /dev/urandom > '%s/%s'", size, f->home, path);
}

START_TEST(every_byte_comes_as_it_is)
{
    static const size_t sizes[] = { 0, 1, 4096, 65536, 65537, 262144, 262145, 1000000, 9000001 };
    _cleanup_(farp) struct far f;
    char                       path[64];

    far_open(&f, 0);
    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        snprintf(path, sizeof(path), "files/of %zu\n'", sizes[i]);
        must("head -c %zu /dev/urandom > \"%s/files/of %zu\n'\"", sizes[i], f.home, sizes[i]);
    }
    make_random(&f, RUN "/stdout", 3000000);
    must("head -c 5000000 /dev/zero > '%s/files/zeros'", f.home);
    collect(&f);
    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        char real[PATH_MAX];

        snprintf(path, sizeof(path), "files/of %zu\n'", sizes[i]);
        _cleanup_(fdp) int     fd = open_mirrored(&f, path);
        _cleanup_(freep) char *data = malloc(sizes[i] + 1), *there = malloc(sizes[i] + 1);
        off_t                  off = 0;
        ssize_t                n;

        while ((n = read_at(&f, fd, path, data + off, sizes[i] + 1 - (size_t)off, off)) > 0)
            off += n;
        ck_assert_msg(n == 0 && off == (off_t)sizes[i], "%zu: %zd, %jd", sizes[i], n,
                      (intmax_t)off);
        snprintf(real, sizeof(real), "%s/%s", f.home, path);
        _cleanup_(fdp) int far_fd = open(real, O_RDONLY);
        ck_assert_int_eq(read(far_fd, there, sizes[i] + 1), (ssize_t)sizes[i]);
        ck_assert(memcmp(data, there, sizes[i]) == 0);
    }
    check_whole(&f, RUN "/stdout", 131072);
    check_whole(&f, "files/zeros", 131072);
    ck_assert(results_has(f.r, TOKEN, "files/zeros", 0, 5000000));
}
END_TEST

START_TEST(a_large_file_comes_as_it_is)
{
    static const size_t        steps[] = { 131072, MIB };
    _cleanup_(farp) struct far f;
    size_t                     size = 200 * MIB + 12345;

    far_open(&f, 0);
    for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
        int64_t began;

        make_random(&f, "files/big", size);
        collect(&f);
        began = clock_mono_ns();
        check_whole(&f, "files/big", steps[i]);
        fprintf(stderr, "# %zu bytes at a time: %.0f MB/s\n", steps[i],
                (double)size / 1e6 / ((double)(clock_mono_ns() - began) / 1e9));
    }
}
END_TEST

START_TEST(small_files_come_together)
{
    _cleanup_(farp) struct far f;
    char                       path[64];
    unsigned                   held = 0;

    far_open(&f, 0);
    must("cd '%s/files' && seq 1 1000 | while read -r i; do head -c 4096 /dev/urandom > f$i; done",
         f.home);
    collect(&f);
    {
        char  all[PATH_MAX + 64];
        FILE *p;

        /* The first in the mirror's order. */
        snprintf(all, sizeof(all), "ls -U '%s/" TOKEN "/files' | head -1", f.mirror);
        p = popen(all, "r");
        ck_assert_int_eq(fscanf(p, "%40s", all), 1);
        pclose(p);
        snprintf(path, sizeof(path), "files/%.40s", all);
    }
    ck_assert_int_eq(want(&f, path, 0, 4096), 0);
    for (unsigned i = 1; i <= 1000; i++) {
        snprintf(path, sizeof(path), "files/f%u", i);
        held += results_has(f.r, TOKEN, path, 0, 4096);
    }
    ck_assert_uint_ge(held, 500);
    for (unsigned i = 1; i <= 1000; i += 37) {
        snprintf(path, sizeof(path), "files/f%u", i);
        check_whole(&f, path, 4096);
    }
}
END_TEST

START_TEST(pieces_here_and_there_are_all_that_comes)
{
    _cleanup_(farp) struct far f;
    struct wait                w[8];
    struct stat                st;

    far_open(&f, 0);
    make_random(&f, "files/big", 64 * MIB);
    collect(&f);
    for (size_t i = 0; i < ARRAY_SIZE(w); i++) {
        w[i] = (struct wait){ .f = &f };
        results_want(f.r, TOKEN, "files/big", (off_t)((i * 5 + 3) % 8) * 8 * MIB + 5000, 4096,
                     on_done, &w[i]);
    }
    for (size_t i = 0; i < ARRAY_SIZE(w); i++) {
        wait_for(&w[i]);
        ck_assert_int_eq(w[i].r, 0);
    }
    _cleanup_(fdp) int fd = open_mirrored(&f, "files/big");
    ck_assert_int_eq(fstat(fd, &st), 0);
    ck_assert_int_le(st.st_blocks * 512, 8 * PIECE + PIECE);
    check_whole(&f, "files/big", 131072);
}
END_TEST

START_TEST(a_look_at_the_head_of_a_huge_file_costs_little)
{
    _cleanup_(farp) struct far f;
    struct stat                st;
    char                       data[MIB / 2];

    far_open(&f, 0);
    must("truncate -s 1000G '%s/files/huge'", f.home);
    collect(&f);
    _cleanup_(fdp) int fd = open_mirrored(&f, "files/huge");
    ck_assert_int_eq(read_at(&f, fd, "files/huge", data, sizeof(data), 0), sizeof(data));
    ck_assert_int_eq(read_at(&f, fd, "files/huge", data, 4096, INT64_C(900) << 30), 4096);
    results_stop(f.r);
    ck_assert_int_eq(fstat(fd, &st), 0);
    ck_assert_int_lt(st.st_blocks * 512, 200 * MIB);
}
END_TEST

/* Other bytes than the listing knows of: the reader gets those, and their own attributes. */
START_TEST(a_file_that_changed_is_read_as_it_is_now)
{
    static const char *const   how[] = { "files/small", "files/large" };
    _cleanup_(farp) struct far f;
    struct stat                st;
    char                       real[2 * PATH_MAX];

    far_open(&f, 0);
    for (size_t i = 0; i < ARRAY_SIZE(how); i++) {
        make_random(&f, how[i], i ? 3 * MIB : 1000);
        collect(&f);
        make_random(&f, how[i], i ? 5 * MIB : 2000);
        check_whole(&f, how[i], 131072);
        _cleanup_(fdp) int fd = open_mirrored(&f, how[i]);
        ck_assert_int_eq(fstat(fd, &st), 0);
        results_stat(f.r, &st);
        struct stat there;
        snprintf(real, sizeof(real), "%s/%s", f.home, how[i]);
        ck_assert_int_eq(stat(real, &there), 0);
        ck_assert_int_eq(st.st_size, there.st_size);
        ck_assert_int_eq(st.st_mtim.tv_sec, there.st_mtim.tv_sec);
        ck_assert_int_eq(st.st_mtim.tv_nsec, there.st_mtim.tv_nsec);
        must("rm '%s/%s'", f.home, how[i]);
        collect(&f);
    }
}
END_TEST

START_TEST(what_cannot_be_had_is_told_apart)
{
    _cleanup_(farp) struct far f;

    far_open(&f, 0);
    make_random(&f, "files/gone", 1000);
    make_random(&f, "files/large", 2 * MIB);
    make_random(&f, "files/link", 1000);
    make_random(&f, "files/pipe", 1000);
    collect(&f);
    must("cd '%s/files' && rm * && ln -s /etc/passwd link && mkfifo pipe", f.home);
    ck_assert_int_eq(want(&f, "files/gone", 0, 10), -ENOENT);
    ck_assert_int_eq(want(&f, "files/large", 0, MIB), -ENOENT);
    ck_assert_int_eq(want(&f, "files/link", 0, 10), -ESTALE);
    ck_assert_int_eq(want(&f, "files/pipe", 0, 10), -ESTALE);
    ck_assert_int_eq(want(&f, "files/never", 0, 10), -ENOENT);
}
END_TEST

START_TEST(without_a_link_nothing_waits)
{
    _cleanup_(farp) struct far f;
    int64_t                    began;

    far_open(&f, 0);
    make_random(&f, "files/a", 1000);
    make_random(&f, "files/b", 1000);
    collect(&f);
    results_link(f.r, "somebody tripped over the cable");
    began = clock_mono_ns();
    ck_assert_int_eq(want(&f, "files/a", 0, 10), -EHOSTUNREACH);
    ck_assert_int_lt(clock_mono_ns() - began, NS_PER_S);
    results_link(f.r, NULL);
    check_whole(&f, "files/a", 4096);
    signal_all(&f, SIGKILL);
    must("cd '%s/files' && rm -f b; printf new > b", f.home);
    collect(&f);
    ck_assert_int_eq(want(&f, "files/b", 0, 3), -EHOSTUNREACH);
    check_whole(&f, "files/a", 4096); /* what is here stays */
}
END_TEST

START_TEST(a_far_side_that_says_nothing_does_not_hold_a_reader_for_ever)
{
    _cleanup_(farp) struct far f;
    int64_t                    began;
    int                        r;

    far_open(&f, 0);
    make_random(&f, "files/a", 1000);
    make_random(&f, "files/b", 3 * MIB);
    collect(&f);
    check_whole(&f, "files/a", 4096);
    signal_all(&f, SIGSTOP);
    began = clock_mono_ns();
    r = want(&f, "files/b", 0, 4096);
    signal_all(&f, SIGCONT);
    ck_assert_msg(r == -ETIMEDOUT || r == -EHOSTUNREACH || r == -EIO, "%d", r);
    ck_assert_int_lt(clock_mono_ns() - began, 45 * NS_PER_S);
}
END_TEST

START_TEST(somebody_who_looks_sees_a_live_job_grow)
{
    _cleanup_(farp) struct far f;
    struct stat                st;
    unsigned                   before;

    far_open(&f, 0);
    make_random(&f, RUN "/stdout", 1000);
    collect(&f);
    check_whole(&f, RUN "/stdout", 4096);
    must("head -c 5000 /dev/urandom >> '%s/" RUN "/stdout'", f.home);
    before = f.changes;
    results_look(f.r, TOKEN, RUN);
    pthread_mutex_lock(&f.lock);
    while (f.changes == before)
        pthread_cond_wait(&f.cond, &f.lock);
    pthread_mutex_unlock(&f.lock);
    _cleanup_(fdp) int fd = open_mirrored(&f, RUN "/stdout");
    ck_assert_int_eq(fstat(fd, &st), 0);
    ck_assert_int_eq(st.st_size, 6000);
    check_whole(&f, RUN "/stdout", 4096);
}
END_TEST

START_TEST(no_more_is_kept_than_allowed)
{
    _cleanup_(farp) struct far f;
    char                       path[64];
    unsigned                   blocks;
    FILE                      *p;

    far_open(&f, 10 * MIB);
    for (int i = 0; i < 8; i++) {
        snprintf(path, sizeof(path), "files/f%d", i);
        make_random(&f, path, 3 * MIB);
    }
    collect(&f);
    for (int i = 0; i < 8; i++) {
        snprintf(path, sizeof(path), "files/f%d", i);
        check_whole(&f, path, 131072);
    }
    snprintf(path, sizeof(path), "du -sk '%.40s'", f.mirror);
    p = popen(path, "r");
    ck_assert_int_eq(fscanf(p, "%u", &blocks), 1);
    pclose(p);
    ck_assert_uint_lt(blocks, 14 * 1024);
}
END_TEST

UNIT_MAIN("results", { every_byte_comes_as_it_is, a_large_file_comes_as_it_is,
                       small_files_come_together, pieces_here_and_there_are_all_that_comes,
                       a_look_at_the_head_of_a_huge_file_costs_little,
                       a_file_that_changed_is_read_as_it_is_now, what_cannot_be_had_is_told_apart,
                       without_a_link_nothing_waits,
                       a_far_side_that_says_nothing_does_not_hold_a_reader_for_ever,
                       somebody_who_looks_sees_a_live_job_grow, no_more_is_kept_than_allowed })
