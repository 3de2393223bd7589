/*
 * test_mirror.c - the mirror is what the listing says, and nothing that it says leads out of it
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clustrixfs/clock.h"
#include "clustrixfs/results.h"
#include "mirror.h"
#include "unit.h"

#define TOKEN "cfxabcdefghijkl"
#define RUN TOKEN "/attempt1"
#define MARK "outside"
#define KIB 1024

struct site {
    char            dir[PATH_MAX]; /* what lies beside the mirror */
    char            mirror[PATH_MAX + 8];
    struct cluster  cluster;
    struct results *r;
    unsigned        changes;
    char            path[PATH_MAX]; /* of the last one */
};

static void on_change(void *arg, const char *token, const char *path)
{
    struct site *s = arg;

    ck_assert_str_eq(token, TOKEN);
    s->changes++;
    strcpy(s->path, path);
}

static void site_open(struct site *s)
{
    const char  *tmp = getenv("TMPDIR");
    struct error e = ERROR_INIT;

    snprintf(s->dir, sizeof(s->dir), "%s/mirror-XXXXXX", tmp ? tmp : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(s->dir));
    snprintf(s->mirror, sizeof(s->mirror), "%s/m", s->dir);
    s->cluster = (struct cluster){ .name = (char *)"far", .mirror = s->mirror };
    s->changes = 0;
    ck_assert_msg(results_open(&s->r, &s->cluster, on_change, s, &e) == 0, "%s", e.text);
}

static int remove_one(const char *path, const struct stat *st unused_arg, int type unused_arg,
                      struct FTW *ftw unused_arg)
{
    return remove(path);
}

static void site_close(struct site *s)
{
    results_close(s->r);
    nftw(s->dir, remove_one, 32, FTW_DEPTH | FTW_PHYS);
}

static void printf_like(2, 3) field(struct buf *b, const char *fmt, ...)
{
    char    text[PATH_MAX];
    va_list args;
    int     n;

    va_start(args, fmt);
    n = vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    ck_assert(n >= 0 && n < (int)sizeof(text));
    buf_add(b, text, (size_t)n + 1);
}

static int take(struct site *s, struct buf *b)
{
    struct error e = ERROR_INIT;
    int          r = results_take(s->r, buf_span(b), &e);

    ck_assert(r == 0 || e.text[0]);
    buf_set_len(b, 0);
    return r;
}

static bool look(const struct site *s, const char *below, struct stat *st)
{
    char path[2 * PATH_MAX];

    snprintf(path, sizeof(path), "%s/" TOKEN "/%s", s->mirror, below);
    return lstat(path, st) == 0;
}

static int open_file(const struct site *s, const char *below)
{
    char path[2 * PATH_MAX];
    int  fd;

    snprintf(path, sizeof(path), "%s/" TOKEN "/%s", s->mirror, below);
    fd = open(path, O_RDWR | O_CLOEXEC);
    ck_assert_int_ge(fd, 0);
    return fd;
}

/* As a lane does it. */
static void hold(const struct site *s, const char *below, off_t off, size_t n, char c)
{
    _cleanup_(fdp) int     fd = open_file(s, below);
    _cleanup_(freep) char *data = malloc(n);
    struct mirror          m = { .guards = { PTHREAD_RWLOCK_INITIALIZER } };
    atomic_uint            gen = 0;
    struct stat            st;

    for (size_t i = 0; i < MIRROR_GUARDS; i++)
        pthread_rwlock_init(&m.guards[i], NULL);
    memset(data, c, n);
    ck_assert_int_eq(fstat(fd, &st), 0);
    int r = holes_write(&m, fd, &gen, 0, stat_mtime_ns(&st), (struct span){ data, n }, off);
    ck_assert_int_eq(r, 0);
}

#define LISTING(b) field(b, "D " TOKEN)

