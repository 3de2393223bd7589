/*
 * test_far_collect.c - what is told of runs and their files, whatever these are
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clustrixfs/collect.h"
#include "far_site.h"

#define OPEN(f)                                                                                    \
    _cleanup_(farp) struct far f = { .transport = NULL };                                          \
    if (!fsite_open(&f, _i))                                                                       \
    return

static const char *const one[] = { RUN, NULL };

/* The next field, as a C string without its NUL. */
static const char *next(struct span *rest)
{
    const char *field = rest->data;
    size_t      len = strnlen(field, rest->len);

    ck_assert_msg(len < rest->len, "cut short");
    *rest = (struct span){ field + len + 1, rest->len - len - 1 };
    return field;
}

/* Skip to the field that begins so. */
static const char *find(struct span *rest, const char *begin)
{
    const char *field;

    do {
        ck_assert_msg(rest->len > 0, "no field '%s'", begin);
        field = next(rest);
    } while (strncmp(field, begin, strlen(begin)) != 0);
    return field;
}

START_TEST(a_run_is_told_whole)
{
    OPEN(f);
    _cleanup_(bufp) struct buf out = BUF_INIT;
    struct span                rest;
    struct record              r;

    fsite_job(&f, TOKEN, "{\"command\": \"printf 'a\\\\000b'; exit 3\"}");
    fsite_run(&f, RUN, &r);
    fsite_ask(&f, "collect", NULL, (const char *const[]){ RUN, TOKEN "/attempt2", NULL }, &out);
    rest = buf_span(&out);
    ck_assert_str_eq(next(&rest), "J " RUN);
    ck_assert_int_eq(record_parse(&r, span_str(next(&rest) + 2)), 0);
    ck_assert_int_gt(r.job_pid, 0);
    ck_assert_int_eq(record_parse(&r, span_str(next(&rest) + 2)), 0);
    ck_assert_int_eq(r.exit_code, 3);
    ck_assert_int_eq(strncmp(next(&rest), "O 3 ", 4), 0);
    ck_assert_int_eq(strncmp(next(&rest), "E 0 ", 4), 0);
    ck_assert_str_eq(next(&rest), "o 3");
    ck_assert_int_eq(memcmp(rest.data, "a\0b", 4), 0);
    rest = (struct span){ rest.data + 4, rest.len - 4 };
    ck_assert_str_eq(next(&rest), "e 0");
    ck_assert_str_eq(next(&rest), "");
    ck_assert_str_eq(next(&rest), "Z");
    ck_assert_str_eq(next(&rest), "J " TOKEN "/attempt2");
    ck_assert_str_eq(next(&rest), "Z");
    ck_assert_str_eq(next(&rest), "D " TOKEN);
    ck_assert_str_eq(next(&rest), "Z 0");
    ck_assert_uint_eq(rest.len, 0);

    buf_set_len(&out, 0);
    fsite_ask(&f, "collect-runs", NULL, one, &out);
    ck_assert_ptr_null(memmem(out.data, out.len, "D " TOKEN, sizeof("D " TOKEN)));
}
END_TEST

/* While it runs there are sizes and no bytes; what is no regular file is not told at all. */
START_TEST(a_running_one_has_no_bytes)
{
    OPEN(f);
    _cleanup_(bufp) struct buf out = BUF_INIT, path = BUF_INIT;
    struct span                rest;

    fsite_job(&f, TOKEN, "{\"command\": \"echo x; touch ready; sleep 1000\"}");
    fsite_check(&f, "start", NULL, RUN, "started %");
    fsite_await(&f, TOKEN "/files/ready");
    buf_printf(&path, "%s/" RUN "/stderr", f.root);
    ck_assert_int_eq(unlink(path.data), 0);
    ck_assert_int_eq(symlink("/etc/passwd", path.data), 0);
    fsite_ask(&f, "collect-runs", NULL, one, &out);
    rest = buf_span(&out);
    ck_assert_str_eq(next(&rest), "J " RUN);
    ck_assert_int_eq(strncmp(next(&rest), "T node", 6), 0);
    ck_assert_int_eq(strncmp(next(&rest), "O 2 ", 4), 0);
    ck_assert_str_eq(next(&rest), "Z");
    ck_assert_uint_eq(rest.len, 0);
}
END_TEST

static const char *const names[] = {
    "a b", "new\nline\n", "-n", "$(touch x)", "q\"'`", "\xc3\xa4", "\\", " ", "*", "\xff\xfe",
};

static void make_files(const struct far *f)
{
    char dir[96];

    snprintf(dir, sizeof(dir), "%s/" TOKEN "/files", f->root);
    ck_assert_int_eq(chdir(dir), 0);
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        FILE *file = fopen(names[i], "w");

        ck_assert_ptr_nonnull(file);
        fprintf(file, "%zu", i);
        fclose(file);
    }
    ck_assert_int_eq(mkdir("dir", 0750), 0);
    ck_assert_int_eq(symlink("/etc", "dir/link\n"), 0);
    ck_assert_int_eq(symlink("to\n", "target"), 0);
    ck_assert_int_eq(symlink("to\1", "untold"), 0);
    ck_assert_int_eq(symlink("/etc", "dir/\1\n\1"), 0);
    ck_assert_int_eq(mkfifo("fifo", 0600), 0);
    ck_assert_int_eq(truncate("a b", 1 << 30), 0);
    ck_assert_int_eq(chdir("/"), 0);
}

