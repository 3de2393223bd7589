/*
 * serve.c - many commands, one after the other, without a new process for each
 *
 * Starting this program takes as long as a short job does. So whoever has many to start keeps one
 * of it at hand. It holds nothing from one command to the next, and the keepers it forks do not
 * need it: when it is killed, they go on.
 */
#include "serve.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clustrixfs/buf.h"
#include "start.h"

#define READ_SIZE 4096
#define REQUEST_MAX (1024 * 1024)

/* The bytes of the next request without its last NUL, at the front of `in`; 0: there is none. */
static size_t next_request(struct buf *in)
{
    char   *end;
    ssize_t n;

    while (!(end = memmem(in->data, in->len, "\0", 2))) {
        if (in->len > REQUEST_MAX || buf_reserve(in, READ_SIZE))
            return 0;
        n = read(STDIN_FILENO, in->data + in->len, READ_SIZE);
        if (n <= 0)
            return 0;
        in->len += (size_t)n;
        in->data[in->len] = '\0';
    }
    return (size_t)(end - in->data) + 1;
}

/* As main() gets them: the program's name first, NULL last. */
static int split(const char *request, size_t len, struct strv *argv)
{
    int r = strv_add(argv, "clustrixfs-keeper");

    for (size_t at = 0; r == 0 && at < len; at += strlen(request + at) + 1)
        r = strv_add(argv, request + at);
    return r;
}

static bool answer(const char *request, size_t len, int (*run)(int argc, char **argv))
{
    _cleanup_(strvp) struct strv argv = STRV_INIT;
    char end[16];
    int  status, n;

    if (split(request, len, &argv) != 0)
        return false;
    status = run((int)argv.n, argv.v);
    n = snprintf(end, sizeof(end), "%c%d\n", '\0', status);
    return write(STDOUT_FILENO, end, (size_t)n) == n;
}

int serve(int (*run)(int argc, char **argv))
{
    _cleanup_(bufp) struct buf in = BUF_INIT;
    size_t len;

    start_prepare();
    /* Nobody here waits for the keepers: the kernel takes their remains away. */
    signal(SIGCHLD, SIG_IGN);
    while ((len = next_request(&in)) > 0) {
        if (!answer(in.data, len, run))
            return EXIT_FAILURE;
        memmove(in.data, in.data + len + 1, in.len - len - 1);
        in.len -= len + 1;
    }
    return EXIT_SUCCESS;
}
