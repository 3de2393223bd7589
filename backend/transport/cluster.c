/*
 * cluster.c - what is known of a cluster
 *
 * The engine's thread fills in what a meeting found and then sets `met`; who has seen it set may
 * read the rest. Who has not must not touch what that thread may be writing.
 */
#include "clustrixfs/cluster.h"

#include <stddef.h>

/* To show; never to send. */
static const char unmet_root[] = "~/.clustrixfs", unmet_keeper[] = "~/.clustrixfs/keeper";

struct cluster cluster_look(const struct cluster *c)
{
    if (__atomic_load_n(&c->met, __ATOMIC_ACQUIRE))
        return *c;
    return (struct cluster){
        .name = c->name,
        .transport = c->transport,
        .scripted = c->scripted,
        .scheduler = c->finds_scheduler ? NULL : c->scheduler,
        .root = c->dir ? c->dir : (char *)unmet_root,
        .keeper = (char *)unmet_keeper,
        .cores = c->cores_said ? c->cores : 0,
        .memory = c->memory_said ? c->memory : 0,
        .grace_s = c->grace_s,
        .index = c->index,
        .host = c->host,
        .user = c->user,
        .port = c->port,
        .dir = c->dir,
        .finds_scheduler = c->finds_scheduler,
        .cores_said = c->cores_said,
        .memory_said = c->memory_said,
    };
}
