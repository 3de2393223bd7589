/*
 * met.c - what is remembered of a far cluster from one mount to the next
 *
 * Its jobs lie below one root and are known to one scheduler. Both are found once and then hold: a
 * login host that is set up anew, or a setting that was changed, must not make us look for them
 * elsewhere and call them lost. So STATE/met/NAME is written once and compared ever after.
 *
 * It is lines of a key, a blank and a value, and `end`.
 */
#include "clustrixfs/met.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clustrixfs/host.h"

#define FILE_MAX 8192

struct memory {
    struct meeting m;
    char           dir[1024]; /* as it was configured then; "": not */
    uint64_t       cores, memory;
};

#define SIZE(member) sizeof(((struct memory *)0)->member)
#define TEXT(key, member) { key, offsetof(struct memory, member), SIZE(member) }
#define NUMBER(key, member) { key, offsetof(struct memory, member), 0 }

static const struct field {
    const char *key;
    size_t      offset, size;
} fields[] = {
    TEXT("root", m.root),
    TEXT("dir", dir),
    TEXT("host", m.host),
    TEXT("scheduler", m.scheduler),
    TEXT("version", m.version),
    TEXT("found", m.found),
    NUMBER("cores", cores),
    NUMBER("memory", memory),
};

static int no_memory(struct error *e)
{
    return error_set(e, -ENOMEM, "out of memory");
}

/*
 * What came from the far side.
 */
static bool one_line(const char *s)
{
    for (; *s; s++)
        if (iscntrl((unsigned char)*s))
            return false;
    return true;
}

static int check(const struct cluster *c, const struct memory *k, struct error *e)
{
    if (k->m.root[0] != '/' || !k->m.root[1] || !one_line(k->m.root))
        return error_set(e, -EPROTO, "cluster %s named no directory that could be one", c->name);
    if (!one_line(k->m.host) || !one_line(k->m.version) || !one_line(k->m.found))
        return error_set(e, -EPROTO, "cluster %s said of itself what is no line of text", c->name);
    if (!scheduler_named(k->m.scheduler))
        return error_set(e, -EINVAL, "cluster %s has a scheduler that this program does not know, "
                                     "\"%s\"",
                         c->name, k->m.scheduler);
    return 0;
}

/* Is it the one that we met? What is not known of `c` yet cannot differ. */
static int compare(const struct cluster *c, const struct memory *k, struct error *e)
{
    const char *root = c->met ? c->root : k->m.root;
    const char *scheduler = c->scheduler ? c->scheduler->name : k->m.scheduler;

    if (strcmp(scheduler, k->m.scheduler) != 0)
        return error_set(e, -ESTALE,
                         "cluster %s: its jobs here are of scheduler %s, and now it would be %s: "
                         "say scheduler %s, or keep the new jobs apart with -o state=DIR",
                         c->name, c->met ? scheduler : k->m.scheduler,
                         c->met ? k->m.scheduler : scheduler, c->met ? scheduler : k->m.scheduler);
    if (strcmp(root, k->m.root) != 0 || strcmp(c->dir ? c->dir : "", k->dir) != 0)
        return error_set(e, -ESTALE,
                         "cluster %s: its jobs here lie in %s there, and now it would be %s: go "
                         "back to that user, host and dir, or keep the new jobs apart with "
                         "-o state=DIR",
                         c->name, root,
                         c->met ? k->m.root : c->dir ? c->dir : "the usual directory");
    return 0;
}

/* All or nothing; `met` last: who sees it set reads the rest. */
static int fill(struct cluster *c, const struct memory *k)
{
    _cleanup_(bufp) struct buf keeper = BUF_INIT;
    char *texts[] = { strdup(k->m.root), strdup(k->m.host), strdup(k->m.version),
                      strdup(k->m.found) };
    bool  whole = buf_printf(&keeper, "%s/%s", k->m.root, far_keeper_name) == 0;

    for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
        whole = whole && texts[i];
    if (!whole) {
        for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
            free(texts[i]);
        return -ENOMEM;
    }
    c->root = texts[0];
    c->node = texts[1];
    c->version = texts[2];
    c->found = texts[3];
    c->keeper = buf_steal(&keeper);
    c->scheduler = scheduler_named(k->m.scheduler);
    if (!c->cores_said)
        c->cores = (uint32_t)k->cores;
    if (!c->memory_said)
        c->memory = k->memory;
    __atomic_store_n(&c->met, true, __ATOMIC_RELEASE);
    return 0;
}

/*
 * The file.
 */
static int add_path(struct buf *path, const struct config *config, const char *before,
                    const char *name)
{
    return buf_printf(path, "%s/met/%s%s", config->state_dir, before, name);
}

