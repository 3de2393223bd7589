/*
 * far-files.c - small files at the far side: put, fetched, and directories removed
 *
 * However many there are, it is one script and one round trip. In it everything but moving a file
 * into place is done by the shell itself where that is possible, since a process costs as much as
 * ten files do.
 */
#include "far.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "clustrixfs/cluster.h"
#include "clustrixfs/quote.h"

#define FETCH_MAX   (1024 * 1024)
#define PRINTED_MAX 65536  /* bytes of a file that stand in the script itself */
#define WORDS_MAX   65536  /* bytes of arguments for one command */
#define ASIDE       ".put" /* beside a file until it is whole */

int far_script(struct buf *script)
{
    return buf_add_str(script, "LC_ALL=C; export LC_ALL; umask 077\n");
}

int far_word(struct buf *script, const char *word)
{
    int r = buf_add_char(script, ' ');

    return r < 0 ? r : quote_word(script, span_str(word));
}

/* What a program says ends in what strerror() says there. */
static const int told[] = {ENOENT, EACCES, EISDIR,       ENOTDIR, ENOSPC, EDQUOT, EROFS,
                           EPERM,  EXDEV,  ENAMETOOLONG, ELOOP,   EINVAL, ESTALE, EIO};

/* 0: none of them. */
static int errno_of(struct span line)
{
    for (size_t i = 0; i < ARRAY_SIZE(told); i++) {
        const char *text = strerrordesc_np(told[i]);
        size_t len = strlen(text);

        if (line.len >= len && memcmp(line.data + line.len - len, text, len) == 0)
            return -told[i];
    }
    return 0;
}

/* The first line that names an error counts; what follows is mostly its consequence. */
int far_verdict(const struct answer *a, const char *cannot, struct error *e)
{
    struct span rest = buf_span(&a->err), line, said = SPAN_LIT("");
    int r = 0;

    if (a->status == 0)
        return 0;
    while (r == 0 && span_next_line(&rest, &line)) {
        if (line.len)
            said = line;
        r = errno_of(line);
    }
    return error_set(e, r ? r : -EIO, "%s: %.*s", cannot, (int)(said.len < 250 ? said.len : 250),
                     said.data);
}

/*
 * put
 */

/* The directory of it, in `dir`. 0, or -EINVAL. */
static int dir_of(const char *path, struct buf *dir)
{
    const char *slash = strrchr(path, '/');

    if (path[0] != '/' || !slash[1])
        return -EINVAL;
    (void)buf_set_len(dir, 0);
    return buf_add(dir, path, slash == path ? 1 : (size_t)(slash - path));
}