START_TEST(a_listing_becomes_placeholders)
{
    _cleanup_(bufp) struct buf b = BUF_INIT;
    struct site                s;
    struct stat                st;

    site_open(&s);
    LISTING(&b);
    field(&b, "F d 755 4096 100.5 sub");
    field(&b, "F f 640 5000000000 200.000000001 sub/big");
    field(&b, "F f 444 0 1.0 empty");
    field(&b, "F l 777 3 7.0 link");
    field(&b, "L sub/big");
    field(&b, "F p 600 0 1.0 pipe");
    field(&b, "F c 600 0 1.0 device");
    field(&b, "Z 6");
    ck_assert_int_eq(take(&s, &b), 0);
    ck_assert_uint_eq(s.changes, 1);
    ck_assert_str_eq(s.path, "");
    ck_assert(look(&s, "files/sub/big", &st) && S_ISREG(st.st_mode));
    ck_assert_int_eq(st.st_size, 5000000000);
    ck_assert_int_eq(st.st_blocks, 0);
    ck_assert_uint_eq(st.st_mode & 07777, 0640);
    ck_assert_int_eq(stat_mtime_ns(&st), 200 * NS_PER_S + 1);
    ck_assert(look(&s, "files/sub", &st) && S_ISDIR(st.st_mode));
    ck_assert_int_eq(stat_mtime_ns(&st), 100 * NS_PER_S + NS_PER_S / 2);
    ck_assert(look(&s, "files/empty", &st) && st.st_size == 0);
    ck_assert_uint_eq(st.st_mode & 07777, 0644 | S_ISVTX);
    ck_assert(look(&s, "files/link", &st) && S_ISLNK(st.st_mode));
    ck_assert(look(&s, "files/pipe", &st) && S_ISFIFO(st.st_mode));
    ck_assert(look(&s, "files/device", &st) && S_ISSOCK(st.st_mode));
    ck_assert(results_has(s.r, TOKEN, "files/empty", 0, 4096));
    ck_assert(!results_has(s.r, TOKEN, "files/sub/big", 4999999999, 1));
    ck_assert(results_has(s.r, TOKEN, "files/sub/big", 5000000000, 1));
    site_close(&s);
}
END_TEST

/* What lies in the directory that the mirror lies in: nothing but the mirror and our mark. */
static void check_nothing_else(const struct site *s)
{
    DIR                 *d = opendir(s->dir);
    const struct dirent *entry;
    unsigned             n = 0;

    while ((entry = readdir(d)))
        n += entry->d_name[0] != '.';
    closedir(d);
    ck_assert_uint_eq(n, 2);
}

START_TEST(a_hostile_listing_reaches_nothing_outside)
{
    _cleanup_(bufp) struct buf b = BUF_INIT, outside = BUF_INIT;
    struct site                s;
    struct stat                st, before;

    site_open(&s);
    buf_printf(&outside, "%s/" MARK, s.dir);
    ck_assert_int_eq(mkdir(outside.data, 0700), 0);
    ck_assert_int_eq(lstat(outside.data, &before), 0);
    LISTING(&b);
    field(&b, "F f 666 1 1.0 ../x");
    field(&b, "F f 666 1 1.0 a/../../../x");
    field(&b, "F f 666 1 1.0 %s/x", outside.data);
    field(&b, "F l 777 1 1.0 up");
    field(&b, "L ../../..");
    field(&b, "F f 666 1 1.0 up/" MARK "/x");
    field(&b, "F l 777 1 1.0 abs");
    field(&b, "L %s", outside.data);
    field(&b, "F f 666 1 1.0 abs/x");
    field(&b, "F d 777 1 1.0 abs/d");
    field(&b, "F d 755 1 1.0 turn");
    field(&b, "F f 666 1 1.0 turn/inside");
    field(&b, "F l 777 1 1.0 turn");
    field(&b, "L %s", outside.data);
    field(&b, "F f 666 1 1.0 turn/x");
    field(&b, "F d 777 1 5.0 abs");
    field(&b, "F f 666 1 1.0 abs/y");
    field(&b, "F f 666 9223372036854775807 1.0 huge");
    field(&b, "Z 17");
    ck_assert_int_eq(take(&s, &b), 0);
    check_nothing_else(&s);
    ck_assert_int_eq(lstat(outside.data, &st), 0);
    ck_assert_uint_eq(st.st_nlink, before.st_nlink);
    ck_assert_uint_eq(st.st_mode, before.st_mode);
    ck_assert_int_eq(stat_mtime_ns(&st), stat_mtime_ns(&before));
    ck_assert_int_eq(rmdir(outside.data), 0); /* nothing is in it */
    site_close(&s);
}
END_TEST

