/*
 * draft-data.c - the bytes of a draft
 *
 * They are in memory while it is open, since a spec is small by nature. What arrives in order is
 * looked at as it arrives: for many programs an error of write() is the only one that they hear.
 */
#include "fs/draft.h"

#include <errno.h>
#include <string.h>

static bool is_judged(const struct draft *d)
{
    return !d->waits && name_submits(d->rec.name);
}

int draft_resize(struct drafts *ds, struct draft *d, off_t size)
{
    int r;

    if (size > (is_judged(d) ? SPEC_SIZE_MAX : SCRATCH_SIZE_MAX))
        return -EFBIG;
    draft_will_change(d);
    r = buf_set_len(&d->rec.text, (size_t)size);
    if (r < 0)
        return r;
    d->loaded = true;
    d->rec.size = (uint64_t)size;
    if (size == 0) {
        d->killed = d->spoiled = d->too_big = false;
        d->scanned = 0;
    }
    drafts_touched(ds, d->dir);
    return 0;
}

void draft_read(fuse_req_t req, fuse_ino_t ino unused_arg, size_t size, off_t off,
                struct fuse_file_info *fi)
{
    const struct draft_handle *h = draft_handle(fi);
    const struct buf          *text = h->draft ? &h->draft->rec.text : &h->text;
    size_t                     at = (size_t)off < text->len ? (size_t)off : text->len;
    size_t                     n = text->len - at;

    fuse_reply_buf(req, text->data + at, n < size ? n : size);
}

/* A JSON object that is closed is all there will be. It may not be the outermost one, though. */
static bool may_be_whole(const struct buf *text)
{
    size_t n = text->len;

    while (n > 0 && strchr(" \t\r\n", text->data[n - 1]))
        n--;
    return n > 0 && text->data[0] == '{' && text->data[n - 1] == '}';
}

/*
 * Scanning begins at the start each time, so it waits until the text has grown by a part of its
 * size: many small writes must not cost the square of their number.
 */
static int scan_what_arrived(struct drafts *ds, struct draft *d)
{
    struct error      e = ERROR_INIT;
    struct spec_place at;
    int               r;

    if (!is_judged(d) || d->rec.text.len - d->scanned < d->rec.text.len / 16)
        return 0;
    d->scanned = d->rec.text.len;
    r = spec_scan(buf_span(&d->rec.text), &at, &e);
    if (r == 0 && may_be_whole(&d->rec.text))
        r = draft_verdict(ds, d, d->dir, &e);
    if (r >= 0)
        return 0;
    draft_set_status(d, DRAFT_REFUSED, e.text);
    return -EINVAL;
}

/*
 * The bytes stay also where they make no spec: who wrote them may want to mend them. A refused
 * write does not move the writer's offset, so one that goes on all the same would put its next
 * bytes over those, and half a spec might pass for a whole one. So from then on all is added at
 * the end, and refused, until the file is begun anew.
 */
static int put(struct drafts *ds, struct draft *d, const char *data, size_t size, size_t at)
{
    struct buf *text = &d->rec.text;
    bool        in_order = at == text->len;
    size_t      end = at + size;
    int         r = 0;

    draft_will_change(d);
    if (d->spoiled) {
        at = text->len;
        end = at + size;
    }
    if (end > (is_judged(d) ? SPEC_SIZE_MAX : SCRATCH_SIZE_MAX)) {
        d->too_big = true;
        return -EFBIG;
    }
    if (end > text->len)
        r = buf_set_len(text, end);
    if (r < 0)
        return r;
    memcpy(text->data + at, data, size);
    d->rec.size = text->len;
    if (!d->spoiled && in_order && scan_what_arrived(ds, d) < 0)
        d->spoiled = true;
    return d->spoiled ? -EINVAL : 0;
}

/*
 * The kernel knows the end of a draft of check/ as that of the report, hence O_APPEND is ours. A
 * page of a mapping has its own place.
 */
void draft_write(fuse_req_t req, fuse_ino_t ino unused_arg, const char *data, size_t size,
                 off_t off, struct fuse_file_info *fi)
{
    struct drafts       *ds = drafts_of(req);
    struct draft_handle *h = draft_handle(fi);
    struct draft        *d = h->draft;
    size_t               at = (size_t)off;
    int                  r;

    draft_wrote(h);
    if (h->append && !fi->writepage) {
        draft_will_change(d);
        at = d->rec.text.len;
    }
    r = put(ds, d, data, size, at);
    if (r < 0)
        fuse_reply_err(req, -r);
    else
        fuse_reply_write(req, size);
}