/* The path of "F TYPE MODE SIZE MTIME PATH". */
static const char *path_of(const char *field)
{
    for (int i = 0; i < 5 && field; i++)
        field = strchr(field, ' ') + 1;
    return field;
}

static const char *listed(const struct buf *text, const char *path)
{
    struct span rest = buf_span(text);

    find(&rest, "D ");
    for (;;) {
        const char *field = find(&rest, "F ");

        if (strcmp(path_of(field), path) == 0)
            return field;
    }
}

static void check_link(const struct buf *text, const char *path, const char *target)
{
    const char *field = listed(text, path);

    ck_assert_int_eq(strncmp(field, "F l 777 ", 8), 0);
    field += strlen(field) + 1;
    ck_assert_int_eq(strncmp(field, "L ", 2), 0);
    ck_assert_str_eq(field + 2, target);
}

START_TEST(files_of_all_kinds_are_listed)
{
    OPEN(f);
    _cleanup_(bufp) struct buf out = BUF_INIT;
    struct span                rest;

    fsite_job(&f, TOKEN, "{\"command\": \"x\"}");
    make_files(&f);
    fsite_ask(&f, "collect", NULL, one, &out);
    for (size_t i = 1; i < ARRAY_SIZE(names); i++)
        ck_assert_int_eq(strncmp(listed(&out, names[i]), "F f 644 1 ", 10), 0);
    ck_assert_int_eq(strncmp(listed(&out, "a b"), "F f 644 1073741824 ", 19), 0);
    ck_assert_int_eq(strncmp(listed(&out, "dir"), "F d 750 ", 8), 0);
    ck_assert_int_eq(strncmp(listed(&out, "fifo"), "F p 600 0 ", 10), 0);
    check_link(&out, "dir/link\n", "/etc");
    check_link(&out, "target", "to\n");
    /* Busybox' awk cannot read the line in which that is. */
    if (!fsite_has(&f, "bin/awk"))
        check_link(&out, "dir/\1\n\1", "/etc");
    rest = buf_span(&out);
    find(&rest, "D " TOKEN);
    ck_assert_str_eq(find(&rest, "Z"), fsite_has(&f, "bin/awk") ? "Z 14" : "Z 15");
    ck_assert_uint_eq(rest.len, 0);
    ck_assert(!fsite_has(&f, TOKEN "/files/x"));
}
END_TEST

/* The jobs one after the other, each with its own files once; a link in the place of files/ is not
 * followed. */
START_TEST(many_jobs_are_told_at_once)
{
    OPEN(f);
    enum { N = 128 };
    _cleanup_(bufp) struct buf out = BUF_INIT;
    char                       runs[N][64], path[128], away[140];
    const char                *list[N + 1] = { NULL };
    struct span                rest;
    size_t                     listings = 0, ends = 0;

    for (int i = 0; i < N; i++) {
        snprintf(runs[i], sizeof(runs[i]), "cfx%012d/attempt%d", i / 2, i % 2 + 1);
        snprintf(path, sizeof(path), "%.15s/files/%d", runs[i], i);
        fsite_write(&f, path, 0600, "x");
        snprintf(path, sizeof(path), "%.60s/stdout", runs[i]);
        fsite_write(&f, path, 0600, "out");
        list[i] = runs[i];
    }
    snprintf(path, sizeof(path), "%s/cfx000000000005/files", f.root);
    snprintf(away, sizeof(away), "%s.away", path);
    ck_assert_int_eq(rename(path, away), 0);
    ck_assert_int_eq(symlink("/etc", path), 0);

    fsite_ask(&f, "collect", NULL, list, &out);
    rest = buf_span(&out);
    for (int i = 0; i < N; i++) {
        ck_assert_str_eq(next(&rest) + 2, runs[i]);
        ck_assert_int_eq(strncmp(next(&rest), "O 3 ", 4), 0);
        ck_assert_str_eq(next(&rest), "Z");
    }
    while (rest.len > 0) {
        const char *field = next(&rest);

        listings += field[0] == 'D';
        ends += strcmp(field, "Z 2") == 0;
        ck_assert_ptr_null(strstr(field, "passwd"));
    }
    ck_assert_uint_eq(listings, N / 2 - 1);
    ck_assert_uint_eq(ends, N / 2 - 1);
}
END_TEST

FAR_MAIN("far_collect", { a_run_is_told_whole, a_running_one_has_no_bytes,
                          files_of_all_kinds_are_listed, many_jobs_are_told_at_once })
