/*
 * waiters.c - requests that are answered later, each exactly once
 *
 * Whoever takes a request off the list answers it: the engine's thread when the job has ended or
 * the log has grown, the loop when the reader was interrupted or the mount goes away. The list's
 * lock is a leaf: nothing is answered while it is held. A request without an interrupt function
 * would leave its program unkillable, so none is parked without one.
 */
#include "fs/waiters.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fs/show.h"

/* One answer of `events`: as much as the kernel asks for at a time. */
#define EVENTS_READ_MAX (1024 * 1024)

/* A request, or a poll(), that waits. */
struct waiter {
    struct waiter          *next;
    fuse_req_t              req; /* NULL: a poll */
    struct fuse_pollhandle *ph;  /* NULL: a request */
    struct handle          *handle; /* NULL: the answer comes by waiters_claim() */
    uint64_t                ticket;
    size_t                  size;
    off_t                   off;
};

struct waiters {
    struct mount   *mount;
    pthread_mutex_t lock; /* guards the list, and the handles' part that handle.h says */
    struct waiter  *list;
    uint64_t        last_ticket;
    bool            stopped;
};

/* How things are for one job and for the log; asked for before the lock is taken. */
struct news {
    job_id id;
    bool   is_over; /* it has ended, or is no longer known */
    off_t  log_end;
};

static struct news news_of(struct waiters *w, job_id id)
{
    struct job_brief b;

    return (struct news){
        .id = id,
        .is_over = id && (!service_brief(w->mount->service, id, &b) || job_ended(b.state)),
        .log_end = service_events_size(w->mount->service),
    };
}

/* Whether a read of the handle at `off` has something to say. */
static bool is_ready(const struct handle *h, off_t off, const struct news *news)
{
    if (rows[h->place.row].kind == KIND_EVENTS)
        return off < news->log_end;
    return h->n_given > 0 || (h->place.key == news->id && news->is_over);
}

typedef bool match_fn(const struct waiter *x, const void *arg);

static bool is_request(const struct waiter *x, const void *req)
{
    return x->req == req;
}

static bool has_ticket(const struct waiter *x, const void *ticket)
{
    return x->ticket == *(const uint64_t *)ticket;
}

static bool is_poll_of(const struct waiter *x, const void *handle)
{
    return x->ph && x->handle == handle;
}

static bool is_concerned(const struct waiter *x, const void *news)
{
    return x->handle && is_ready(x->handle, x->ph ? x->handle->off : x->off, news);
}

/* It waits for something to happen, not for the answer to something it asked. */
static bool is_watching(const struct waiter *x, const void *arg unused_arg)
{
    return x->handle;
}

/* Take all that match off the list; who has taken one answers it. */
static struct waiter *take(struct waiters *w, match_fn *match, const void *arg)
{
    struct waiter **link, *x, *taken = NULL;

    pthread_mutex_lock(&w->lock);
    for (link = &w->list; (x = *link);) {
        if (!match(x, arg)) {
            link = &x->next;
            continue;
        }
        *link = x->next;
        x->next = taken;
        taken = x;
    }
    pthread_mutex_unlock(&w->lock);
    return taken;
}

/* `wait` says what it said before: the job may run again by the time it is read to the end. */
static void answer_wait(struct waiters *w, fuse_req_t req, struct handle *h, size_t size, off_t off)
{
    _cleanup_(bufp) struct buf text = BUF_INIT;
    char given[WAIT_TEXT_MAX];
    struct job_brief b;
    size_t n;

    if (service_brief(w->mount->service, h->place.key, &b) &&
        wait_text(&text, b.state, b.exit_code, b.signal) < 0)
        text.len = 0;
    pthread_mutex_lock(&w->lock);
    if (h->n_given == 0 && text.len <= sizeof(h->given)) {
        memcpy(h->given, text.data, text.len);
        h->n_given = text.len;
    }
    n = h->n_given;
    memcpy(given, h->given, n);
    pthread_mutex_unlock(&w->lock);
    if (n == 0)
        fuse_reply_err(req, ENOENT);
    else if (off >= (off_t)n)
        fuse_reply_buf(req, NULL, 0);
    else
        fuse_reply_buf(req, given + off, size < n - (size_t)off ? size : n - (size_t)off);
}

static void answer_events(struct waiters *w, fuse_req_t req, struct handle *h, size_t size,
                          off_t off)
{
    _cleanup_(freep) char *data = NULL;
    off_t end = service_events_size(w->mount->service);
    ssize_t n = -1;

    if (size > EVENTS_READ_MAX)
        size = EVENTS_READ_MAX;
    if (off + (off_t)size > end)
        size = (size_t)(end - off);
    data = malloc(size);
    if (data)
        n = pread(service_events_fd(w->mount->service), data, size, off);
    if (n < 0) {
        fuse_reply_err(req, data ? errno : ENOMEM);
        return;
    }
    pthread_mutex_lock(&w->lock);
    h->off = off + n;
    if (h->at_end == EVENTS_UNREAD)
        h->at_end = EVENTS_READ;
    pthread_mutex_unlock(&w->lock);
    fuse_reply_buf(req, data, (size_t)n);
}

static void answer_read(struct waiters *w, fuse_req_t req, struct handle *h, size_t size, off_t off)
{
    if (rows[h->place.row].kind == KIND_EVENTS)
        answer_events(w, req, h, size, off);
    else
        answer_wait(w, req, h, size, off);
}

