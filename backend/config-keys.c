/*
 * config-keys.c - the keys of config.json
 *
 * A key is a row in a table, with the function that takes its value. The reader knows at any
 * moment where in the text it is, so a function only says what is wrong; line and column are put
 * before it in one place.
 */
#include "config-keys.h"

#include <cjson/cJSON.h>
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "clustrixfs/json.h"
#include "clustrixfs/nearest.h"
#include "clustrixfs/scheduler.h"
#include "clustrixfs/transport.h"
#include "clustrixfs/units.h"

#define CLUSTERS_MAX 255 /* struct job_brief has one byte for it */
#define NAME_LEN_MAX 63
#define CORES_MAX 1000000
#define GRACE_MAX_S 86400
#define KEYS_MAX 8 /* in one table */

struct reader {
    struct span     text;
    size_t          at; /* the key or value that is being looked at */
    struct config  *config;
    struct cluster *cluster; /* the one that is being read */
    const char     *keeper;
    const char     *first; /* "default"; borrowed from the parsed text, NULL when not said */
    size_t          first_at;
    struct error   *e;
};

struct key {
    const char *name;
    int (*take)(struct reader *r, const struct cJSON *value);
};

static int unknown_key(struct reader *r, const struct key *keys, size_t n, const char *name)
{
    const char *names[KEYS_MAX], *near;

    for (size_t i = 0; i < n; i++)
        names[i] = keys[i].name;
    if ((near = nearest_word(span_str(name), names, n)))
        return error_set(r->e, -EINVAL, "unknown key \"%s\"; did you mean \"%s\"?", name, near);
    return error_set(r->e, -EINVAL, "unknown key \"%s\"", name);
}

/* Set r->at to the key `name` of the object at `object`; gives where its value is. */
static size_t go_to_key(struct reader *r, size_t object, const char *name)
{
    struct span rest = { r->text.data + object, r->text.len - object };
    size_t      key = 0, value = 0;

    if (json_find(rest, name, &key, &value) < 0)
        return r->at; /* cannot be: cJSON has read this very key from this very place */
    r->at = object + key;
    return object + value;
}

/* All keys of an object by their table; r->at is where it begins. */
static int read_object(struct reader *r, const struct cJSON *object, const struct key *keys,
                       size_t n)
{
    const struct cJSON *item;
    size_t              start = r->at, k;
    int                 ret;

    if (!cJSON_IsObject(object))
        return error_set(r->e, -EINVAL, "expected an object: { ... }");
    cJSON_ArrayForEach(item, object)
    {
        size_t value_at = go_to_key(r, start, item->string);
        for (k = 0; k < n && strcmp(keys[k].name, item->string) != 0; k++)
            ;
        if (k == n)
            return unknown_key(r, keys, n, item->string);
        r->at = value_at;
        if ((ret = keys[k].take(r, item)) < 0)
            return ret;
    }
    return 0;
}

/*
 * The keys of a cluster.
 */
static int take_transport(struct reader *r, const struct cJSON *value)
{
    _cleanup_(bufp) struct buf names = BUF_INIT;
    const char                *name = cJSON_GetStringValue(value);

    if (!name)
        return error_set(r->e, -EINVAL, "a transport is a name in double quotes");
    if ((r->cluster->transport = transport_named(name)))
        return 0;
    for (size_t i = 0; transports[i]; i++)
        buf_printf(&names, "%s%s", i > 0 ? ", " : "", transports[i]->name);
    return error_set(r->e, -EINVAL, "unknown transport \"%s\"; there is: %s", name, names.data);
}

static int take_scheduler(struct reader *r, const struct cJSON *value)
{
    _cleanup_(bufp) struct buf names = BUF_INIT;
    const char                *name = cJSON_GetStringValue(value);

    if (!name)
        return error_set(r->e, -EINVAL, "a scheduler is a name in double quotes");
    if ((r->cluster->scheduler = scheduler_named(name)))
        return 0;
    for (size_t i = 0; schedulers[i]; i++)
        buf_printf(&names, "%s%s", i > 0 ? ", " : "", schedulers[i]->name);
    return error_set(r->e, -EINVAL, "unknown scheduler \"%s\"; there is: %s", name, names.data);
}

static int take_dir(struct reader *r, const struct cJSON *value)
{
    const char *dir = cJSON_GetStringValue(value);
    size_t      len = dir ? strlen(dir) : 0;

    while (len > 0 && dir[len - 1] == '/')
        len--;
    if (len == 0 || dir[0] != '/')
        return error_set(r->e, -EINVAL, "a directory is an absolute path, as \"/scratch/jobs\"");
    struct span root = { dir, len };
    for (size_t i = 0; i < r->config->n_clusters; i++) {
        const struct cluster *other = &r->config->clusters[i];
        if (other != r->cluster && other->root && span_is(root, other->root))
            return error_set(r->e, -EINVAL, "the cluster \"%s\" has the same directory",
                             other->name);
    }
    free(r->cluster->root);
    r->cluster->root = span_dup(root);
    return r->cluster->root ? 0 : error_set(r->e, -ENOMEM, "out of memory");
}

