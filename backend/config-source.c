/*
 * config-source.c - the source of a mount: "[user@]host[:dir]", or a cluster by its name
 *
 * What stands here ends up as a word of ssh's and in paths, so it is taken only when each of its
 * characters is known to be harmless.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config-keys.h"

/* The pieces of a source; empty where it has none. */
struct source {
    struct span user, host, dir;
};

static bool all_of(const char *s, const char *more)
{
    for (; *s; s++)
        if (!isalnum((unsigned char)*s) && !strchr(more, *s))
            return false;
    return true;
}

int config_check_host(const char *host, struct error *e)
{
    if (*host && *host != '-' && strlen(host) <= 255 && all_of(host, "._-:%"))
        return 0;
    return error_set(e, -EINVAL,
                     "\"%s\" is no host name: letters, digits, '.', '_' and '-', or an address",
                     host);
}

int config_check_user(const char *user, struct error *e)
{
    if (*user && *user != '-' && strlen(user) <= 255 && all_of(user, "._-+@\\"))
        return 0;
    return error_set(e, -EINVAL,
                     "\"%s\" is no user name: letters, digits, '.', '_', '-', '+' and '@'", user);
}

char *config_far_dir(const char *dir, struct error *e)
{
    size_t len;
    char  *copy;

    if (dir[0] == '~' && dir[1] == '/')
        dir += 2 + strspn(dir + 2, "/");
    len = strlen(dir);
    while (len > 0 && dir[len - 1] == '/')
        len--;
    for (const char *p = dir; *p; p++)
        if (iscntrl((unsigned char)*p))
            len = 0;
    if (len == 0 || dir[0] == '~') {
        error_set(e, -EINVAL, "a directory is an absolute path, as \"/scratch/jobs\", or one from "
                              "the home directory, as \"jobs\", where there is a host");
        return NULL;
    }
    copy = span_dup((struct span){ dir, len });
    if (!copy)
        error_set(e, -ENOMEM, "out of memory");
    return copy;
}

/*
 * Taking it to pieces.
 */
static const char *find(struct span s, char c, bool last)
{
    return s.len == 0 ? NULL : last ? memrchr(s.data, c, s.len) : memchr(s.data, c, s.len);
}

static struct span up_to(struct span s, const char *end)
{
    return (struct span){ s.data, (size_t)(end - s.data) };
}

static struct span from(struct span s, const char *begin)
{
    return (struct span){ begin, s.len - (size_t)(begin - s.data) };
}

static int not_a_source(struct error *e, const char *text)
{
    return error_set(e, -EINVAL,
                     "\"%s\" is nothing that can be mounted: name a machine as [user@]host[:dir], "
                     "an IPv6 address in brackets, or a cluster of the configuration file",
                     text);
}

/* The directory begins at the first ':' behind the host, and may have any '@' and ':' in it. */
static int split(struct source *s, const char *text, struct error *e)
{
    struct span rest = span_str(text), head;
    const char *open = find(rest, '[', false), *colon, *at;

    colon = open ? find(from(rest, open), ']', false) : NULL;
    if (open && !colon)
        return not_a_source(e, text);
    head = colon ? from(rest, colon) : rest;
    colon = find(head, ':', false);
    head = colon ? up_to(rest, colon) : rest;
    *s = (struct source){ .host = head, .dir = colon ? from(rest, colon + 1) : span_str("") };
    at = find(head, '@', true);
    if (at) {
        s->user = up_to(head, at);
        s->host = from(head, at + 1);
    }
    if (at == head.data || s->host.len == 0)
        return not_a_source(e, text);
    if (s->host.data[0] == '[' && s->host.data[s->host.len - 1] == ']')
        s->host = (struct span){ s->host.data + 1, s->host.len - 2 };
    else if (open && open < head.data + head.len)
        return not_a_source(e, text);
    return 0;
}

/* "host:2222" is a directory to ssh's programs and a port to everybody else. */
static int check_dir(struct span dir, struct error *e)
{
    uint64_t port;

    if (dir.len == 0 || span_to_u64(dir, &port) < 0)
        return 0;
    return error_set(e, -EINVAL,
                     "what follows the ':' is a directory: a port is said with -o port=%llu, a "
                     "directory of that name with ./ before it",
                     (unsigned long long)port);
}

/*
 * The cluster.
 */

/* An address has characters that a name has not. */
static int name_of(struct span host, struct buf *name, struct error *e)
{
    if (host.len && !isalnum((unsigned char)host.data[0]))
        buf_add_str(name, "host");
    for (size_t i = 0; i < host.len; i++)
        buf_add_char(name, strchr(":%", host.data[i]) ? '-' : host.data[i]);
    if (buf_error(name) < 0)
        return error_set(e, -ENOMEM, "out of memory");
    if (config_is_cluster_name(name->data) && strcmp(name->data, "local") != 0)
        return 0;
    return error_set(e, -EINVAL,
                     "a cluster cannot be called \"%s\": give it a name in the configuration file, "
                     "with that \"host\", and mount it by its name",
                     name->data);
}

