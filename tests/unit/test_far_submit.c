/*
 * test_far_submit.c - submitted at most once, however often it is said and whoever is killed
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "far_site.h"

#define OPEN(f)                                                                                    \
    _cleanup_(farp) struct far f = { .transport = NULL };                                          \
    if (!fsite_open(&f, _i))                                                                       \
    return

/* The answer with its NULs as |. */
static void ask(struct far *f, const char *verb, const char *const *runs, struct buf *out)
{
    fsite_ask(f, verb, NULL, runs, out);
    for (size_t i = 0; i < out->len; i++)
        if (out->data[i] == '\0')
            out->data[i] = '|';
}

static void check(struct far *f, const char *verb, const char *const *runs, const char *answer)
{
    _cleanup_(bufp) struct buf out = BUF_INIT;

    ask(f, verb, runs, &out);
    ck_assert_str_eq(out.data, answer);
}

static const char *const one[] = { RUN, NULL };

START_TEST(an_answer_is_kept)
{
    OPEN(f);
    static const char answer[] = "J " RUN "|R 7|o 12|job attempt1|e 3|no\n|Z|";

    fsite_job(&f, TOKEN, "{\"command\": \"x\"}");
    check(&f, "sent", one, "J " RUN "|U|Z|");
    fsite_write(&f, TOKEN "/submit", 0700, "echo \"$1\" >>" TOKEN "/witness\n"
                                         "printf 'job %s' \"$1\"; echo no >&2; exit 7\n");
    check(&f, "submit", one, answer);
    check(&f, "submit", one, answer);
    check(&f, "sent", one, answer);
    ck_assert(fsite_has(&f, TOKEN "/witness"));

    fsite_check(&f, "forget", NULL, RUN, "done");
    check(&f, "sent", one, "J " RUN "|U|Z|");
    check(&f, "submit", one, answer);

    _cleanup_(bufp) struct buf out = BUF_INIT;
    fsite_read(&f, TOKEN "/witness", &out);
    ck_assert_str_eq(out.data, "attempt1\nattempt1\n");
}
END_TEST

START_TEST(what_was_started_is_not_submitted)
{
    OPEN(f);
    struct record r;

    fsite_job(&f, TOKEN, "{\"command\": \"true\"}");
    fsite_write(&f, TOKEN "/submit", 0700, "touch " TOKEN "/witness\n");
    fsite_run(&f, RUN, &r);
    check(&f, "submit", one, "J " RUN "|U|C|Z|");
    fsite_check(&f, "forget", NULL, RUN, "claimed");
    ck_assert(!fsite_has(&f, TOKEN "/witness"));
}
END_TEST

START_TEST(many_are_answered_each)
{
    OPEN(f);
    static const char *const runs[] = {
        TOKEN "/task0.attempt1", TOKEN "/task1.attempt1", TOKEN "/task2.attempt1", "nonsense",
        TOKEN "/task3.attempt1", TOKEN "/task4.attempt1", NULL,
    };

    fsite_job(&f, TOKEN, "{\"command\": \"x\"}");
    fsite_write(&f, TOKEN "/submit", 0700, "printf 'a\\000b'\n");
    _cleanup_(bufp) struct buf out = BUF_INIT;
    size_t len = 0;
    ask(&f, "submit", runs, &out);
    for (size_t i = 0; runs[i]; i++) {
        char want[100];
        snprintf(want, sizeof want, i == 3 ? "J %s|F it is not called TOKEN/RUN|Z|"
                                           : "J %s|R 0|o 2|ab|e 0||Z|", runs[i]);
        ck_assert_msg(strstr(out.data, want) != NULL, "no %s in %s", want, out.data);
        len += strlen(want);
    }
    ck_assert_uint_eq(out.len, len);
}
END_TEST

START_TEST(what_cannot_be_tried_says_so)
{
    OPEN(f);
    _cleanup_(bufp) struct buf want = BUF_INIT;

    fsite_job(&f, TOKEN, "{\"command\": \"x\"}");
    buf_printf(&want, "J " RUN "|F there is no file %s/" TOKEN "/submit|Z|", f.root);
    check(&f, "submit", one, want.data);
}
END_TEST

/* The command runs on when the one who waits for it is killed: it is being tried as long as it
 * lives; then it is lost, and not tried again. */
