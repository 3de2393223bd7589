/*
 * ssh.c - a link over libssh: one session, and a channel for each command
 *
 * The session never blocks, so no call into libssh can hang on a dead link; and its socket is one
 * that the kernel watches, so that a dead link is noticed without waking anybody up.
 */
#include "ssh.h"

#include <libssh/server.h> /* a client, too, may ask for a sign of life */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clustrixfs/clock.h"
#include "far.h"

#define READ_MANY (256 * 1024)
#define SLICE_MS  5 /* that a long read may wait inside libssh, for a packet to become whole */

/*
 * Any call into libssh takes in whatever comes for any channel, and what it took in, the socket
 * does not tell of again. So each way of a stream remembers how much had come when it found
 * nothing.
 */
enum {
    WAY_OUT = LINK_OUT,
    WAY_ERR = LINK_ERR,
    WAY_IN,
    WAYS
};

struct stream {
    struct link *link;
    ssh_channel channel;
    size_t left; /* of the window that was asked for */
    uint64_t idle_at[WAYS];
};

static int ssh_link_open(struct link **lp, const struct cluster *c, int stop, struct error *e)
{
    struct link *l = calloc(1, sizeof *l);

    if (!l || ssh_init() != SSH_OK) {
        free(l);
        return error_set(e, -ENOMEM, "cannot start libssh");
    }
    l->cluster = c;
    l->fd = -1;
    l->stop = stop;
    *lp = l;
    return 0;
}

int session_wait(struct link *l)
{
    int flags = ssh_get_poll_flags(l->session);
    struct pollfd p = {.fd = l->fd, .events = POLLIN};

    if (flags & SSH_WRITE_PENDING)
        p.events |= POLLOUT;
    return link_wait(&p, 1, l->stop, l->deadline_ns);
}

void session_more_time(struct link *l)
{
    l->deadline_ns = clock_mono_ns() + l->cluster->alive_s * NS_PER_S;
}

int session_failed(const struct link *l, int code, int r, const char *what, struct error *e)
{
    const char *why = r < 0 && r != -EIO ? strerror(-r) : ssh_get_error(l->session);

    return error_set(e, code, "cannot %s %s: %s", what, l->cluster->host, why);
}

static int shake_hands(struct link *l, struct error *e)
{
    int r;

    while ((r = ssh_connect(l->session)) == SSH_AGAIN) {
        r = session_wait(l);
        if (r < 0)
            return session_failed(l, TRANSPORT_E_NOT_RUN, r, "talk to", e);
    }
    return r == SSH_OK ? 0 : session_failed(l, TRANSPORT_E_NOT_RUN, -EIO, "talk to", e);
}

static void end_proxy(struct link *l)
{
    if (l->proxy <= 0)
        return;
    kill(-l->proxy, SIGKILL);
    while (waitpid(l->proxy, NULL, 0) < 0 && errno == EINTR)
        ;
    l->proxy = 0;
}

static void ssh_link_disconnect(struct link *l)
{
    if (!l->session)
        return;
    /* First the socket: a session says goodbye, and there may be nobody to hear it. */
    if (l->fd >= 0)
        shutdown(l->fd, SHUT_RDWR);
    ssh_silent_disconnect(l->session);
    ssh_free(l->session);
    l->session = NULL;
    l->fd = -1;
    end_proxy(l);
}

int session_meet(struct link *l, struct error *e)
{
    int r = session_configure(l, e);

    session_more_time(l);
    if (r == 0)
        r = session_dial(l, e);
    return r == 0 ? shake_hands(l, e) : r;
}

static int ssh_link_connect(struct link *l, struct error *e)
{
    int r = session_meet(l, e);

    if (r == 0)
        r = session_check_host(l, e);
    if (r == 0)
        r = session_login(l, e);
    if (r != 0)
        ssh_link_disconnect(l);
    return r;
}

static void ssh_link_close(struct link *l)
{
    ssh_link_disconnect(l);
    free(l);
}

static void ssh_stream_end(struct stream *s)
{
    /* The channel is closed by a message that is written when there is time; nobody waits for it.
     */
    if (ssh_is_connected(s->link->session))
        (void)ssh_channel_close(s->channel);
    ssh_channel_free(s->channel);
    free(s);
}

/* Until a step of libssh's is done. */
static int again(struct stream *s, int (*step)(ssh_channel, const char *), const char *arg)
{
    int r;

    session_more_time(s->link);
    while ((r = step(s->channel, arg)) == SSH_AGAIN) {
        r = session_wait(s->link);
        if (r < 0)
            return r;
    }
    return r == SSH_OK ? 0 : -EIO;
}

static int open_channel(ssh_channel channel, const char *unused)
{
    (void)unused;
    return ssh_channel_open_session(channel);
}

static int ssh_stream_start(struct link *l, const char *command, struct stream **sp,
                            struct error *e)
{
    struct stream *s = calloc(1, sizeof *s);
    int r;

    if (!s || !(s->channel = ssh_channel_new(l->session))) {
        free(s);
        return error_set(e, TRANSPORT_E_NOT_RUN, "out of memory");
    }
    s->link = l;
    r = again(s, open_channel, NULL);
    if (r == 0)
        r = again(s, ssh_channel_request_exec, command);
    if (r < 0) {
        r = session_failed(l, TRANSPORT_E_NOT_RUN, r, "start a shell at", e);
        ssh_stream_end(s);
        return r;
    }
    *sp = s;
    return 0;
}

