/*
 * pass-node.c - which names on the disk the kernel knows
 *
 * A table from (directory, name) to node. The number that the kernel has for a node is its
 * address, so nothing is searched but names; the lock is a leaf, held for a few instructions.
 */
#include "fs/pass.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS_FIRST 256

struct pass_node *pass_node(fuse_ino_t ino)
{
    return (struct pass_node *)(uintptr_t)INO_REST(ino);
}

fuse_ino_t pass_node_ino(const struct pass_node *node)
{
    return INO_MAKE(ROOM_PASS, (uintptr_t)node);
}

static struct pass_node **bucket(const struct pass *p, const struct pass_node *parent,
                                 const char *name)
{
    uint64_t h = (uintptr_t)parent;

    for (; *name; name++)
        h = (h ^ (unsigned char)*name) * UINT64_C(1099511628211);
    return &p->buckets[(h ^ h >> 32) & (p->n_buckets - 1)];
}

/* Where the pointer to the node of that name is; it points at NULL where there is none. */
static struct pass_node **find(const struct pass *p, const struct pass_node *parent,
                               const char *name)
{
    struct pass_node **at = bucket(p, parent, name);

    while (*at && ((*at)->parent != parent || strcmp((*at)->name, name)))
        at = &(*at)->next;
    return at;
}

static void put(struct pass *p, struct pass_node *node)
{
    struct pass_node **at = bucket(p, node->parent, node->name);

    node->next = *at;
    *at = node;
    node->named = true;
    p->n++;
}

static void take(struct pass *p, struct pass_node *node)
{
    struct pass_node **at = bucket(p, node->parent, node->name);

    if (!node->named)
        return;
    while (*at != node)
        at = &(*at)->next;
    *at = node->next;
    node->named = false;
    p->n--;
}

/* A table that cannot grow is slower, not wrong. */
static void grow(struct pass *p)
{
    struct pass_node **old = p->buckets, *node, *next;
    size_t             n = p->n_buckets;

    if (p->n < n || !(p->buckets = calloc(n * 2, sizeof(*old)))) {
        p->buckets = old;
        return;
    }
    p->n_buckets = n * 2;
    p->n = 0;
    for (size_t i = 0; i < n; i++) {
        for (node = old[i]; node; node = next) {
            next = node->next;
            put(p, node);
        }
    }
    free(old);
}

static struct pass_node *node_new(struct pass *p, struct pass_node *parent, const char *name,
                                  job_id job, const struct stat *st)
{
    struct pass_node *node = calloc(1, sizeof(*node));

    if (!node || !(node->name = strdup(name))) {
        free(node);
        return NULL;
    }
    node->parent = parent;
    node->job = job;
    node->far = parent ? parent->far : job != 0 && service_is_far(p->m->service, name);
    node->dev = st->st_dev;
    node->ino = st->st_ino;
    if (parent)
        parent->refs++;
    node->older = p->newest;
    if (p->newest)
        p->newest->newer = node;
    p->newest = node;
    return node;
}

static void node_free(struct pass *p, struct pass_node *node)
{
    take(p, node);
    if (node->older)
        node->older->newer = node->newer;
    if (node->newer)
        node->newer->older = node->older;
    else
        p->newest = node->older;
    free(node->name);
    free(node);
}

struct pass_node *pass_node_get(struct pass *p, struct pass_node *parent, const char *name,
                                job_id job, const struct stat *st)
{
    struct pass_node *node;

    pthread_mutex_lock(&p->lock);
    node = *find(p, parent, name);
    if (node && (node->dev != st->st_dev || node->ino != st->st_ino)) {
        take(p, node);
        node = NULL;
    }
    if (!node && (node = node_new(p, parent, name, job, st))) {
        grow(p);
        put(p, node);
    }
    if (node)
        node->refs++;
    pthread_mutex_unlock(&p->lock);
    return node;
}

void pass_node_ref(struct pass *p, struct pass_node *node)
{
    pthread_mutex_lock(&p->lock);
    node->refs++;
    pthread_mutex_unlock(&p->lock);
}

/* With its last child a directory that the kernel forgot before goes too. */
void pass_node_unref(struct pass *p, struct pass_node *node, uint64_t n)
{
    pthread_mutex_lock(&p->lock);
    while (node && (node->refs -= n) == 0) {
        struct pass_node *parent = node->parent;

        node_free(p, node);
        node = parent;
        n = 1;
    }
    pthread_mutex_unlock(&p->lock);
}

void pass_node_removed(struct pass *p, struct pass_node *parent, const char *name)
{
    struct pass_node *node;

    pthread_mutex_lock(&p->lock);
    node = *find(p, parent, name);
    if (node)
        take(p, node);
    pthread_mutex_unlock(&p->lock);
}

