/*
 * far-send.c - a directory of this machine moved to the far side
 *
 * It goes as a tar archive, made on the way, into PATH.part; that becomes PATH when all of it is
 * there, and only then the original is removed. So it arrives whole or not at all, and a move that
 * was cut off begins again. libarchive writes the archive, and what reads our files is ours, since
 * nothing in that tree may lead out of it.
 */
#include "far.h"

#include <archive.h>
#include <archive_entry.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clustrixfs/quote.h"
#include "tree.h"
#include "walk.h"

#define COPY_SIZE (256 * 1024)

struct sending {
    struct transport *t;
    struct agent      agent;
    struct answer     answer;
    struct archive   *archive;
    struct walk       walk;
    char             *bytes;
    int               broken; /* what the stream said, if not 0 */
};

static la_ssize_t send_bytes(struct archive *archive, void *arg, const void *bytes, size_t len)
{
    struct sending *s = arg;

    s->broken = agent_add(s->t, &s->agent, (struct span){ bytes, len }, &s->answer);
    if (s->broken == 0 && agent_is_done(&s->agent))
        s->broken = -EPIPE;
    if (s->broken == 0)
        return (la_ssize_t)len;
    archive_set_error(archive, -s->broken, "the stream ended");
    return -1;
}

static int archive_failed(struct sending *s, const char *path)
{
    if (s->broken)
        return s->broken;
    return error_set(s->walk.e, -EIO, "cannot send %s: %s", path, archive_error_string(s->archive));
}

/* Exactly as many bytes as were announced. */
static int send_data(struct sending *s, int fd, off_t size, const char *path)
{
    while (size > 0) {
        ssize_t n = read(fd, s->bytes, size < COPY_SIZE ? (size_t)size : COPY_SIZE);

        if (n < 0)
            return walk_failed(&s->walk, "read", path);
        if (n == 0)
            return error_set(s->walk.e, -EBUSY, "%s became shorter while it was sent", path);
        if (archive_write_data(s->archive, s->bytes, (size_t)n) != n)
            return archive_failed(s, path);
        size -= n;
    }
    return 0;
}

static int send_header(struct sending *s, const char *path, const struct stat *st,
                       const char *target)
{
    struct archive_entry *entry = archive_entry_new();
    int                   r;

    if (!entry)
        return error_set(s->walk.e, -ENOMEM, "out of memory");
    archive_entry_copy_pathname(entry, path);
    archive_entry_set_mode(entry, st->st_mode);
    archive_entry_set_mtime(entry, st->st_mtim.tv_sec, st->st_mtim.tv_nsec);
    archive_entry_set_size(entry, S_ISREG(st->st_mode) ? st->st_size : 0);
    if (target)
        archive_entry_copy_symlink(entry, target);
    r = archive_write_header(s->archive, entry);
    archive_entry_free(entry);
    return r == ARCHIVE_OK ? 0 : archive_failed(s, path);
}

