/*
 * config.h - what the command line and config.json say
 */
#ifndef CLUSTRIXFS_CONFIG_H
#define CLUSTRIXFS_CONFIG_H

#include "clustrixfs/cluster.h"
#include "clustrixfs/error.h"

struct config {
    char           *state_dir; /* absolute, 0700: the store, stage/, the local cluster's jobs */
    struct cluster *clusters;  /* at least the built-in "local"; index 0 is the default one   */
    size_t          n_clusters;
    bool            named; /* the default one is what the command line named: a source */
};

/*
 * What the command line says of the cluster to mount; NULL where it says nothing. The values are as
 * typed, and mean what the keys of config.json mean that are called so.
 */
struct config_source {
    const char *source; /* "[user@]host[:dir]", or the name of a configured cluster */
    const char *port, *identity, *control_path, *alive, *transport, *scheduler;
};

/*
 * Read FILE, or, where it is NULL, $XDG_CONFIG_HOME/clustrixfs/config.json if there is one.
 * `state_dir` NULL: $XDG_STATE_HOME/clustrixfs. Makes the state directory (0700) and refuses one
 * that belongs to somebody else. `keeper` is the path of the keeper program.
 *
 * Returns 0, or a negative errno and a sentence with the line in the file.
 */
int  config_load(struct config **cp, const char *file, const char *state_dir, const char *keeper,
                 struct error *e) must_check;
/*
 * The same for a mount of one cluster. A source is the cluster of that name, or one with that
 * host, or a new one that is called after its host. There are that one, which is the default, and
 * "local"; and the state directory is $XDG_STATE_HOME/clustrixfs-NAME. A source NULL is the same as
 * config_load().
 */
int  config_load_source(struct config **cp, const char *file, const char *state_dir,
                        const char *keeper, const struct config_source *s,
                        struct error *e) must_check;
void config_free(struct config *c);
DEFINE_CLEANUP(configp, struct config *, config_free);

const struct cluster *config_cluster(const struct config *c, const char *name); /* or NULL */

#endif
