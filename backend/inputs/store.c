/*
 * store.c - the bytes of inputs at the far side, each once
 *
 * ROOT/store/SHA256 is a file that was sent whole and checked there; SHA256.part is one on its way.
 * One round trip tells which of them are there. Small ones go together; a large one goes in blocks,
 * each to its own place in the .part file, so that a block that is written twice, by a connection
 * that was thought dead, does no harm, and a broken transfer goes on where it was.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clustrixfs/clock.h"

#include "parts.h"

#define SMALL ((off_t)256 * 1024)
#define TOGETHER ((size_t)4 * 1024 * 1024)
#define TOGETHER_MAX 256
#define BLOCK 1048576
#define BLOCKS_FIRST 4
#define BLOCKS_MAX 16
#define BLOCKS_TIMEOUT_MS 300000
#define QUICK_NS NS_PER_S
#define CHECK_BYTES_PER_MS 20000

static const char asking[] =
    "umask 077; mkdir -p \"$1\" && cd \"$1\" || exit 1\n"
    "set --\n"
    "while read -r h; do\n"
    "    if [ -f \"$h\" ]; then\n"
    "        echo \"have $h\"; set -- \"$@\" \"$h\"\n"
    "        [ $# -lt 500 ] || { touch -a -c \"$@\"; set --; }\n"
    "    elif [ -f \"$h.part\" ]; then\n"
    "        echo \"part $h\" $(wc -c <\"$h.part\")\n"
    "    fi\n"
    "done\n"
    "[ $# = 0 ] || touch -a -c \"$@\"\n";

static const char writing[] =
    "umask 077; exec dd of=\"$1\" bs=1048576 seek=\"$2\" conv=notrunc";

static const char checking[] =
    "cd \"$1\" || exit 1\n"
    "n=$(wc -c <\"$2.part\") || exit 1\n"
    "if command -v sha256sum >/dev/null 2>&1; then h=$(sha256sum <\"$2.part\") || exit 1\n"
    "else h=$2; fi\n"
    "[ \"${h%% *}\" = \"$2\" ] && [ $((n)) = \"$3\" ] || { rm -f \"$2.part\"; exit 3; }\n"
    "mv -f \"$2.part\" \"$2\"\n";

static bool goes_on(void *arg)
{
    return stager_goes_on(arg);
}

static int hash_all(struct stager *s, struct plan *p, struct error *e)
{
    for (size_t i = 0; i < p->n; i++) {
        struct input *in = &p->v[i];
        int           r;

        if (!S_ISREG(in->st.st_mode))
            continue;
        r = hashes_get(&s->hashes, in, goes_on, s);
        if (r == -ESTALE)
            return error_set(e, r, "%s is changed while it is read", in->from);
        if (r == -ENOMEM || r == -ECANCELED)
            return r;
        if (r < 0)
            return error_set(e, -EINVAL, "inputs: %s cannot be read: %s", in->from, strerror(-r));
    }
    return 0;
}

/* Files by their hash, so that what was said of one is found. */
static int by_sha(const void *a, const void *b)
{
    return strcmp((*(struct input *const *)a)->sha, (*(struct input *const *)b)->sha);
}

struct files {
    struct input **v;
    size_t         n;
};

static int sort_files(struct plan *p, struct files *f)
{
    f->v = calloc(p->n + 1, sizeof(struct input *));
    if (!f->v)
        return -ENOMEM;
    for (size_t i = 0; i < p->n; i++)
        if (S_ISREG(p->v[i].st.st_mode))
            f->v[f->n++] = &p->v[i];
    qsort(f->v, f->n, sizeof(struct input *), by_sha);
    return 0;
}

static bool is_again(const struct files *f, size_t i)
{
    return i > 0 && !strcmp(f->v[i]->sha, f->v[i - 1]->sha);
}

static void heard(struct files *f, struct span line)
{
    struct span   word, sha;
    struct input  key = { 0 }, *k = &key, **found;
    uint64_t      size = 0;

    if (!span_next_word(&line, &word) || !span_next_word(&line, &sha) || sha.len != SHA_HEX)
        return;
    memcpy(key.sha, sha.data, SHA_HEX);
    found = f->n ? bsearch(&k, f->v, f->n, sizeof(struct input *), by_sha) : NULL;
    if (!found)
        return;
    /* The first of those that are alike stands for all. */
    while (found > f->v && !strcmp(found[-1]->sha, key.sha))
        found--;
    (*found)->there = span_is(word, "have");
    if (span_is(word, "part") && span_next_word(&line, &word) && !span_to_u64(word, &size))
        (*found)->part = size;
}

