/*
 * config-cluster.c - the keys of a cluster
 *
 * A key is a row with the function that takes its value. Who reads the file knows where in it each
 * key stands, so nothing here does.
 */
#include <cjson/cJSON.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "clustrixfs/json.h"
#include "clustrixfs/nearest.h"
#include "clustrixfs/scheduler.h"
#include "clustrixfs/transport.h"
#include "clustrixfs/units.h"
#include "config-keys.h"

#define CORES_MAX 1000000
#define GRACE_MAX_S 86400
#define ALIVE_MAX_S 3600
#define NAMES_MAX 16 /* transports or schedulers */

static int no_memory(struct error *e)
{
    return error_set(e, -ENOMEM, "out of memory");
}

static int keep(char **where, const char *text, struct error *e)
{
    free(*where);
    *where = strdup(text);
    return *where ? 0 : no_memory(e);
}

/* A name that there is not: "unknown WHAT ...; did you mean ...", or which there are. */
static int unknown_name(struct cluster_reading *r, const char *what, const char *name,
                        const char *const *names, size_t n)
{
    _cleanup_(bufp) struct buf all = BUF_INIT;
    const char                *near = nearest_word(span_str(name), names, n);

    for (size_t i = 0; i < n; i++)
        buf_printf(&all, "%s%s", i > 0 ? ", " : "", names[i]);
    return error_set(r->e, -EINVAL, "unknown %s \"%s\"; there is: %s%s%s%s", what, name, all.data,
                     near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

static int take_transport(struct cluster_reading *r, const struct cJSON *value)
{
    const char *name = cJSON_GetStringValue(value), *names[NAMES_MAX];
    size_t      n = 0;

    if (!name)
        return error_set(r->e, -EINVAL, "a transport is a name in double quotes");
    if ((r->cluster->transport = transport_named(name)))
        return 0;
    for (; transports[n] && n < NAMES_MAX; n++)
        names[n] = transports[n]->name;
    return unknown_name(r, "transport", name, names, n);
}

static int take_scheduler(struct cluster_reading *r, const struct cJSON *value)
{
    const char *name = cJSON_GetStringValue(value), *names[NAMES_MAX] = { "auto" };
    size_t      n = 1;

    if (!name)
        return error_set(r->e, -EINVAL, "a scheduler is a name in double quotes");
    r->cluster->finds_scheduler = !strcmp(name, "auto");
    r->cluster->scheduler = scheduler_named(name);
    if (r->cluster->finds_scheduler || r->cluster->scheduler)
        return 0;
    for (; schedulers[n - 1] && n < NAMES_MAX; n++)
        names[n] = schedulers[n - 1]->name;
    return unknown_name(r, "scheduler", name, names, n);
}

static int take_host(struct cluster_reading *r, const struct cJSON *value)
{
    const char *host = cJSON_GetStringValue(value);
    int         ret;

    if (!host)
        return error_set(r->e, -EINVAL, "a host is a name in double quotes");
    ret = config_check_host(host, r->e);
    return ret < 0 ? ret : keep(&r->cluster->host, host, r->e);
}

static int take_user(struct cluster_reading *r, const struct cJSON *value)
{
    const char *user = cJSON_GetStringValue(value);
    int         ret;

    if (!user)
        return error_set(r->e, -EINVAL, "a user is a name in double quotes");
    ret = config_check_user(user, r->e);
    return ret < 0 ? ret : keep(&r->cluster->user, user, r->e);
}

static int take_port(struct cluster_reading *r, const struct cJSON *value)
{
    int64_t n;

    if (json_integer(value, 1, UINT16_MAX, &n) < 0)
        return error_set(r->e, -EINVAL, "port is a number from 1 to %d", UINT16_MAX);
    r->cluster->port = (uint16_t)n;
    return 0;
}

/* Of this machine, like what ~/.ssh/config names; a relative one would mean another in a daemon. */
static int take_path(struct cluster_reading *r, const struct cJSON *value, const char *key,
                     char **where)
{
    const char *path = cJSON_GetStringValue(value), *home = getenv("HOME");
    bool        below_home = path && path[0] == '~' && path[1] == '/' && home && home[0] == '/';
    _cleanup_(bufp) struct buf whole = BUF_INIT;

    if (!path || (path[0] != '/' && !below_home))
        return error_set(r->e, -EINVAL,
                         "%s is the path of a file of this machine, absolute or from ~/", key);
    if (below_home)
        buf_add_str(&whole, home);
    buf_add_str(&whole, below_home ? path + 1 : path);
    free(*where);
    *where = buf_steal(&whole);
    return *where ? 0 : no_memory(r->e);
}

static int take_identity(struct cluster_reading *r, const struct cJSON *value)
{
    return take_path(r, value, "identity", &r->cluster->identity);
}

static int take_control_path(struct cluster_reading *r, const struct cJSON *value)
{
    return take_path(r, value, "control_path", &r->cluster->control_path);
}

static int take_alive(struct cluster_reading *r, const struct cJSON *value)
{
    int64_t n;

    if (json_integer(value, 1, ALIVE_MAX_S, &n) < 0)
        return error_set(r->e, -EINVAL, "alive is a number of seconds from 1 to %d", ALIVE_MAX_S);
    r->cluster->alive_s = (uint32_t)n;
    return 0;
}

static int take_dir(struct cluster_reading *r, const struct cJSON *value)
{
    const char *dir = cJSON_GetStringValue(value);

    if (!dir)
        return error_set(r->e, -EINVAL, "a directory is a path in double quotes");
    free(r->cluster->dir);
    r->cluster->dir = config_far_dir(dir, r->e);
    return r->cluster->dir ? 0 : -EINVAL;
}

static int take_amount(struct cluster_reading *r, const struct cJSON *value, const char *key,
                       uint64_t *where)
{
    struct span text = span_str(cJSON_GetStringValue(value));
    uint64_t    bytes;

    if (units_memory(text, 0, &bytes) < 0 || bytes == 0)
        return error_set(r->e, -EINVAL, "%s is an amount with its unit, as \"8GB\"", key);
    *where = bytes;
    return 0;
}

static int take_mirror_size(struct cluster_reading *r, const struct cJSON *value)
{
    return take_amount(r, value, "mirror_size", &r->cluster->mirror_max);
}

static int take_store_size(struct cluster_reading *r, const struct cJSON *value)
{
    return take_amount(r, value, "store_size", &r->cluster->store_max);
}

static int take_cores(struct cluster_reading *r, const struct cJSON *value)
{
    int64_t n;

    if (json_integer(value, 1, CORES_MAX, &n) < 0)
        return error_set(r->e, -EINVAL, "cores is a number from 1 to %d", CORES_MAX);
    r->cluster->cores = (uint32_t)n;
    r->cluster->cores_said = true;
    return 0;
}

static int take_memory(struct cluster_reading *r, const struct cJSON *value)
{
    int ret = take_amount(r, value, "memory", &r->cluster->memory);

    r->cluster->memory_said = ret == 0;
    return ret;
}

static int take_grace(struct cluster_reading *r, const struct cJSON *value)
{
    int64_t n;

    if (json_integer(value, 0, GRACE_MAX_S, &n) < 0)
        return error_set(r->e, -EINVAL, "grace is a number of seconds from 0 to %d", GRACE_MAX_S);
    r->cluster->grace_s = (uint32_t)n;
    return 0;
}

const struct cluster_key cluster_keys[CLUSTER_KEYS] = {
    { "transport", false, take_transport },
    { "scheduler", false, take_scheduler },
    { "host", false, take_host },
    { "user", false, take_user },
    { "port", true, take_port },
    { "identity", false, take_identity },
    { "control_path", false, take_control_path },
    { "alive", true, take_alive },
    { "dir", false, take_dir },
    { "mirror_size", false, take_mirror_size },
    { "store_size", false, take_store_size },
    { "cores", true, take_cores },
    { "memory", false, take_memory },
    { "grace", true, take_grace },
    { "context", false, take_context },
    { "namespace", false, take_namespace },
    { "image", false, take_image },
    { "service_account", false, take_service_account },
    { "node_selector", false, take_node_selector },
    { "volume", false, take_volume },
};

int cluster_key_typed(struct cluster_reading *r, const char *key, const char *text)
{
    _cleanup_(jsonp) struct cJSON *value = NULL;
    uint64_t                       number;
    int                            k = 0;

    while (strcmp(cluster_keys[k].name, key) != 0)
        k++;
    if (cluster_keys[k].number && span_to_u64(span_str(text), &number) == 0)
        value = cJSON_CreateNumber((double)number);
    else
        value = cJSON_CreateString(text);
    return value ? cluster_keys[k].take(r, value) : no_memory(r->e);
}
