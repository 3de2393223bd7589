/*
 * config.c - what the command line and config.json say
 *
 * Without any file there is a whole configuration: the cluster "local" is this machine. Whoever can
 * write the file decides which commands run under our name, so nobody else may.
 */
#include "clustrixfs/config.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clustrixfs/buf.h"
#include "clustrixfs/host.h"
#include "clustrixfs/met.h"
#include "clustrixfs/transport.h"
#include "config-keys.h"

#define GRACE_DEFAULT_S 10
#define FILE_MAX (256 * 1024)

/*
 * The configuration as a value.
 */
void cluster_release(struct cluster *c)
{
    char **strings[] = {
        &c->name, &c->root,   &c->keeper, &c->host,    &c->user,  &c->identity,
        &c->dir,  &c->mirror, &c->node,   &c->version, &c->found, &c->control_path,
        &c->context, &c->kube_namespace, &c->image, &c->service_account, &c->node_selector,
        &c->volume,
    };

    for (size_t i = 0; i < ARRAY_SIZE(strings); i++)
        free(*strings[i]);
    secrets_free(c->secrets);
}

void config_free(struct config *c)
{
    if (!c)
        return;
    for (size_t i = 0; i < c->n_clusters; i++)
        cluster_release(&c->clusters[i]);
    free(c->clusters);
    free(c->state_dir);
    free(c);
}

const struct cluster *config_cluster(const struct config *c, const char *name)
{
    for (size_t i = 0; i < c->n_clusters; i++)
        if (strcmp(c->clusters[i].name, name) == 0)
            return &c->clusters[i];
    return NULL;
}

static struct cluster *add_cluster(struct config *c, const char *name)
{
    struct cluster *all = reallocarray(c->clusters, c->n_clusters + 1, sizeof(*all));

    if (!all)
        return NULL;
    c->clusters = all;
    struct cluster *added = &all[c->n_clusters++];
    *added = (struct cluster){ .name = strdup(name), .grace_s = GRACE_DEFAULT_S };
    return added->name ? added : NULL;
}

struct cluster *config_want_cluster(struct config *c, const char *name)
{
    const struct cluster *known = config_cluster(c, name);

    return known ? &c->clusters[known - c->clusters] : add_cluster(c, name);
}

void config_put_first(struct config *c, size_t first)
{
    struct cluster chosen = c->clusters[first];

    memmove(c->clusters + 1, c->clusters, first * sizeof(chosen));
    c->clusters[0] = chosen;
    for (size_t i = 0; i < c->n_clusters; i++)
        c->clusters[i].index = (unsigned)i;
}

/*
 * Where things are.
 */
static int out_of_memory(struct error *e)
{
    return error_set(e, -ENOMEM, "out of memory");
}

/*
 * Append $`variable`/clustrixfs, or ~/`below_home`/clustrixfs. A relative value in the variable
 * does not count (XDG Base Directory Specification).
 */
static int add_xdg_dir(struct buf *path, const char *variable, const char *below_home,
                       struct error *e)
{
    const char          *base = getenv(variable), *home = getenv("HOME");
    const struct passwd *user;

    if (base && base[0] == '/') {
        buf_printf(path, "%s/clustrixfs", base);
        return buf_error(path) < 0 ? out_of_memory(e) : 0;
    }
    if (!home || home[0] != '/')
        home = (user = getpwuid(geteuid())) ? user->pw_dir : NULL;
    if (!home || home[0] != '/')
        return error_set(e, -ENOENT, "there is no home directory; set HOME or %s", variable);
    buf_printf(path, "%s/%s/clustrixfs", home, below_home);
    return buf_error(path) < 0 ? out_of_memory(e) : 0;
}

/* Absolute, since the daemon leaves the directory where it was started; no slash at its end. */
static int add_absolute(struct buf *path, const char *given, struct error *e)
{
    if (given[0] != '/') {
        _cleanup_(freep) char *here = getcwd(NULL, 0);
        if (!here)
            return error_set(e, -errno, "the current directory: %s", strerror(errno));
        buf_printf(path, "%s/", here);
    }
    buf_add_str(path, given);
    while (path->len > 1 && path->data[path->len - 1] == '/')
        buf_set_len(path, path->len - 1);
    return buf_error(path) < 0 ? out_of_memory(e) : 0;
}

/* A mount of one cluster has jobs of its own, so that it may be there beside the one of all. */
static int open_state_dir(struct config *c, const char *given, struct error *e)
{
    _cleanup_(bufp) struct buf path = BUF_INIT;
    int                        r;

    if (given)
        r = add_absolute(&path, given, e);
    else
        r = add_xdg_dir(&path, "XDG_STATE_HOME", ".local/state", e);
    if (r == 0 && !given && c->named)
        r = buf_printf(&path, "-%s", c->clusters[0].name);
    if (r == 0)
        r = host_private_dir(path.data, e);
    if (r < 0)
        return error_prefix(e, r, "state directory: ");
    c->state_dir = buf_steal(&path);
    return c->state_dir ? 0 : out_of_memory(e);
}

