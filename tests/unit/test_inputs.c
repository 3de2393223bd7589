/*
 * test_inputs.c - what inputs are, how they are looked at, and what is remembered of them
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "parts.h"
#include "unit.h"

static char dir[] = "/tmp/inputs.XXXXXX";

static const char *at(const char *name)
{
    static char paths[4][256];
    static int  n;
    char       *path = paths[n++ % 4];

    snprintf(path, sizeof(paths[0]), "%s/%s", dir, name);
    return path;
}

static void write_text(const char *name, const char *text)
{
    FILE *f = fopen(at(name), "w");

    ck_assert_ptr_nonnull(f);
    ck_assert_int_ge(fputs(text, f), 0);
    ck_assert_int_eq(fclose(f), 0);
}

static void make_site(void)
{
    strcpy(dir, "/tmp/inputs.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    ck_assert_int_eq(mkdir(at("tree"), 0755), 0);
    write_text("file", "abc");
    write_text("tree/below", "below");
    ck_assert_int_eq(symlink("below", at("tree/link")), 0);
    ck_assert_int_eq(symlink("file", at("alias")), 0);
}

static void remove_site(void)
{
    _cleanup_(bufp) struct buf command = BUF_INIT;

    buf_printf(&command, "rm -rf '%s'", dir);
    ck_assert_int_eq(system(command.data), 0);
}

static void check_said(int want, const char *why, bool staged, const char *said)
{
    _cleanup_(strvp) struct strv inputs = STRV_INIT;
    struct error e = ERROR_INIT;

    ck_assert_int_eq(strv_add(&inputs, said), 0);
    ck_assert_msg(inputs_check(&inputs, staged, &e) == want, "%s: %s", said, e.text);
    ck_assert_msg(strstr(e.text, why) != NULL, "%s: %s", said, e.text);
}

START_TEST(what_cannot_be_brought_is_refused)
{
    int                s = socket(AF_UNIX, SOCK_STREAM, 0);
    struct sockaddr_un a = { .sun_family = AF_UNIX };

    make_site();
    snprintf(a.sun_path, sizeof(a.sun_path), "%s", at("socket"));
    ck_assert_int_eq(bind(s, (struct sockaddr *)&a, sizeof(a)), 0);
    ck_assert_int_eq(symlink("round", at("round")), 0);
    check_said(0, "", false, at("file"));
    check_said(0, "", false, at("tree/"));
    check_said(0, "", false, at("alias"));
    check_said(0, "", true, "a/b");
    check_said(-EINVAL, "No such file", false, at("none"));
    check_said(-EINVAL, "neither a file", false, at("socket"));
    check_said(-EINVAL, "neither a file", false, "/dev/null");
    check_said(-EINVAL, "cannot be read", false, at("round"));
    check_said(-EINVAL, "Not a directory", false, at("file/x"));
    check_said(-EINVAL, "relative", false, "a/b");
    check_said(-EINVAL, "out of the staged directory", true, "a/../../b");
    check_said(-EINVAL, "fetched", true, "https://h/x");
    check_said(-EINVAL, "fetched", true, "s3://b/x");
    check_said(-EINVAL, "end in a name", false, "/");
    check_said(-EINVAL, "end in a name", false, "/tmp/..");
    check_said(-EINVAL, "only ~/", true, "~other/x");
    close(s);
    remove_site();
}
END_TEST

START_TEST(two_of_one_name_are_refused)
{
    _cleanup_(strvp) struct strv inputs = STRV_INIT;
    struct error e = ERROR_INIT;

    make_site();
    write_text("tree/file", "other");
    ck_assert_int_eq(strv_add(&inputs, at("file")), 0);
    ck_assert_int_eq(strv_add(&inputs, at("tree/file")), 0);
    ck_assert_int_eq(inputs_check(&inputs, false, &e), -EINVAL);
    ck_assert_ptr_nonnull(strstr(e.text, "two of them are called file"));
    remove_site();
}
END_TEST

START_TEST(what_lies_in_a_staged_directory_is_looked_at_there)
{
    _cleanup_(strvp) struct strv good = STRV_INIT, none = STRV_INIT, same = STRV_INIT;
    _cleanup_(fdp) int staged = -1;
    struct error e = ERROR_INIT;

    make_site();
    staged = open(at("tree"), O_RDONLY | O_DIRECTORY);
    ck_assert_int_eq(strv_add(&good, "below"), 0);
    ck_assert_int_eq(strv_add(&good, at("file")), 0);
    ck_assert_int_eq(strv_add(&none, "file"), 0);
    ck_assert_int_eq(strv_add(&same, at("below")), 0);
    ck_assert_int_eq(inputs_check_staged(&good, staged, &e), 0);
    ck_assert_int_eq(inputs_check_staged(&none, staged, &e), -EINVAL);
    ck_assert_int_eq(inputs_check_staged(&same, staged, &e), -EINVAL);
    ck_assert(inputs_to_bring(&good));
    ck_assert(!inputs_to_bring(&none));
    remove_site();
}
END_TEST

static const struct input *find(const struct plan *p, const char *to)
{
    for (size_t i = 0; i < p->n; i++)
        if (!strcmp(p->v[i].to, to))
            return &p->v[i];
    ck_abort_msg("%s is not in the plan", to);
}

START_TEST(a_plan_has_all_that_is_below)
{
    _cleanup_(strvp) struct strv inputs = STRV_INIT;
    _cleanup_(planp) struct plan p = PLAN_INIT;
    struct error e = ERROR_INIT;

    make_site();
    ck_assert_int_eq(strv_add(&inputs, at("tree/")), 0);
    ck_assert_int_eq(strv_add(&inputs, "relative"), 0);
    ck_assert_int_eq(strv_add(&inputs, at("alias")), 0);
    ck_assert_int_eq(plan_make(&p, &inputs, &e), 0);
    ck_assert_uint_eq(p.n, 4);
    ck_assert_uint_eq(p.files, 2);
    ck_assert_uint_eq(p.bytes, 8);
    ck_assert_str_eq(p.v[0].to, "tree");
    ck_assert(S_ISDIR(p.v[0].st.st_mode));
    ck_assert_str_eq(find(&p, "tree/link")->target, "below");
    ck_assert(S_ISREG(find(&p, "alias")->st.st_mode));
    remove_site();
}
END_TEST

START_TEST(a_plan_with_a_pipe_is_refused)
{
    _cleanup_(strvp) struct strv inputs = STRV_INIT;
    _cleanup_(planp) struct plan p = PLAN_INIT;
    struct error e = ERROR_INIT;

    make_site();
    ck_assert_int_eq(mkfifo(at("tree/pipe"), 0600), 0);
    ck_assert_int_eq(strv_add(&inputs, at("tree")), 0);
    ck_assert_int_eq(plan_make(&p, &inputs, &e), -EINVAL);
    ck_assert_ptr_nonnull(strstr(e.text, "tree/pipe is neither"));
    remove_site();
}
END_TEST

static bool always(void *arg unused_arg)
{
    return true;
}

static bool never(void *arg unused_arg)
{
    return false;
}

static void look(struct input *in, const char *name)
{
    static char path[256];

    snprintf(path, sizeof(path), "%s", at(name));
    *in = (struct input){ .from = path };
    ck_assert_int_eq(stat(path, &in->st), 0);
}

/* That of "abc", as the standard has it. */
static const char abc[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

START_TEST(a_hash_is_remembered_until_the_file_changes)
{
    struct timespec old[2] = { { 1000000000, 1 }, { 1000000000, 2 } };
    struct hashes   h;
    struct input    in;

    make_site();
    /* Its ctime cannot be set: it has to grow older than what counts as young. */
    ck_assert_int_eq(utimensat(AT_FDCWD, at("file"), old, 0), 0);
    look(&in, "file");
    while (time(NULL) < in.st.st_ctim.tv_sec + 4)
        ck_assert_int_eq(usleep(100000), 0);
    hashes_load(&h, at("hashes"));
    ck_assert_int_eq(hashes_get(&h, &in, never, NULL), -ECANCELED);
    ck_assert_int_eq(hashes_get(&h, &in, always, NULL), 0);
    ck_assert_str_eq(in.sha, abc);
    hashes_save(&h);
    hashes_release(&h);

    /* Known now: it is not read. */
    hashes_load(&h, at("hashes"));
    look(&in, "file");
    ck_assert_int_eq(hashes_get(&h, &in, never, NULL), 0);
    ck_assert_str_eq(in.sha, abc);

    /* Other bytes of the same length, with the same mtime: its ctime tells. */
    write_text("file", "abd");
    ck_assert_int_eq(utimensat(AT_FDCWD, at("file"), old, 0), 0);
    ck_assert_int_eq(hashes_get(&h, &in, never, NULL), 0);
    look(&in, "file");
    ck_assert_int_eq(hashes_get(&h, &in, never, NULL), -ECANCELED);
    ck_assert_int_eq(hashes_get(&h, &in, always, NULL), 0);
    ck_assert_str_ne(in.sha, abc);
    hashes_release(&h);
    remove_site();
}
END_TEST

START_TEST(a_young_file_is_not_remembered)
{
    struct hashes h;
    struct input  in;

    make_site();
    write_text("young", "abc");
    look(&in, "young");
    hashes_load(&h, at("hashes"));
    ck_assert_int_eq(hashes_get(&h, &in, always, NULL), 0);
    ck_assert_str_eq(in.sha, abc);
    ck_assert_uint_eq(h.n, 0);
    hashes_release(&h);
    remove_site();
}
END_TEST

START_TEST(one_that_is_not_what_was_looked_at_is_told)
{
    struct hashes h;
    struct input  in;

    make_site();
    look(&in, "file");
    write_text("file", "longer than it was");
    hashes_load(&h, at("hashes"));
    ck_assert_int_eq(hashes_get(&h, &in, always, NULL), -ESTALE);
    hashes_release(&h);
    remove_site();
}
END_TEST

START_TEST(a_spoilt_memory_is_no_harm)
{
    struct hashes h;
    struct input  in;

    make_site();
    write_text("hashes", "x 1\n\n\x01\xff garbage without an end");
    hashes_load(&h, at("hashes"));
    look(&in, "file");
    ck_assert_int_eq(hashes_get(&h, &in, always, NULL), 0);
    ck_assert_str_eq(in.sha, abc);
    hashes_release(&h);
    remove_site();
}
END_TEST

UNIT_MAIN("inputs", { what_cannot_be_brought_is_refused, two_of_one_name_are_refused,
                      what_lies_in_a_staged_directory_is_looked_at_there,
                      a_plan_has_all_that_is_below, a_plan_with_a_pipe_is_refused,
                      a_hash_is_remembered_until_the_file_changes, a_young_file_is_not_remembered,
                      one_that_is_not_what_was_looked_at_is_told, a_spoilt_memory_is_no_harm })
