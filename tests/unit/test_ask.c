/*
 * test_ask.c - a question reaches the person, and the terminal is as it was whatever comes
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "fs/ask.h"
#include "unit.h"

#define PROMPT "me@hpc's password: "
#define PATIENCE_MS 10000

/* A child on a terminal of its own that asks, and leaves with 0 when it was told "open sesame". */
struct person {
    int   tty; /* our end of it */
    pid_t child;
    char  shown[4096]; /* all that stood on the screen */
};

static void person_cleanup(struct person *p)
{
    close(p->tty);
    if (p->child > 0) {
        kill(p->child, SIGKILL);
        waitpid(p->child, NULL, 0);
    }
}

static _Noreturn void ask_and_leave(bool secret)
{
    char *answer;
    int   status;

    /* Check has its own, and who runs us in the background has them ignored. */
    signal(SIGINT, SIG_DFL);
    signal(SIGQUIT, SIG_DFL);
    answer = ask_person(NULL, PROMPT, secret);

    status = !answer ? 2 : strcmp(answer, "open sesame") != 0;
    free(answer);
    _exit(status);
}

static void person_init(struct person *p, bool secret)
{
    *p = (struct person){ 0 };
    p->child = forkpty(&p->tty, NULL, NULL, NULL);
    ck_assert_int_ge(p->child, 0);
    if (p->child == 0)
        ask_and_leave(secret);
}

/* Read on until `words` stand on the screen; "": until the child has closed the terminal. */
static void see(struct person *p, const char *words)
{
    size_t len = strlen(p->shown);

    while (!*words || !strstr(p->shown, words)) {
        struct pollfd f = { .fd = p->tty, .events = POLLIN };
        ck_assert_msg(poll(&f, 1, PATIENCE_MS) == 1, "\"%s\" did not come", words);
        ssize_t n = read(p->tty, p->shown + len, sizeof(p->shown) - 1 - len);
        if (n <= 0 && !*words)
            return;
        ck_assert_int_gt(n, 0);
        p->shown[len += (size_t)n] = '\0';
    }
}

static bool echoes(const struct person *p)
{
    struct termios t;

    ck_assert_int_eq(tcgetattr(p->tty, &t), 0);
    return t.c_lflag & ECHO;
}

static void type(const struct person *p, const char *text)
{
    ck_assert_int_eq(write(p->tty, text, strlen(text)), (ssize_t)strlen(text));
}

static int status_of(struct person *p)
{
    int status;

    ck_assert_int_eq(waitpid(p->child, &status, 0), p->child);
    p->child = 0;
    return status;
}

START_TEST(a_secret_is_not_shown)
{
    _cleanup_(person) struct person p;

    person_init(&p, true);
    see(&p, PROMPT);
    ck_assert(!echoes(&p));
    type(&p, "open sesame\n");
    see(&p, "");
    ck_assert_ptr_null(strstr(p.shown, "sesame"));
    ck_assert_int_eq(status_of(&p), 0);
}
END_TEST

START_TEST(what_is_no_secret_is_shown)
{
    _cleanup_(person) struct person p;

    person_init(&p, false);
    see(&p, PROMPT);
    ck_assert(echoes(&p));
    type(&p, "open sesame\n");
    see(&p, "open sesame");
    ck_assert_int_eq(WEXITSTATUS(status_of(&p)), 0);
}
END_TEST

START_TEST(who_is_interrupted_leaves_the_terminal_as_it_was)
{
    static const char keys[] = { 3 /* ^C */, 28 /* ^\ */ };
    static const int  signals[] = { SIGINT, SIGQUIT };

    for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
        _cleanup_(person) struct person p;
        int                             status;

        person_init(&p, true);
        see(&p, PROMPT);
        ck_assert(!echoes(&p));
        ck_assert_int_eq(write(p.tty, &keys[i], 1), 1);
        status = status_of(&p);
        ck_assert(WIFSIGNALED(status));
        ck_assert_int_eq(WTERMSIG(status), signals[i]);
        ck_assert(echoes(&p));
    }
}
END_TEST

START_TEST(who_comes_back_from_a_signal_is_asked_again)
{
    _cleanup_(person) struct person p;

    person_init(&p, true);
    see(&p, PROMPT);
    /* It has nobody in its session who could let it go on, so the kernel does not stop it. */
    kill(p.child, SIGTSTP);
    see(&p, PROMPT "\r\n" PROMPT);
    ck_assert(!echoes(&p));
    type(&p, "open sesame\n");
    ck_assert_int_eq(WEXITSTATUS(status_of(&p)), 0);
}
END_TEST

START_TEST(the_end_of_the_input_is_no_answer)
{
    _cleanup_(person) struct person p;

    person_init(&p, true);
    see(&p, PROMPT);
    type(&p, "\004");
    ck_assert_int_eq(WEXITSTATUS(status_of(&p)), 2);
}
END_TEST

/* Without a terminal, and with that program to ask. */
static int ask_without_terminal(const char *text)
{
    char  path[] = "/tmp/clustrixfs-ask.XXXXXX";
    int   fd = mkstemp(path), status;
    pid_t child;

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(fchmod(fd, 0700), 0);
    dprintf(fd, "#!/bin/sh\n%s\n", text);
    close(fd);
    child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        setsid();
        if (*text)
            setenv("SSH_ASKPASS", path, 1);
        else
            unsetenv("SSH_ASKPASS");
        ask_and_leave(true);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    unlink(path);
    ck_assert(WIFEXITED(status));
    return WEXITSTATUS(status);
}

START_TEST(without_a_terminal_a_program_asks)
{
    unsetenv("SSH_ASKPASS_REQUIRE");
    ck_assert_int_eq(ask_without_terminal("[ \"$1\" = \"" PROMPT "\" ] && echo open sesame"), 0);
    ck_assert_int_eq(ask_without_terminal("echo something else"), 1);
    ck_assert_int_eq(ask_without_terminal("echo open sesame; exit 1"), 2);
    ck_assert_int_eq(ask_without_terminal(""), 2);
    setenv("SSH_ASKPASS_REQUIRE", "never", 1);
    ck_assert_int_eq(ask_without_terminal("echo open sesame"), 2);
}
END_TEST

UNIT_MAIN("ask", { a_secret_is_not_shown, what_is_no_secret_is_shown,
                   who_is_interrupted_leaves_the_terminal_as_it_was,
                   who_comes_back_from_a_signal_is_asked_again, the_end_of_the_input_is_no_answer,
                   without_a_terminal_a_program_asks })
