/*
 * cgroup.c - a control group that bounds one job's memory and finds all of its processes
 *
 * The two versions differ in where they are mounted and in what their files are called, and in
 * nothing else that matters here: so they are two rows of a table, tried in order.
 */
#include "cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clustrixfs/buf.h"
#include "file.h"

struct cgroup_words {
    const char *version;
    const char *fstype, *option; /* its line in mountinfo: file system, and a word of its options */
    const char *controller;      /* its line in /proc/self/cgroup: the second field               */
    const char *limit;
    const char *swap, *swap_limit; /* NULL: the same number as the limit */
    const char *peak;
    const char *events; /* has a line "oom_kill N" */
    const char *gate;   /* must name "memory", or a child has no memory files; NULL: always has */
};

// clang-format off
static const struct cgroup_words versions[] = {
    {
        .version = "cgroup v2", .fstype = "cgroup2", .option = "", .controller = "",
        .limit = "memory.max", .swap = "memory.swap.max", .swap_limit = "0",
        .peak = "memory.peak", .events = "memory.events", .gate = "cgroup.subtree_control",
    },
    {
        .version = "cgroup v1", .fstype = "cgroup", .option = "memory", .controller = "memory",
        .limit = "memory.limit_in_bytes", .swap = "memory.memsw.limit_in_bytes",
        .peak = "memory.max_usage_in_bytes", .events = "memory.oom_control",
    },
};
// clang-format on

#define LEAVE_TIMEOUT_MS 1000 /* how long a killed process may take to go */

/* Cut *rest at the next `mark`: the piece before it. */
static struct span piece_before(struct span *rest, char mark)
{
    const char *at = memchr(rest->data, mark, rest->len);
    struct span piece = { rest->data, at ? (size_t)(at - rest->data) : rest->len };
    size_t      cut = at ? piece.len + 1 : piece.len;

    *rest = (struct span){ rest->data + cut, rest->len - cut };
    return piece;
}

/* Whether `word` is one of the pieces between marks. */
static bool has_piece(struct span list, char mark, const char *word)
{
    while (list.len > 0)
        if (span_is(piece_before(&list, mark), word))
            return true;
    return word[0] == '\0';
}

/* Our own group: "HIERARCHY:CONTROLLERS:PATH" in /proc/self/cgroup. */
static int own_path(const struct cgroup_words *w, struct span text, struct span *path)
{
    struct span line;

    while (span_next_line(&text, &line)) {
        (void)piece_before(&line, ':');
        struct span controllers = piece_before(&line, ':');
        bool        mine = w->controller[0] ? has_piece(controllers, ',', w->controller)
                                            : controllers.len == 0;
        if (mine) {
            *path = line;
            return 0;
        }
    }
    return CGROUP_E_NONE;
}

/* "ID PARENT DEV ROOT POINT OPTIONS [TAGS] - FSTYPE SOURCE SUPER-OPTIONS" in mountinfo. */
static bool mount_is(const struct cgroup_words *w, struct span line, struct span *root,
                     struct span *point)
{
    struct span word, fstype;

    *root = *point = (struct span){ "", 0 };
    for (int field = 1; span_next_word(&line, &word) && !span_is(word, "-"); field++) {
        if (field == 4)
            *root = word;
        if (field == 5)
            *point = word;
    }
    return span_next_word(&line, &fstype) && span_is(fstype, w->fstype) &&
           span_next_word(&line, &word) && span_next_word(&line, &word) &&
           has_piece(word, ',', w->option);
}

/* What of our own path lies below the mount's root; all of it when the root is another one. */
static struct span below_root(struct span path, struct span root)
{
    if (root.len > 1 && path.len >= root.len && memcmp(path.data, root.data, root.len) == 0)
        return (struct span){ path.data + root.len, path.len - root.len };
    return path;
}

