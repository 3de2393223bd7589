/*
 * test_query.c - small files in one query: a real shell says, and what it says is believed or not
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "query.h"
#include "unit.h"

#define TOKEN "cfxabcdefghijkl"

static const char mark[QUERY_MARK + 1] = "0123456789abcdef0123456789abcdef";

struct site {
    char           dir[PATH_MAX];
    struct outcome o;
};

static void write_file(const struct site *s, const char *below, const void *data, size_t n)
{
    char path[2 * PATH_MAX];

    snprintf(path, sizeof(path), "%s/" TOKEN "/%s", s->dir, below);
    _cleanup_(fdp) int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ck_assert_int_eq(write(fd, data, n), (ssize_t)n);
}

static void make_dir(const struct site *s, const char *below)
{
    char path[2 * PATH_MAX];

    snprintf(path, sizeof(path), "%s/" TOKEN "%s", s->dir, below);
    ck_assert_int_eq(mkdir(path, 0700), 0);
}

static void make_link(const struct site *s, const char *target, const char *below)
{
    char path[2 * PATH_MAX];

    snprintf(path, sizeof(path), "%s/" TOKEN "/%s", s->dir, below);
    ck_assert_int_eq(symlink(target, path), 0);
}

static void site_open(struct site *s)
{
    strcpy(s->dir, "/tmp/query-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(s->dir));
    s->o = (struct outcome)OUTCOME_INIT;
    make_dir(s, "");
    make_dir(s, "/files");
}

static int remove_one(const char *path, const struct stat *st unused_arg, int type unused_arg,
                      struct FTW *ftw unused_arg)
{
    return remove(path);
}

static void site_close(struct site *s)
{
    outcomep_cleanup(&s->o);
    nftw(s->dir, remove_one, 32, FTW_DEPTH | FTW_PHYS);
}

/* The question put to sh on this machine, as a far one would be asked. */
static void query_sh(struct site *s, struct query_piece *p, size_t n)
{
    _cleanup_(commandp) struct command c = COMMAND_INIT;
    struct transport                  *t = NULL;
    struct cluster                     here = { .name = (char *)"here" };
    struct error                       e = ERROR_INIT;

    ck_assert_int_eq(query_script(&c.input, s->dir, mark, p, n), 0);
    ck_assert_int_eq(strv_add(&c.argv, "/bin/sh") + strv_add(&c.argv, "-c") +
                         strv_add(&c.argv, "eval \"$(cat)\""),
                     0);
    ck_assert_int_eq(transport_local.open(&t, &here, &e), 0);
    ck_assert_msg(transport_local.run(t, &c, &s->o, &e) == 0, "%s", e.text);
    transport_local.close(t);
    query_hear(p, n, mark, buf_span(&s->o.out));
}

#define WHOLE(name)                                                                                \
    {                                                                                              \
        .token = TOKEN, .path = name, .len = WHOLE_MAX                                             \
    }

START_TEST(files_of_any_name_come_as_they_are)
{
    static const char *const names[] = { "files/a", "files/-n", "files/a b\nc'\"$(x)`y`\\",
                                         "files/\xff\xfe", "files/*" };
    struct query_piece p[ARRAY_SIZE(names) + 1];
    struct site      s;

    site_open(&s);
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        write_file(&s, names[i], names[i], strlen(names[i]));
        p[i] = (struct query_piece)WHOLE(names[i]);
    }
    write_file(&s, "files/empty", "", 0);
    p[ARRAY_SIZE(names)] = (struct query_piece)WHOLE("files/empty");
    query_sh(&s, p, ARRAY_SIZE(p));
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        ck_assert_int_eq(p[i].err, 0);
        ck_assert(p[i].steady && S_ISREG(p[i].attr.mode));
        ck_assert(span_is(p[i].data, names[i]));
    }
    ck_assert(p[ARRAY_SIZE(names)].err == 0 && p[ARRAY_SIZE(names)].data.len == 0);
    site_close(&s);
}
END_TEST

