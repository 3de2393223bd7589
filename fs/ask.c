/*
 * ask.c - a question to the person who mounts
 *
 * A terminal whose echo is off must get it back whatever ends us. So the signals that would are
 * held back while it is off: when one is waiting the terminal is put right first, and then the
 * signal does what it does. Who comes back from one (they stopped us, and let us go on) is asked
 * again.
 */
#include "fs/ask.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "clustrixfs/base.h"

#define ANSWER_MAX 1024

extern char **environ;

enum reading { READING_DONE, READING_NOBODY, READING_SIGNAL };

/*
 * The terminal.
 */
static void write_text(int fd, const char *text)
{
    size_t left = strlen(text);

    while (left > 0) {
        ssize_t n = write(fd, text, left);

        if (n < 0 && errno != EINTR)
            return;
        text += n > 0 ? n : 0;
        left -= n > 0 ? (size_t)n : 0;
    }
}

/* The terminal gives whole lines. */
static enum reading read_line(int tty, int signals, char answer[ANSWER_MAX])
{
    struct pollfd p[] = { { .fd = tty, .events = POLLIN }, { .fd = signals, .events = POLLIN } };
    ssize_t       n;

    do
        n = poll(p, ARRAY_SIZE(p), -1);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return READING_NOBODY;
    if (p[1].revents)
        return READING_SIGNAL;
    n = read(tty, answer, ANSWER_MAX - 1);
    if (n <= 0)
        return READING_NOBODY;
    answer[n] = '\0';
    answer[strcspn(answer, "\r\n")] = '\0';
    return READING_DONE;
}

/* With the signals held back. */
static enum reading read_hidden(int tty, int signals, const char *prompt, bool secret,
                                char answer[ANSWER_MAX])
{
    struct termios before, hidden;
    bool           hide = secret && tcgetattr(tty, &before) == 0;
    enum reading   r;

    if (hide) {
        hidden = before;
        hidden.c_lflag &= ~(tcflag_t)ECHO;
        tcsetattr(tty, TCSAFLUSH, &hidden);
    }
    write_text(tty, prompt);
    r = read_line(tty, signals, answer);
    if (hide)
        tcsetattr(tty, TCSAFLUSH, &before);
    if (hide || r != READING_DONE)
        write_text(tty, "\n");
    return r;
}

static char *ask_terminal(int tty, const char *prompt, bool secret)
{
    static const int ends[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP };
    char             answer[ANSWER_MAX] = "", *copy = NULL;
    enum reading     r = READING_SIGNAL;
    sigset_t         held, before;

    sigemptyset(&held);
    for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
        sigaddset(&held, ends[i]);
    _cleanup_(fdp) int signals = signalfd(-1, &held, SFD_CLOEXEC);
    while (signals >= 0 && r == READING_SIGNAL) {
        pthread_sigmask(SIG_BLOCK, &held, &before);
        r = read_hidden(tty, signals, prompt, secret, answer);
        pthread_sigmask(SIG_SETMASK, &before, NULL); /* the signal strikes here */
    }
    if (r == READING_DONE)
        copy = strdup(answer);
    explicit_bzero(answer, sizeof(answer));
    return copy;
}

/*
 * The program that asks in a window.
 */
static pid_t start_program(const char *program, const char *prompt, int out)
{
    const char                *argv[] = { program, prompt, NULL };
    posix_spawn_file_actions_t actions;
    pid_t                      pid = -1;

    if (posix_spawn_file_actions_init(&actions) != 0)
        return -1;
    if (posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO) != 0 ||
        posix_spawnp(&pid, program, &actions, NULL, (char *const *)argv, environ) != 0)
        pid = -1;
    posix_spawn_file_actions_destroy(&actions);
    return pid;
}

static char *ask_program(const char *program, const char *prompt)
{
    char    answer[ANSWER_MAX] = "", *copy = NULL;
    size_t  len = 0;
    ssize_t n;
    int     ends[2], status = -1;
    pid_t   pid;

    if (pipe2(ends, O_CLOEXEC) < 0)
        return NULL;
    pid = start_program(program, prompt, ends[1]);
    close(ends[1]);
    while (pid > 0 && len < sizeof(answer) - 1) {
        n = read(ends[0], answer + len, sizeof(answer) - 1 - len);
        if (n == 0 || (n < 0 && errno != EINTR))
            break;
        len += n > 0 ? (size_t)n : 0;
    }
    close(ends[0]);
    while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    answer[strcspn(answer, "\r\n")] = '\0';
    if (pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0)
        copy = strdup(answer);
    explicit_bzero(answer, sizeof(answer));
    return copy;
}

char *ask_person(void *arg unused_arg, const char *prompt, bool secret)
{
    const char        *program = getenv("SSH_ASKPASS"), *wish = getenv("SSH_ASKPASS_REQUIRE");
    bool               can = program && *program && !(wish && !strcmp(wish, "never"));
    bool               first = can && wish && (!strcmp(wish, "force") || !strcmp(wish, "prefer"));
    _cleanup_(fdp) int tty = first ? -1 : open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);

    if (tty >= 0)
        return ask_terminal(tty, prompt, secret);
    return can ? ask_program(program, prompt) : NULL;
}

void tell_person(void *arg unused_arg, const char *sentence)
{
    fprintf(stderr, "clustrixfs: %s\n", sentence);
}
