/*
 * link.c - whether a cluster can be reached, as everybody may see it
 */
#include "link.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "clustrixfs/clock.h"
#include "clustrixfs/transport.h"

struct links {
    pthread_mutex_t   lock;
    size_t            n;
    struct link_state v[];
};

int links_create(struct links **lp, const struct config *c)
{
    struct links *l = calloc(1, sizeof(*l) + c->n_clusters * sizeof(l->v[0]));

    if (!l)
        return -ENOMEM;
    pthread_mutex_init(&l->lock, NULL);
    l->n = c->n_clusters;
    for (size_t i = 0; i < l->n; i++)
        l->v[i] = (struct link_state){
            .is = c->clusters[i].transport->connect ? LINK_NEW : LINK_UP,
            .since_ns = clock_now_ns(),
        };
    *lp = l;
    return 0;
}

void links_destroy(struct links *l)
{
    if (!l)
        return;
    pthread_mutex_destroy(&l->lock);
    free(l);
}

void links_set(struct links *l, unsigned cluster, const struct link_state *state)
{
    pthread_mutex_lock(&l->lock);
    l->v[cluster] = *state;
    pthread_mutex_unlock(&l->lock);
}

struct link_state links_get(struct links *l, unsigned cluster)
{
    struct link_state state;

    pthread_mutex_lock(&l->lock);
    state = l->v[cluster];
    pthread_mutex_unlock(&l->lock);
    return state;
}

int link_text(const struct link_state *s, struct buf *out)
{
    static const char *const words[] = {
        [LINK_UP] = "up",           [LINK_NEW] = "connecting", [LINK_DOWN] = "down",
        [LINK_REFUSED] = "refused", [LINK_OFF] = "disconnected",
    };

    buf_add_str(out, words[s->is]);
    if (s->is == LINK_UP)
        return buf_error(out);
    buf_add_str(out, " since ");
    clock_format(out, s->since_ns);
    if (s->why[0])
        buf_printf(out, ": %s", s->why);
    return buf_error(out);
}
