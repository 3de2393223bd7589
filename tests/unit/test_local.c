/*
 * test_local.c - commands run and files moved on this very machine
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clustrixfs/cluster.h"
#include "clustrixfs/clock.h"
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

static int run(struct place *p, const char *script, const char *input, unsigned timeout_ms,
               struct outcome *o)
{
    _cleanup_(commandp) struct command c = COMMAND_INIT;

    ck_assert_int_eq(strv_add(&c.argv, "/bin/sh"), 0);
    ck_assert_int_eq(strv_add(&c.argv, "-c"), 0);
    ck_assert_int_eq(strv_add(&c.argv, script), 0);
    ck_assert_int_eq(buf_add_str(&c.input, input), 0);
    c.timeout_ms = timeout_ms;
    return ops->run(p->t, &c, o, &p->e);
}

static void put(struct place *p, const char *name, mode_t mode, const char *text)
{
    _cleanup_(far_filesp) struct far_files files = FAR_FILES_INIT;

    ck_assert_int_eq(far_files_add(&files, in(p, name), mode, span_str(text)), 0);
    ck_assert_msg(ops->put(p->t, &files, &p->e) == 0, "%s", p->e.text);
}

/* What is in it, or NULL when it is not there. The caller frees. */
static char *get(struct place *p, const char *name)
{
    _cleanup_(far_filesp) struct far_files files = FAR_FILES_INIT;

    ck_assert_int_eq(far_files_add(&files, in(p, name), 0, span_str("")), 0);
    ck_assert_msg(ops->fetch(p->t, &files, &p->e) == 0, "%s", p->e.text);
    return files.v[0].missing ? NULL : span_dup(buf_span(&files.v[0].data));
}

static void check_text(struct place *p, const char *name, const char *want)
{
    _cleanup_(freep) char *text = get(p, name);

    ck_assert_ptr_nonnull(text);
    ck_assert_str_eq(text, want);
}

START_TEST(a_command_is_run)
{
    _cleanup_(placep) struct place     p;
    _cleanup_(outcomep) struct outcome o = OUTCOME_INIT;

    place_open(&p);
    ck_assert_int_eq(run(&p, "cat; echo oops >&2; exit 7", "in\n", 0, &o), 0);
    ck_assert_int_eq(o.status, 7);
    ck_assert_str_eq(o.out.data, "in\n");
    ck_assert_str_eq(o.err.data, "oops\n");
}
END_TEST

START_TEST(a_command_inherits_nothing)
{
    _cleanup_(placep) struct place     p;
    _cleanup_(outcomep) struct outcome o = OUTCOME_INIT;
    sigset_t                           set;

    place_open(&p);
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    ck_assert_int_eq(sigprocmask(SIG_BLOCK, &set, NULL), 0);
    ck_assert_ptr_ne(signal(SIGPIPE, SIG_IGN), SIG_ERR);
    ck_assert_int_ge(dup2(1, 77), 0);
    ck_assert_int_eq(run(&p, "ls /proc/self/fd | tr '\\n' ' '; kill -PIPE $$", "", 0, &o), 0);
    ck_assert_str_eq(o.out.data, "0 1 2 3 ");
    ck_assert_int_eq(o.status, 128 + SIGPIPE);
}
END_TEST

START_TEST(both_streams_are_read_together)
{
    _cleanup_(placep) struct place     p;
    _cleanup_(outcomep) struct outcome o = OUTCOME_INIT;

    place_open(&p);
    ck_assert_int_eq(run(&p, "head -c 3000000 /dev/zero >&2; head -c 2000000 /dev/zero", "", 0, &o),
                     0);
    ck_assert_uint_eq(o.out.len, 2000000);
    ck_assert_uint_eq(o.err.len, 3000000);
}
END_TEST

START_TEST(a_missing_program_was_certainly_not_run)
{
    _cleanup_(placep) struct place     p;
    _cleanup_(commandp) struct command c = COMMAND_INIT;
    _cleanup_(outcomep) struct outcome o = OUTCOME_INIT;

    place_open(&p);
    ck_assert_int_eq(strv_add(&c.argv, "/no/such/program"), 0);
    ck_assert_int_eq(ops->run(p.t, &c, &o, &p.e), TRANSPORT_E_NOT_RUN);
    ck_assert_str_eq(p.e.text, "cannot run /no/such/program: No such file or directory");
}
END_TEST

/* And what it started goes with it, also when it does not listen to TERM. */
START_TEST(a_command_out_of_time_is_ended)
{
    _cleanup_(placep) struct place     p;
    _cleanup_(outcomep) struct outcome o = OUTCOME_INIT, seen = OUTCOME_INIT;
    int64_t                            begun = clock_mono_ns();
    char                               script[300];

    place_open(&p);
    ck_assert_int_eq(run(&p, "trap '' TERM; echo $$; sleep 60 & wait; wait; sleep 60", "", 200, &o),
                     TRANSPORT_E_UNKNOWN);
    ck_assert_int_lt(clock_mono_ns() - begun, 10 * NS_PER_S);
    ck_assert_int_eq(o.status, 128 + SIGKILL);
    snprintf(script, sizeof script, "kill -0 -- -%d 2>/dev/null && ps -o stat= -g %d | grep -v Z",
             atoi(o.out.data), atoi(o.out.data));
    ck_assert_int_eq(run(&p, script, "", 0, &seen), 0);
    ck_assert_str_eq(seen.out.data, "");
}
END_TEST