START_TEST(a_token_that_is_none_is_refused)
{
    static const char *const wrong[] = {
        "D ..", "D cfxabcdefghijk/", "D", "D cfxabcdefghijkX", "J " TOKEN, "J " TOKEN "/../x",
        "J " TOKEN "/attempt0", "J ../../../../x/attempt1", "J " TOKEN "/files",
    };
    struct site s;

    site_open(&s);
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        _cleanup_(bufp) struct buf b = BUF_INIT;

        field(&b, "%s", wrong[i]);
        field(&b, "Z");
        ck_assert_msg(take(&s, &b) == -EPROTO, "taken: %s", wrong[i]);
    }
    site_close(&s);
}
END_TEST

static void list_one(struct site *s, const char *how)
{
    _cleanup_(bufp) struct buf b = BUF_INIT;

    LISTING(&b);
    field(&b, "F f %s a", how);
    field(&b, "Z 1");
    ck_assert_int_eq(take(s, &b), 0);
}

START_TEST(what_changed_is_a_hole_again)
{
    static const char *const changes[] = { "600 100000 2.0", "600 99999 1.0", "600 200000 1.0",
                                           "600 100000 1.000000001" };
    struct site s;

    site_open(&s);
    for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
        list_one(&s, "600 100000 1.0");
        hold(&s, "files/a", 0, 100000, 'x');
        ck_assert(results_has(s.r, TOKEN, "files/a", 0, 100000));
        s.changes = 0;
        list_one(&s, "600 100000 1.0");
        ck_assert_uint_eq(s.changes, 0);
        ck_assert(results_has(s.r, TOKEN, "files/a", 0, 100000));
        list_one(&s, changes[i]);
        ck_assert_uint_eq(s.changes, 1);
        ck_assert_str_eq(s.path, "files/a");
        for (off_t off = 0; off < 99999; off += 4096)
            ck_assert(!results_has(s.r, TOKEN, "files/a", off, 1));
    }
    list_one(&s, "600 100000 1.0");
    hold(&s, "files/a", 0, 100000, 'x');
    list_one(&s, "755 100000 1.0");
    ck_assert(results_has(s.r, TOKEN, "files/a", 0, 100000));
    site_close(&s);
}
END_TEST

static void say_stdout(struct site *s, off_t size)
{
    _cleanup_(bufp) struct buf b = BUF_INIT;

    field(&b, "J " RUN);
    field(&b, "O %lld %lld.0", (long long)size, (long long)size);
    field(&b, "Z");
    ck_assert_int_eq(take(s, &b), 0);
}

START_TEST(an_output_that_grows_keeps_what_is_held)
{
    struct site s;
    struct stat st;

    site_open(&s);
    say_stdout(&s, 300 * KIB + 1);
    ck_assert_str_eq(s.path, "attempt1/stdout");
    hold(&s, "attempt1/stdout", 0, 300 * KIB + 1, 'x');
    say_stdout(&s, 1000 * KIB);
    ck_assert(look(&s, "attempt1/stdout", &st) && st.st_size == 1000 * KIB);
    ck_assert(results_has(s.r, TOKEN, "attempt1/stdout", 0, 256 * KIB));
    /* No block that was held in part is taken for one that is here. */
    for (off_t off = 300 * KIB + 1; off < 1000 * KIB; off += 512)
        ck_assert(!results_has(s.r, TOKEN, "attempt1/stdout", off, 1));
    say_stdout(&s, 10);
    ck_assert(!results_has(s.r, TOKEN, "attempt1/stdout", 0, 1));
    site_close(&s);
}
END_TEST

START_TEST(small_output_comes_with_the_news)
{
    _cleanup_(bufp) struct buf b = BUF_INIT;
    struct site                s;
    char                       data[16];

    site_open(&s);
    field(&b, "J " RUN);
    field(&b, "X cause exit\nend\n");
    field(&b, "O 5 9.0");
    field(&b, "E 3 9.0");
    buf_add(&b, "o 5\0a\0b\nc\0e 2\0xy\0Z", sizeof("o 5\0a\0b\nc\0e 2\0xy\0Z"));
    ck_assert_int_eq(take(&s, &b), 0);
    _cleanup_(fdp) int out = open_file(&s, "attempt1/stdout");
    _cleanup_(fdp) int err = open_file(&s, "attempt1/stderr");
    ck_assert_int_eq(results_read(s.r, out, data, sizeof(data), 0), 5);
    ck_assert_mem_eq(data, "a\0b\nc", 5);
    /* Two bytes of three are not all of them. */
    ck_assert_int_eq(results_read(s.r, err, data, sizeof(data), 0), -EAGAIN);
    site_close(&s);
}
END_TEST

