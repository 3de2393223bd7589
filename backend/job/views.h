/*
 * views.h - making views; who only reads them includes clustrixfs/view.h
 */
#ifndef CLUSTRIXFS_VIEWS_H
#define CLUSTRIXFS_VIEWS_H

#include "clustrixfs/view.h"

/* A copy with all its strings (NULL ones become ""), counted once; NULL when memory is out. */
struct job_view *job_view_make(const struct job_view *from);

#endif
