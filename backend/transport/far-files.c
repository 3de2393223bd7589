/*
 * far-files.c - small files at the far side are fetched, and directories removed
 *
 * However many there are, it is one script and one round trip.
 */
#include "far.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "clustrixfs/cluster.h"
#include "clustrixfs/quote.h"

#define FETCH_MAX   (1024 * 1024)

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
