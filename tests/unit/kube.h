/*
 * kube.h - the Kubernetes that the tests of its scheduler have in common
 */
#ifndef CLUSTRIXFS_TEST_KUBE_H
#define CLUSTRIXFS_TEST_KUBE_H

#include "render.h"

#define AT "kubernetes-1.20/"

static const struct transport_ops elsewhere = { .name = "elsewhere" };

/* `volume` NULL: without one. */
static inline struct cluster kube_cluster(const char *volume)
{
    return (struct cluster){
        .name = (char *)(uintptr_t)"kube",
        .transport = &elsewhere,
        .scripted = true,
        .scheduler = &scheduler_kubernetes,
        .root = (char *)(uintptr_t)"/vol/my $(dir)",
        .keeper = (char *)(uintptr_t)"/vol/my $(dir)/keeper-1",
        .volume = (char *)(uintptr_t)volume,
        .image = (char *)(uintptr_t)"debian:12",
        .grace_s = 7,
    };
}

#endif
