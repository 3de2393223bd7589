/*
 * tree-open.c - open, read, write, poll and release in ROOM_TREE
 *
 * A text is made when it is read from its beginning and then kept with the open file, so a reader
 * never gets the head of one state and the tail of the next. While the job lives the kernel caches
 * nothing of it (direct_io); when it has ended the kernel keeps the pages (keep_cache).
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fs/far.h"
#include "fs/handle.h"
#include "fs/notify.h"
#include "fs/stream.h"
#include "fs/waiters.h"

/* Longer than any wish; a longer write is a mistake. */
#define WORDS_MAX 256

static struct handle *handle_new(struct tree *t, struct place p)
{
    struct handle *h = calloc(1, sizeof(*h));

    if (!h)
        return NULL;
    *h = (struct handle){ .place = p, .text = BUF_INIT, .fd = -1 };
    h->next = t->handles;
    h->link = &t->handles;
    if (h->next)
        h->next->link = &h->next;
    t->handles = h;
    return h;
}

void handle_free(struct handle *h)
{
    *h->link = h->next;
    if (h->next)
        h->next->link = h->link;
    if (h->fd >= 0)
        close(h->fd);
    buf_release(&h->text);
    free(h->far);
    free(h);
}

/* Root is not held up by modes: what nobody can write is refused here. */
static int check_access(const struct row *row, int flags)
{
    bool writes = (flags & O_ACCMODE) != O_RDONLY || flags & O_TRUNC;

    if (row->kind == KIND_LINK)
        return -ELOOP;
    return writes && !row->write ? -EACCES : 0;
}

static int start(struct mount *m, struct handle *h)
{
    if (rows[h->place.row].kind != KIND_STREAM)
        return 0;
    h->fd = stream_open(m, h->place, &h->far);
    return h->fd >= 0 || h->fd == -ENOENT ? 0 : h->fd;
}

void tree_open_file(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
    struct mount *m = fuse_req_userdata(req);
    struct place p = place_of(ino);
    struct handle *h = NULL;
    struct stat st;
    bool frozen;
    int r;

    r = check_access(&rows[p.row], fi->flags);
    if (r == 0)
        r = place_stat(m, p, NULL, &st, &frozen);
    if (r == 0) {
        h = handle_new(m->tree, p);
        r = h ? start(m, h) : -ENOMEM;
    }
    if (r < 0) {
        if (h)
            handle_free(h);
        fuse_reply_err(req, -r);
        return;
    }
    fi->fh = (uintptr_t)h;
    /* A write through the kernel's pages holds them until it is answered, and may be answered only
     * when they were dropped. */
    frozen = frozen && !rows[p.row].write;
    fi->direct_io = !frozen;
    fi->keep_cache = frozen;
    fi->noflush = 1;
    if (fuse_reply_open(req, fi) == -ENOENT)
        handle_free(h); /* interrupted: there will be no release */
}

static void reply_span(fuse_req_t req, const struct buf *text, size_t size, off_t off)
{
    if (off >= (off_t)text->len)
        fuse_reply_buf(req, NULL, 0);
    else
        fuse_reply_buf(req, text->data + off,
                       size < text->len - (size_t)off ? size : text->len - (size_t)off);
}

/* From the beginning a text is made anew; one that grows also where the last one ended. */
static bool is_stale(const struct handle *h, off_t off)
{
    if (!h->is_made || off == 0)
        return true;
    return rows[h->place.row].grows && off >= (off_t)h->text.len;
}

static void read_text(struct mount *m, fuse_req_t req, struct handle *h, size_t size, off_t off)
{
    int r = 0;

    if (is_stale(h, off)) {
        buf_release(&h->text);
        r = place_text(m, h->place, &h->text);
        h->is_made = r == 0;
    }
    if (r < 0)
        fuse_reply_err(req, -r);
    else
        reply_span(req, &h->text, size, off);
}

