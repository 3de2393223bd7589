/*
 * ssh-dial.c - the socket of a session
 *
 * It is ours rather than libssh's: closed in every child, given up at our deadline, and watched by
 * the kernel, which tells us of a peer that is silent for `alive_s` without our ever waking up.
 */
#include "ssh.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clustrixfs/clock.h"
#include "clustrixfs/log.h"
#include "local-spawn.h"

static void set(int fd, int level, int option, int value)
{
    (void)setsockopt(fd, level, option, &value, sizeof value);
}

/*
 * A silent peer is asked at a third of the time and at two thirds, and given up at the third. The
 * user timeout is for what we have sent; it is a little less, so that it has passed by then.
 */
static void watch(int fd, uint32_t alive_s)
{
    int third = alive_s / 3 > 0 ? (int)(alive_s / 3) : 1;

    set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    set(fd, IPPROTO_TCP, TCP_KEEPIDLE, third);
    set(fd, IPPROTO_TCP, TCP_KEEPINTVL, third);
    set(fd, IPPROTO_TCP, TCP_KEEPCNT, 2);
    set(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, (int)(alive_s * 1000 - alive_s * 1000 / 6));
}

/* 0, or a negative errno. */
static int dial_address(struct link *l, const struct addrinfo *a)
{
    int fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), error = 0, r;
    socklen_t len = sizeof error;

    if (fd < 0)
        return -errno;
    watch(fd, l->cluster->alive_s);
    r = connect(fd, a->ai_addr, a->ai_addrlen) == 0 ? 0 : -errno;
    if (r == -EINPROGRESS)
        r = link_wait(&(struct pollfd){.fd = fd, .events = POLLOUT}, 1, l->stop, l->deadline_ns);
    if (r == 0 && getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0)
        r = -error;
    if (r < 0) {
        close(fd);
        return r;
    }
    l->fd = fd;
    return 0;
}

static int dial_host(struct link *l, const char *host, unsigned port, struct error *e)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *all;
    char service[12];
    int r;

    snprintf(service, sizeof service, "%u", port);
    r = getaddrinfo(host, service, &hints, &all);
    if (r != 0)
        return error_set(e, TRANSPORT_E_NOT_RUN, "cannot find the address of %s: %s", host,
                         gai_strerror(r));
    r = -ENOENT;
    for (const struct addrinfo *a = all; a && r < 0 && r != -ECANCELED; a = a->ai_next)
        r = dial_address(l, a);
    freeaddrinfo(all);
    if (r < 0)
        return error_set(e, TRANSPORT_E_NOT_RUN, "cannot reach %s port %u: %s", host, port,
                         strerror(-r));
    return 0;
}

struct place {
    const char *host, *user, *name;
    unsigned port;
};

/* %h %p %r %n as ssh_config(5) says; host and user are names, see link.c. */
static int expand(const char *command, const struct place *p, struct buf *out)
{
    buf_add_str(out, "exec ");
    for (; *command; command++) {
        if (*command != '%') {
            buf_add_char(out, *command);
            continue;
        }
        switch (*++command) {
        case '%':
            buf_add_char(out, '%');
            break;
        case 'h':
            buf_add_str(out, p->host);
            break;
        case 'n':
            buf_add_str(out, p->name);
            break;
        case 'p':
            buf_printf(out, "%u", p->port);
            break;
        case 'r':
            buf_add_str(out, p->user);
            break;
        default:
            return -EINVAL;
        }
    }
    return buf_error(out);
}

static int dial_proxy(struct link *l, char *command, struct error *e)
{
    char sh[] = "/bin/sh", c[] = "-c";
    char *const argv[] = {sh, c, command, NULL};
    int ends[2], r;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
        return error_set(e, TRANSPORT_E_NOT_RUN, "no socket: %s", strerror(errno));
    r = local_spawn(&l->proxy, argv, (const int[3]){ends[1], ends[1], log_fd()});
    close(ends[1]);
    if (r < 0) {
        close(ends[0]);
        return error_set(e, TRANSPORT_E_NOT_RUN, "cannot run %s: %s", command, strerror(-r));
    }
    l->fd = ends[0];
    return 0;
}

static int dial(struct link *l, const struct place *p, const char *proxy, struct error *e)
{
    _cleanup_(bufp) struct buf command = BUF_INIT;

    if (!proxy || strcmp(proxy, "none") == 0)
        return dial_host(l, p->host, p->port, e);
    if (expand(proxy, p, &command) < 0)
        return error_set(e, TRANSPORT_E_NOT_RUN,
                         "ProxyCommand of %s: only %%h %%n %%p %%r are known", p->name);
    return dial_proxy(l, command.data, e);
}

int session_dial(struct link *l, struct error *e)
{
    struct place p = {.name = l->cluster->host};
    char *host = NULL, *user = NULL, *proxy = NULL;
    int r;

    (void)ssh_options_get(l->session, SSH_OPTIONS_HOST, &host);
    (void)ssh_options_get(l->session, SSH_OPTIONS_USER, &user);
    (void)ssh_options_get(l->session, SSH_OPTIONS_PROXYCOMMAND, &proxy);
    (void)ssh_options_get_port(l->session, &p.port);
    p.host = host ? host : p.name;
    p.user = user ? user : "";
    r = dial(l, &p, proxy, e);
    ssh_string_free_char(host);
    ssh_string_free_char(user);
    ssh_string_free_char(proxy);
    if (r == 0 && ssh_options_set(l->session, SSH_OPTIONS_FD, &l->fd) < 0)
        r = session_failed(l, TRANSPORT_E_NOT_RUN, -EIO, "talk to", e);
    return r;
}
