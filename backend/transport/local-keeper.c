/*
 * local-keeper.c - the keeper program, kept at hand
 *
 * Jobs are started by a small program. To run it anew for each of them would take as long as a
 * short job does, so one of it is started at the first command and told all others; keeper/serve.h
 * has the words. When it is gone in between it is started again; when it goes while it has a
 * command, whether that was carried out cannot be told.
 */
#include "local.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clustrixfs/clock.h"
#include "clustrixfs/log.h"

#define ANSWER_TIMEOUT_MS 60000
#define READ_SIZE 16384

static int start(struct helper *h, const char *program, struct error *e)
{
    char        serve[] = "serve";
    char *const argv[] = { (char *)(uintptr_t)program, serve, NULL };
    int         ends[2], r;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
        return error_set(e, -errno, "cannot talk to %s: %s", program, strerror(errno));
    r = local_spawn(&h->pid, argv, (const int[3]){ ends[1], ends[1], log_fd() });
    close(ends[1]);
    h->fd = ends[0];
    if (r == 0)
        return 0;
    close(h->fd);
    h->fd = -1;
    h->pid = 0;
    return error_set(e, TRANSPORT_E_NOT_RUN, "cannot run %s: %s", program, strerror(-r));
}

void helper_stop(struct helper *h)
{
    if (h->fd >= 0)
        close(h->fd);
    h->fd = -1;
    /* It ends at the end of its input; one that hangs in a command is not waited for. */
    if (h->pid > 0) {
        kill(h->pid, SIGKILL);
        while (waitpid(h->pid, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    h->pid = 0;
}

static int ask(const struct command *c, struct buf *request)
{
    for (size_t i = 1; i < c->argv.n; i++)
        buf_add(request, c->argv.v[i], strlen(c->argv.v[i]) + 1);
    return buf_add_char(request, '\0');
}

/* -EPIPE: it is gone, and has not seen the request. */
static int send_all(struct helper *h, struct span request)
{
    while (request.len) {
        ssize_t n = send(h->fd, request.data, request.len, MSG_NOSIGNAL);

        if (n < 0 && errno != EINTR)
            return -errno;
        if (n > 0)
            request = (struct span){ request.data + n, request.len - (size_t)n };
    }
    return 0;
}

/* 1 when there is more to read, 0 when it is over or took too long. */
static int more(struct helper *h, int64_t deadline_ns)
{
    int64_t       left = deadline_ns - clock_mono_ns();
    struct pollfd p = { .fd = h->fd, .events = POLLIN };
    int           n = poll(&p, 1, left > 0 ? (int)(left / NS_PER_MS) + 1 : 0);

    return n > 0 || (n < 0 && errno == EINTR);
}

/* The answer up to its NUL into o->out, and its status. False: it did not come whole. */
static bool receive(struct helper *h, unsigned timeout_ms, struct outcome *o)
{
    int64_t deadline = clock_mono_ns() + timeout_ms * NS_PER_MS;
    char   *nul = NULL;

    while (!nul || o->out.data[o->out.len - 1] != '\n') {
        ssize_t n;

        if (o->out.len > COMMAND_OUTPUT_MAX || buf_reserve(&o->out, READ_SIZE) ||
            !more(h, deadline))
            return false;
        n = read(h->fd, o->out.data + o->out.len, READ_SIZE);
        if (n <= 0)
            return false;
        o->out.len += (size_t)n;
        o->out.data[o->out.len] = '\0';
        nul = memchr(o->out.data, '\0', o->out.len);
    }
    o->status = atoi(nul + 1);
    return buf_set_len(&o->out, (size_t)(nul - o->out.data)) == 0;
}

int helper_run(struct helper *h, const struct command *c, struct outcome *o, struct error *e)
{
    _cleanup_(bufp) struct buf request = BUF_INIT;
    int r = ask(c, &request);

    if (r < 0)
        return r;
    if (!h->pid && (r = start(h, c->argv.v[0], e)) != 0)
        return r;
    r = send_all(h, buf_span(&request));
    if (r == -EPIPE) {
        /* It was ended while it had nothing to do. */
        helper_stop(h);
        r = start(h, c->argv.v[0], e);
        if (r == 0)
            r = send_all(h, buf_span(&request));
    }
    if (r == 0 && receive(h, c->timeout_ms ? c->timeout_ms : ANSWER_TIMEOUT_MS, o))
        return 0;
    if (r > 0)
        return r;
    helper_stop(h);
    buf_release(&o->out);
    return error_set(e, TRANSPORT_E_UNKNOWN, "%s ended, or did not answer in time", c->argv.v[0]);
}
