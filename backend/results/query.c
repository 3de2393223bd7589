/*
 * query.c - one command that brings small files and pieces of files, checked
 *
 * Files that lie in one directory have their turn together: what they are, their bytes one behind
 * the other, and what they are then. Nothing marks where the bytes of one end but its length as it
 * was said before; so if that, the mark behind the bytes, and what is said afterwards fit together,
 * each byte is the one that belongs there. If they do not, nothing is believed, and each is asked
 * for alone. The mark is random, made for this one question: no file can hold it.
 *
 * The directory is entered by its real path and left alone when that is another than it should be:
 * a job may put a link in its place, and what that leads to is not the job's.
 */
#include "query.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "clustrixfs/collect.h"
#include "clustrixfs/quote.h"

#define QUERY_TIMEOUT_MS 60000

/*
 * R: the real path of ROOT. g DIR: go there; m: the mark; s: what files are; c: all are plain ones,
 * so that nothing is read from a pipe for ever, or through a link.
 */
static const char prologue[] =
    "export LC_ALL=C\n"
    "s() { stat -c '%f %s %.9Y' -- \"$@\"; }\n"
    "m() { printf '\\n%s\\n' \"$M\"; }\n"
    "c() { for f; do [ -f \"$f\" ] && [ ! -L \"$f\" ] || return; done; }\n"
    "g() { cd -P -- \"$R/$1\" && [ \"$PWD\" = \"$R/$1\" ]; }\n"
    "exec </dev/null 2>/dev/null\n";

static struct span dir_of(const struct query_piece *p)
{
    const char *slash = strrchr(p->path, '/');

    return (struct span){ p->path, slash ? (size_t)(slash - p->path) : 0 };
}

static const char *name_of(const struct query_piece *p)
{
    const char *slash = strrchr(p->path, '/');

    return slash ? slash + 1 : p->path;
}

static bool same_turn(const struct query_piece *a, const struct query_piece *b)
{
    struct span x = dir_of(a), y = dir_of(b);

    return !a->alone && !b->alone && x.len == y.len && memcmp(x.data, y.data, x.len) == 0 &&
           strcmp(a->token, b->token) == 0;
}

/* How many from the first one on have their turn together. */
static size_t turn_of(const struct query_piece *p, size_t n)
{
    size_t i = 1;

    while (i < n && same_turn(&p[0], &p[i]))
        i++;
    return i;
}

static void add_name(struct buf *out, const struct query_piece *p)
{
    buf_add_str(out, " ./");
    quote_word(out, span_str(name_of(p)));
}

static bool is_whole(const struct query_piece *p)
{
    return p->off == 0 && p->len == WHOLE_MAX;
}

static void add_piece(struct buf *out, const struct query_piece *p)
{
    if (p->len == 0)
        return;
    buf_add_str(out, "dd if=./");
    quote_word(out, span_str(name_of(p)));
    buf_printf(out, " bs=%d skip=%lld count=%lld; ", MIRROR_GRAIN,
               (long long)(p->off / MIRROR_GRAIN), (long long)(p->len / MIRROR_GRAIN));
}

/* The bytes: where all of them are whole files, with one command. */
static void add_reads(struct buf *out, const struct query_piece *p, size_t n)
{
    size_t whole = 0;

    while (whole < n && is_whole(&p[whole]))
        whole++;
    if (whole == n) {
        buf_printf(out, "head -q -c %lld -- \"$@\"; ", (long long)WHOLE_MAX);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        if (!is_whole(&p[i])) {
            add_piece(out, &p[i]);
            continue;
        }
        buf_printf(out, "head -c %lld --", (long long)WHOLE_MAX);
        add_name(out, &p[i]);
        buf_add_str(out, "; ");
    }
}

static void add_turn(struct buf *out, const struct query_piece *p, size_t n)
{
    _cleanup_(bufp) struct buf dir = BUF_INIT;
    struct span                below = dir_of(p);

    buf_printf(&dir, "%s%s%.*s", p->token, below.len > 0 ? "/" : "", (int)below.len, below.data);
    buf_add_str(out, "m; if g ");
    quote_word(out, buf_span(&dir));
    buf_add_str(out, "; then set --");
    for (size_t i = 0; i < n; i++)
        add_name(out, &p[i]);
    buf_add_str(out, "; s \"$@\"; m; if c \"$@\"; then ");
    add_reads(out, p, n);
    buf_add_str(out, ":; fi; m; s \"$@\"; else m; m; fi\n");
}

