/*
 * journal.c - the log of all events as JSON lines
 *
 * A line is complete or cut by a crash; a cut one at the end is dropped at start, since the
 * database has the event and writes it whole.
 */
#include "journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clustrixfs/clock.h"
#include "clustrixfs/json.h"
#include "clustrixfs/log.h"

struct journal {
    int        fd;
    off_t      size;    /* atomic: bytes that readers may see */
    uint64_t   last;    /* the number of the last event in it at start */
    struct buf pending; /* committed, but not in the file yet */
};

/* More than one line, so that the last whole one is in it. */
#define TAIL_MAX 8192
#define CATCH_UP_CHUNK (1024 * 1024)

void journal_format(const struct stored_event *ev, struct buf *out)
{
    buf_add_char(out, '{');
    json_pair_int(out, "seq", (int64_t)ev->seq);
    json_key(out, "time");
    buf_add_char(out, '"');
    clock_format(out, ev->at_ns);
    buf_add_char(out, '"');
    json_pair_int(out, "job", (int64_t)JOB_NUMBER(ev->job));
    if (JOB_ELEMENT(ev->job))
        json_pair_int(out, "task", JOB_INDEX(ev->job));
    json_pair_string(out, "event", job_event_name(ev->event));
    json_pair_string(out, "state", job_state_name(ev->state));
    json_pair_int(out, "attempt", ev->attempt);
    json_pair_string(out, "evidence", ev->evidence);
    if (*ev->detail)
        json_pair_string(out, "detail", ev->detail);
    buf_add_str(out, "}\n");
}

/* Cut what a crash left of a line, and find the sequence number of the last whole one. */
static int read_tail(struct journal *j, uint64_t *last)
{
    char        text[TAIL_MAX + 1];
    struct stat sb;
    off_t       from;
    ssize_t     n;
    char       *end, *line;

    if (fstat(j->fd, &sb))
        return -errno;
    from = sb.st_size > TAIL_MAX ? sb.st_size - TAIL_MAX : 0;
    n = pread(j->fd, text, TAIL_MAX, from);
    if (n < 0)
        return -errno;
    text[n] = '\0';
    end = memrchr(text, '\n', (size_t)n);
    j->size = end ? from + (end + 1 - text) : 0;
    if (ftruncate(j->fd, j->size))
        return -errno;
    line = end ? memrchr(text, '\n', (size_t)(end - text)) : NULL;
    line = line ? line + 1 : text;
    *last = end && !strncmp(line, "{\"seq\":", 7) ? strtoull(line + 7, NULL, 10) : 0;
    return 0;
}

struct missed {
    struct journal *journal;
    struct buf      lines;
};

static int add_missed(void *arg, const struct stored_event *ev)
{
    struct missed *m = arg;

    journal_format(ev, &m->lines);
    if (m->lines.len > CATCH_UP_CHUNK) {
        journal_add(m->journal, buf_span(&m->lines));
        buf_release(&m->lines);
    }
    return buf_error(&m->lines);
}

static int catch_up(struct journal *j, struct store *st)
{
    struct missed m = { .journal = j, .lines = BUF_INIT };
    int           r = read_tail(j, &j->last);

    if (!r)
        r = store_each_event(st, j->last, add_missed, &m);
    if (!r)
        journal_add(j, buf_span(&m.lines));
    buf_release(&m.lines);
    return r;
}

int journal_open(struct journal **jp, const char *dir, struct store *st, struct error *e)
{
    _cleanup_(bufp) struct buf path = BUF_INIT;
    struct journal *j = calloc(1, sizeof(*j));
    int             r;

    if (!j || buf_printf(&path, "%s/events.jsonl", dir)) {
        free(j);
        return -ENOMEM;
    }
    j->pending = (struct buf)BUF_INIT;
    j->fd = open(path.data, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    r = j->fd < 0 ? -errno : catch_up(j, st);
    if (r) {
        error_set(e, r, "%s cannot be used: %s", path.data, strerror(-r));
        journal_close(j);
        return r;
    }
    *jp = j;
    return 0;
}

void journal_close(struct journal *j)
{
    if (!j)
        return;
    if (j->fd >= 0)
        close(j->fd);
    buf_release(&j->pending);
    free(j);
}

void journal_add(struct journal *j, struct span lines)
{
    ssize_t n;

    if (buf_add_span(&j->pending, lines) || !j->pending.len)
        return;
    n = pwrite(j->fd, j->pending.data, j->pending.len, j->size);
    if (n != (ssize_t)j->pending.len) {
        /* What was written beyond `size` is written over by the next try. */
        log_line(LOG_WARN, "events.jsonl: %s; the events are kept and written later",
                 n < 0 ? strerror(errno) : "the disk is full");
        return;
    }
    __atomic_store_n(&j->size, j->size + n, __ATOMIC_RELEASE);
    buf_release(&j->pending);
}

uint64_t journal_last(const struct journal *j)
{
    return j->last;
}

int journal_fd(const struct journal *j)
{
    return j->fd;
}

off_t journal_size(const struct journal *j)
{
    return __atomic_load_n(&j->size, __ATOMIC_ACQUIRE);
}
