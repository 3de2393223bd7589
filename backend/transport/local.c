/*
 * local.c - this machine as a far side
 *
 * The smallest transport, and the measure for the others: every call is done when it returns, and
 * what failed has certainly not been done, but for a command that ran out of time.
 */
#include "local.h"

#include <errno.h>
#include <stdlib.h>

#include "clustrixfs/cluster.h"

static int local_open(struct transport **tp, const struct cluster *cluster, struct error *e)
{
    struct transport *t = malloc(sizeof *t);

    if (!t)
        return error_set(e, -ENOMEM, "out of memory");
    *t = (struct transport){
        .follow = FOLLOW_INIT,
        .helper = HELPER_INIT,
        .keeper = cluster->scripted ? NULL : cluster->keeper,
    };
    *tp = t;
    return 0;
}

static int local_follow(struct transport *t, const char *path, struct error *e)
{
    follow_stop(&t->follow);
    return follow_start(&t->follow, path, e);
}

static int local_follow_read(struct transport *t, struct buf *b, struct error *e)
{
    return follow_more(&t->follow, b, e);
}

static void local_close(struct transport *t)
{
    if (!t)
        return;
    follow_stop(&t->follow);
    helper_stop(&t->helper);
    free(t);
}

const struct transport_ops transport_local = {
    .name = "local",
    .here = true,
    .open = local_open,
    .run = local_run,
    .put = local_put,
    .fetch = local_fetch,
    .move_in = local_move_in,
    .remove = local_remove,
    .follow = local_follow,
    .follow_read = local_follow_read,
    .close = local_close,
};