int query_script(struct buf *out, const char *root, const char mark[QUERY_MARK + 1],
               const struct query_piece *pieces, size_t n)
{
    buf_printf(out, "M=%s\n%s", mark, prologue);
    buf_add_str(out, "cd -P -- ");
    quote_word(out, span_str(root));
    buf_add_str(out, " || exit\nR=$PWD\n");
    for (size_t i = 0; i < n;) {
        size_t turn = turn_of(&pieces[i], n - i);

        add_turn(out, &pieces[i], turn);
        i += turn;
    }
    buf_add_str(out, "m\n");
    return buf_error(out);
}

/*
 * Hearing the answer.
 */
static bool cut_mark(struct span *rest, const char *mark)
{
    if (rest->len < QUERY_MARK + 2 || rest->data[0] != '\n' || rest->data[QUERY_MARK + 1] != '\n' ||
        memcmp(rest->data + 1, mark, QUERY_MARK) != 0)
        return false;
    *rest = (struct span){ rest->data + QUERY_MARK + 2, rest->len - QUERY_MARK - 2 };
    return true;
}

/* Up to the next mark, which stays. */
static struct span cut_to_mark(struct span *rest, const char *mark)
{
    struct span before = { rest->data, 0 }, at = *rest;

    while (at.len > 0 && !cut_mark(&(struct span){ at.data, at.len }, mark))
        at = (struct span){ at.data + 1, at.len - 1 };
    before.len = (size_t)(at.data - rest->data);
    *rest = at;
    return before;
}

static int read_hex(struct span s, unsigned *out)
{
    char  text[12], *end;

    if (s.len == 0 || s.len >= sizeof(text))
        return -EPROTO;
    memcpy(text, s.data, s.len);
    text[s.len] = '\0';
    *out = (unsigned)strtoul(text, &end, 16);
    return *end ? -EPROTO : 0;
}

/* The same form as in a listing; collect_next() is who reads that. */
static int read_size_and_time(struct span size, struct span time, struct far_attr *attr)
{
    _cleanup_(bufp) struct buf field = BUF_INIT;
    struct collect_item        item;
    struct span                rest;

    buf_printf(&field, "O %.*s %.*s", (int)size.len, size.data, (int)time.len, time.data);
    if (buf_add_char(&field, '\0') < 0)
        return -ENOMEM;
    rest = buf_span(&field);
    if (collect_next(&rest, &item) != 0)
        return -EPROTO;
    attr->size = item.size;
    attr->mtime_ns = item.mtime_ns;
    return 0;
}

static int read_attr(struct span line, struct far_attr *attr)
{
    struct span words[3];
    unsigned    mode;

    for (size_t i = 0; i < ARRAY_SIZE(words); i++)
        if (!span_next_word(&line, &words[i]))
            return -EPROTO;
    if (read_hex(words[0], &mode) < 0)
        return -EPROTO;
    attr->mode = mode;
    return read_size_and_time(words[1], words[2], attr);
}

/* One line a file; how many there are that can be read. */
static size_t read_attrs(struct span text, struct far_attr *attrs, size_t n)
{
    struct span line;
    size_t      i = 0;

    while (i < n && span_next_line(&text, &line) && read_attr(line, &attrs[i]) == 0)
        i++;
    return text.len == 0 ? i : 0;
}

static off_t expected(const struct query_piece *p)
{
    off_t size = (off_t)p->attr.size;

    if (p->len == 0 || p->off >= size)
        return 0;
    return size - p->off < p->len ? size - p->off : p->len;
}

static void fail_turn(struct query_piece *p, size_t n, int err)
{
    for (size_t i = 0; i < n; i++)
        p[i].err = err;
}

/* The bytes of each, if what comes behind them is the mark. */
static bool cut_data(struct query_piece *p, size_t n, const char *mark, struct span *rest)
{
    for (size_t i = 0; i < n; i++) {
        size_t len = (size_t)expected(&p[i]);

        if (len > rest->len)
            return false;
        p[i].data = (struct span){ rest->data, len };
        *rest = (struct span){ rest->data + len, rest->len - len };
    }
    return cut_mark(rest, mark);
}

static bool same_attr(const struct far_attr *a, const struct far_attr *b)
{
    return a->mode == b->mode && a->size == b->size && a->mtime_ns == b->mtime_ns;
}