/* Answer all that were taken: reads with `code` where it is not 0, polls by "ask again". */
static void answer_all(struct waiters *w, struct waiter *taken, int code)
{
    while (taken) {
        struct waiter *x = taken;

        taken = x->next;
        if (x->ph) {
            fuse_lowlevel_notify_poll(x->ph);
            fuse_pollhandle_destroy(x->ph);
        } else if (code) {
            fuse_reply_err(x->req, code);
        } else {
            answer_read(w, x->req, x->handle, x->size, x->off);
        }
        free(x);
    }
}

/* Runs on the loop's thread; the request may have been answered a moment ago. */
static void on_interrupt(fuse_req_t req, void *arg)
{
    struct waiters *w = arg;

    answer_all(w, take(w, is_request, req), EINTR);
}

/* Put it on the list under a new ticket; 0: nothing waits for events in a mount that goes away. */
static uint64_t enlist(struct waiters *w, struct waiter *x)
{
    uint64_t ticket = 0;

    pthread_mutex_lock(&w->lock);
    if (!w->stopped || !x->handle) {
        ticket = x->ticket = ++w->last_ticket;
        x->next = w->list;
        w->list = x;
    }
    pthread_mutex_unlock(&w->lock);
    return ticket;
}

/* Put the request on the list, or answer it with an error: then the ticket is 0. */
static uint64_t park(struct waiters *w, const struct waiter *what)
{
    _cleanup_(freep) struct waiter *x = malloc(sizeof(*x));
    fuse_req_t req = what->req;
    uint64_t ticket = 0;
    int r = ENOMEM;

    /* Interrupts come through this thread: none can slip in before it is on the list. */
    if (x && fuse_req_interrupted(req)) {
        r = EINTR;
    } else if (x) {
        *x = *what;
        fuse_req_interrupt_func(req, on_interrupt, w);
        ticket = enlist(w, x);
        r = ENOTCONN;
    }
    if (ticket)
        x = NULL;
    else
        fuse_reply_err(req, r);
    return ticket;
}

uint64_t waiters_park(struct waiters *w, fuse_req_t req)
{
    return park(w, &(struct waiter){ .req = req });
}

fuse_req_t waiters_claim(struct waiters *w, uint64_t ticket)
{
    _cleanup_(freep) struct waiter *x = take(w, has_ticket, &ticket);

    return x ? x->req : NULL;
}

bool waiters_any(struct waiters *w)
{
    bool any;

    pthread_mutex_lock(&w->lock);
    any = w->list != NULL;
    pthread_mutex_unlock(&w->lock);
    return any;
}

void waiters_change(struct waiters *w, job_id id, unsigned what unused_arg)
{
    struct news news;

    if (!waiters_any(w))
        return;
    news = news_of(w, id);
    answer_all(w, take(w, is_concerned, &news), 0);
}

enum { READ_NOW, READ_END, READ_LATER };

/* `cat events` and `cp` end: who has read up to the end is told so, once. */
static int how_to_read(struct waiters *w, struct handle *h, off_t off)
{
    struct news news = news_of(w, h->place.key);
    int how = READ_LATER;

    pthread_mutex_lock(&w->lock);
    if (is_ready(h, off, &news)) {
        how = READ_NOW;
    } else if (h->at_end == EVENTS_READ) {
        h->at_end = EVENTS_MET_END;
        how = READ_END;
    }
    pthread_mutex_unlock(&w->lock);
    return how;
}

void waiters_read(struct waiters *w, fuse_req_t req, struct handle *h, size_t size, off_t off,
                  bool may_wait)
{
    job_id id = h->place.key;
    int how = how_to_read(w, h, off);

    if (how == READ_NOW)
        answer_read(w, req, h, size, off);
    else if (how == READ_END)
        fuse_reply_buf(req, NULL, 0);
    else if (!may_wait)
        fuse_reply_err(req, EAGAIN);
    else if (park(w, &(struct waiter){ .req = req, .handle = h, .size = size, .off = off }))
        waiters_change(w, id, 0); /* what came while we looked away */
}

unsigned waiters_poll(struct waiters *w, struct handle *h, struct fuse_pollhandle *ph)
{
    struct waiter *x = ph ? malloc(sizeof(*x)) : NULL;
    struct news news;
    bool ready;

    if (ph)
        waiters_forget(w, h);
    if (x)
        *x = (struct waiter){ .ph = ph, .handle = h };
    if (ph && (!x || !enlist(w, x))) {
        fuse_pollhandle_destroy(ph);
        free(x);
    }
    /* Asked after it is on the list: whatever comes from now on wakes it. */
    news = news_of(w, h->place.key);
    pthread_mutex_lock(&w->lock);
    ready = is_ready(h, h->off, &news);
    pthread_mutex_unlock(&w->lock);
    return ready ? POLLIN | POLLRDNORM : 0;
}

void waiters_forget(struct waiters *w, struct handle *h)
{
    struct waiter *x = take(w, is_poll_of, h);

    while (x) {
        struct waiter *next = x->next;

        fuse_pollhandle_destroy(x->ph);
        free(x);
        x = next;
    }
}

void waiters_stop(struct waiters *w)
{
    pthread_mutex_lock(&w->lock);
    w->stopped = true;
    pthread_mutex_unlock(&w->lock);
    answer_all(w, take(w, is_watching, NULL), ENOTCONN);
}

int waiters_open(struct waiters **wp, struct mount *m)
{
    struct waiters *w = calloc(1, sizeof(*w));

    if (!w)
        return -ENOMEM;
    w->mount = m;
    pthread_mutex_init(&w->lock, NULL);
    *wp = w;
    return 0;
}

void waiters_close(struct waiters *w)
{
    if (!w)
        return;
    pthread_mutex_destroy(&w->lock);
    free(w);
}
