/*
 * mailbox.c - how one thread tells another something
 *
 * A list under a lock and an eventfd that is written and read under the same lock: so the
 * descriptor is readable exactly while there is a letter, and a receiver that has its letter knows
 * that the sender is done with the mailbox and may destroy it.
 */
#include "clustrixfs/mailbox.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct mailbox {
    pthread_mutex_t lock;
    struct letter  *first;
    struct letter **end; /* where the next one goes: &first, or &next of the last one */
    int             fd;
};

int mailbox_create(struct mailbox **mp)
{
    struct mailbox *m = calloc(1, sizeof(*m));

    if (!m)
        return -ENOMEM;
    m->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (m->fd < 0) {
        int r = -errno;
        free(m);
        return r;
    }
    pthread_mutex_init(&m->lock, NULL);
    m->end = &m->first;
    *mp = m;
    return 0;
}

void mailbox_destroy(struct mailbox *m)
{
    if (!m)
        return;
    assert(!m->first);
    pthread_mutex_destroy(&m->lock);
    close(m->fd);
    free(m);
}

int mailbox_fd(const struct mailbox *m)
{
    return m->fd;
}

/* An eventfd that counts to one and back can neither block nor fail. */
static void set_readable(struct mailbox *m)
{
    int r = eventfd_write(m->fd, 1);

    assert(r == 0);
    (void)r;
}

static void clear_readable(struct mailbox *m)
{
    eventfd_t count;
    int       r = eventfd_read(m->fd, &count);

    assert(r == 0);
    (void)r;
}

void mailbox_post(struct mailbox *m, struct letter *l)
{
    l->next = NULL;
    pthread_mutex_lock(&m->lock);
    if (!m->first)
        set_readable(m);
    *m->end = l;
    m->end = &l->next;
    pthread_mutex_unlock(&m->lock);
}

struct letter *mailbox_take(struct mailbox *m)
{
    pthread_mutex_lock(&m->lock);
    struct letter *all = m->first;
    if (all)
        clear_readable(m);
    m->first = NULL;
    m->end = &m->first;
    pthread_mutex_unlock(&m->lock);
    return all;
}
