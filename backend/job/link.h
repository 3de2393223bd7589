/*
 * link.h - whether a cluster can be reached, and since when
 *
 * The worker finds out, the engine is told and acts on it, and everybody may look: one short lock,
 * a leaf. A cluster that is this machine is always up.
 */
#ifndef CLUSTRIXFS_LINK_H
#define CLUSTRIXFS_LINK_H

#include "clustrixfs/config.h"
#include "clustrixfs/scheduler.h"

#include "message.h"

enum link_is {
    LINK_UP,
    LINK_NEW,     /* not tried yet                                              */
    LINK_DOWN,    /* cannot be reached; tried again by itself                   */
    LINK_REFUSED, /* it answers and will not do: waits for ctl connect          */
    LINK_OFF,     /* ctl disconnect was said: waits for ctl connect             */
};

struct link_state {
    enum link_is is;
    int64_t      since_ns;
    int64_t      round_trip_ns; /* of one small request; 0: not known */
    char         why[ERROR_TEXT_MAX]; /* unless up: a sentence        */
};

/* From the worker to the engine. */
struct link_news {
    struct message    message;
    unsigned          cluster;
    struct link_state state;
    bool              met; /* `meeting` is what was found just now */
    struct meeting    meeting;
};

struct links;

int  links_create(struct links **lp, const struct config *c) must_check;
void links_destroy(struct links *l);
void links_set(struct links *l, unsigned cluster, const struct link_state *state);
struct link_state links_get(struct links *l, unsigned cluster);

/* "up", "down since 2026-12-01 10:12: no route to host", ... */
int link_text(const struct link_state *s, struct buf *out) must_check;

#endif