/* All of a turn is judged by what was said before and after its bytes. */
static void judge_turn(struct query_piece *p, size_t n, const struct far_attr *after,
                       size_t n_after)
{
    for (size_t i = 0; i < n; i++) {
        p[i].steady = n_after == n && same_attr(&p[i].attr, &after[i]);
        p[i].err = 0;
        if (!S_ISREG(p[i].attr.mode) || (n_after == n && !S_ISREG(after[i].mode)))
            p[i].err = -ESTALE;
    }
}

/* What one file alone has against being read. */
static int why_not(const struct query_piece *p, size_t n_before, struct span data, const char *mark)
{
    if (n_before == 0)
        return -ENOENT;
    if (!S_ISREG(p->attr.mode))
        return -ESTALE;
    return cut_mark(&data, mark) ? -EACCES : -EAGAIN;
}

/* Behind its mark; false: the rest of the text cannot be read either. */
static bool hear_turn(struct query_piece *p, size_t n, const char *mark, struct span *rest)
{
    _cleanup_(freep) struct far_attr *attrs = calloc(2 * n, sizeof(*attrs));
    struct span                       data;
    size_t                            before, after;

    fail_turn(p, n, -EAGAIN);
    if (!attrs)
        return false;
    before = read_attrs(cut_to_mark(rest, mark), attrs, n);
    if (!cut_mark(rest, mark))
        return false;
    for (size_t i = 0; i < before; i++)
        p[i].attr = attrs[i];
    data = *rest;
    if (before == n && cut_data(p, n, mark, rest)) {
        after = read_attrs(cut_to_mark(rest, mark), attrs + n, n);
        judge_turn(p, n, attrs + n, after);
        return true;
    }
    if (n == 1)
        p->err = why_not(p, before, data, mark);
    *rest = data;
    cut_to_mark(rest, mark);
    (void)cut_mark(rest, mark);
    cut_to_mark(rest, mark);
    return true;
}

void query_hear(struct query_piece *pieces, size_t n, const char mark[QUERY_MARK + 1],
                struct span text)
{
    fail_turn(pieces, n, -EAGAIN);
    cut_to_mark(&text, mark); /* what a login script prints */
    for (size_t i = 0; i < n;) {
        size_t turn = turn_of(&pieces[i], n - i);

        if (!cut_mark(&text, mark) || !hear_turn(&pieces[i], turn, mark, &text))
            return;
        i += turn;
    }
    /* The last mark is what tells that the last turn is whole. */
    if (!cut_mark(&text, mark))
        fail_turn(&pieces[n - 1], 1, -EAGAIN);
}

static int compare_pieces(const void *a, const void *b)
{
    const struct query_piece *x = a, *y = b;
    struct span             dx = dir_of(x), dy = dir_of(y);
    size_t                  len = dx.len < dy.len ? dx.len : dy.len;
    int                     c = strcmp(x->token, y->token);

    if (c == 0)
        c = memcmp(dx.data, dy.data, len);
    return c ? c : (dx.len > dy.len) - (dx.len < dy.len);
}

static int make_mark(char mark[QUERY_MARK + 1])
{
    unsigned char random[QUERY_MARK / 2];

    if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
        return -EIO;
    for (size_t i = 0; i < sizeof(random); i++)
        snprintf(mark + 2 * i, 3, "%02x", random[i]);
    return 0;
}

int query(struct lane *l, struct query_piece *pieces, size_t n, struct outcome *answer)
{
    _cleanup_(commandp) struct command c = COMMAND_INIT;
    struct error                       e = ERROR_INIT;
    char                               mark[QUERY_MARK + 1];
    int                                r = make_mark(mark);

    qsort(pieces, n, sizeof(*pieces), compare_pieces);
    c.timeout_ms = QUERY_TIMEOUT_MS;
    if (r == 0)
        r = lane_connect(l);
    if (r == 0)
        r = query_script(&c.input, l->results->cluster->root, mark, pieces, n);
    /* Through its input, since a command line has room for a few hundred names only. */
    if (r == 0)
        r = strv_add(&c.argv, "/bin/sh");
    if (r == 0)
        r = strv_add(&c.argv, "-c");
    if (r == 0)
        r = strv_add(&c.argv, "eval \"$(cat)\"");
    if (r == 0)
        r = lane_error(l, l->results->cluster->transport->run(l->t, &c, answer, &e));
    if (r == 0)
        query_hear(pieces, n, mark, buf_span(&answer->out));
    return r;
}
