/*
 * hash.c - what a file is, in 64 digits, and those that are known already
 *
 * A file whose path, size, times and inode are as they were when it was read has the same bytes.
 * But one that was changed a moment ago may be changed again within the same tick of its clock:
 * that is not remembered.
 */
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clustrixfs/clock.h"
#include "clustrixfs/log.h"

#include "parts.h"

#define READ_SIZE (1024 * 1024)
#define ROWS_MAX 200000
#define YOUNG_NS (2 * NS_PER_S)

static int64_t time_ns(struct timespec t)
{
    return t.tv_sec * NS_PER_S + t.tv_nsec;
}

static int add_row(struct hashes *h, const struct hash_row *row)
{
    if (h->n == h->alloc) {
        size_t           alloc = h->alloc * 2 + 64;
        struct hash_row *v = realloc(h->v, alloc * sizeof(*v));

        if (!v)
            return -ENOMEM;
        h->v = v;
        h->alloc = alloc;
    }
    h->v[h->n] = *row;
    h->v[h->n].path = strdup(row->path);
    return h->v[h->n].path ? (h->n++, 0) : -ENOMEM;
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct hash_row *)a)->path, ((const struct hash_row *)b)->path);
}

static void sort_rows(struct hashes *h)
{
    if (h->n > 0)
        qsort(h->v, h->n, sizeof(*h->v), by_path);
    h->sorted = h->n;
}

static int field(struct span *line, uint64_t *n)
{
    struct span word;

    return span_next_word(line, &word) ? span_to_u64(word, n) : -EINVAL;
}

/* "SHA SIZE INO DEV MTIME CTIME PATH" */
static int take_line(struct hashes *h, struct span line)
{
    struct hash_row row = { 0 };
    struct span     sha;
    uint64_t        mtime, ctime;
    int             r = span_next_word(&line, &sha) && sha.len == SHA_HEX ? 0 : -EINVAL;

    if (r == 0 && (field(&line, &row.size) || field(&line, &row.ino) || field(&line, &row.dev) ||
                   field(&line, &mtime) || field(&line, &ctime) || line.len < 2))
        r = -EINVAL;
    if (r < 0)
        return r;
    memcpy(row.sha, sha.data, SHA_HEX);
    row.mtime_ns = (int64_t)mtime;
    row.ctime_ns = (int64_t)ctime;
    row.path = strndup(line.data + 1, line.len - 1);
    r = row.path ? add_row(h, &row) : -ENOMEM;
    free(row.path);
    return r;
}

void hashes_load(struct hashes *h, const char *file)
{
    _cleanup_(fdp) int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    _cleanup_(bufp) struct buf text = BUF_INIT;
    struct span rest, line;
    ssize_t     n = fd < 0 ? 0 : 1;

    *h = (struct hashes){ .file = strdup(file) };
    while (n > 0)
        n = buf_read(&text, fd, READ_SIZE);
    rest = buf_span(&text);
    while (span_next_line(&rest, &line))
        if (take_line(h, line) < 0)
            break;
    sort_rows(h);
}

static int write_rows(const struct hashes *h, const char *file)
{
    FILE *f = fopen(file, "we");

    if (!f)
        return -errno;
    for (size_t i = 0; i < h->n; i++) {
        const struct hash_row *row = &h->v[i];

        fprintf(f, "%s %llu %llu %llu %lld %lld %s\n", row->sha, (unsigned long long)row->size,
                (unsigned long long)row->ino, (unsigned long long)row->dev,
                (long long)row->mtime_ns, (long long)row->ctime_ns, row->path);
    }
    return ferror(f) | fclose(f) ? -EIO : 0;
}

static void drop_rows(struct hashes *h, size_t from)
{
    for (size_t i = from; i < h->n; i++)
        free(h->v[i].path);
    h->n = from;
}

void hashes_save(struct hashes *h)
{
    _cleanup_(bufp) struct buf fresh = BUF_INIT;

    if ((h->n == h->sorted && !h->changed) || !h->file)
        return;
    h->changed = false;
    /* Too many are the business of another year: what was read last is what is wanted next. */
    if (h->n > ROWS_MAX) {
        size_t old = h->sorted;

        for (size_t i = 0; i < old; i++)
            free(h->v[i].path);
        memmove(h->v, h->v + old, (h->n - old) * sizeof(*h->v));
        h->n -= old;
    }
    sort_rows(h);
    buf_printf(&fresh, "%s.new", h->file);
    if (buf_error(&fresh) || write_rows(h, fresh.data) < 0 || rename(fresh.data, h->file) < 0)
        log_line(LOG_WARN, "%s cannot be written: inputs are read once more", h->file);
}

