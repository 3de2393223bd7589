/*
 * test_follow.c - a file that others append to, followed without polling
 */
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clustrixfs/cluster.h"
#include "clustrixfs/transport.h"
#include "unit.h"

static const struct transport_ops *const ops = &transport_local;

struct place {
    char              dir[64];
    struct transport *t;
    struct error      e;
};

static void place_open(struct place *p)
{
    *p = (struct place){ .dir = "/tmp/clustrixfs-local-XXXXXX" };
    ck_assert_ptr_nonnull(mkdtemp(p->dir));
    ck_assert_int_eq(ops->open(&p->t, &(struct cluster){ 0 }, &p->e), 0);
}

static void placep_cleanup(struct place *p)
{
    ck_assert_msg(ops->remove(p->t, p->dir, &p->e) == 0, "%s", p->e.text);
    ck_assert_int_lt(access(p->dir, F_OK), 0);
    ops->close(p->t);
}

/* A path in the place; good until the fourth call after it. */
static const char *in(const struct place *p, const char *name)
{
    static char paths[4][PATH_MAX];
    static int  next;
    char       *path = paths[next++ % 4];

    snprintf(path, PATH_MAX, "%s/%s", p->dir, name);
    return path;
}

static void put(struct place *p, const char *name, mode_t mode, const char *text)
{
    _cleanup_(far_filesp) struct far_files files = FAR_FILES_INIT;

    ck_assert_int_eq(far_files_add(&files, in(p, name), mode, span_str(text)), 0);
    ck_assert_msg(ops->put(p->t, &files, &p->e) == 0, "%s", p->e.text);
}

static void append(struct place *p, const char *name, const char *text, int flags)
{
    int fd = open(in(p, name), O_WRONLY | O_APPEND | O_CLOEXEC | flags, 0600);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, text, strlen(text)), (int)strlen(text));
    close(fd);
}

/* Wait for the descriptor, and see exactly this. */
static void check_followed(struct place *p, int fd, const char *want)
{
    _cleanup_(bufp) struct buf b = BUF_INIT;
    struct pollfd              poll_fd = { .fd = fd, .events = POLLIN };

    while (b.len < strlen(want)) {
        ck_assert_int_eq(poll(&poll_fd, 1, 5000), 1);
        ck_assert_msg(ops->follow_read(p->t, &b, &p->e) == 0, "%s", p->e.text);
    }
    ck_assert_str_eq(b.data, want);
    ck_assert_int_eq(ops->follow_read(p->t, &b, &p->e), 0);
    ck_assert_str_eq(b.data, want);
}

START_TEST(a_file_is_followed_from_its_end)
{
    _cleanup_(placep) struct place p;
    struct pollfd                  quiet = { .events = POLLIN };

    place_open(&p);
    put(&p, "root/events", 0600, "old\n");
    quiet.fd = ops->follow(p.t, in(&p, "root/events"), &p.e);
    ck_assert_int_ge(quiet.fd, 0);
    append(&p, "root/events", "one\n", 0);
    append(&p, "root/events", "two\n", 0);
    check_followed(&p, quiet.fd, "one\ntwo\n");

    /* Other jobs' directories appear beside it all the time. */
    put(&p, "root/cfxabc/plan", 0600, "");
    ck_assert_int_eq(poll(&quiet, 1, 0), 0);
}
END_TEST

START_TEST(a_followed_file_may_come_late)
{
    _cleanup_(placep) struct place p;
    int                            fd;

    place_open(&p);
    fd = ops->follow(p.t, in(&p, "root/events"), &p.e);
    ck_assert_int_ge(fd, 0);
    append(&p, "root/events", "first\n", O_CREAT);
    check_followed(&p, fd, "first\n");
}
END_TEST

START_TEST(a_followed_file_may_be_replaced)
{
    _cleanup_(placep) struct place p;
    int                            fd;

    place_open(&p);
    put(&p, "events", 0600, "a long old text\n");
    fd = ops->follow(p.t, in(&p, "events"), &p.e);
    put(&p, "events", 0600, "new\n");
    check_followed(&p, fd, "new\n");
    ck_assert_int_eq(truncate(in(&p, "events"), 0), 0);
    check_followed(&p, fd, "");
    append(&p, "events", "cut\n", 0);
    check_followed(&p, fd, "cut\n");
    ck_assert_int_eq(unlink(in(&p, "events")), 0);
    check_followed(&p, fd, "");
    append(&p, "events", "again\n", O_CREAT);
    check_followed(&p, fd, "again\n");
}
END_TEST

UNIT_MAIN("follow", { a_file_is_followed_from_its_end, a_followed_file_may_come_late,
                      a_followed_file_may_be_replaced })
