/*
 * options.h - the command line
 */
#ifndef CLUSTRIXFS_FS_OPTIONS_H
#define CLUSTRIXFS_FS_OPTIONS_H

#include <stdbool.h>

#include "clustrixfs/config.h"
#include "fs/fuse.h"

struct options {
    struct fuse_args fuse; /* what is left for libfuse, program name first */
    char *mountpoint;      /* as it was said                               */
    char *source;          /* "me@hpc" in `clustrixfs me@hpc MOUNTPOINT`, or NULL */
    char *state_dir, *config;
    char *port, *identity, *control_path, *alive, *transport, *scheduler;
    int   help, version, foreground, debug, nonempty, accept_hostkey;
    unsigned max_read; /* bytes; 0: as the kernel likes */
};

/* Returns 0, or -EINVAL and a sentence. */
int  options_parse(struct options *o, int argc, char **argv, struct error *e) must_check;
void options_release(struct options *o);
static inline unused_arg void optionsp_cleanup(struct options *o)
{
    options_release(o);
}

/* What of it belongs to the configuration; borrowed. */
struct config_source options_source(const struct options *o);

void options_help(void);
void options_version(void);

#endif
