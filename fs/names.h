/*
 * names.h - which names in submit/ stand for a spec
 */
#ifndef CLUSTRIXFS_FS_NAMES_H
#define CLUSTRIXFS_FS_NAMES_H

#include <stdbool.h>

#include "clustrixfs/draft.h"

/* What is put behind a draft's name to say what is wrong with it. */
#define ERROR_SUFFIX ".error"

/* False for what editors, copiers and file managers call their unfinished and backup files. */
bool name_submits(const char *name);

/* NAME.error: written by us alone. */
bool name_is_error(const char *name);
/* Whose. */
void name_of_error(char draft[DRAFT_NAME_MAX + 1], const char *error_name);

#endif
