/*
 * collect.c - reads what `KEEPER collect` says, field by field
 *
 * It keeps nothing between two fields: what follows what is the reader's affair. The text comes
 * from a machine where the job itself can write, so every field is taken to pieces by a row of
 * reads that each check what they take, and whatever does not fit ends the text.
 */
#include "clustrixfs/collect.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#define NS UINT64_C(1000000000)
#define NS_DIGITS 9
#define MODE_MAX 07777

/* Up to the NUL, which goes too. */
static int cut_field(struct span *rest, struct span *field)
{
    const char *end = rest->len > 0 ? memchr(rest->data, '\0', rest->len) : NULL;
    size_t      len = end ? (size_t)(end - rest->data) : 0;

    if (!end)
        return -EPROTO;
    *field = (struct span){ rest->data, len };
    *rest = (struct span){ end + 1, rest->len - len - 1 };
    return 0;
}

/* A word and the one blank behind it; the last word of a field has none. */
static struct span cut_word(struct span *s)
{
    const char *blank = s->len > 0 ? memchr(s->data, ' ', s->len) : NULL;
    struct span word = { s->data, blank ? (size_t)(blank - s->data) : s->len };
    size_t      gone = word.len + (blank ? 1 : 0);

    *s = (struct span){ s->data + gone, s->len - gone };
    return word;
}

static int read_size(struct span *s, uint64_t *size)
{
    return span_to_u64(cut_word(s), size) < 0 || *size > (uint64_t)INT64_MAX ? -EPROTO : 0;
}

static int read_mode(struct span *s, mode_t *mode)
{
    struct span word = cut_word(s);
    unsigned    n = 0;

    for (size_t i = 0; i < word.len; i++) {
        if (word.data[i] < '0' || word.data[i] > '7' || n > MODE_MAX)
            return -EPROTO;
        n = n * 8 + (unsigned)(word.data[i] - '0');
    }
    if (word.len == 0 || n > MODE_MAX)
        return -EPROTO;
    *mode |= n;
    return 0;
}

/* What stands behind the point: nanoseconds, however many digits there are. */
static int read_fraction(struct span digits, uint64_t *ns)
{
    *ns = 0;
    for (size_t i = 0; i < digits.len; i++)
        if (digits.data[i] < '0' || digits.data[i] > '9')
            return -EPROTO;
    for (size_t i = 0; i < NS_DIGITS; i++)
        *ns = *ns * 10 + (i < digits.len ? (unsigned)(digits.data[i] - '0') : 0);
    return 0;
}

/* What no int64_t of nanoseconds holds becomes the nearest that does: any time may be on a disk. */
static int64_t to_ns(bool minus, uint64_t seconds, uint64_t ns)
{
    uint64_t most = (uint64_t)INT64_MAX / NS;

    if (seconds >= most)
        return minus ? -INT64_MAX : INT64_MAX;
    return minus ? (int64_t)ns - (int64_t)(seconds * NS) : (int64_t)(seconds * NS + ns);
}

/* "-1.5": half a second before the epoch, since the fraction counts upwards as st_mtim's does. */
static int read_time(struct span *s, int64_t *ns)
{
    struct span word = cut_word(s), digits = word;
    bool        minus = word.len > 0 && word.data[0] == '-';
    const char *point;
    uint64_t    seconds, fraction;

    if (minus)
        digits = (struct span){ word.data + 1, word.len - 1 };
    point = digits.len > 0 ? memchr(digits.data, '.', digits.len) : NULL;
    word = (struct span){ digits.data, point ? (size_t)(point - digits.data) : digits.len };
    digits = point ? (struct span){ point + 1, digits.len - word.len - 1 } : (struct span){ 0 };
    if (span_to_u64(word, &seconds) < 0 || read_fraction(digits, &fraction) < 0)
        return -EPROTO;
    *ns = to_ns(minus, seconds, fraction);
    return 0;
}

static int read_type(struct span *s, mode_t *mode)
{
    static const struct {
        char   letter;
        mode_t type;
    } types[] = { { 'f', S_IFREG }, { 'd', S_IFDIR }, { 'l', S_IFLNK }, { 'p', S_IFIFO } };
    struct span word = cut_word(s);

    if (word.len != 1)
        return -EPROTO;
    *mode = S_IFSOCK;
    for (size_t i = 0; i < ARRAY_SIZE(types); i++)
        if (types[i].letter == word.data[0])
            *mode = types[i].type;
    return 0;
}

/* Whether a path stays below where it begins, and can be walked here. */
static bool is_below(struct span path)
{
    size_t depth = 0;

    if (path.len == 0 || path.len > COLLECT_PATH_MAX)
        return false;
    for (size_t at = 0, len; at <= path.len; at += len + 1) {
        const char *name = path.data + at, *slash = memchr(name, '/', path.len - at);

        len = slash ? (size_t)(slash - name) : path.len - at;
        if (len == 0 || len > NAME_MAX || ++depth > COLLECT_DEPTH_MAX)
            return false;
        if (name[0] == '.' && (len == 1 || (len == 2 && name[1] == '.')))
            return false;
    }
    return true;
}

/*
 * One function a kind; `s` is what follows the letter and its blank, `rest` what follows the field.
 */
typedef int read_fn(struct span s, struct span *rest, struct collect_item *item);

static int read_text(struct span s, struct span *rest unused_arg, struct collect_item *item)
{
    item->text = s;
    return 0;
}

static int read_stream(struct span s, struct span *rest unused_arg, struct collect_item *item)
{
    int r = read_size(&s, &item->size);

    return r < 0 ? r : read_time(&s, &item->mtime_ns);
}

static int read_bytes(struct span s, struct span *rest, struct collect_item *item)
{
    uint64_t len;

    if (span_to_u64(s, &len) < 0 || len > COLLECT_BYTES || len >= rest->len ||
        rest->data[len] != '\0')
        return -EPROTO;
    item->text = (struct span){ rest->data, (size_t)len };
    *rest = (struct span){ rest->data + len + 1, rest->len - (size_t)len - 1 };
    return 0;
}

static int read_file(struct span s, struct span *rest unused_arg, struct collect_item *item)
{
    int r = read_type(&s, &item->mode);

    if (r == 0)
        r = read_mode(&s, &item->mode);
    if (r == 0)
        r = read_size(&s, &item->size);
    if (r == 0)
        r = read_time(&s, &item->mtime_ns);
    item->text = is_below(s) ? s : (struct span){ s.data, 0 };
    return r;
}

static int read_end(struct span s, struct span *rest unused_arg, struct collect_item *item)
{
    return s.len == 0 ? 0 : read_size(&s, &item->size);
}

static read_fn *reader_of(char kind)
{
    static const struct {
        const char *kinds;
        read_fn    *fn;
    } readers[] = {
        { "JDTXL", read_text }, { "OE", read_stream }, { "oe", read_bytes },
        { "F", read_file },     { "Z", read_end },
    };

    for (size_t i = 0; kind && i < ARRAY_SIZE(readers); i++)
        if (strchr(readers[i].kinds, kind))
            return readers[i].fn;
    return NULL;
}

int collect_next(struct span *rest, struct collect_item *item)
{
    struct span field;
    read_fn    *fn;

    *item = (struct collect_item){ .text = { "", 0 } };
    if (rest->len == 0)
        return COLLECT_E_END;
    if (cut_field(rest, &field) < 0 || field.len == 0 || (field.len > 1 && field.data[1] != ' '))
        return -EPROTO;
    item->kind = field.data[0];
    fn = reader_of(item->kind);
    if (!fn)
        return -EPROTO;
    cut_word(&field);
    return fn(field, rest, item);
}