/* Out of memory it loses its name here: the next lookup makes another node. */
static void rename_node(struct pass *p, struct pass_node *node, struct pass_node *parent,
                        const char *name, struct pass_node **old_parent)
{
    char *copy = strdup(name);

    take(p, node);
    if (!copy)
        return;
    free(node->name);
    node->name = copy;
    *old_parent = node->parent;
    node->parent = parent;
    parent->refs++;
    put(p, node);
}

void pass_node_moved(struct pass *p, struct pass_node *parent, const char *name,
                     struct pass_node *newparent, const char *newname, bool exchanged)
{
    struct pass_node *moved, *over, *left[2] = { NULL, NULL };

    pthread_mutex_lock(&p->lock);
    moved = *find(p, parent, name);
    over = *find(p, newparent, newname);
    if (over)
        take(p, over);
    if (moved)
        rename_node(p, moved, newparent, newname, &left[0]);
    if (over && exchanged)
        rename_node(p, over, parent, name, &left[1]);
    pthread_mutex_unlock(&p->lock);
    for (size_t i = 0; i < ARRAY_SIZE(left); i++) {
        if (left[i])
            pass_node_unref(p, left[i], 1);
    }
}

/* Written from its end: the names are found from the file upwards. */
int pass_node_path(struct pass *p, const struct pass_node *node, struct buf *path,
                   const struct pass_node **root)
{
    const struct pass_node *n;
    size_t                  len = 0;
    bool                    named = true;
    int                     r;

    pthread_mutex_lock(&p->lock);
    for (n = node; n->parent; n = n->parent) {
        len += strlen(n->name) + 1;
        named = named && n->named;
    }
    *root = n;
    r = named ? buf_set_len(path, len > 0 ? len - 1 : 0) : -ESTALE;
    for (n = node; r == 0 && n->parent; n = n->parent) {
        size_t part = strlen(n->name);

        len -= part + 1;
        memcpy(path->data + len, n->name, part);
        if (len > 0)
            path->data[len - 1] = '/';
    }
    pthread_mutex_unlock(&p->lock);
    return r == 0 && path->len == 0 ? buf_add_str(path, ".") : r;
}

void pass_node_opened(struct pass *p, struct pass_node *node, struct pass_handle *h)
{
    pthread_mutex_lock(&p->lock);
    node->refs++;
    h->node = node;
    h->next = node->handles;
    node->handles = h;
    pthread_mutex_unlock(&p->lock);
}

void pass_node_closed(struct pass *p, struct pass_handle *h)
{
    struct pass_handle **at;

    pthread_mutex_lock(&p->lock);
    for (at = &h->node->handles; *at != h; at = &(*at)->next)
        ;
    *at = h->next;
    pthread_mutex_unlock(&p->lock);
    pass_node_unref(p, h->node, 1);
}

int pass_node_borrow(struct pass *p, struct pass_node *node)
{
    int fd = -1;

    pthread_mutex_lock(&p->lock);
    if (node->handles)
        fd = fcntl(node->handles->fd, F_DUPFD_CLOEXEC, 0);
    pthread_mutex_unlock(&p->lock);
    return fd < 0 ? -ESTALE : fd;
}

fuse_ino_t *pass_node_all(struct pass *p, job_id job, size_t *n)
{
    fuse_ino_t *inos;

    *n = 0;
    pthread_mutex_lock(&p->lock);
    for (struct pass_node *node = p->newest; node; node = node->older)
        *n += node->job == job;
    inos = *n > 0 ? calloc(*n, sizeof(*inos)) : NULL;
    *n = 0;
    for (struct pass_node *node = p->newest; inos && node; node = node->older)
        if (node->job == job)
            inos[(*n)++] = pass_node_ino(node);
    pthread_mutex_unlock(&p->lock);
    return inos;
}

int pass_nodes_open(struct pass *p)
{
    p->n_buckets = BUCKETS_FIRST;
    p->buckets = calloc(p->n_buckets, sizeof(*p->buckets));
    if (!p->buckets)
        return -ENOMEM;
    pthread_mutex_init(&p->lock, NULL);
    return 0;
}

/* After an unmount the kernel does not say what it forgot, nor what nobody has open any more. */
void pass_nodes_close(struct pass *p)
{
    while (p->newest) {
        struct pass_handle *h, *next;

        for (h = p->newest->handles; h; h = next) {
            next = h->next;
            pass_handle_free(h);
        }
        node_free(p, p->newest);
    }
    free(p->buckets);
    pthread_mutex_destroy(&p->lock);
}
