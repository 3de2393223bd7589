/*
 * config-keys.h - the keys of config.json
 */
#ifndef CLUSTRIXFS_CONFIG_KEYS_H
#define CLUSTRIXFS_CONFIG_KEYS_H

#include "clustrixfs/buf.h"
#include "clustrixfs/config.h"

#define CLUSTER_NAME_MAX 63

struct cJSON;

/*
 * The cluster of that name. A new one has nothing but the name and the grace time that holds where
 * none is said. It belongs to `c` and stays where it is until the next call. NULL: out of memory.
 */
struct cluster *config_want_cluster(struct config *c, const char *name);
void            cluster_release(struct cluster *c); /* what hangs from it */
/* Bring that one to the front, to be the default; the others keep their order. */
void            config_put_first(struct config *c, size_t first);
bool            config_is_cluster_name(const char *name);

/*
 * Put into `c` what the text says; "local" is there already. *first becomes the default cluster's
 * place in c->clusters. 0; -EINVAL and a sentence with line and column; or -ENOMEM.
 */
int config_read(struct config *c, struct span text, size_t *first, struct error *e) must_check;

/*
 * The keys of one cluster: config-cluster.c.
 */
#define CLUSTER_KEYS 20

struct cluster_reading {
    const struct config *config; /* the clusters beside it */
    struct cluster      *cluster;
    struct error        *e;
};

struct cluster_key {
    const char *name;
    bool        number; /* how a value that was typed on the command line is to be taken */
    int (*take)(struct cluster_reading *r, const struct cJSON *value);
};

extern const struct cluster_key cluster_keys[CLUSTER_KEYS];

/* config-kubernetes.c: those of a Kubernetes. */
int take_context(struct cluster_reading *r, const struct cJSON *value);
int take_namespace(struct cluster_reading *r, const struct cJSON *value);
int take_image(struct cluster_reading *r, const struct cJSON *value);
int take_service_account(struct cluster_reading *r, const struct cJSON *value);
int take_node_selector(struct cluster_reading *r, const struct cJSON *value);
int take_volume(struct cluster_reading *r, const struct cJSON *value);

/* Take one value that was typed. 0, or a negative errno and a sentence. */
int cluster_key_typed(struct cluster_reading *r, const char *key, const char *text) must_check;

/*
 * Do all that was said of it go together? 0; or -EINVAL and a sentence, and *key is the key
 * that it is about, NULL where it is about one that is missing.
 */
int cluster_check(const struct cluster_reading *r, const char **key) must_check;

/* Fill in what was not said. After cluster_check(). */
int cluster_settle(struct cluster *c, const char *keeper, struct error *e) must_check;

/*
 * The source of a mount: config-source.c. Makes of the clusters what config_load_source() says.
 */
int config_take_source(struct config *c, const struct config_source *s,
                       struct error *e) must_check;

/* Letters, digits, '.', '_' and '-', and ':' and '%' of an address; no '-' first. */
int config_check_host(const char *host, struct error *e) must_check;
int config_check_user(const char *user, struct error *e) must_check;
/* A directory at the far side: a malloc'ed copy without "~/" before and '/' after it, or NULL. */
char *config_far_dir(const char *dir, struct error *e);

#endif
