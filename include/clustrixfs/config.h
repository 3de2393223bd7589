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
void config_free(struct config *c);
DEFINE_CLEANUP(configp, struct config *, config_free);

const struct cluster *config_cluster(const struct config *c, const char *name); /* or NULL */

#endif
