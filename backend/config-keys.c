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

#define CLUSTERS_MAX 255 /* struct job_brief has one byte for it */

struct reader {
    struct span     text;
    size_t          at; /* the key or value that is being looked at */
    struct config  *config;
    struct cluster *cluster; /* the one that is being read */
    size_t          key_at[CLUSTER_KEYS]; /* where its keys are; 0: not said */
    const char     *first; /* "default"; borrowed from the parsed text, NULL when not said */
    size_t          first_at;
    struct error   *e;
};

/* The keys that an object may have. */
struct table {
    size_t n;
    const char *(*name)(size_t key);
    int (*take)(struct reader *r, size_t key, const struct cJSON *value);
};

static int unknown_key(struct reader *r, const struct table *t, const char *name)
{
    const char *names[CLUSTER_KEYS], *near;

    for (size_t i = 0; i < t->n; i++)
        names[i] = t->name(i);
    if ((near = nearest_word(span_str(name), names, t->n)))
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
static int read_object(struct reader *r, const struct cJSON *object, const struct table *t)
{
    const struct cJSON *item;
    size_t              start = r->at, k;
    int                 ret;

    if (!cJSON_IsObject(object))
        return error_set(r->e, -EINVAL, "expected an object: { ... }");
    cJSON_ArrayForEach(item, object)
    {
        size_t value_at = go_to_key(r, start, item->string);
        for (k = 0; k < t->n && strcmp(t->name(k), item->string) != 0; k++)
            ;
        if (k == t->n)
            return unknown_key(r, t, item->string);
        r->at = value_at;
        if ((ret = t->take(r, k, item)) < 0)
            return ret;
    }
    return 0;
}

/*
 * Clusters.
 */
bool config_is_cluster_name(const char *name)
{
    size_t len = strlen(name);

    for (size_t i = 0; i < len; i++)
        if (!isalnum((unsigned char)name[i]) && (i == 0 || !memchr("._-", name[i], 3)))
            return false;
    return len > 0 && len <= CLUSTER_NAME_MAX;
}

/* r->at is its key. */
static int begin_cluster(struct reader *r, const char *name)
{
    if (!config_is_cluster_name(name))
        return error_set(r->e, -EINVAL,
                         "a cluster's name begins with a letter or a digit and goes on with "
                         "letters, digits, '.', '_' and '-', %d at most",
                         CLUSTER_NAME_MAX);
    if (r->config->n_clusters == CLUSTERS_MAX)
        return error_set(r->e, -EINVAL, "there are %d clusters at most", CLUSTERS_MAX - 1);
    r->cluster = config_want_cluster(r->config, name);
    return r->cluster ? 0 : error_set(r->e, -ENOMEM, "out of memory");
}

static const char *cluster_key_name(size_t key)
{
    return cluster_keys[key].name;
}

static int take_cluster_key(struct reader *r, size_t key, const struct cJSON *value)
{
    struct cluster_reading reading = { r->config, r->cluster, r->e };

    r->key_at[key] = r->at;
    return cluster_keys[key].take(&reading, value);
}

static const struct table cluster_table = { CLUSTER_KEYS, cluster_key_name, take_cluster_key };

/* What is wrong with it as a whole is shown at the key that has to do with it. */
static int check_cluster(struct reader *r, size_t cluster_at)
{
    struct cluster_reading reading = { r->config, r->cluster, r->e };
    const char            *key = NULL;
    int                    ret = cluster_check(&reading, &key);

    r->at = cluster_at;
    for (size_t k = 0; key && k < CLUSTER_KEYS; k++)
        if (!strcmp(cluster_keys[k].name, key) && r->key_at[k])
            r->at = r->key_at[k];
    return ret;
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
        memset(r->key_at, 0, sizeof(r->key_at));
        if ((ret = read_object(r, item, &cluster_table)) < 0)
            return ret;
        if ((ret = check_cluster(r, key_at)) < 0)
            return ret;
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

static const struct {
    const char *name;
    int (*take)(struct reader *r, const struct cJSON *value);
} top_keys[] = {
    { "default", take_default },
    { "clusters", take_clusters },
};

static const char *top_key_name(size_t key)
{
    return top_keys[key].name;
}

static int take_top_key(struct reader *r, size_t key, const struct cJSON *value)
{
    return top_keys[key].take(r, value);
}

static const struct table top_table = { ARRAY_SIZE(top_keys), top_key_name, take_top_key };

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
    if ((ret = read_object(r, j, &top_table)) < 0)
        return ret;
    return r->first ? find_default(r, first) : 0;
}

int config_read(struct config *c, struct span text, size_t *first, struct error *e)
{
    struct reader r = { .text = text, .config = c, .e = e };
    unsigned      line, column;
    int           ret = read_text(&r, first);

    if (ret == 0)
        return 0;
    json_place(text, r.at, &line, &column);
    return error_prefix(e, ret, "line %u, column %u: ", line, column);
}
