/*
 * mailbox.h - how one thread tells another something
 *
 * A letter is a struct with a `struct letter` as its member, allocated by the sender and owned by
 * the receiver from mailbox_post() on. Order is kept. The descriptor polls readable while there is
 * a letter.
 */
#ifndef CLUSTRIXFS_MAILBOX_H
#define CLUSTRIXFS_MAILBOX_H

#include "clustrixfs/base.h"

struct letter {
    struct letter *next;
};

struct mailbox;

int  mailbox_create(struct mailbox **mp) must_check;
void mailbox_destroy(struct mailbox *m); /* must be empty; NULL is fine */
int  mailbox_fd(const struct mailbox *m);
/* Never fails and never waits (one short lock); wakes the receiver once for a full box. */
void mailbox_post(struct mailbox *m, struct letter *l);
/* All letters so far, oldest first, or NULL; clears the descriptor. Receiver's thread only. */
struct letter *mailbox_take(struct mailbox *m);

#endif