START_TEST(output_has_a_bound)
{
    _cleanup_(placep) struct place     p;
    _cleanup_(outcomep) struct outcome o = OUTCOME_INIT;

    place_open(&p);
    ck_assert_int_eq(run(&p, "exec cat /dev/zero", "", 0, &o), TRANSPORT_E_UNKNOWN);
    ck_assert_uint_lt(o.out.len, COMMAND_OUTPUT_MAX + 100000);
}
END_TEST

START_TEST(files_are_put_and_fetched)
{
    _cleanup_(placep) struct place p;
    struct stat                    st;

    place_open(&p);
    put(&p, "a/b/c/script", 0700, "one");
    check_text(&p, "a/b/c/script", "one");
    ck_assert_int_eq(stat(in(&p, "a/b/c/script"), &st), 0);
    ck_assert_uint_eq(st.st_mode & 07777, 0700);
    ck_assert_int_eq(stat(in(&p, "a/b"), &st), 0);
    ck_assert_uint_eq(st.st_mode & 07777, 0700);
    put(&p, "a/b/c/script", 0600, "");
    check_text(&p, "a/b/c/script", "");
    put(&p, "a/files", S_IFDIR | 0700, "");
    put(&p, "a/files", S_IFDIR | 0700, "");
    ck_assert_int_eq(stat(in(&p, "a/files"), &st), 0);
    ck_assert(S_ISDIR(st.st_mode));
}
END_TEST

/* What a job may have put where a record is looked for must not hold us up or lead us away. */
START_TEST(what_is_no_file_is_missing)
{
    _cleanup_(placep) struct place p;

    place_open(&p);
    put(&p, "secret", 0600, "secret");
    ck_assert_int_eq(symlink("secret", in(&p, "link")), 0);
    ck_assert_int_eq(mkfifo(in(&p, "fifo"), 0600), 0);
    ck_assert_int_eq(mkdir(in(&p, "dir"), 0700), 0);
    put(&p, "huge", 0600, "");
    ck_assert_int_eq(truncate(in(&p, "huge"), 1024 * 1024 + 1), 0);
    ck_assert_ptr_null(get(&p, "link"));
    ck_assert_ptr_null(get(&p, "fifo"));
    ck_assert_ptr_null(get(&p, "dir"));
    ck_assert_ptr_null(get(&p, "huge"));
    ck_assert_ptr_null(get(&p, "nothing"));
    ck_assert_ptr_null(get(&p, "secret/below"));
}
END_TEST

START_TEST(a_put_that_fails_leaves_the_old_file)
{
    _cleanup_(placep) struct place         p;
    _cleanup_(far_filesp) struct far_files files = FAR_FILES_INIT;

    place_open(&p);
    put(&p, "file", 0600, "old");
    ck_assert_int_eq(far_files_add(&files, in(&p, "file/below"), 0600, span_str("x")), 0);
    ck_assert_int_eq(ops->put(p.t, &files, &p.e), -ENOTDIR);
    ck_assert_msg(strstr(p.e.text, "file/below: Not a directory") != NULL, "%s", p.e.text);
    check_text(&p, "file", "old");
}
END_TEST

START_TEST(a_directory_is_moved_in_once)
{
    _cleanup_(placep) struct place p;

    place_open(&p);
    put(&p, "stage/data", 0600, "data");
    put(&p, "job/files", S_IFDIR | 0700, "");
    ck_assert_int_eq(ops->move_in(p.t, in(&p, "stage"), in(&p, "job/files"), &p.e), 0);
    check_text(&p, "job/files/data", "data");
    ck_assert_int_eq(ops->move_in(p.t, in(&p, "stage"), in(&p, "job/files"), &p.e), 0);
    check_text(&p, "job/files/data", "data");
    ck_assert_int_eq(ops->move_in(p.t, in(&p, "none"), in(&p, "other"), &p.e), -ENOENT);
}
END_TEST