static int take_cores(struct reader *r, const struct cJSON *value)
{
    int64_t n;

    if (json_integer(value, 1, CORES_MAX, &n) < 0)
        return error_set(r->e, -EINVAL, "cores is a number from 1 to %d", CORES_MAX);
    r->cluster->cores = (uint32_t)n;
    return 0;
}

static int take_memory(struct reader *r, const struct cJSON *value)
{
    struct span text = span_str(cJSON_GetStringValue(value));
    uint64_t    bytes;

    if (units_memory(text, 0, &bytes) < 0 || bytes == 0)
        return error_set(r->e, -EINVAL, "memory is an amount with its unit, as \"8GB\"");
    r->cluster->memory = bytes;
    return 0;
}

static int take_grace(struct reader *r, const struct cJSON *value)
{
    int64_t n;

    if (json_integer(value, 0, GRACE_MAX_S, &n) < 0)
        return error_set(r->e, -EINVAL, "grace is a number of seconds from 0 to %d", GRACE_MAX_S);
    r->cluster->grace_s = (uint32_t)n;
    return 0;
}

static const struct key cluster_keys[] = {
    { "transport", take_transport }, { "scheduler", take_scheduler }, { "dir", take_dir },
    { "cores", take_cores },         { "memory", take_memory },       { "grace", take_grace },
};

_Static_assert(ARRAY_SIZE(cluster_keys) <= KEYS_MAX, "unknown_key() has no room for all names");

/*
 * Clusters.
 */
static bool is_cluster_name(const char *name)
{
    size_t len = strlen(name);

    for (size_t i = 0; i < len; i++)
        if (!isalnum((unsigned char)name[i]) && (i == 0 || !memchr("._-", name[i], 3)))
            return false;
    return len > 0 && len <= NAME_LEN_MAX;
}

/* r->at is its key. */
static int begin_cluster(struct reader *r, const char *name)
{
    if (!is_cluster_name(name))
        return error_set(r->e, -EINVAL,
                         "a cluster's name begins with a letter or a digit and goes on with "
                         "letters, digits, '.', '_' and '-', %d at most",
                         NAME_LEN_MAX);
    if (r->config->n_clusters == CLUSTERS_MAX)
        return error_set(r->e, -EINVAL, "there are %d clusters at most", CLUSTERS_MAX - 1);
    r->cluster = config_want_cluster(r->config, name, r->keeper);
    return r->cluster ? 0 : error_set(r->e, -ENOMEM, "out of memory");
}

static int take_clusters(struct reader *r, const struct cJSON *clusters)
{
    const struct cJSON *item;
    size_t              start = r->at;
    int                 ret;

    if (!cJSON_IsObject(clusters))
        return error_set(r->e, -EINVAL, "clusters is an object: { \"NAME\": { ... } }");
    cJSON_ArrayForEach(item, clusters)
    {
        size_t value_at = go_to_key(r, start, item->string), key_at = r->at;
        if ((ret = begin_cluster(r, item->string)) < 0)
            return ret;
        r->at = value_at;
        if ((ret = read_object(r, item, cluster_keys, ARRAY_SIZE(cluster_keys))) < 0)
            return ret;
        r->at = key_at;
        if (!r->cluster->root)
            return error_set(r->e, -EINVAL,
                             "the cluster needs \"dir\", the directory where its jobs lie");
    }
    return 0;
}

/* Looked up when all clusters are known. */
static int take_default(struct reader *r, const struct cJSON *value)
{
    if (!cJSON_IsString(value))
        return error_set(r->e, -EINVAL, "default is the name of a cluster in double quotes");
    r->first = value->valuestring;
    r->first_at = r->at;
    return 0;
}

static const struct key top_keys[] = {
    { "default", take_default },
    { "clusters", take_clusters },
};

static int find_default(struct reader *r, size_t *first)
{
    _cleanup_(bufp) struct buf names = BUF_INIT;
    const struct config       *c = r->config;

    for (size_t i = 0; i < c->n_clusters; i++) {
        if (strcmp(c->clusters[i].name, r->first) == 0) {
            *first = i;
            return 0;
        }
        buf_printf(&names, "%s%s", i > 0 ? ", " : "", c->clusters[i].name);
    }
    r->at = r->first_at;
    return error_set(r->e, -EINVAL, "unknown cluster \"%s\"; there is: %s", r->first, names.data);
}

/*
 * The whole.
 */
static int read_text(struct reader *r, size_t *first)
{
    int ret = json_scan(r->text, &r->at, r->e);

    if (ret != 0)
        return ret < 0 ? ret : -EINVAL;
    _cleanup_(jsonp) struct cJSON *j = json_parse(r->text);
    if (!j)
        return error_set(r->e, -ENOMEM, "out of memory");
    r->at = 0;
    if ((ret = read_object(r, j, top_keys, ARRAY_SIZE(top_keys))) < 0)
        return ret;
    return r->first ? find_default(r, first) : 0;
}

int config_read(struct config *c, struct span text, const char *keeper, size_t *first,
                struct error *e)
{
    struct reader r = { .text = text, .config = c, .keeper = keeper, .e = e };
    unsigned      line, column;
    int           ret = read_text(&r, first);

    if (ret == 0)
        return 0;
    json_place(text, r.at, &line, &column);
    return error_prefix(e, ret, "line %u, column %u: ", line, column);
}