START_TEST(pieces_come_from_where_they_are)
{
    size_t                 n = 5 * MIRROR_GRAIN + 100;
    _cleanup_(freep) char *data = malloc(n);
    struct query_piece p[] = {
        { .token = TOKEN, .path = "files/big", .off = MIRROR_GRAIN, .len = 2 * MIRROR_GRAIN },
        { .token = TOKEN, .path = "files/big", .off = 4 * MIRROR_GRAIN, .len = 4 * MIRROR_GRAIN },
        { .token = TOKEN, .path = "files/big", .off = 8 * MIRROR_GRAIN, .len = MIRROR_GRAIN },
        { .token = TOKEN, .path = "files/big", .len = 0 },
        WHOLE("files/big"),
    };
    struct site s;

    site_open(&s);
    for (size_t i = 0; i < n; i++)
        data[i] = (char)(i * 31 + i / 4096);
    write_file(&s, "files/big", data, n);
    query_sh(&s, p, ARRAY_SIZE(p));
    for (size_t i = 0; i < ARRAY_SIZE(p); i++)
        ck_assert(p[i].err == 0 && p[i].attr.size == n);
    ck_assert_uint_eq(p[0].data.len, 2 * MIRROR_GRAIN);
    ck_assert_mem_eq(p[0].data.data, data + MIRROR_GRAIN, p[0].data.len);
    ck_assert_uint_eq(p[1].data.len, MIRROR_GRAIN + 100);
    ck_assert_mem_eq(p[1].data.data, data + 4 * MIRROR_GRAIN, p[1].data.len);
    ck_assert_uint_eq(p[2].data.len + p[3].data.len, 0);
    ck_assert_uint_eq(p[4].data.len, n);
    ck_assert_mem_eq(p[4].data.data, data, n);
    site_close(&s);
}
END_TEST

START_TEST(what_cannot_be_had_is_told_apart)
{
    struct query_piece p[] = { WHOLE("files/none"), WHOLE("files/dir"), WHOLE("files/no/way"),
                             WHOLE("files/out"), WHOLE("files/away/passwd"), WHOLE("files/here") };
    struct site      s;

    site_open(&s);
    make_dir(&s, "/files/dir");
    make_link(&s, "/etc/passwd", "files/out");
    make_link(&s, "/etc", "files/away");
    write_file(&s, "files/here", "yes", 3);
    for (size_t i = 0; i < ARRAY_SIZE(p); i++)
        p[i].alone = true;
    query_sh(&s, p, ARRAY_SIZE(p));
    ck_assert_int_eq(p[0].err, -ENOENT);
    ck_assert_int_eq(p[1].err, -ESTALE);
    ck_assert_int_eq(p[2].err, -ENOENT);
    ck_assert_int_eq(p[3].err, -ESTALE);
    ck_assert_int_eq(p[4].err, -ENOENT);
    ck_assert(p[5].err == 0 && span_is(p[5].data, "yes"));
    ck_assert_ptr_null(memmem(s.o.out.data, s.o.out.len, "root:", 5));
    site_close(&s);
}
END_TEST

/* One that is missing makes its whole turn doubtful, and no other. */
START_TEST(a_doubtful_turn_is_not_believed)
{
    struct query_piece p[] = { WHOLE("files/a"), WHOLE("files/none"), WHOLE("files/d/b") };
    struct site      s;

    site_open(&s);
    make_dir(&s, "/files/d");
    write_file(&s, "files/a", "a", 1);
    write_file(&s, "files/d/b", "b", 1);
    query_sh(&s, p, ARRAY_SIZE(p));
    ck_assert_int_eq(p[0].err, -EAGAIN);
    ck_assert_int_eq(p[1].err, -EAGAIN);
    ck_assert(p[2].err == 0 && span_is(p[2].data, "b"));
    site_close(&s);
}
END_TEST

START_TEST(an_answer_that_is_cut_anywhere_is_not_believed)
{
    struct query_piece p[] = { WHOLE("files/a"), WHOLE("files/d/b") };
    struct site      s;

    site_open(&s);
    make_dir(&s, "/files/d");
    write_file(&s, "files/a", "alpha", 5);
    write_file(&s, "files/d/b", "beta", 4);
    query_sh(&s, p, 2);
    ck_assert(p[0].err == 0 && p[1].err == 0);
    for (size_t len = 0; len < s.o.out.len; len++) {
        _cleanup_(freep) char *copy = malloc(len ? len : 1);

        memcpy(copy, s.o.out.data, len);
        query_hear(p, 2, mark, (struct span){ copy, len });
        ck_assert_int_lt(p[1].err, 0);
        ck_assert(p[0].err < 0 || span_is(p[0].data, "alpha"));
    }
    site_close(&s);
}
END_TEST

START_TEST(what_a_login_prints_before_is_passed_over)
{
    _cleanup_(bufp) struct buf text = BUF_INIT;
    struct query_piece           p[] = { WHOLE("files/a") };
    struct site                s;

    site_open(&s);
    write_file(&s, "files/a", "alpha", 5);
    query_sh(&s, p, 1);
    buf_add_str(&text, "Welcome\n81a4 5 1.0\n\n");
    buf_add_span(&text, buf_span(&s.o.out));
    query_hear(p, 1, mark, buf_span(&text));
    ck_assert(p[0].err == 0 && span_is(p[0].data, "alpha"));
    site_close(&s);
}
END_TEST

UNIT_MAIN("query", { files_of_any_name_come_as_they_are, pieces_come_from_where_they_are,
                   what_cannot_be_had_is_told_apart, a_doubtful_turn_is_not_believed,
                   an_answer_that_is_cut_anywhere_is_not_believed,
                   what_a_login_prints_before_is_passed_over })
