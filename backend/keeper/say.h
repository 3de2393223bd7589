/*
 * say.h - the keeper's answers: one line for each run, written in one go
 */
#ifndef CLUSTRIXFS_KEEPER_SAY_H
#define CLUSTRIXFS_KEEPER_SAY_H

#include "clustrixfs/base.h"

/* "TOKEN/RUN what". One write(), so the lines of keepers that answer at once do not mix. */
void say(const char *run, const char *fmt, ...) printf_like(2, 3);

#endif