static int send_file(struct sending *s, int at, const char *name, const char *path)
{
    _cleanup_(fdp) int fd = openat(at, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    struct stat        st;
    int                r;

    if (fd < 0 || fstat(fd, &st) < 0)
        return walk_failed(&s->walk, "read", path);
    if (!S_ISREG(st.st_mode))
        return error_set(s->walk.e, -EBUSY, "%s was replaced while it was sent", path);
    r = send_header(s, path, &st, NULL);
    return r < 0 ? r : send_data(s, fd, st.st_size, path);
}

static int send_link(struct sending *s, int at, const char *name, const char *path,
                     const struct stat *st)
{
    char    target[PATH_MAX];
    ssize_t n = readlinkat(at, name, target, sizeof target - 1);

    if (n < 0)
        return walk_failed(&s->walk, "read", path);
    target[n] = '\0';
    return send_header(s, path, st, target);
}

static int send_dir(struct sending *s, int at, const char *name, struct buf *path, unsigned depth);

static int send_entry(struct sending *s, int at, const char *name, struct buf *path, unsigned depth)
{
    struct stat st;

    if (fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return walk_failed(&s->walk, "look at", path->data);
    switch (st.st_mode & S_IFMT) {
    case S_IFREG:
        return send_file(s, at, name, path->data);
    case S_IFLNK:
        return send_link(s, at, name, path->data, &st);
    case S_IFDIR:
        return send_dir(s, at, name, path, depth);
    default:
        return error_set(s->walk.e, -EINVAL, "%s is neither a file, a directory nor a link",
                         path->data);
    }
}

static int send_below(struct sending *s, DIR *d, struct buf *path, unsigned depth)
{
    const struct dirent *entry;
    size_t               len = path->len;

    while ((entry = walk_next(d))) {
        int r = buf_printf(path, "/%s", entry->d_name);

        r = r < 0 ? r : send_entry(s, dirfd(d), entry->d_name, path, depth + 1);
        if (r < 0)
            return r;
        (void)buf_set_len(path, len);
    }
    return errno ? walk_failed(&s->walk, "read", path->data) : 0;
}

/* The directory itself goes first; tar gives it its mode and time after what is in it. */
static int send_dir(struct sending *s, int at, const char *name, struct buf *path, unsigned depth)
{
    int                  fd = depth > TREE_DEPTH ? -1 : walk_open(at, name);
    _cleanup_(dirp) DIR *d = fd < 0 ? NULL : fdopendir(fd);
    struct stat          st;
    int                  r;

    if (depth > TREE_DEPTH)
        return error_set(s->walk.e, -ELOOP, "%s lies more than %d directories deep", path->data,
                         TREE_DEPTH);
    if (!d || fstat(dirfd(d), &st) < 0)
        return walk_failed(&s->walk, "open", path->data);
    r = send_header(s, path->data, &st, NULL);
    return r < 0 ? r : send_below(s, d, path, depth);
}

static int send_tree(struct sending *s, const char *here)
{
    _cleanup_(bufp) struct buf path = BUF_INIT;
    int                        r = buf_add_str(&path, ".");

    r = r < 0 ? r : send_dir(s, AT_FDCWD, here, &path, 0);
    if (r < 0)
        return r;
    return archive_write_close(s->archive) == ARCHIVE_OK ? 0 : archive_failed(s, here);
}

/* GNU's tar: names are bytes there, of any length; and files may have any size. */
static int make_archive(struct sending *s)
{
    s->archive = archive_write_new();
    s->bytes = malloc(COPY_SIZE);
    if (!s->archive || !s->bytes)
        return -ENOMEM;
    if (archive_write_set_format_gnutar(s->archive) != ARCHIVE_OK ||
        archive_write_set_bytes_per_block(s->archive, COPY_SIZE) != ARCHIVE_OK ||
        archive_write_open(s->archive, s, NULL, send_bytes, NULL) != ARCHIVE_OK)
        return -EIO;
    return 0;
}

static int add_path(struct buf *script, const char *path)
{
    int r = far_script(script);

    buf_add_str(script, "p=");
    r = r < 0 ? r : quote_word(script, span_str(path));
    return r < 0 ? r : buf_add_char(script, '\n');
}

/* One of the steps before and after, by the agent. Its output is `a->out`. */
static int step(struct transport *t, const char *path, const char *script, struct answer *a,
                struct error *e)
{
    _cleanup_(requestp) struct request q = REQUEST_INIT;
    int                                r = add_path(&q.script, path);

    r = r < 0 ? r : buf_add_str(&q.script, script);
    if (r < 0)
        return error_set(e, r, "cannot move a directory to %s: %s", path, strerror(-r));
    r = far_ask(t, &q, a, e);
    return r != 0 ? r : far_verdict(a, "cannot move the directory there", e);
}

/* An empty directory may have been made for it; anything else there is what arrived before. */
static const char preparing[] =
    "if [ -d \"$p\" ] && ! rmdir \"$p\" 2>/dev/null; then echo there; exit 0; fi\n"
    "rm -rf \"$p.part\" && mkdir -p \"$p.part\"";
static const char looking[] = "[ -d \"$p\" ] && echo there; exit 0";
static const char placing[] = "mv \"$p.part\" \"$p\"";
/* What tar does not read must not be read as a request. */
static const char unpacking[] = "cd \"$p.part\" && tar -xpof -; r=$?; cat >/dev/null; exit $r";

static int stream(struct sending *s, const char *here, const char *path)
{
    _cleanup_(requestp) struct request q = REQUEST_INIT;
    int                                r = add_path(&q.script, path);

    r = r < 0 ? r : buf_add_str(&q.script, unpacking);
    r = r < 0 ? r : make_archive(s);
    r = r < 0 ? r : agent_begin(s->t, &s->agent, &q, &s->answer);
    s->broken = r;
    r = r < 0 ? r : send_tree(s, here);
    if (r < 0)
        return r;
    s->broken = s->t->ops->finish(s->agent.stream);
    if (s->broken == 0)
        s->broken = agent_hear(s->t, &s->agent, &s->answer);
    return s->broken;
}

/* Our own trouble is no trouble of the connection: only this stream is given up. */
static int send_all(struct transport *t, const char *here, const char *path, struct error *e)
{
    struct sending s = { .t = t, .agent = AGENT_INIT, .answer = ANSWER_INIT, .walk = { .e = e } };
    int            r = agent_start(t, &s.agent, e);

    if (r != 0) {
        far_broken(t);
        return TRANSPORT_E_UNKNOWN;
    }
    s.answer.streams = true;
    r = stream(&s, here, path);
    if (s.broken == -EPIPE && agent_is_done(&s.agent))
        s.broken = r = 0;
    archive_write_free(s.archive);
    free(s.bytes);
    agent_end(t, &s.agent);
    if (s.broken)
        r = agent_failed(t, s.broken, &s.answer, e);
    else if (r == 0)
        r = far_verdict(&s.answer, "cannot unpack the directory there", e);
    answerp_cleanup(&s.answer);
    return r;
}

static bool says_there(const struct answer *a)
{
    return span_is(buf_span(&a->out), "there\n");
}

static int was_moved(struct transport *t, const char *here, const char *path, struct error *e)
{
    _cleanup_(answerp) struct answer a = ANSWER_INIT;
    int                              r = step(t, path, looking, &a, e);

    if (r != 0 || says_there(&a))
        return r;
    return error_set(e, -ENOENT, "cannot move %s: it is not there", here);
}

int far_move_in(struct transport *t, const char *here, const char *path, struct error *e)
{
    _cleanup_(answerp) struct answer a = ANSWER_INIT, placed = ANSWER_INIT;
    struct stat                      st;
    int                              r;

    if (lstat(here, &st) < 0 && errno == ENOENT)
        return was_moved(t, here, path, e);
    r = step(t, path, preparing, &a, e);
    if (r == 0 && !says_there(&a)) {
        r = send_all(t, here, path, e);
        if (r == 0)
            r = step(t, path, placing, &placed, e);
    }
    return r != 0 ? r : tree_remove(here, e);
}
