/*
 * xattr.c - user.clustrixfs.* on a job's directory
 *
 * A row for each attribute. What is asked for elsewhere is answered with EOPNOTSUPP: ls takes it
 * for "this file system has none of those" and does not ask for each file again.
 */
#include <errno.h>
#include <string.h>

#include "fs/tree.h"

#define PREFIX "user.clustrixfs."

typedef void attribute_fn(const struct job_view *v, struct buf *out);

static void state(const struct job_view *v, struct buf *out)
{
    buf_add_str(out, job_state_name(v->state));
}

static void exit_code(const struct job_view *v, struct buf *out)
{
    if (v->exit_code >= 0)
        buf_printf(out, "%d", v->exit_code);
}

static void cluster(const struct job_view *v, struct buf *out)
{
    buf_add_str(out, v->cluster);
}

static void name(const struct job_view *v, struct buf *out)
{
    buf_add_str(out, v->name);
}

static void id(const struct job_view *v, struct buf *out)
{
    buf_printf(out, "%llu", (unsigned long long)JOB_NUMBER(v->id));
}

/* One whose text is empty is not there. */
static const struct attribute {
    const char   *name;
    attribute_fn *text;
} attributes[] = {
    { PREFIX "state", state },
    { PREFIX "exit_code", exit_code },
    { PREFIX "cluster", cluster },
    { PREFIX "name", name },
    { PREFIX "id", id },
};

static bool is_ours(const char *attribute)
{
    return strncmp(attribute, PREFIX, strlen(PREFIX)) == 0;
}

static struct job_view *job_of(struct mount *m, fuse_ino_t ino)
{
    struct place p = place_of(ino);

    return p.row == ROW_JOB ? service_job(m->service, p.key) : NULL;
}

/* How an attribute, or the list of them, is asked for: first its size, then its bytes. */
static void reply(fuse_req_t req, const struct buf *text, size_t size)
{
    if (buf_error(text) < 0)
        fuse_reply_err(req, ENOMEM);
    else if (size == 0)
        fuse_reply_xattr(req, text->len);
    else if (size < text->len)
        fuse_reply_err(req, ERANGE);
    else
        fuse_reply_buf(req, text->data, text->len);
}

void tree_getxattr(fuse_req_t req, fuse_ino_t ino, const char *attribute, size_t size)
{
    _cleanup_(viewp) struct job_view *v = NULL;
    _cleanup_(bufp) struct buf text = BUF_INIT;

    if (!is_ours(attribute)) {
        fuse_reply_err(req, EOPNOTSUPP);
        return;
    }
    v = job_of(fuse_req_userdata(req), ino);
    for (size_t i = 0; v && i < ARRAY_SIZE(attributes); i++)
        if (strcmp(attributes[i].name, attribute) == 0)
            attributes[i].text(v, &text);
    if (text.len == 0)
        fuse_reply_err(req, ENODATA);
    else
        reply(req, &text, size);
}

void tree_listxattr(fuse_req_t req, fuse_ino_t ino, size_t size)
{
    _cleanup_(viewp) struct job_view *v = job_of(fuse_req_userdata(req), ino);
    _cleanup_(bufp) struct buf names = BUF_INIT;

    for (size_t i = 0; v && i < ARRAY_SIZE(attributes); i++) {
        _cleanup_(bufp) struct buf text = BUF_INIT;

        attributes[i].text(v, &text);
        if (text.len > 0)
            buf_add(&names, attributes[i].name, strlen(attributes[i].name) + 1);
    }
    reply(req, &names, size);
}

void tree_setxattr(fuse_req_t req, fuse_ino_t ino unused_arg, const char *attribute,
                   const char *value unused_arg, size_t size unused_arg, int flags unused_arg)
{
    fuse_reply_err(req, is_ours(attribute) ? EPERM : EOPNOTSUPP);
}

void tree_removexattr(fuse_req_t req, fuse_ino_t ino unused_arg, const char *attribute)
{
    fuse_reply_err(req, is_ours(attribute) ? EPERM : EOPNOTSUPP);
}