/* One mkdir for all, as long as its arguments are not too many. */
static int add_parent(struct buf *script, const char *dir, size_t *words)
{
    if (*words == 0 || *words > WORDS_MAX) {
        buf_add_str(script, *words ? " || exit\nmkdir -p" : "mkdir -p");
        *words = 0;
    }
    *words += strlen(dir) + 1;
    return far_word(script, dir);
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

/* Directories that are needed on the way, with the place aside in each. */
static int add_parents(struct buf *script, const struct far_files *f)
{
    _cleanup_(bufp) struct buf dir = BUF_INIT;
    size_t words = 0;
    int r = 0;

    for (size_t i = 0; i < f->n && r == 0; i++) {
        if (!begins_run(f, i))
            continue;
        r = dir_of(f->v[i].path, &dir);
        if (r == 0 && !S_ISDIR(f->v[i].mode))
            r = buf_add_str(&dir, "/" ASIDE);
        if (r == 0 && dir.data[1])
            r = add_parent(script, dir.data, &words);
    }
    return r < 0 || words == 0 ? r : buf_add_str(script, " || exit\n");
}

static int add_dir(struct buf *script, const struct far_file *f)
{
    int r;

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

/* One chmod for all of the files from `i` on that have the mode of the `k`th, if that is the first.
 */
static int add_mode(struct buf *script, const struct far_files *f, size_t i, size_t k, size_t end)
{
    mode_t mode = f->v[k].mode & 07777;
    int r = 0;

    if (mode == 0600)
        return 0;
    for (size_t j = i; j < k; j++)
        if ((f->v[j].mode & 07777) == mode)
            return 0;
    buf_printf(script, "chmod %o", mode);
    for (size_t j = k; j < end && r == 0; j++)
        if ((f->v[j].mode & 07777) == mode)
            r = add_name(script, &f->v[j]);
    return r < 0 ? r : buf_add_str(script, " || exit\n");
}

/* Go to the place aside; `end` files from `i` on; all of them into place at once. */
static int add_run(struct request *q, const struct far_files *f, size_t i, size_t end)
{
    _cleanup_(bufp) struct buf dir = BUF_INIT;
    int r = dir_of(f->v[i].path, &dir);

    buf_add_str(&dir, "/" ASIDE);
    buf_add_str(&q->script, "cd");
    r = r < 0 ? r : far_word(&q->script, dir.data);
    buf_add_str(&q->script, " || exit\n");
    for (size_t k = i; k < end && r == 0; k++)
        r = add_bytes(q, &f->v[k]);
    for (size_t k = i; k < end && r == 0; k++)
        r = add_mode(&q->script, f, i, k, end);
    buf_add_str(&q->script, "mv -f");
    for (size_t k = i; k < end && r == 0; k++)
        r = add_name(&q->script, &f->v[k]);
    buf_add_str(&q->script, " .. || exit\nrmdir");
    r = r < 0 ? r : far_word(&q->script, dir.data);
    return r < 0 ? r : buf_add_str(&q->script, "\n");
}

/* As many as go into one directory, and are not too many words for mv. */
static size_t run_end(const struct far_files *f, size_t i)
{
    size_t words = 0;

    for (size_t k = i; k < f->n; k++) {
        words += strlen(name_of(&f->v[k])) + 3;
        if (k > i && (begins_run(f, k) || words > WORDS_MAX))
            return k;
    }
    return f->n;
}

static int put_script(struct request *q, const struct far_files *f)
{
    int r = far_script(&q->script);

    r = r < 0 ? r : add_parents(&q->script, f);
    for (size_t i = 0, end; i < f->n && r == 0; i = end) {
        end = S_ISDIR(f->v[i].mode) ? i + 1 : run_end(f, i);
        if (S_ISDIR(f->v[i].mode))
            r = add_dir(&q->script, &f->v[i]);
        else
            r = add_run(q, f, i, end);
    }
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

/*
 * fetch
 */

/*
 * "KEY is" and the bytes, or "KEY no", for each; and "KEY gone" after one that went away before it
 * was read. What cannot be looked at is an error: it must not be taken for one that is not there.
 */
static const char fetcher[] = "get() {\n"
                              "if [ -f \"$1\" ] && [ ! -L \"$1\" ]; then\n"
                              "    echo \"$key is\"\n"
                              "    head -c \"$most\" \"$1\" && return\n"
                              "    [ -e \"$1\" ] && exit 1\n"
                              "    echo \"$key gone\"; return\n"
                              "elif [ ! -e \"$1\" ] && [ ! -L \"$1\" ]; then\n"
                              "    said=$(ls -d \"$1\" 2>&1)\n"
                              "    case $said in\n"
                              "    \"$1\" | *'No such file'* | *'Not a directory'*) ;;\n"
                              "    *) echo \"$said\" >&2; exit 1 ;;\n"
                              "    esac\n"
                              "fi\n"
                              "echo \"$key no\"\n"
                              "}\n";

static int fetch_script(struct buf *script, const struct far_files *f, const char *key)
{
    int r = far_script(script);

    buf_printf(script, "key=%s\nmost=%d\n%s", key, FETCH_MAX + 1, fetcher);
    for (size_t i = 0; i < f->n && r == 0; i++) {
        buf_add_str(script, "get");
        r = far_word(script, f->v[i].path);
        buf_add_str(script, "\n");
    }
    return r < 0 ? r : buf_error(script);
}

/* Cut the next piece that begins with `key`, without the key. False: there is none. */
static bool next_piece(struct span *rest, const char *key, struct span *piece)
{
    const char *begin = memmem(rest->data, rest->len, key, strlen(key)), *end;

    if (!begin)
        return false;
    begin += strlen(key);
    *rest = (struct span){begin, rest->len - (size_t)(begin - rest->data)};
    end = memmem(rest->data, rest->len, key, strlen(key));
    *piece = (struct span){begin, end ? (size_t)(end - begin) : rest->len};
    *rest = (struct span){begin + piece->len, rest->len - piece->len};
    return true;
}

static int take_piece(struct far_file *file, struct span piece)
{
    struct span line;

    (void)buf_set_len(&file->data, 0);
    file->missing = true;
    if (!span_next_line(&piece, &line) || !span_is(line, " is") || piece.len > FETCH_MAX)
        return 0;
    file->missing = false;
    return buf_add_span(&file->data, piece);
}

static int take_files(struct far_files *f, struct span out, const char *key)
{
    struct span piece;
    size_t i = 0;

    while (next_piece(&out, key, &piece)) {
        bool gone = span_is(piece, " gone\n");
        int r;

        if (gone ? i == 0 : i == f->n)
            return -EPROTO;
        r = take_piece(&f->v[gone ? i - 1 : i], piece);
        if (r < 0)
            return r;
        i += gone ? 0 : 1;
    }
    return i == f->n ? 0 : -EPROTO;
}

int far_fetch(struct transport *t, struct far_files *files, struct error *e)
{
    _cleanup_(requestp) struct request q = REQUEST_INIT;
    _cleanup_(answerp) struct answer a = ANSWER_INIT;
    char key[FAR_KEY_SIZE];
    int r = agent_key(key);

    r = r < 0 ? r : fetch_script(&q.script, files, key);
    if (r < 0)
        return error_set(e, r, "cannot read files at %s: %s", t->cluster->host, strerror(-r));
    a.most = files->n * (FETCH_MAX + 2 * FAR_KEY_SIZE);
    r = far_ask(t, &q, &a, e);
    if (r == 0)
        r = far_verdict(&a, "cannot read files there", e);
    if (r != 0)
        return r;
    r = take_files(files, buf_span(&a.out), key);
    return r < 0 ? error_set(e, r, "cannot read files at %s: %s", t->cluster->host, strerror(-r))
                 : 0;
}

/*
 * remove
 */

/* A job may leave directories that not even their owner may read; find unlocks them on its way. */
static const char remover[] =
    "[ -e \"$p\" ] || [ -L \"$p\" ] || exit 0\n"
    "rm -rf --one-file-system \"$p\" 2>/dev/null && exit\n"
    "find \"$p\" -xdev -type d ! -perm -700 -exec chmod u+rwx {} \\; 2>/dev/null\n"
    "one=--one-file-system\n"
    "case $(rm --help 2>&1) in *\"$one\"*) ;; *) one= ;; esac\n"
    "rm -rf $one \"$p\"\n";

int far_remove(struct transport *t, const char *path, struct error *e)
{
    _cleanup_(requestp) struct request q = REQUEST_INIT;
    _cleanup_(answerp) struct answer a = ANSWER_INIT;
    int r = far_script(&q.script);

    buf_add_str(&q.script, "p=");
    r = r < 0 ? r : quote_word(&q.script, span_str(path));
    buf_printf(&q.script, "\n%s", remover);
    r = r < 0 ? r : buf_error(&q.script);
    if (r == 0 && path[0] != '/')
        r = -EINVAL;
    if (r < 0)
        return error_set(e, r, "cannot remove %s: %s", path, strerror(-r));
    r = far_ask(t, &q, &a, e);
    return r != 0 ? r : far_verdict(&a, "cannot remove that directory", e);
}