/*
 * How much to ask libssh for. Asking for more than was announced to the server makes libssh 0.10
 * announce that much, which is the only way to a window that suits a long round trip.
 */
static uint32_t ask_for(struct stream *s, size_t room)
{
    if (room <= READ_MANY || s->left < room / 4 * 3) {
        s->left = room;
        return (uint32_t)room;
    }
    return READ_MANY;
}

static ssize_t idle(struct stream *s, int way)
{
    s->idle_at[way] = s->link->counter.in_bytes;
    return -EAGAIN;
}

static ssize_t ssh_stream_read(struct stream *s, enum link_end end, void *to, size_t room)
{
    /* A sign of life is no data: it would be seen only when the slice is over. */
    int slice = room >= READ_MANY && !s->link->window.asked ? SLICE_MS : 0;
    int n = ssh_channel_read_timeout(s->channel, to, ask_for(s, room), end == LINK_ERR, slice);

    if (n > 0) {
        s->left -= (size_t)n < s->left ? (size_t)n : s->left;
        return n;
    }
    if (!ssh_is_connected(s->link->session))
        return -ENOTCONN;
    if (ssh_channel_is_eof(s->channel) || ssh_channel_is_closed(s->channel))
        return 0;
    return n == SSH_ERROR ? -ENOTCONN : idle(s, (int)end);
}

static ssize_t ssh_stream_write(struct stream *s, const void *from, size_t len)
{
    int n;

    /* What libssh cannot hand to the kernel it keeps: no more than the server's window. */
    n = ssh_channel_write(s->channel, from, len < READ_MANY ? (uint32_t)len : READ_MANY);
    if (n > 0)
        return n;
    return n == 0 && ssh_is_connected(s->link->session) ? idle(s, WAY_IN) : -ENOTCONN;
}

static int ssh_stream_finish(struct stream *s)
{
    return ssh_channel_send_eof(s->channel) == SSH_OK ? 0 : -ENOTCONN;
}

static size_t ssh_stream_poll(struct stream *s, bool writing, struct pollfd fds[LINK_FDS])
{
    if (ssh_get_poll_flags(s->link->session) & SSH_WRITE_PENDING)
        (void)ssh_blocking_flush(s->link->session, 0);
    for (int way = 0; way < (writing ? WAYS : WAY_IN); way++)
        if (s->idle_at[way] != s->link->counter.in_bytes)
            return 0;
    /* A window that is full opens by a message that is read. */
    fds[0] = (struct pollfd){.fd = s->link->fd, .events = POLLIN};
    if (ssh_get_poll_flags(s->link->session) & SSH_WRITE_PENDING)
        fds[0].events |= POLLOUT;
    return 1;
}

static int ssh_stream_fd(const struct stream *s)
{
    return s->link->fd;
}

static int ssh_stream_verdict(struct stream *s, struct span said, struct error *e)
{
    const struct cluster *c = s->link->cluster;
    struct span line = said;

    span_next_line(&said, &line);
    return error_set(e, TRANSPORT_E_NOT_RUN, "%s lets us in but gives no shell; it says: %.*s",
                     c->host, (int)(line.len < 200 ? line.len : 200), line.data);
}

static size_t ssh_link_room(struct link *l)
{
    size_t size = window_size(&l->window, clock_mono_ns(), l->counter.in_bytes);

    /* What libssh has by itself is asked for with less. Since 0.11 it is 2 MiB in any case. */
    return ssh_version(SSH_VERSION_INT(0, 11, 0)) || size <= WINDOW_LEAST ? READ_MANY : size;
}

/* The session does not block, so this sends and does not wait; the answer only has to come. */
static void ssh_link_nudge(struct link *l)
{
    ssh_send_keepalive(l->session);
    window_ask(&l->window, clock_mono_ns(), l->counter.in_bytes);
}

static uint64_t ssh_link_signs(const struct link *l)
{
    return l->counter.in_bytes;
}

const struct link_ops link_ssh = {
    .open = ssh_link_open,
    .close = ssh_link_close,
    .connect = ssh_link_connect,
    .disconnect = ssh_link_disconnect,
    .start = ssh_stream_start,
    .end = ssh_stream_end,
    .read = ssh_stream_read,
    .write = ssh_stream_write,
    .finish = ssh_stream_finish,
    .poll = ssh_stream_poll,
    .fd = ssh_stream_fd,
    .nudge = ssh_link_nudge,
    .signs = ssh_link_signs,
    .verdict = ssh_stream_verdict,
    .room = ssh_link_room,
};

static int ssh_open(struct transport **tp, const struct cluster *c, struct error *e)
{
    return far_open(tp, &link_ssh, c, e);
}

static int ssh_login(const struct cluster *c, transport_asker *ask, void *arg, struct error *e)
{
    struct link l = {.cluster = c, .fd = -1, .stop = -1, .ask = ask, .ask_arg = arg};
    int r = link_check_names(c, e);

    if (r == 0)
        r = ssh_link_connect(&l, e);
    ssh_link_disconnect(&l);
    return r;
}

const struct transport_ops transport_ssh = {
    .name = "ssh",
    .open = ssh_open,
    .login = ssh_login,
    .connect = far_connect,
    .disconnect = far_disconnect,
    .interrupt = far_interrupt,
    .run = far_run,
    .put = far_put,
    .fetch = far_fetch,
    .move_in = far_move_in,
    .remove = far_remove,
    .follow = far_follow,
    .follow_read = far_follow_read,
    .read = far_read,
    .close = far_close,
};