static int open_dir(int at, const char *path)
{
    return openat(at, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* Open our own group, or the top of what is mounted where our own is not to be seen from here. */
static int open_own(const struct cgroup_words *w)
{
    _cleanup_(bufp) struct buf groups = BUF_INIT, mounts = BUF_INIT;
    struct span                path, root, point, rest, line;
    char                       full[PATH_MAX];
    int                        fd;

    if (file_read(AT_FDCWD, "/proc/self/cgroup", &groups) < 0 ||
        file_read(AT_FDCWD, "/proc/self/mountinfo", &mounts) < 0 ||
        own_path(w, buf_span(&groups), &path) != 0)
        return -1;
    rest = buf_span(&mounts);
    while (span_next_line(&rest, &line)) {
        if (!mount_is(w, line, &root, &point))
            continue;
        path = below_root(path, root);
        snprintf(full, sizeof full, "%.*s%.*s", (int)point.len, point.data, (int)path.len,
                 path.data);
        fd = open_dir(AT_FDCWD, full);
        full[point.len] = '\0';
        return fd >= 0 ? fd : open_dir(AT_FDCWD, full);
    }
    return -1;
}

static bool gate_open(const struct cgroup_words *w, int parent)
{
    _cleanup_(bufp) struct buf text = BUF_INIT;
    struct span                line;

    if (!w->gate)
        return true;
    if (file_read(parent, w->gate, &text) < 0)
        return false;
    line = piece_before(&(struct span){ text.data, text.len }, '\n');
    return has_piece(line, ' ', "memory");
}

static int limits_set(const struct cgroup *c, uint64_t memory)
{
    const struct cgroup_words *w = c->words;
    char                       number[24];
    int                        r;

    snprintf(number, sizeof number, "%llu", (unsigned long long)memory);
    r = file_write(c->dir, w->limit, span_str(number));
    if (r < 0)
        return r;
    /* Without swap accounting there is no such file: then the limit is on memory alone. */
    r = file_write(c->dir, w->swap, span_str(w->swap_limit ? w->swap_limit : number));
    return r == -ENOENT ? 0 : r;
}

/* Make the group below `parent`, which it owns from here on. */
static int create_below(struct cgroup *c, int parent, uint64_t memory)
{
    c->parent = parent;
    if (parent >= 0 && gate_open(c->words, parent) && mkdirat(parent, c->name, 0700) == 0) {
        c->dir = open_dir(parent, c->name);
        if (c->dir >= 0 && limits_set(c, memory) == 0)
            return 0;
        unlinkat(parent, c->name, AT_REMOVEDIR);
    }
    fdp_cleanup(&c->dir);
    fdp_cleanup(&c->parent);
    c->dir = c->parent = -1;
    return CGROUP_E_NONE;
}

/*
 * Version 2 does not let a group with processes of its own give memory to children; what systemd
 * delegates is then the group above ours, and ours is a leaf in it.
 */
static int create_as(struct cgroup *c, const struct cgroup_words *w, uint64_t memory)
{
    int own = open_own(w), above;

    c->words = w;
    if (own < 0)
        return CGROUP_E_NONE;
    above = w->gate ? open_dir(own, "..") : -1;
    if (create_below(c, own, memory) == 0) {
        fdp_cleanup(&above);
        return 0;
    }
    return create_below(c, above, memory);
}

int cgroup_create(struct cgroup *c, const char *name, uint64_t memory)
{
    *c = (struct cgroup)CGROUP_INIT;
    snprintf(c->name, sizeof c->name, "clustrixfs-%s", name);
    for (size_t i = 0; i < ARRAY_SIZE(versions); i++)
        if (create_as(c, &versions[i], memory) == 0)
            return 0;
    return CGROUP_E_NONE;
}

const char *cgroup_version(const struct cgroup *c)
{
    return c->dir >= 0 ? c->words->version : NULL;
}

int cgroup_enter(const struct cgroup *c)
{
    return file_write(c->dir, "cgroup.procs", SPAN_LIT("0"));
}

uint64_t cgroup_peak(const struct cgroup *c)
{
    _cleanup_(bufp) struct buf text = BUF_INIT;
    struct span                rest, line;
    uint64_t                   peak = 0;

    if (c->dir < 0 || file_read(c->dir, c->words->peak, &text) < 0)
        return 0;
    rest = buf_span(&text);
    return span_next_line(&rest, &line) && span_to_u64(line, &peak) == 0 ? peak : 0;
}

bool cgroup_oom_killed(const struct cgroup *c)
{
    _cleanup_(bufp) struct buf text = BUF_INIT;
    struct span                rest, line, key, value;
    uint64_t                   n = 0;

    if (c->dir < 0 || file_read(c->dir, c->words->events, &text) < 0)
        return false;
    rest = buf_span(&text);
    while (span_next_line(&rest, &line))
        if (span_next_word(&line, &key) && span_is(key, "oom_kill") &&
            span_next_word(&line, &value) && span_to_u64(value, &n) == 0)
            return n > 0;
    return false;
}

/* A pidfd names the process for as long as we hold it, and tells when it is gone. */
static void kill_and_wait(pid_t pid)
{
    _cleanup_(fdp) int fd = pidfd_open(pid, 0);
    struct pollfd      p = { .fd = fd, .events = POLLIN };

    if (fd >= 0 && pidfd_send_signal(fd, SIGKILL, NULL, 0) == 0)
        (void)poll(&p, 1, LEAVE_TIMEOUT_MS);
}

/* Kill all that the group lists now. False when it lists none. */
static bool kill_listed(const struct cgroup *c)
{
    _cleanup_(bufp) struct buf text = BUF_INIT;
    struct span                rest, line;
    uint64_t                   pid;
    bool                       any = false;

    if (file_read(c->dir, "cgroup.procs", &text) < 0)
        return false;
    rest = buf_span(&text);
    while (span_next_line(&rest, &line))
        if (span_to_u64(line, &pid) == 0 && pid > 0 && pid <= INT_MAX) {
            kill_and_wait((pid_t)pid);
            any = true;
        }
    return any;
}

void cgroup_kill(const struct cgroup *c)
{
    /* What forks while we kill is in the next list; a bound, since root can move others in. */
    for (int round = 0; c->dir >= 0 && round < 100 && kill_listed(c); round++)
        ;
}

void cgroup_remove(struct cgroup *c)
{
    if (c->dir < 0)
        return;
    unlinkat(c->parent, c->name, AT_REMOVEDIR);
    fdp_cleanup(&c->dir);
    fdp_cleanup(&c->parent);
    *c = (struct cgroup)CGROUP_INIT;
}