static int ask(struct stager *s, struct files *f, const char *store, struct error *e)
{
    _cleanup_(bufp) struct buf list = BUF_INIT, said = BUF_INIT;
    struct far_script script = { .text = asking, .args = { store } };
    struct span       rest, line;
    int               r;

    for (size_t i = 0; i < f->n; i++)
        if (!is_again(f, i))
            buf_printf(&list, "%s\n", f->v[i]->sha);
    if (!f->n)
        return 0;
    script.input = buf_span(&list);
    script.timeout_ms = BLOCKS_TIMEOUT_MS;
    r = buf_error(&list);
    r = r < 0 ? r : stager_run(s, &script, &said, NULL, e);
    rest = buf_span(&said);
    while (r == 0 && span_next_line(&rest, &line))
        heard(f, line);
    return r;
}

static int cannot_read(const struct input *in, int error, struct error *e)
{
    return error_set(e, -EINVAL, "inputs: %s cannot be read: %s", in->from, strerror(error));
}

static int changed(const struct input *in, struct error *e)
{
    return error_set(e, -ESTALE, "%s is changed while it is sent", in->from);
}

/*
 * Small ones
 */

static int add_small(struct far_files *files, const struct input *in, const char *store,
                     struct error *e)
{
    _cleanup_(fdp) int fd = open(in->from, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    _cleanup_(bufp) struct buf data = BUF_INIT, path = BUF_INIT;
    char    sha[SHA_HEX + 1];
    ssize_t n = fd < 0 ? -errno : 1;
    int     r;

    while (n > 0 && data.len <= (size_t)SMALL)
        n = buf_read(&data, fd, (size_t)SMALL);
    if (n < 0)
        return cannot_read(in, (int)-n, e);
    r = hash_bytes(data.data, data.len, sha);
    if (r == 0 && strcmp(sha, in->sha) != 0)
        return changed(in, e);
    r = r < 0 ? r : buf_printf(&path, "%s/%s", store, in->sha);
    return r < 0 ? r : far_files_add(files, path.data, 0600, buf_span(&data));
}

static int send_some(struct stager *s, struct far_files *files, size_t bytes, struct error *e)
{
    int r;

    if (!stager_goes_on(s))
        return -ECANCELED;
    r = files->n ? s->cluster->transport->put(s->transport, files, e) : 0;
    if (r == 0)
        stager_count(s, (uint32_t)files->n, bytes);
    far_files_release(files);
    return r == -EINVAL || r == -ESTALE || r == -ECANCELED ? -EIO : r;
}

static bool is_missing(const struct files *f, size_t i)
{
    return !is_again(f, i) && !f->v[i]->there;
}

static int send_small(struct stager *s, const struct files *f, const char *store, struct error *e)
{
    _cleanup_(far_filesp) struct far_files files = FAR_FILES_INIT;
    size_t bytes = 0;
    int    r = 0;

    for (size_t i = 0; r == 0 && i < f->n; i++) {
        if (!is_missing(f, i) || f->v[i]->st.st_size > SMALL)
            continue;
        r = add_small(&files, f->v[i], store, e);
        bytes += (size_t)f->v[i]->st.st_size;
        if (r == 0 && (bytes >= TOGETHER || files.n == TOGETHER_MAX)) {
            r = send_some(s, &files, bytes, e);
            bytes = 0;
        }
    }
    return r != 0 ? r : send_some(s, &files, bytes, e);
}

/*
 * Large ones
 */

struct sending {
    struct stager      *s;
    const struct input *in;
    char               *part; /* there */
    int                 fd;
    char               *bytes;
    unsigned            blocks; /* at a time: more where it is quick */
};

static int send_blocks(struct sending *t, off_t off, size_t n, struct error *e)
{
    char              seek[32];
    struct far_script f = {
        .text = writing,
        .args = { t->part, seek },
        .input = { t->bytes, n },
        .timeout_ms = BLOCKS_TIMEOUT_MS,
    };
    int64_t begin = clock_mono_ns();
    int     r;

    snprintf(seek, sizeof(seek), "%lld", (long long)(off / BLOCK));
    r = stager_run(t->s, &f, NULL, NULL, e);
    if (clock_mono_ns() - begin < QUICK_NS && t->blocks < BLOCKS_MAX)
        t->blocks *= 2;
    else if (clock_mono_ns() - begin > 8 * QUICK_NS && t->blocks > 1)
        t->blocks /= 2;
    return r;
}

static int send_from(struct sending *t, off_t off, struct error *e)
{
    while (off < t->in->st.st_size) {
        size_t  want = (size_t)t->blocks * BLOCK, n = 0;
        ssize_t m = 1;
        int     r;

        while (n < want && m > 0) {
            m = pread(t->fd, t->bytes + n, want - n, off + (off_t)n);
            n += m > 0 ? (size_t)m : 0;
        }
        if (m < 0)
            return cannot_read(t->in, errno, e);
        if (n == 0)
            return changed(t->in, e);
        if (!stager_goes_on(t->s))
            return -ECANCELED;
        r = send_blocks(t, off, n, e);
        if (r != 0)
            return r;
        off += (off_t)n;
        stager_count(t->s, 0, n);
    }
    return 0;
}

static int check(struct stager *s, const struct input *in, const char *store, struct error *e)
{
    char              size[32];
    int               status = 0, r;
    struct far_script f = {
        .text = checking,
        .args = { store, in->sha, size },
        .timeout_ms = BLOCKS_TIMEOUT_MS + (unsigned)(in->st.st_size / CHECK_BYTES_PER_MS),
    };

    snprintf(size, sizeof(size), "%lld", (long long)in->st.st_size);
    r = stager_run(s, &f, NULL, &status, e);
    if (r == 0 && status)
        return error_set(e, -ESTALE, "%s did not arrive as it was read", in->from);
    return r;
}

/* What lies there of it, down to a block. */
static off_t part_of(const struct input *in)
{
    off_t size = in->st.st_size, whole = size - size % BLOCK;

    return in->part < (uint64_t)whole ? (off_t)(in->part - in->part % BLOCK)
           : in->part <= (uint64_t)size ? whole : 0;
}

static int send_large(struct stager *s, const struct input *in, const char *store, struct error *e)
{
    _cleanup_(fdp) int fd = open(in->from, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    _cleanup_(bufp) struct buf part = BUF_INIT;
    _cleanup_(freep) char *bytes = malloc((size_t)BLOCKS_MAX * BLOCK);
    struct sending t = { .s = s, .in = in, .fd = fd, .bytes = bytes, .blocks = BLOCKS_FIRST };
    struct stat    st;
    int            r = buf_printf(&part, "%s/%s.part", store, in->sha);

    if (fd < 0 || fstat(fd, &st) < 0)
        return cannot_read(in, errno, e);
    if (r < 0 || !bytes)
        return -ENOMEM;
    t.part = part.data;
    stager_count(s, 0, (uint64_t)part_of(in));
    r = plan_is_same(in, &st) ? send_from(&t, part_of(in), e) : changed(in, e);
    r = r != 0 ? r : check(s, in, store, e);
    if (r == 0)
        stager_count(s, 1, 0);
    return r;
}

/* Those that need not be sent are done with. */
static void count_there(struct stager *s, const struct files *f)
{
    for (size_t i = 0; i < f->n; i++)
        if (!is_missing(f, i))
            stager_count(s, 1, (uint64_t)f->v[i]->st.st_size);
}

static int send_missing(struct stager *s, const struct files *f, const char *store,
                        struct error *e)
{
    int r;

    count_there(s, f);
    r = send_small(s, f, store, e);
    for (size_t i = 0; r == 0 && i < f->n; i++)
        if (is_missing(f, i) && f->v[i]->st.st_size > SMALL)
            r = send_large(s, f->v[i], store, e);
    return r;
}

int store_fill(struct stager *s, struct plan *p, struct error *e)
{
    _cleanup_(bufp) struct buf store = BUF_INIT;
    struct files f = { 0 };
    int          r = buf_printf(&store, "%s/store", s->cluster->root);

    r = r < 0 ? r : hash_all(s, p, e);
    r = r < 0 ? r : sort_files(p, &f);
    r = r < 0 ? r : ask(s, &f, store.data, e);
    r = r != 0 ? r : send_missing(s, &f, store.data, e);
    free(f.v);
    return r;
}
