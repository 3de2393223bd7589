/*
 * cluster.h - where jobs run: a transport, a scheduler and a directory
 *
 * Made by config.c, never changed after, read by every thread; but for what is only known once the
 * cluster was met (`root`, `keeper`, `scheduler` where it is found by itself, and `cores` and
 * `memory` where they were not said). That is remembered from one mount to the next (met.h), so it
 * changes at most once in the life of a state directory, before the first job goes there.
 */
#ifndef CLUSTRIXFS_CLUSTER_H
#define CLUSTRIXFS_CLUSTER_H

#include <stdbool.h>
#include <stdint.h>

struct transport_ops;
struct scheduler_ops;
struct secrets; /* passwords and passphrases typed at mount time; ssh-secrets.c */

struct cluster {
    char *name;
    const struct transport_ops *transport;
    const struct scheduler_ops *scheduler;
    char    *root;    /* absolute: one directory for each job below it, and the events file;
                         NULL until a far one was met                                        */
    char    *keeper;  /* the program that starts jobs: clustrixfs-keeper here, and at the far
                         side ROOT/keeper-VERSION, a script; see far-keeper.sh               */
    bool     scripted; /* `keeper` is that script: at the far side, and wherever a scheduler keeps
                         the queue                                                          */
    uint32_t cores;   /* slots; where the scheduler has no queue of its own                  */
    uint64_t memory;  /* bytes to give away; the same                                        */
    uint32_t grace_s; /* between TERM and KILL                                               */
    unsigned index;   /* its place among the configured clusters                             */

    /* Of a far cluster; NULL and 0 where nothing was said, and for one that is this machine. */
    char    *host;         /* a name of ~/.ssh/config, a host name or an address             */
    char    *user;
    uint16_t port;
    char    *identity;     /* a key file                                                     */
    char    *control_path; /* transport openssh: the socket of the master that we ride on    */
    uint32_t alive_s;      /* a link that is silent for so long is dead; 15                  */
    char    *dir;          /* as configured, for root: absolute, or from the home directory  */
    char    *mirror;       /* a directory here: what is known of its jobs' files             */
    uint64_t mirror_max;   /* bytes of them that are kept here                               */
    uint64_t store_max;    /* bytes of inputs that are kept there, in ROOT/store             */
    bool     finds_scheduler; /* scheduler=auto                                              */
    bool     met;             /* root and the rest are known; see cluster_look()             */
    bool     cores_said, memory_said;
    char    *node;            /* what it calls itself; these three since it was met          */
    char    *version;         /* of its scheduler, in that one's own words; or ""            */
    char    *found;           /* a sentence: which schedulers it has, and why it is this one */
    struct secrets *secrets;

    /* Of a Kubernetes; NULL where nothing was said. */
    char *context;         /* of the kubeconfig                                              */
    char *kube_namespace;
    char *image;           /* for jobs that name none                                        */
    char *service_account;
    char *node_selector;   /* as it goes into a pod: a JSON object                           */
    char *volume;          /* "/DIR" that nodes and host share, or "CLAIM:/DIR"               */
};

/*
 * [any thread] What is known of a cluster at this moment, as a cluster; its strings are borrowed.
 * Where it was not met yet `root` and `keeper` are as they are likely to be, good enough to show;
 * `scheduler` is NULL where it finds that by itself; `cores` and `memory` are 0 where they were not
 * said.
 */
struct cluster cluster_look(const struct cluster *c);

#endif
