/*
 * cluster.h - where jobs run: a transport, a scheduler and a directory
 *
 * Made by config.c, never changed after, read by every thread.
 */
#ifndef CLUSTRIXFS_CLUSTER_H
#define CLUSTRIXFS_CLUSTER_H

#include <stdbool.h>
#include <stdint.h>

struct transport_ops;
struct scheduler_ops;

struct cluster {
    char *name;
    const struct transport_ops *transport;
    const struct scheduler_ops *scheduler;
    char    *root;    /* absolute: one directory for each job below it, and the events file  */
    char    *keeper;  /* the program that starts jobs where the scheduler is the host itself */
    uint32_t cores;   /* slots; where the scheduler has no queue of its own                  */
    uint64_t memory;  /* bytes to give away; the same                                        */
    uint32_t grace_s; /* between TERM and KILL                                               */
    unsigned index;   /* its place among the configured clusters                             */
};

#endif
