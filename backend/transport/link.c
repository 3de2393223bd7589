/*
 * link.c - what every link needs: waiting that can be ended, and names that are only names
 */
#include "link.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "clustrixfs/clock.h"
#include "clustrixfs/cluster.h"

int link_wait(const struct pollfd *fds, size_t n, int stop, int64_t deadline_ns)
{
    struct pollfd all[LINK_FDS + 1];
    int64_t       left = deadline_ns - clock_mono_ns();
    int           r;

    all[0] = (struct pollfd){ .fd = stop, .events = POLLIN };
    memcpy(all + 1, fds, n * sizeof *fds);
    r = poll(all, n + 1, left > 0 ? (int)((left + NS_PER_MS - 1) / NS_PER_MS) : 0);
    if (r < 0)
        return errno == EINTR ? 0 : -errno;
    if (all[0].revents)
        return -ECANCELED;
    return r == 0 ? -ETIMEDOUT : 0;
}

/*
 * ssh takes what begins with a dash for an option, and a configuration may hand host and user to a
 * shell (ProxyCommand %h %r). So both are what such names really are, and nothing else.
 */
static bool is_name(const char *s, const char *also)
{
    if (*s == '-' || !*s || strlen(s) > 255)
        return false;
    for (; *s; s++)
        if (!isalnum((unsigned char)*s) && !strchr(also, *s))
            return false;
    return true;
}

int link_check_names(const struct cluster *c, struct error *e)
{
    if (!c->host)
        return error_set(e, -EINVAL, "cluster %s has no host", c->name);
    if (!is_name(c->host, "._-:%"))
        return error_set(e, -EINVAL,
                         "cluster %s: \"%s\" is no host name; letters, digits and . _ - : only",
                         c->name, c->host);
    if (c->user && !is_name(c->user, "._-@+"))
        return error_set(e, -EINVAL,
                         "cluster %s: \"%s\" is no user name; letters, digits and . _ - @ + only",
                         c->name, c->user);
    return 0;
}