START_TEST(a_text_that_was_cut_takes_nothing_away)
{
    _cleanup_(bufp) struct buf b = BUF_INIT;
    struct site                s;
    struct stat                st;

    site_open(&s);
    list_one(&s, "600 10 1.0");
    LISTING(&b);
    field(&b, "F f 600 1 1.0 b");
    ck_assert_int_eq(take(&s, &b), -EPROTO);
    ck_assert(look(&s, "files/a", &st) && look(&s, "files/b", &st));
    LISTING(&b);
    field(&b, "F f 600 1 1.0 c");
    field(&b, "Z 2");
    ck_assert_int_eq(take(&s, &b), 0);
    ck_assert(look(&s, "files/a", &st) && look(&s, "files/c", &st));
    field(&b, "J " RUN);
    field(&b, "O 10 1.0");
    ck_assert_int_eq(take(&s, &b), -EPROTO);
    ck_assert(!look(&s, "attempt1/stdout", &st));
    LISTING(&b);
    field(&b, "F d 700 1 1.0 d");
    field(&b, "F f 600 1 1.0 d/x");
    field(&b, "Z 2");
    ck_assert_int_eq(take(&s, &b), 0);
    ck_assert(!look(&s, "files/a", &st) && !look(&s, "files/b", &st) && !look(&s, "files/c", &st));
    ck_assert(look(&s, "files/d/x", &st));
    LISTING(&b);
    field(&b, "F f 600 1 1.0 d");
    field(&b, "Z 1");
    ck_assert_int_eq(take(&s, &b), 0);
    ck_assert(look(&s, "files/d", &st) && S_ISREG(st.st_mode));
    LISTING(&b);
    field(&b, "Z 0");
    ck_assert_int_eq(take(&s, &b), 0);
    ck_assert(!look(&s, "files/d", &st));
    site_close(&s);
}
END_TEST

START_TEST(a_job_that_is_forgotten_leaves_nothing)
{
    struct site s;
    struct stat st;

    site_open(&s);
    list_one(&s, "600 10 1.0");
    results_forget(s.r, TOKEN);
    ck_assert(!look(&s, "", &st));
    site_close(&s);
}
END_TEST

static int64_t time_listing(struct site *s, unsigned n)
{
    _cleanup_(bufp) struct buf b = BUF_INIT;
    int64_t                    began;

    LISTING(&b);
    field(&b, "F d 700 1 1.0 d");
    for (unsigned i = 0; i + 1 < n; i++)
        field(&b, "F f 600 %u 1.0 d/file-%u", i, i);
    field(&b, "Z %u", n);
    began = clock_mono_ns();
    ck_assert_int_eq(take(s, &b), 0);
    return clock_mono_ns() - began;
}

/* Ten times the files: some more than ten times the time for the sorting, never a hundred. */
START_TEST(many_files_take_no_quadratic_time)
{
    int64_t few, many, again, none;
    struct site s;

    site_open(&s);
    few = time_listing(&s, 2000);
    many = time_listing(&s, 20000);
    again = time_listing(&s, 20000);
    none = time_listing(&s, 1);
    ck_assert_msg(many < 40 * few, "2000: %lld us, 20000: %lld us", (long long)few / 1000,
                  (long long)many / 1000);
    ck_assert_msg(again < many * 2, "unchanged: %lld us, new: %lld us", (long long)again / 1000,
                  (long long)many / 1000);
    ck_assert_msg(none < many * 4, "removing them: %lld us", (long long)none / 1000);
    site_close(&s);
}
END_TEST

UNIT_MAIN("mirror", { a_listing_becomes_placeholders, a_hostile_listing_reaches_nothing_outside,
                      a_token_that_is_none_is_refused, what_changed_is_a_hole_again,
                      an_output_that_grows_keeps_what_is_held, small_output_comes_with_the_news,
                      a_text_that_was_cut_takes_nothing_away,
                      a_job_that_is_forgotten_leaves_nothing, many_files_take_no_quadratic_time })
