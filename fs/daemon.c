/*
 * daemon.c - leaving the terminal
 *
 * A command that returns must mean that the mount is there, so the parent waits at a pipe for one
 * byte. A child that fails prints its sentence on the terminal it still has, and ends: the
 * parent sees the pipe's end.
 */
#include "fs/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static _Noreturn void parent(int pipe_end, pid_t child)
{
    char byte;
    ssize_t n;

    do
        n = read(pipe_end, &byte, 1);
    while (n < 0 && errno == EINTR);
    if (n <= 0)
        waitpid(child, NULL, 0);
    _exit(n == 1 ? 0 : 1);
}

int daemon_begin(int *ready, struct error *e)
{
    int ends[2];
    pid_t child;

    if (pipe2(ends, O_CLOEXEC) < 0)
        return error_set(e, -errno, "cannot make a pipe: %s", strerror(errno));
    child = fork();
    if (child < 0)
        return error_set(e, -errno, "cannot start a process: %s", strerror(errno));
    close(ends[child == 0 ? 0 : 1]);
    if (child > 0)
        parent(ends[0], child);
    setsid();
    *ready = ends[1];
    return 0;
}

void daemon_ready(int ready, const char *log)
{
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    int file = open(log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);

    if (nothing >= 0)
        dup2(nothing, STDIN_FILENO);
    dup2(file >= 0 ? file : nothing, STDOUT_FILENO);
    dup2(file >= 0 ? file : nothing, STDERR_FILENO);
    if (nothing > STDERR_FILENO)
        close(nothing);
    if (file > STDERR_FILENO)
        close(file);
    while (write(ready, "", 1) < 0 && errno == EINTR)
        ;
    close(ready);
}
