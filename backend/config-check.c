/*
 * config-check.c - what is said of a cluster: does it go together, and what holds where nothing is
 *
 * Each combination that cannot be meant is a row with its sentence.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clustrixfs/host.h"
#include "clustrixfs/scheduler.h"
#include "clustrixfs/transport.h"
#include "config-keys.h"

#define ALIVE_DEFAULT_S 15
#define MIRROR_DEFAULT (UINT64_C(10) << 30)
#define STORE_DEFAULT  (UINT64_C(10) * 1000 * 1000 * 1000)

static bool is_here(const struct cluster *c)
{
    return !c->host && (!c->transport || c->transport->here);
}

static bool far_without_host(const struct cluster *c)
{
    return !c->host && c->transport && !c->transport->here;
}

static bool here_with_host(const struct cluster *c)
{
    return c->host && c->transport && c->transport->here;
}

static bool local_with_host(const struct cluster *c)
{
    return c->host && !strcmp(c->name, "local");
}

static bool master_without_openssh(const struct cluster *c)
{
    return c->control_path && (!c->transport || strcmp(c->transport->name, "openssh") != 0);
}

static bool here_finds_scheduler(const struct cluster *c)
{
    return is_here(c) && c->finds_scheduler;
}

static bool here_from_home(const struct cluster *c)
{
    return is_here(c) && c->dir && c->dir[0] != '/';
}

static bool here_without_dir(const struct cluster *c)
{
    return is_here(c) && !c->dir && strcmp(c->name, "local") != 0;
}

static bool here_with_user(const struct cluster *c) { return is_here(c) && c->user; }
static bool here_with_port(const struct cluster *c) { return is_here(c) && c->port; }
static bool here_with_identity(const struct cluster *c) { return is_here(c) && c->identity; }
static bool here_with_alive(const struct cluster *c) { return is_here(c) && c->alive_s; }
static bool here_with_mirror(const struct cluster *c) { return is_here(c) && c->mirror_max; }
static bool here_with_store(const struct cluster *c) { return is_here(c) && c->store_max; }

static bool no_kubernetes(const struct cluster *c)
{
    return c->scheduler ? strcmp(c->scheduler->name, "kubernetes") != 0 : is_here(c);
}

static bool other_with_context(const struct cluster *c) { return c->context && no_kubernetes(c); }
static bool other_with_image(const struct cluster *c) { return c->image && no_kubernetes(c); }
static bool other_with_volume(const struct cluster *c) { return c->volume && no_kubernetes(c); }

static bool other_with_namespace(const struct cluster *c)
{
    return c->kube_namespace && no_kubernetes(c);
}

static bool other_with_account(const struct cluster *c)
{
    return c->service_account && no_kubernetes(c);
}

static bool other_with_selector(const struct cluster *c)
{
    return c->node_selector && no_kubernetes(c);
}

static bool dir_beside_volume(const struct cluster *c)
{
    const char *path = c->volume ? strchr(c->volume, '/') : NULL;
    size_t      len = path ? strlen(path) : 0;

    return path && c->dir && c->dir[0] == '/' &&
           (strncmp(c->dir, path, len) != 0 || (c->dir[len] && c->dir[len] != '/'));
}

#define FOR_KUBERNETES " is for a cluster with the scheduler kubernetes"

static const struct {
    const char *key;
    bool (*holds)(const struct cluster *c);
    const char *sentence;
} mistakes[] = {
    { "host", local_with_host,
      "the cluster \"local\" is this machine: give a cluster with a host another name" },
    { "transport", here_with_host,
      "this transport stays on this machine, but there is a host: leave one of the two out" },
    { "transport", far_without_host, "this transport leads to another machine: add \"host\"" },
    { "control_path", master_without_openssh,
      "a control_path is for the transport openssh: say that too" },
    { "user", here_with_user, "a user is for a cluster with a host" },
    { "port", here_with_port, "a port is for a cluster with a host" },
    { "identity", here_with_identity, "an identity is for a cluster with a host" },
    { "alive", here_with_alive, "alive is for a cluster with a host" },
    { "mirror_size", here_with_mirror, "a mirror_size is for a cluster with a host" },
    { "store_size", here_with_store, "a store_size is for a cluster with a host" },
    { "scheduler", here_finds_scheduler, "scheduler auto is for a cluster with a host" },
    { "dir", here_from_home, "a directory is an absolute path, as \"/scratch/jobs\"" },
    { "context", other_with_context, "a context" FOR_KUBERNETES },
    { "namespace", other_with_namespace, "a namespace" FOR_KUBERNETES },
    { "image", other_with_image, "an image" FOR_KUBERNETES },
    { "service_account", other_with_account, "a service_account" FOR_KUBERNETES },
    { "node_selector", other_with_selector, "a node_selector" FOR_KUBERNETES },
    { "volume", other_with_volume, "a volume" FOR_KUBERNETES },
    { "dir", dir_beside_volume, "the directory of its jobs has to be on its volume" },
    { NULL, here_without_dir, "the cluster needs \"dir\", the directory where its jobs lie" },
};

static bool same(const char *a, const char *b)
{
    return a == b || (a && b && !strcmp(a, b));
}

static bool share_dir(const struct cluster *a, const struct cluster *b)
{
    if (is_here(a) != is_here(b) || (is_here(a) && !a->dir))
        return false;
    return same(a->host, b->host) && same(a->user, b->user) && a->port == b->port &&
           same(a->dir, b->dir);
}

int cluster_check(const struct cluster_reading *r, const char **key)
{
    const struct cluster *c = r->cluster;

    for (size_t i = 0; i < ARRAY_SIZE(mistakes); i++)
        if (mistakes[i].holds(c)) {
            *key = mistakes[i].key;
            return error_set(r->e, -EINVAL, "%s", mistakes[i].sentence);
        }
    *key = c->dir ? "dir" : "host";
    for (size_t i = 0; i < r->config->n_clusters; i++) {
        const struct cluster *other = &r->config->clusters[i];

        if (other != c && share_dir(other, c))
            return error_set(r->e, -EINVAL, "the cluster \"%s\" has the same directory%s",
                             other->name, c->host ? " on the same host" : "");
    }
    return 0;
}

/* A far one is met before its cores are counted, and found out about. */
static void settle_far(struct cluster *c)
{
    c->scripted = true;
    if (!c->transport)
        c->transport = transport_named("ssh");
    if (!c->scheduler)
        c->finds_scheduler = true;
    if (!c->alive_s)
        c->alive_s = ALIVE_DEFAULT_S;
    if (!c->mirror_max)
        c->mirror_max = MIRROR_DEFAULT;
    if (!c->store_max)
        c->store_max = STORE_DEFAULT;
}

/* Where a scheduler runs the jobs they are kept by the script, on its nodes. */
static char *keeper_here(const struct cluster *c, const char *keeper)
{
    char *path = NULL;

    if (!c->scripted)
        return strdup(keeper);
    return asprintf(&path, "%s/%s", c->root, far_keeper_name) < 0 ? NULL : path;
}

static int settle_here(struct cluster *c, const char *keeper, struct error *e)
{
    if (!c->transport)
        c->transport = transport_named("local");
    if (!c->scheduler)
        c->scheduler = scheduler_named("process");
    if (!c->cores_said)
        c->cores = host_cpus();
    if (!c->memory_said)
        c->memory = host_memory();
    c->met = true;
    c->scripted = c->scheduler->queues;
    if (c->dir)
        c->root = strdup(c->dir);
    if (c->root || !c->dir)
        c->keeper = keeper_here(c, keeper);
    return c->keeper ? 0 : error_set(e, -ENOMEM, "out of memory");
}

int cluster_settle(struct cluster *c, const char *keeper, struct error *e)
{
    if (is_here(c))
        return settle_here(c, keeper, e);
    settle_far(c);
    c->secrets = secrets_new();
    return c->secrets ? 0 : error_set(e, -ENOMEM, "out of memory");
}
