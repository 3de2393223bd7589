/*
 * test_store.c - what is committed is there again, what is not is not
 */
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "rows.h"
#include "store.h"

static char dir[64];

static struct store *open_store(void)
{
    struct store *st;
    struct error  e = ERROR_INIT;

    ck_assert_msg(!store_open(&st, dir, &e), "%s", e.text);
    return st;
}

static void make_dir(void)
{
    strcpy(dir, "/tmp/cfx-store-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
}

static struct stored_job some_job(uint64_t number, enum job_state state)
{
    struct stored_job j = {
        .v = { .id = JOB_ID(number, 0), .state = state, .exit_code = -1, .name = "train",
               .alias = "train.sh", .cluster = "local", .reason = "because", .native = "4711",
               .cores = 2, .memory = UINT64_C(1) << 40, .attempt = 3, .counts = { [5] = 7 } },
        .waits = "c1 a2",
        .spec = SPAN_LIT("#!/bin/sh\necho \0 is kept\n"),
    };

    memcpy(j.v.token, "cfxaaaaaaaaaaab", 16);
    return j;
}

static int compare(void *arg, const struct stored_job *j)
{
    struct stored_job *want = arg;

    ck_assert_uint_eq(j->v.id, want->v.id);
    ck_assert_str_eq(j->v.name, want->v.name);
    ck_assert_str_eq(j->v.alias, want->v.alias);
    ck_assert_str_eq(j->v.reason, want->v.reason);
    ck_assert_uint_eq(j->v.memory, want->v.memory);
    ck_assert_uint_eq(j->v.counts[5], 7);
    ck_assert_str_eq(j->waits, want->waits);
    ck_assert_uint_eq(j->spec.len, want->spec.len);
    ck_assert_mem_eq(j->spec.data, want->spec.data, want->spec.len);
    return 0;
}

START_TEST(a_committed_job_comes_back_whole)
{
    struct stored_job j = some_job(17, JOB_RUNNING);
    struct store     *st;

    make_dir();
    st = open_store();
    ck_assert_int_eq(store_begin(st, true), 0);
    ck_assert_int_eq(store_insert_job(st, &j), 0);
    ck_assert_int_eq(store_commit(st), 0);
    store_close(st);

    st = open_store();
    ck_assert_int_eq(store_each_live(st, compare, &j), 0);
    ck_assert_uint_eq(store_counter(st, "job"), 17);
    ck_assert_uint_eq(store_by_name(st, "train"), j.v.id);
    ck_assert_uint_eq(store_by_name(st, "train.sh"), j.v.id);
    store_close(st);
}
END_TEST

START_TEST(a_process_that_dies_in_a_transaction_leaves_nothing_of_it)
{
    struct stored_job j = some_job(18, JOB_QUEUED);
    struct store     *st;
    pid_t             pid;

    make_dir();
    pid = fork();
    if (!pid) {
        st = open_store();
        if (!store_begin(st, true) && !store_insert_job(st, &j))
            kill(getpid(), SIGKILL);
        _exit(1);
    }
    ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
    st = open_store();
    ck_assert_int_eq(store_load_job(st, j.v.id, compare, &j), -ENOENT);
    ck_assert_uint_eq(store_counter(st, "job"), 0);
    store_close(st);
}
END_TEST

START_TEST(a_second_daemon_is_refused_with_a_sentence)
{
    struct error  e = ERROR_INIT;
    struct store *st, *second;

    make_dir();
    st = open_store();
    ck_assert_int_eq(store_open(&second, dir, &e), -EBUSY);
    ck_assert_ptr_nonnull(strstr(e.text, dir));
    store_close(st);
    store_close(open_store());
}
END_TEST

START_TEST(a_forgotten_name_falls_back_to_the_job_before)
{
    struct stored_job old = some_job(1, JOB_COMPLETED), new = some_job(2, JOB_COMPLETED);
    struct store     *st;

    make_dir();
    st = open_store();
    ck_assert_int_eq(store_insert_job(st, &old), 0);
    ck_assert_int_eq(store_insert_job(st, &new), 0);
    ck_assert_uint_eq(store_by_name(st, "train"), new.v.id);
    ck_assert_int_eq(store_forget_job(st, new.v.id, new.v.name, new.v.alias), 0);
    ck_assert_uint_eq(store_by_name(st, "train"), old.v.id);
    ck_assert_uint_eq(store_by_name(st, "train.sh"), old.v.id);
    ck_assert_int_eq(store_forget_job(st, old.v.id, old.v.name, old.v.alias), 0);
    ck_assert_uint_eq(store_by_name(st, "train"), 0);
    /* The number stays used. */
    ck_assert_uint_eq(store_counter(st, "job"), 2);
    store_close(st);
}
END_TEST

START_TEST(counts_survive_their_text)
{
    uint32_t counts[JOB_STATE_COUNT] = { [1] = 4, [9] = 100000 }, back[JOB_STATE_COUNT];
    _cleanup_(bufp) struct buf text = BUF_INIT;

    ck_assert_int_eq(counts_format(counts, &text), 0);
    counts_parse(text.data, back);
    ck_assert_mem_eq(counts, back, sizeof(counts));
    counts_parse("99:1 x", back);
    ck_assert_uint_eq(back[1], 0);
}
END_TEST

UNIT_MAIN("store", {
    a_committed_job_comes_back_whole,
    a_process_that_dies_in_a_transaction_leaves_nothing_of_it,
    a_second_daemon_is_refused_with_a_sentence,
    a_forgotten_name_falls_back_to_the_job_before,
    counts_survive_their_text,
})