/* Before the job has started there is no output, and so nothing to read; later there may be. */
static void read_stream(struct mount *m, fuse_req_t req, struct handle *h, size_t size, off_t off)
{
    if (h->fd < 0)
        h->fd = stream_open(m, h->place, &h->far);
    if (h->fd >= 0 && h->far)
        far_reply(m, req, h->fd, h->far, size, off);
    else if (h->fd >= 0)
        stream_read(m, req, h->fd, size, off);
    else if (h->fd == -ENOENT)
        fuse_reply_buf(req, NULL, 0);
    else
        fuse_reply_err(req, -h->fd);
}

void tree_read(fuse_req_t req, fuse_ino_t ino unused_arg, size_t size, off_t off,
               struct fuse_file_info *fi)
{
    struct mount *m = fuse_req_userdata(req);
    struct handle *h = handle_of(fi);

    switch (rows[h->place.row].kind) {
    case KIND_STREAM:
        read_stream(m, req, h, size, off);
        break;
    case KIND_WAIT:
    case KIND_EVENTS:
        waiters_read(m->waiters, req, h, size, off, !(fi->flags & O_NONBLOCK));
        break;
    default:
        read_text(m, req, h, size, off);
    }
}

/* A write that waits for its answer. */
struct wish {
    struct mount *mount;
    uint64_t      ticket;
    size_t        size;
};

static void wish_granted(void *arg)
{
    _cleanup_(freep) struct wish *wish = arg;
    fuse_req_t req = waiters_claim(wish->mount->waiters, wish->ticket);

    if (req)
        fuse_reply_write(req, wish->size);
}

/* Whoever wrote "rerun" and then reads must not get what the kernel kept of the ended job. */
static void wish_done(void *arg, int r, const struct error *e unused_arg)
{
    struct wish *wish = arg;
    fuse_req_t req;

    if (r >= 0) {
        notify_then(wish->mount->notify, wish_granted, wish);
        return;
    }
    req = waiters_claim(wish->mount->waiters, wish->ticket);
    if (req)
        fuse_reply_err(req, -r);
    free(wish);
}

static struct span without_blanks(const char *data, size_t size)
{
    while (size > 0 && strchr(" \t\n", data[size - 1]))
        size--;
    while (size > 0 && strchr(" \t\n", data[0])) {
        data++;
        size--;
    }
    return (struct span){ data, size };
}

void tree_write(fuse_req_t req, fuse_ino_t ino unused_arg, const char *data, size_t size,
                off_t off unused_arg, struct fuse_file_info *fi)
{
    struct mount *m = fuse_req_userdata(req);
    struct place p = handle_of(fi)->place;
    struct span words = without_blanks(data, size);
    struct wish *wish;

    if (words.len == 0 || words.len > WORDS_MAX || memchr(words.data, '\0', words.len)) {
        fuse_reply_err(req, EINVAL);
        return;
    }
    wish = malloc(sizeof(*wish));
    if (!wish) {
        fuse_reply_err(req, ENOMEM);
        return;
    }
    *wish = (struct wish){ m, waiters_park(m->waiters, req), size };
    if (wish->ticket)
        rows[p.row].write(m, p.key, words, wish_done, wish);
    else
        free(wish);
}

void tree_poll(fuse_req_t req, fuse_ino_t ino unused_arg, struct fuse_file_info *fi,
               struct fuse_pollhandle *ph)
{
    struct mount *m = fuse_req_userdata(req);
    struct handle *h = handle_of(fi);
    enum row_kind kind = rows[h->place.row].kind;

    if (kind == KIND_WAIT || kind == KIND_EVENTS) {
        fuse_reply_poll(req, waiters_poll(m->waiters, h, ph));
        return;
    }
    if (ph)
        fuse_pollhandle_destroy(ph);
    fuse_reply_poll(req, POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM);
}

void tree_release(fuse_req_t req, fuse_ino_t ino unused_arg, struct fuse_file_info *fi)
{
    struct mount *m = fuse_req_userdata(req);
    struct handle *h = handle_of(fi);

    if (h) { /* raise.c has none */
        waiters_forget(m->waiters, h);
        handle_free(h);
    }
    fuse_reply_err(req, 0);
}