START_TEST(a_killed_keeper_leaves_it_tried)
{
    OPEN(f);
    _cleanup_(bufp) struct buf out = BUF_INIT;
    pid_t                      pid;
    int                        child, parent;
    FILE                      *in;

    fsite_job(&f, TOKEN, "{\"command\": \"x\"}");
    fsite_write(&f, TOKEN "/submit", 0700, "exec sh -c 'echo $$ $PPID >pid && mv pid " TOKEN
                                         "/pids && exec sleep 1000'\n");
    pid = fork();
    if (pid == 0) {
        ck_assert_ptr_nonnull(freopen("/dev/null", "w", stdout));
        execl(f.keeper, f.keeper, "submit", f.root, RUN, NULL);
        _exit(1);
    }
    fsite_await(&f, TOKEN "/pids");
    fsite_read(&f, TOKEN "/pids", &out);
    in = fmemopen(out.data, out.len, "r");
    ck_assert_int_eq(fscanf(in, "%d %d", &child, &parent), 2);
    fclose(in);
    ck_assert_int_eq(kill(parent, SIGKILL), 0);
    ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
    buf_set_len(&out, 0);
    buf_printf(&out, "J " RUN "|K %d|Z|", child);
    check(&f, "sent", one, out.data);
    fsite_check(&f, "forget", NULL, RUN, "failed it is just being submitted");
    ck_assert_int_eq(kill(child, SIGKILL), 0);
    while (kill(child, 0) == 0)
        usleep(1000);
    check(&f, "sent", one, "J " RUN "|S|Z|");
    check(&f, "submit", one, "J " RUN "|S|Z|");
}
END_TEST

#define KILLS 25 /* with each of the four shells */

/* All that runs in the session that `submit` has made for itself. */
static void kill_session(pid_t pid)
{
    char command[160];

    snprintf(command, sizeof(command), "for p in $(ps -o pid= --ppid %d); do kill -9 -$p; done "
             "2>/dev/null; kill -9 %d 2>/dev/null", (int)pid, (int)pid);
    ck_assert_int_ge(system(command), 0);
}

static size_t lines(struct far *f, const char *path)
{
    _cleanup_(bufp) struct buf out = BUF_INIT;
    size_t                     n = 0;

    if (!fsite_has(f, path))
        return 0;
    fsite_read(f, path, &out);
    for (size_t i = 0; i < out.len; i++)
        n += out.data[i] == '\n';
    return n;
}

/* Killed at any moment, and said again until there is word of it: never twice. And what it says was
 * never tried has left no trace. */
START_TEST(it_is_submitted_at_most_once)
{
    OPEN(f);
    char path[sizeof("/usr/bin:/bin:") + 4096];

    snprintf(path, sizeof(path), "%s:/usr/bin:/bin", getenv("PATH"));
    setenv("PATH", path, 1);
    fsite_job(&f, TOKEN, "{\"command\": \"x\"}");
    fsite_write(&f, TOKEN "/submit", 0700, "echo ran >>\"" TOKEN "/$1.witness\"\n");
    for (int i = 1; i <= KILLS; i++) {
        _cleanup_(bufp) struct buf out = BUF_INIT;
        char                       run[64], witness[80];
        pid_t                      pid;

        snprintf(run, sizeof(run), TOKEN "/attempt%d", i);
        snprintf(witness, sizeof(witness), "%s.witness", run);
        pid = fork();
        if (pid == 0) {
            ck_assert_ptr_nonnull(freopen("/dev/null", "w", stdout));
            execl(f.keeper, f.keeper, "submit", f.root, run, NULL);
            _exit(1);
        }
        usleep((useconds_t)(rand() % 60000));
        kill_session(pid);
        waitpid(pid, NULL, 0);
        fsite_ask(&f, "sent", NULL, (const char *const[]){ run, NULL }, &out);
        if (out.data[strlen(out.data) + 1] == 'U')
            ck_assert_uint_eq(lines(&f, witness), 0);
        buf_set_len(&out, 0);
        fsite_ask(&f, "submit", NULL, (const char *const[]){ run, NULL }, &out);
        ck_assert_uint_le(lines(&f, witness), 1);
        if (out.data[strlen(out.data) + 1] == 'R')
            ck_assert_uint_eq(lines(&f, witness), 1);
    }
}
END_TEST

FAR_MAIN("far_submit", { an_answer_is_kept, what_was_started_is_not_submitted,
                         many_are_answered_each, what_cannot_be_tried_says_so,
                         a_killed_keeper_leaves_it_tried, it_is_submitted_at_most_once })
