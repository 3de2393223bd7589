/*
 * tree.h - a directory with all below it: removed, or copied
 *
 * What lies in such a directory was made by others, so no link in it is ever followed and no other
 * file system is ever entered.
 */
#ifndef CLUSTRIXFS_TRANSPORT_TREE_H
#define CLUSTRIXFS_TRANSPORT_TREE_H

#include "clustrixfs/error.h"

/* Remove `path` and all below it. 0, also when there is none; or a negative errno and a sentence.
 * -EXDEV: something is mounted in it; then that is left alone, with what is above it. */
int tree_remove(const char *path, struct error *e) must_check;

/* Copy the directory `from` to `to`, which must not exist: files, directories and links, with their
 * modes and times. 0, or a negative errno and a sentence; then a part of `to` may be there. */
int tree_copy(const char *from, const char *to, struct error *e) must_check;

#endif