void hashes_release(struct hashes *h)
{
    drop_rows(h, 0);
    free(h->v);
    free(h->file);
    *h = (struct hashes){ 0 };
}

static bool is_row_of(const struct hash_row *row, const struct input *in)
{
    return row->size == (uint64_t)in->st.st_size && row->ino == in->st.st_ino &&
           row->dev == in->st.st_dev && row->mtime_ns == time_ns(in->st.st_mtim) &&
           row->ctime_ns == time_ns(in->st.st_ctim);
}

/* What was remembered of it, if that is still true; of an old row its place, to be replaced. */
static struct hash_row *find(struct hashes *h, const struct input *in)
{
    struct hash_row key = { .path = in->from };

    return h->sorted ? bsearch(&key, h->v, h->sorted, sizeof(*h->v), by_path) : NULL;
}

static void remember(struct hashes *h, struct hash_row *old, const struct input *in)
{
    struct hash_row row = {
        .path = in->from,
        .size = (uint64_t)in->st.st_size,
        .ino = in->st.st_ino,
        .dev = in->st.st_dev,
        .mtime_ns = time_ns(in->st.st_mtim),
        .ctime_ns = time_ns(in->st.st_ctim),
    };
    int64_t changed = row.ctime_ns > row.mtime_ns ? row.ctime_ns : row.mtime_ns;

    if (strchr(in->from, '\n') || row.mtime_ns < 0 || clock_now_ns() - changed < YOUNG_NS)
        return;
    memcpy(row.sha, in->sha, sizeof(row.sha));
    if (old) {
        row.path = old->path;
        *old = row;
        h->changed = true;
    } else if (add_row(h, &row) < 0) {
        log_line(LOG_WARN, "out of memory: %s is read once more", in->from);
    }
}

static void put_hex(const unsigned char *digest, char sha[SHA_HEX + 1])
{
    for (int i = 0; i < SHA_HEX / 2; i++)
        snprintf(sha + (ptrdiff_t)2 * i, 3, "%02x", digest[i]);
}

static int digest_fd(EVP_MD_CTX *ctx, int fd, goes_on_fn *goes_on, void *arg)
{
    _cleanup_(freep) char *bytes = malloc(READ_SIZE);
    ssize_t n = 1;

    while (bytes && n > 0) {
        if (!goes_on(arg))
            return -ECANCELED;
        n = read(fd, bytes, READ_SIZE);
        if (n > 0 && EVP_DigestUpdate(ctx, bytes, (size_t)n) != 1)
            return -EIO;
    }
    return !bytes ? -ENOMEM : n < 0 ? -errno : 0;
}

static int read_hash(struct input *in, goes_on_fn *goes_on, void *arg)
{
    _cleanup_(fdp) int fd = open(in->from, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    EVP_MD_CTX   *ctx = EVP_MD_CTX_new();
    unsigned char digest[EVP_MAX_MD_SIZE];
    struct stat   st;
    int           r = fd < 0 ? -errno : ctx ? 0 : -ENOMEM;

    if (r == 0 && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) != 1)
        r = -EIO;
    if (r == 0)
        r = digest_fd(ctx, fd, goes_on, arg);
    if (r == 0 && fstat(fd, &st) < 0)
        r = -errno;
    if (r == 0 && !plan_is_same(in, &st))
        r = -ESTALE;
    if (r == 0 && EVP_DigestFinal_ex(ctx, digest, NULL) != 1)
        r = -EIO;
    EVP_MD_CTX_free(ctx);
    if (r == 0)
        put_hex(digest, in->sha);
    return r;
}

int hashes_get(struct hashes *h, struct input *in, goes_on_fn *goes_on, void *arg)
{
    struct hash_row *row = find(h, in);
    int              r;

    if (row && is_row_of(row, in)) {
        memcpy(in->sha, row->sha, sizeof(in->sha));
        return 0;
    }
    r = read_hash(in, goes_on, arg);
    if (r == 0)
        remember(h, row, in);
    return r;
}

int hash_bytes(const void *data, size_t len, char sha[SHA_HEX + 1])
{
    unsigned char digest[EVP_MAX_MD_SIZE];

    if (EVP_Digest(data, len, digest, NULL, EVP_sha256(), NULL) != 1)
        return -EIO;
    put_hex(digest, sha);
    return 0;
}
