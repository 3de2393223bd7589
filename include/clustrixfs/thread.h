/*
 * thread.h - a thread that gets no signals
 */
#ifndef CLUSTRIXFS_THREAD_H
#define CLUSTRIXFS_THREAD_H

#include <pthread.h>

#include "clustrixfs/base.h"

/*
 * As pthread_create() with default attributes, every signal blocked in the new thread: they are
 * for the FUSE loop, and a thread that took one would leave the loop asleep. 0 or a negative errno.
 */
int thread_start(pthread_t *thread, void *(*fn)(void *arg), void *arg) must_check;

/* As pthread_cond_init(); pthread_cond_timedwait() goes by CLOCK_MONOTONIC. */
void thread_cond_init(pthread_cond_t *cond);

#endif