/* /dev/shm is another file system than /tmp on most machines; where it is not, this is a rename. */
START_TEST(a_directory_comes_from_another_file_system)
{
    _cleanup_(placep) struct place     p;
    _cleanup_(outcomep) struct outcome o = OUTCOME_INIT;
    char                               away[] = "/dev/shm/clustrixfs-local-XXXXXX", script[600];

    place_open(&p);
    ck_assert_ptr_nonnull(mkdtemp(away));
    snprintf(script, sizeof script,
             "cd %s && mkdir -p d/e && echo deep >d/e/f && ln -s ../secret l && printf x >p && "
             "chmod 750 p && touch -d 2001-02-03 p d/e && chmod 500 d/e", away);
    ck_assert_int_eq(run(&p, script, "", 0, &o), 0);
    ck_assert_int_eq(o.status, 0);
    put(&p, "job/files", S_IFDIR | 0700, "");
    ck_assert_msg(ops->move_in(p.t, away, in(&p, "job/files"), &p.e) == 0, "%s", p.e.text);
    ck_assert_int_lt(access(away, F_OK), 0);
    snprintf(script, sizeof script,
             "cd %s/job/files && cat d/e/f && readlink l && stat -c '%%a %%Y' p d/e && ls -A ..",
             p.dir);
    ck_assert_int_eq(run(&p, script, "", 0, &o), 0);
    ck_assert_str_eq(o.err.data, "");
    ck_assert_msg(strncmp(o.out.data, "deep\n../secret\n750 981", 22) == 0, "%s", o.out.data);
    ck_assert_msg(strstr(o.out.data, "\n500 981") != NULL, "%s", o.out.data);
    ck_assert_msg(strstr(o.out.data, "\nfiles\n") != NULL && !strstr(o.out.data, ".new"), "%s",
                  o.out.data);
}
END_TEST

START_TEST(a_removal_follows_no_link)
{
    _cleanup_(placep) struct place p;

    place_open(&p);
    put(&p, "safe/file", 0600, "safe");
    put(&p, "job/files/deep/er/file", 0600, "");
    ck_assert_int_eq(symlink("../../safe", in(&p, "job/files/up")), 0);
    ck_assert_int_eq(symlink(in(&p, "safe/file"), in(&p, "job/link")), 0);
    ck_assert_int_eq(symlink("safe", in(&p, "alias")), 0);
    ck_assert_int_eq(mkfifo(in(&p, "job/fifo"), 0600), 0);
    ck_assert_int_eq(chmod(in(&p, "job/files/deep"), 0), 0);
    ck_assert_msg(ops->remove(p.t, in(&p, "job"), &p.e) == 0, "%s", p.e.text);
    ck_assert_int_lt(access(in(&p, "job"), F_OK), 0);
    ck_assert_int_eq(ops->remove(p.t, in(&p, "job"), &p.e), 0);
    ck_assert_int_lt(ops->remove(p.t, in(&p, "alias"), &p.e), 0);
    check_text(&p, "safe/file", "safe");
}
END_TEST

/* Deeper than it is walked down at once. */
START_TEST(a_deep_tree_is_removed)
{
    _cleanup_(placep) struct place     p;
    _cleanup_(outcomep) struct outcome o = OUTCOME_INIT;
    char                               script[300];

    place_open(&p);
    snprintf(script, sizeof script,
             "mkdir %s/job && cd -P %s/job && : >.deep-0 && i=0; "
             "while [ $i -lt 400 ]; do mkdir d && cd -P d && : >f || exit; i=$((i + 1)); done",
             p.dir, p.dir);
    ck_assert_int_eq(run(&p, script, "", 0, &o), 0);
    ck_assert_msg(o.status == 0, "%s", o.err.data);
    ck_assert_msg(ops->remove(p.t, in(&p, "job"), &p.e) == 0, "%s", p.e.text);
    ck_assert_int_lt(access(in(&p, "job"), F_OK), 0);
}
END_TEST

/* A file system that the job mounted in its directory is somebody's data, not its output. */
START_TEST(a_mount_is_left_alone)
{
    _cleanup_(placep) struct place p;

    place_open(&p);
    ck_assert_int_eq(mkdir(in(&p, "job"), 0700), 0);
    ck_assert_int_eq(mkdir(in(&p, "job/mnt"), 0700), 0);
    if (mount("none", in(&p, "job/mnt"), "tmpfs", 0, NULL) < 0)
        return; /* only root can mount */
    put(&p, "job/mnt/precious", 0600, "precious");
    ck_assert_int_eq(ops->remove(p.t, in(&p, "job"), &p.e), -EXDEV);
    check_text(&p, "job/mnt/precious", "precious");
    ck_assert_int_eq(umount(in(&p, "job/mnt")), 0);
}
END_TEST

START_TEST(transports_are_found_by_name)
{
    ck_assert_ptr_eq(transport_named("local"), &transport_local);
    ck_assert_ptr_null(transport_named("pigeon"));
}
END_TEST

UNIT_MAIN("local", { a_command_is_run, a_command_inherits_nothing, both_streams_are_read_together,
                     a_missing_program_was_certainly_not_run, a_command_out_of_time_is_ended,
                     output_has_a_bound, files_are_put_and_fetched, what_is_no_file_is_missing,
                     a_put_that_fails_leaves_the_old_file, a_directory_is_moved_in_once,
                     a_directory_comes_from_another_file_system, a_removal_follows_no_link,
                     a_deep_tree_is_removed, a_mount_is_left_alone,
                     transports_are_found_by_name })