/*
 * The file.
 */
static int check_file(int fd, const char *path, struct error *e)
{
    struct stat st;

    if (fstat(fd, &st) < 0)
        return error_set(e, -errno, "%s", strerror(errno));
    if (!S_ISREG(st.st_mode))
        return error_set(e, -EINVAL, "is not a regular file");
    if (st.st_uid != geteuid() && st.st_uid != 0)
        return error_set(e, -EPERM, "belongs to the user with the number %u",
                         (unsigned)st.st_uid);
    if (st.st_mode & 022)
        return error_set(e, -EPERM, "others may write to it; change that with: chmod go-w %s",
                         path);
    if (st.st_size > FILE_MAX)
        return error_set(e, -E2BIG, "is larger than %d bytes", FILE_MAX);
    return 0;
}

/* Append what is in the file at `path`. Where it need not be there, its absence is as {}. */
static int read_file(const char *path, bool needed, struct buf *text, struct error *e)
{
    _cleanup_(fdp) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    ssize_t            n;
    int                r;

    if (fd < 0 && errno == ENOENT && !needed)
        return buf_add_str(text, "{}");
    if (fd < 0)
        return error_set(e, -errno, "%s", strerror(errno));
    if ((r = check_file(fd, path, e)) < 0)
        return r;
    while ((n = buf_read(text, fd, FILE_MAX)) > 0)
        ;
    return n < 0 ? error_set(e, (int)n, "%s", strerror((int)-n)) : 0;
}

static int load_file(struct config *c, const char *given, struct error *e)
{
    _cleanup_(bufp) struct buf path = BUF_INIT, text = BUF_INIT;
    size_t                     first = 0;
    int                        r;

    if (given)
        r = buf_add_str(&path, given);
    else if ((r = add_xdg_dir(&path, "XDG_CONFIG_HOME", ".config", e)) == 0)
        r = buf_add_str(&path, "/config.json");
    if (r < 0)
        return r;
    if ((r = read_file(path.data, given != NULL, &text, e)) == 0)
        r = config_read(c, buf_span(&text), &first, e);
    if (r < 0)
        return error_prefix(e, r, "%s: ", path.data);
    config_put_first(c, first);
    return 0;
}

/*
 * The whole.
 */
/* "local": its jobs lie in the state directory unless the file says otherwise. */
static int place_here(const struct config *c, struct cluster *cluster, struct error *e)
{
    _cleanup_(bufp) struct buf root = BUF_INIT;

    if (cluster->root)
        return 0;
    buf_printf(&root, "%s/%s", c->state_dir, cluster->name);
    cluster->root = buf_steal(&root);
    return cluster->root ? 0 : out_of_memory(e);
}

/* What is known here of a far one: of its jobs' files, and of itself. */
static int place_far(const struct config *c, struct cluster *cluster, struct error *e)
{
    _cleanup_(bufp) struct buf mirror = BUF_INIT;
    int                        r;

    buf_printf(&mirror, "%s/%s.files", c->state_dir, cluster->name);
    cluster->mirror = buf_steal(&mirror);
    if (!cluster->mirror)
        return out_of_memory(e);
    r = host_private_dir(cluster->mirror, e);
    return r < 0 ? r : met_load(c, cluster, e);
}

static int settle(struct config *c, const char *keeper, struct error *e)
{
    for (size_t i = 0; i < c->n_clusters; i++) {
        struct cluster *cluster = &c->clusters[i];
        int             r = cluster_settle(cluster, keeper, e);

        if (r == 0 && cluster->host)
            r = place_far(c, cluster, e);
        else if (r == 0)
            r = place_here(c, cluster, e);
        if (r < 0)
            return r;
    }
    return 0;
}

int config_load_source(struct config **cp, const char *file, const char *state_dir,
                       const char *keeper, const struct config_source *s, struct error *e)
{
    _cleanup_(configp) struct config *c = calloc(1, sizeof(*c));
    int                               r;

    if (!c || !add_cluster(c, "local"))
        return out_of_memory(e);
    r = load_file(c, file, e);
    if (r == 0)
        r = config_take_source(c, s, e);
    if (r == 0)
        r = open_state_dir(c, state_dir, e);
    if (r == 0)
        r = settle(c, keeper, e);
    if (r < 0)
        return r;
    *cp = STEAL(c);
    return 0;
}

int config_load(struct config **cp, const char *file, const char *state_dir, const char *keeper,
                struct error *e)
{
    return config_load_source(cp, file, state_dir, keeper, &(struct config_source){ 0 }, e);
}
