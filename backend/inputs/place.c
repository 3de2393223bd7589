/*
 * place.c - inputs put from the store into a job's files/, at the far side
 *
 * One script and one round trip. They are copies, by reflink where that is possible: a hard link
 * would let a job that writes into its input spoil it for all that come after. The mark is made
 * last. Then what was not used for longest leaves the store, if that has grown too large.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "clustrixfs/quote.h"

#include "parts.h"

#define CHMOD_MAX 100
#define TIMEOUT_MS 600000
#define COPY_BYTES_PER_MS 10000

/* f SHA NAME TIME: a file. t TIME NAME: its time, in the words that this touch knows. */
static const char head[] =
    "c=; cp --reflink=auto /dev/null ../.reflink 2>/dev/null && c=--reflink=auto; "
    "rm -f ../.reflink\n"
    "t() { TZ=UTC0 touch -d \"$1\" \"./$2\" 2>/dev/null || "
    "TZ=UTC0 touch -d \"${1%.*}\" \"./$2\" || exit 1; }\n"
    "f() { cp $c \"$s/$1\" \"./$2\" || exit 1; t \"$3\" \"$2\"; }\n"
    "l() { ln -s \"$1\" \"./$2\" || exit 1; TZ=UTC0 touch -h -d \"$3\" \"./$2\" 2>/dev/null; }\n";

static const char tail[] =
    "cd \"$s\" || exit 1\n"
    "ls -lntu | awk -v most=\"$most\" -v kept=\".keep.$$\" '\n"
    "BEGIN { while ((getline h < kept) > 0) keep[h] = 1 }\n"
    "NF >= 9 {\n"
    "    h = $NF; sub(/\\.part$/, \"\", h)\n"
    "    if (length(h) != 64 || h ~ /[^0-9a-f]/) next\n"
    "    all += $5\n"
    "    if (all > most && !(h in keep)) print $NF\n"
    "}' | while read -r h; do rm -f \"./$h\"; done\n"
    "rm -f \".keep.$$\"\nexit 0\n";

static int add_words(struct buf *b, const char *call, const char *first, const char *name,
                     struct timespec at)
{
    struct tm tm;
    char      text[64];
    int       r;

    if (!gmtime_r(&at.tv_sec, &tm) || !strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm))
        return -EOVERFLOW;
    buf_printf(b, "%s ", call);
    if (first) {
        r = quote_word(b, span_str(first));
        if (r < 0 || (r = buf_add_char(b, ' ')) < 0)
            return r;
        r = quote_word(b, span_str(name));
        return r < 0 ? r : buf_printf(b, " '%s.%09ld'\n", text, at.tv_nsec);
    }
    buf_printf(b, "'%s.%09ld' ", text, at.tv_nsec);
    r = quote_word(b, span_str(name));
    return r < 0 ? r : buf_add_char(b, '\n');
}

/* "VERB ./NAME" */
static int add_call(struct buf *b, const char *verb, const char *name)
{
    int r = buf_printf(b, "%s ./", verb);

    r = r < 0 ? r : quote_word(b, span_str(name));
    return r < 0 ? r : buf_add_str(b, " || exit 1\n");
}

static int add_one(struct buf *b, const struct input *in)
{
    int r = strchr(in->to, '/') ? 0 : add_call(b, "rm -rf", in->to);

    if (r < 0)
        return r;
    if (S_ISDIR(in->st.st_mode))
        return add_call(b, "mkdir -p", in->to);
    if (S_ISLNK(in->st.st_mode))
        return add_words(b, "l", in->target, in->to, in->st.st_mtim);
    return add_words(b, "f", in->sha, in->to, in->st.st_mtim);
}

static mode_t mode_of(const struct input *in)
{
    return (in->st.st_mode & 0777) | (S_ISDIR(in->st.st_mode) ? 0700 : 0600);
}

/* Files of one mode go together. */
static int add_modes(struct buf *b, const struct plan *p)
{
    mode_t last = 0600;
    size_t n = 0;
    int    r = 0;

    for (size_t i = 0; r == 0 && i < p->n; i++) {
        const struct input *in = &p->v[i];

        if (!S_ISREG(in->st.st_mode) || mode_of(in) == 0600)
            continue;
        if (mode_of(in) != last || ++n == CHMOD_MAX) {
            r = buf_printf(b, "%schmod %o", last == 0600 ? "" : " || exit 1\n",
                           (unsigned)mode_of(in));
            last = mode_of(in);
            n = 0;
        }
        r = r < 0 ? r : buf_add_str(b, " ./");
        r = r < 0 ? r : quote_word(b, span_str(in->to));
    }
    return r < 0 || last == 0600 ? r : buf_add_str(b, " || exit 1\n");
}

/* The inner ones first, after all that is in them. */
static int add_dirs(struct buf *b, const struct plan *p)
{
    int r = 0;

    for (size_t i = p->n; r == 0 && i-- > 0;) {
        const struct input *in = &p->v[i];

        if (!S_ISDIR(in->st.st_mode))
            continue;
        if (mode_of(in) != 0700) {
            _cleanup_(bufp) struct buf verb = BUF_INIT;

            buf_printf(&verb, "chmod %o", (unsigned)mode_of(in));
            r = add_call(b, verb.data, in->to);
        }
        r = r < 0 ? r : add_words(b, "t", NULL, in->to, in->st.st_mtim);
    }
    return r;
}

static int add_head(struct buf *b, const struct stager *s, const char *token)
{
    int r;

    buf_add_str(b, "LC_ALL=C; export LC_ALL; umask 077\nr=");
    r = quote_word(b, span_str(s->cluster->root));
    buf_printf(b, "\ns=$r/store\nmost=%llu\nmkdir -p \"$s\" \"$r/%s/files\" && cd \"$r/%s/files\" "
               "|| exit 1\n", (unsigned long long)s->cluster->store_max, token, token);
    return r < 0 ? r : buf_add_str(b, head);
}

static int add_keep(struct buf *b, const struct plan *p)
{
    buf_add_str(b, ": >../" THERE_MARK " || exit 1\ncat >\"$s/.keep.$$\" <<'END'\n");
    for (size_t i = 0; i < p->n; i++)
        if (S_ISREG(p->v[i].st.st_mode))
            buf_printf(b, "%s\n", p->v[i].sha);
    return buf_add_str(b, "END\n");
}

int place_far(struct stager *s, const char *token, const struct plan *p, struct error *e)
{
    _cleanup_(bufp) struct buf b = BUF_INIT;
    struct far_script f = { .timeout_ms = TIMEOUT_MS + (unsigned)(p->bytes / COPY_BYTES_PER_MS) };
    int r = add_head(&b, s, token);

    for (size_t i = 0; r == 0 && i < p->n; i++)
        r = add_one(&b, &p->v[i]);
    r = r < 0 ? r : add_modes(&b, p);
    r = r < 0 ? r : add_dirs(&b, p);
    r = r < 0 ? r : add_keep(&b, p);
    r = r < 0 ? r : buf_add_str(&b, tail);
    if (r < 0)
        return r;
    if (!stager_goes_on(s))
        return -ECANCELED;
    f.input = buf_span(&b);
    return stager_run(s, &f, NULL, NULL, e);
}