static struct cluster *by_host(struct config *c, struct span host)
{
    for (size_t i = 0; i < c->n_clusters; i++)
        if (c->clusters[i].host && span_is(host, c->clusters[i].host))
            return &c->clusters[i];
    return NULL;
}

static int replace(char **where, struct span text, struct error *e)
{
    free(*where);
    *where = span_dup(text);
    return *where ? 0 : error_set(e, -ENOMEM, "out of memory");
}

static int add_host(struct config *c, struct span host, struct cluster **added, struct error *e)
{
    _cleanup_(bufp) struct buf name = BUF_INIT;
    int                        r = name_of(host, &name, e);

    if (r < 0)
        return r;
    *added = config_want_cluster(c, name.data);
    if (!*added)
        return error_set(e, -ENOMEM, "out of memory");
    if ((*added)->host || (*added)->dir)
        return 0; /* an address that was configured under the name it would get */
    return replace(&(*added)->host, host, e);
}

/* By its name, then by its host; else there is a new one. */
static int find_cluster(struct config *c, const struct source *s, struct cluster **found,
                        struct error *e)
{
    _cleanup_(freep) char *host = span_dup(s->host);
    const struct cluster  *named = host ? config_cluster(c, host) : NULL;
    int                    r = host ? config_check_host(host, e) : -ENOMEM;

    if (r < 0)
        return r;
    *found = named && strcmp(host, "local") != 0 ? &c->clusters[named - c->clusters]
                                                 : by_host(c, s->host);
    return *found ? 0 : add_host(c, s->host, found, e);
}

static int add_pieces(struct cluster *c, const struct source *s, struct error *e)
{
    _cleanup_(freep) char *dir = span_dup(s->dir);
    int                    r = 0;

    if (!dir)
        return error_set(e, -ENOMEM, "out of memory");
    if (!c->host && (s->user.len || s->dir.len))
        return error_set(e, -EINVAL, "the cluster \"%s\" is this machine: mount it by its name",
                         c->name);
    if (s->user.len)
        r = replace(&c->user, s->user, e);
    if (r == 0 && s->user.len)
        r = config_check_user(c->user, e);
    if (r < 0 || !*dir)
        return r;
    free(c->dir);
    c->dir = config_far_dir(dir, e);
    return c->dir ? 0 : -EINVAL;
}

/* What was typed beside the source; the same names as in the configuration file. */
#define OPTIONS 6

struct option {
    const char *key, *text;
};

static void list_options(const struct config_source *s, struct option all[OPTIONS])
{
    const struct option list[OPTIONS] = {
        { "transport", s->transport }, { "scheduler", s->scheduler },
        { "port", s->port },           { "identity", s->identity },
        { "alive", s->alive },         { "control_path", s->control_path },
    };

    memcpy(all, list, sizeof(list));
}

static int add_options(struct config *c, struct cluster *cluster, const struct config_source *s,
                       struct error *e)
{
    struct cluster_reading reading = { c, cluster, e };
    struct option          options[OPTIONS];
    const char            *key = NULL;

    list_options(s, options);
    for (size_t i = 0; i < OPTIONS; i++) {
        int r = options[i].text ? cluster_key_typed(&reading, options[i].key, options[i].text) : 0;

        if (r < 0)
            return error_prefix(e, r, "-o %s=%s: ", options[i].key, options[i].text);
    }
    return cluster_check(&reading, &key);
}

static int options_need_source(const struct config_source *s, struct error *e)
{
    struct option options[OPTIONS];

    list_options(s, options);
    for (size_t i = 0; i < OPTIONS; i++)
        if (options[i].text)
            return error_set(e, -EINVAL,
                             "-o %s= is for a mount of another machine: clustrixfs "
                             "[user@]host[:dir] MOUNTPOINT; for several machines it is a key in "
                             "the configuration file",
                             options[i].key);
    return 0;
}

/* The named one first, then "local": the others have a mount of their own. */
static void keep_two(struct config *c, size_t first)
{
    size_t n = 0;

    config_put_first(c, first);
    for (size_t i = 0; i < c->n_clusters; i++) {
        if (i == 0 || !strcmp(c->clusters[i].name, "local"))
            c->clusters[n++] = c->clusters[i];
        else
            cluster_release(&c->clusters[i]);
    }
    c->n_clusters = n;
    config_put_first(c, 0);
}

int config_take_source(struct config *c, const struct config_source *s, struct error *e)
{
    struct cluster *cluster = NULL;
    struct source   pieces;
    int             r;

    if (!s->source)
        return options_need_source(s, e);
    r = split(&pieces, s->source, e);
    if (r == 0)
        r = check_dir(pieces.dir, e);
    if (r == 0)
        r = find_cluster(c, &pieces, &cluster, e);
    if (r == 0)
        r = add_pieces(cluster, &pieces, e);
    if (r < 0)
        return r;
    keep_two(c, (size_t)(cluster - c->clusters));
    c->named = true;
    return add_options(c, &c->clusters[0], s, e);
}