static void format(const struct memory *k, struct buf *out)
{
    for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
        const char *value = (const char *)k + fields[i].offset;
        uint64_t    number;

        if (fields[i].size) {
            buf_printf(out, "%s %s\n", fields[i].key, value);
            continue;
        }
        memcpy(&number, value, sizeof(number));
        buf_printf(out, "%s %llu\n", fields[i].key, (unsigned long long)number);
    }
    buf_add_str(out, "end\n");
}

static int take_value(struct memory *k, const struct field *f, struct span value)
{
    char    *where = (char *)k + f->offset;
    uint64_t number;

    if (!f->size) {
        if (span_to_u64(value, &number) < 0)
            return -EINVAL;
        memcpy(where, &number, sizeof(number));
        return 0;
    }
    if (value.len >= f->size)
        return -EINVAL;
    memcpy(where, value.data, value.len);
    where[value.len] = '\0';
    return 0;
}

/* A key that a later version has is passed over. Without `end` it is not whole. */
static int parse(struct memory *k, struct span text)
{
    struct span line;

    while (span_next_line(&text, &line)) {
        const char *blank = line.len ? memchr(line.data, ' ', line.len) : NULL;
        struct span key = { line.data, blank ? (size_t)(blank - line.data) : line.len };

        if (span_is(line, "end"))
            return 0;
        for (size_t i = 0; blank && i < ARRAY_SIZE(fields); i++)
            if (span_is(key, fields[i].key) &&
                take_value(k, &fields[i], (struct span){ blank + 1, line.len - key.len - 1 }) < 0)
                return -EINVAL;
    }
    return -EINVAL;
}

static int write_whole(int fd, struct span text)
{
    while (text.len > 0) {
        ssize_t n = write(fd, text.data, text.len);

        if (n < 0 && errno != EINTR)
            return -errno;
        text.data += n > 0 ? n : 0;
        text.len -= n > 0 ? (size_t)n : 0;
    }
    return fsync(fd) < 0 ? -errno : 0;
}

/* No cluster's name begins with a dot. */
static int replace(const char *path, const char *fresh, struct span text)
{
    const int          how = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW;
    _cleanup_(fdp) int fd = open(fresh, how, 0600);
    int                r = fd < 0 ? -errno : write_whole(fd, text);

    return r < 0 ? r : rename(fresh, path) < 0 ? -errno : 0;
}

static int save(const struct config *config, const struct cluster *c, const struct memory *k,
                struct error *e)
{
    _cleanup_(bufp) struct buf dir = BUF_INIT, path = BUF_INIT, fresh = BUF_INIT, text = BUF_INIT;
    int                        r;

    buf_printf(&dir, "%s/met", config->state_dir);
    add_path(&path, config, "", c->name);
    add_path(&fresh, config, ".", c->name);
    format(k, &text);
    if (buf_error(&dir) < 0 || buf_error(&path) < 0 || buf_error(&fresh) < 0 ||
        buf_error(&text) < 0)
        return no_memory(e);
    r = host_private_dir(dir.data, e);
    if (r < 0)
        return r;
    r = replace(path.data, fresh.data, buf_span(&text));
    return r < 0 ? error_set(e, r, "%s: %s", path.data, strerror(-r)) : 0;
}

int met_keep(const struct config *config, struct cluster *c, const struct meeting *m,
             struct error *e)
{
    struct memory k = { .m = *m, .cores = m->cores, .memory = m->memory };
    int           r;

    if (strlen(c->dir ? c->dir : "") >= sizeof(k.dir))
        return error_set(e, -ENAMETOOLONG, "cluster %s: its dir is too long", c->name);
    strcpy(k.dir, c->dir ? c->dir : "");
    r = check(c, &k, e);
    if (r == 0)
        r = compare(c, &k, e);
    if (r < 0 || c->met)
        return r;
    r = save(config, c, &k, e);
    if (r < 0)
        return r;
    return fill(c, &k) < 0 ? no_memory(e) : 0;
}

int met_load(const struct config *config, struct cluster *c, struct error *e)
{
    _cleanup_(bufp) struct buf path = BUF_INIT, text = BUF_INIT;
    struct memory              k = { 0 };
    ssize_t                    n;
    int                        r;

    if (add_path(&path, config, "", c->name) < 0)
        return no_memory(e);
    _cleanup_(fdp) int fd = open(path.data, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return errno == ENOENT ? 0 : error_set(e, -errno, "%s: %s", path.data, strerror(errno));
    while ((n = buf_read(&text, fd, FILE_MAX)) > 0 && text.len < FILE_MAX)
        ;
    if (n < 0)
        return error_set(e, (int)n, "%s: %s", path.data, strerror((int)-n));
    if (parse(&k, buf_span(&text)) < 0)
        return error_set(e, -EINVAL, "%s is damaged: remove it, and the cluster is met anew",
                         path.data);
    r = check(c, &k, e);
    if (r == 0)
        r = compare(c, &k, e);
    if (r < 0)
        return r;
    return fill(c, &k) < 0 ? no_memory(e) : 0;
}
