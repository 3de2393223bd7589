/*
 * far-put.c - small files are put to the far side
 *
 * However many there are, it is one script and one round trip. In it everything is done by the
 * shell itself where that is possible, or by one process for all, since a process costs as much as
 * ten files do: a thousand jobs are submitted at once.
 */
#include "far.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "clustrixfs/cluster.h"
#include "clustrixfs/quote.h"

#define PRINTED_MAX 65536  /* bytes of a file that stand in the script itself */
#define WORDS_MAX   65536  /* bytes of arguments for one command */
#define ASIDE       ".put" /* beside a file until it is whole */

/* The directory of it, in `dir`. 0, or -EINVAL. */
static int dir_of(const char *path, struct buf *dir)
{
    const char *slash = strrchr(path, '/');

    if (path[0] != '/' || !slash[1])
        return -EINVAL;
    (void)buf_set_len(dir, 0);
    return buf_add(dir, path, slash == path ? 1 : (size_t)(slash - path));
}

/* One command for all paths, as long as its arguments are not too many. `words`: how many bytes of
 * them there are so far. */
static int add_to(struct buf *script, const char *command, size_t len, size_t *words)
{
    if (*words == 0 || *words > WORDS_MAX) {
        buf_printf(script, "%s%s", *words ? " || exit\n" : "", command);
        *words = 0;
    }
    *words += len + 1;
    return buf_error(script);
}

static int end_words(struct buf *script, size_t words)
{
    return words == 0 ? buf_error(script) : buf_add_str(script, " || exit\n");
}

static bool same_dir(const char *a, const char *b)
{
    size_t len = (size_t)(strrchr(a, '/') - a);

    return strncmp(a, b, len + 1) == 0 && !strchr(b + len + 1, '/');
}

/* The first of a run of files that go into one directory. */
static bool begins_run(const struct far_files *f, size_t i)
{
    return i == 0 || S_ISDIR(f->v[i - 1].mode) || S_ISDIR(f->v[i].mode) ||
           !same_dir(f->v[i - 1].path, f->v[i].path);
}

/* What umask makes of a directory by itself. */
static bool is_plain_dir(const struct far_file *f)
{
    return S_ISDIR(f->mode) && (f->mode & 07777) == 0700;
}

/*
 * p5: where the files from the fifth on are written. In a directory that is not there yet that is
 * their place, since nobody can have begun to read them; else it is aside of it.
 */
static int add_places(struct buf *script, const struct far_files *f)
{
    _cleanup_(bufp) struct buf dir = BUF_INIT;
    int r = 0;

    for (size_t i = 0; i < f->n && r == 0; i++) {
        if (!begins_run(f, i) || S_ISDIR(f->v[i].mode))
            continue;
        r = dir_of(f->v[i].path, &dir);
        buf_printf(script, "p%zu=", i);
        r = r < 0 ? r : quote_word(script, buf_span(&dir));
        buf_printf(script, "; [ ! -e \"$p%zu\" ] || p%zu=$p%zu/" ASIDE "\n", i, i, i);
    }
    return r < 0 ? r : buf_error(script);
}

/* All directories, and those that are needed on the way. */
static int add_parents(struct buf *script, const struct far_files *f)
{
    _cleanup_(bufp) struct buf dir = BUF_INIT;
    size_t words = 0;
    int r = 0;

    for (size_t i = 0; i < f->n && r == 0; i++) {
        if (!begins_run(f, i))
            continue;
        r = dir_of(f->v[i].path, &dir);
        r = r < 0 ? r : add_to(script, "mkdir -p", dir.len + sizeof ASIDE, &words);
        if (!S_ISDIR(f->v[i].mode))
            buf_printf(script, " \"$p%zu\"", i);
        else if (r == 0)
            r = far_word(script, is_plain_dir(&f->v[i]) ? f->v[i].path : dir.data);
    }
    return r < 0 ? r : end_words(script, words);
}

static int add_dir(struct buf *script, const struct far_file *f)
{
    int r;

    if (is_plain_dir(f))
        return 0;
    buf_add_str(script, "[ -d");
    r = far_word(script, f->path);
    buf_printf(script, " ] || mkdir -m %o", f->mode & 07777);
    r = r < 0 ? r : far_word(script, f->path);
    return r < 0 ? r : buf_add_str(script, " || exit\n");
}

static const char *name_of(const struct far_file *f)
{
    return strrchr(f->path, '/') + 1;
}

/* The bytes: in the script if it can hold them, else behind it. */
static int add_bytes(struct request *q, const struct far_file *f)
{
    struct span data = buf_span(&f->data);
    bool prints = data.len <= PRINTED_MAX && !memchr(data.data, '\0', data.len);

    if (prints) {
        buf_add_str(&q->script, "printf %s ");
        quote_word(&q->script, data);
    } else {
        buf_printf(&q->script, "take %zu", data.len);
        buf_add_span(&q->input, data);
    }
    buf_add_str(&q->script, " >");
    int r = quote_word(&q->script, span_str(name_of(f)));
    buf_add_str(&q->script, " || exit\n");
    return r < 0 ? r : buf_error(&q->input);
}

