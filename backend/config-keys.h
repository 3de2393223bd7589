/*
 * config-keys.h - the keys of config.json
 */
#ifndef CLUSTRIXFS_CONFIG_KEYS_H
#define CLUSTRIXFS_CONFIG_KEYS_H

#include "clustrixfs/buf.h"
#include "clustrixfs/config.h"

/*
 * The cluster of that name. A new one is as where nothing is said: this machine, all of it, but no
 * directory yet. It belongs to `c` and stays where it is until the next call. NULL: out of memory.
 */
struct cluster *config_want_cluster(struct config *c, const char *name, const char *keeper);

/*
 * Put into `c` what the text says; "local" is there already. *first becomes the default cluster's
 * place in c->clusters. 0; -EINVAL and a sentence with line and column; or -ENOMEM.
 */
int config_read(struct config *c, struct span text, const char *keeper, size_t *first,
                struct error *e) must_check;

#endif
