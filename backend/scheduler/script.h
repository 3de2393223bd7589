/*
 * script.h - pieces of the script that runs a spec
 */
#ifndef CLUSTRIXFS_SCHEDULER_SCRIPT_H
#define CLUSTRIXFS_SCHEDULER_SCRIPT_H

#include "clustrixfs/spec.h"

/* Where the job's own directory is, also when it runs in another one. */
#define SCRIPT_FILES_VARIABLE "CLUSTRIXFS_FILES"

/* Whether something comes before the command: modules, or commands to run first. */
bool script_has_prelude(const struct spec *spec);

/* "#!/bin/sh" and what comes before the command. 0 or a negative errno. */
int script_prelude(const struct spec *spec, struct buf *out) must_check;

#endif