/* A name in the directory where we are, which may begin with a dash. */
static int add_name(struct buf *script, const struct far_file *f)
{
    buf_add_str(script, " ./");
    return quote_word(script, span_str(name_of(f)));
}

/*
 * The bytes of `end` files from `i` on. A shell that was cut off from us long ago, and goes on only
 * now, finds no new place: what is there it leaves alone.
 */
static int write_run(struct request *q, const struct far_files *f, size_t i, size_t end)
{
    int r = 0;

    buf_printf(&q->script, "cd \"$p%zu\" || exit\n", i);
    buf_printf(&q->script, "case $p%zu in */" ASIDE ") set +C ;; *) set -C ;; esac\n", i);
    for (size_t k = i; k < end && r == 0; k++)
        r = add_bytes(q, &f->v[k]);
    return r;
}

/* From aside into place, all at once. */
static int move_run(struct buf *script, const struct far_files *f, size_t i, size_t end)
{
    size_t words = 0;
    int r = 0;

    buf_printf(script, "case $p%zu in */" ASIDE ") cd \"$p%zu\" && mv -f", i, i);
    for (size_t k = i; k < end && r == 0; k++) {
        if (words > WORDS_MAX) {
            buf_add_str(script, " .. && mv -f");
            words = 0;
        }
        words += strlen(name_of(&f->v[k])) + 3;
        r = add_name(script, &f->v[k]);
    }
    buf_printf(script, " .. && rmdir \"$p%zu\" ;; esac || exit\n", i);
    return r < 0 ? r : buf_error(script);
}

/* As many as go into one directory. */
static size_t run_end(const struct far_files *f, size_t i)
{
    size_t k = i + 1;

    while (k < f->n && !begins_run(f, k))
        k++;
    return k;
}

static bool had_before(const struct far_files *f, size_t k)
{
    for (size_t j = 0; j < k; j++)
        if (!S_ISDIR(f->v[j].mode) && f->v[j].mode == f->v[k].mode)
            return true;
    return false;
}

/* One chmod for all files that have the mode of the `k`th. */
static int add_mode(struct buf *script, const struct far_files *f, size_t k)
{
    char command[24];
    size_t words = 0, run = 0;
    int r = 0;

    snprintf(command, sizeof command, "chmod %o", f->v[k].mode & 07777);
    for (size_t j = 0; j < f->n && r == 0; j++) {
        if (begins_run(f, j))
            run = j;
        if (S_ISDIR(f->v[j].mode) || f->v[j].mode != f->v[k].mode)
            continue;
        r = add_to(script, command, strlen(f->v[j].path) + sizeof ASIDE, &words);
        buf_printf(script, " \"$p%zu\"/", run);
        r = r < 0 ? r : quote_word(script, span_str(name_of(&f->v[j])));
    }
    return r < 0 ? r : end_words(script, words);
}

static int add_modes(struct buf *script, const struct far_files *f)
{
    int r = 0;

    for (size_t k = 0; k < f->n && r == 0; k++)
        if (!S_ISDIR(f->v[k].mode) && (f->v[k].mode & 07777) != 0600 && !had_before(f, k))
            r = add_mode(script, f, k);
    return r;
}

typedef int run_fn(struct request *q, const struct far_files *f, size_t i, size_t end);

static int write_or_make(struct request *q, const struct far_files *f, size_t i, size_t end)
{
    return S_ISDIR(f->v[i].mode) ? add_dir(&q->script, &f->v[i]) : write_run(q, f, i, end);
}

static int move(struct request *q, const struct far_files *f, size_t i, size_t end)
{
    return S_ISDIR(f->v[i].mode) ? 0 : move_run(&q->script, f, i, end);
}

static int each_run(struct request *q, const struct far_files *f, run_fn *fn)
{
    int r = 0;

    for (size_t i = 0, end; i < f->n && r == 0; i = end) {
        end = run_end(f, i);
        r = fn(q, f, i, end);
    }
    return r;
}

static int put_script(struct request *q, const struct far_files *f)
{
    int r = far_script(&q->script);

    r = r < 0 ? r : add_places(&q->script, f);
    r = r < 0 ? r : add_parents(&q->script, f);
    r = r < 0 ? r : each_run(q, f, write_or_make);
    r = r < 0 ? r : add_modes(&q->script, f);
    r = r < 0 ? r : each_run(q, f, move);
    return r < 0 ? r : buf_add_str(&q->script, "exit 0\n");
}

int far_put(struct transport *t, const struct far_files *files, struct error *e)
{
    _cleanup_(requestp) struct request q = REQUEST_INIT;
    _cleanup_(answerp) struct answer a = ANSWER_INIT;
    int r = put_script(&q, files);

    if (r < 0)
        return error_set(e, r, "cannot write files at %s: %s", t->cluster->host, strerror(-r));
    r = far_ask(t, &q, &a, e);
    return r != 0 ? r : far_verdict(&a, "cannot write files there", e);
}
