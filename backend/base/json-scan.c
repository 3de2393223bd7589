/*
 * json-scan.c - is this JSON, exactly, and if not: where, and is it wrong or only not finished
 *
 * One descent over the bytes that builds nothing but a list of the keys of the objects that are
 * open. A key is compared as the text it stands for ("a" is "\u0061"), when its object closes or
 * the text ends; sorting keeps a hostile object of a hundred thousand keys cheap.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "json-lex.h"
#include "clustrixfs/utf8.h"

#define DEPTH_MAX 64
#define KEY_SHOWN_MAX 60 /* bytes of a key in a sentence */

struct scan {
    struct json_lex lex;
    unsigned        depth;
    const char    **keys; /* of all open objects, outermost first: each at its opening quote */
    size_t          n_keys, alloc;
    size_t          objects[DEPTH_MAX + 1]; /* where in `keys` each open one begins */
    unsigned        n_objects;
};

/*
 * Keys.
 */
static uint32_t hex4(const char *p)
{
    char digits[5] = { p[0], p[1], p[2], p[3], '\0' };

    return (uint32_t)strtoul(digits, NULL, 16);
}

static uint32_t take_escape(const char **p)
{
    static const char names[] = "bfnrt", meant[] = "\b\f\n\r\t";
    const char       *s = *p + 1;

    *p += 2;
    if (*s != 'u') {
        const char *name = memchr(names, *s, sizeof(names) - 1);
        return (uint32_t)(unsigned char)(name ? meant[name - names] : *s);
    }
    uint32_t c = hex4(s + 1);
    *p += 4;
    if (c >= 0xd800 && c <= 0xdbff) {
        c = 0x10000 + ((c - 0xd800) << 10) + (hex4(s + 7) - 0xdc00);
        *p += 6;
    }
    return c;
}

static uint32_t take_character(const char **p)
{
    int len = utf8_len(*p, 4); /* it was found valid, so this reads no further than it is long */

    uint32_t c = utf8_decode(*p, len);
    *p += len;
    return c;
}

/* The next character of the inside of a valid JSON string; 0 at its closing quote. */
static uint32_t take_from_string(const char **p)
{
    if (**p == '"')
        return 0;
    return **p == '\\' ? take_escape(p) : take_character(p);
}

/* Of two keys, by what they stand for. */
static int compare_texts(const char *a, const char *b)
{
    const char *p = a + 1, *q = b + 1;
    uint32_t    c, d;

    do {
        c = take_from_string(&p);
        d = take_from_string(&q);
    } while (c == d && c != 0);
    return (c > d) - (c < d);
}

/* For qsort(): the same keys stay in the order in which they were written. */
static int compare_keys(const void *pa, const void *pb)
{
    const char *a = *(const char *const *)pa, *b = *(const char *const *)pb;
    int         order = compare_texts(a, b);

    return order != 0 ? order : (a > b) - (a < b);
}

static int add_key(struct scan *s, const char *key)
{
    if (s->n_keys == s->alloc) {
        size_t       alloc = s->alloc > 0 ? s->alloc * 2 : 32;
        const char **keys = reallocarray(s->keys, alloc, sizeof(*keys));
        if (!keys)
            return error_set(s->lex.e, -ENOMEM, "out of memory");
        s->keys = keys;
        s->alloc = alloc;
    }
    s->keys[s->n_keys++] = key;
    return 0;
}

static int key_twice(struct scan *s, const char *key)
{
    const char *p = key + 1;

    while (*p != '"' && p - key <= KEY_SHOWN_MAX)
        take_from_string(&p);
    return json_lex_wrong(&s->lex, (size_t)(key - s->lex.text.data),
                          "the key \"%.*s\" is there twice", (int)(p - key - 1), key + 1);
}

/* The innermost open object closes, or the text is at its end: is one of its keys there twice? */
static int close_object(struct scan *s)
{
    size_t       first = s->objects[--s->n_objects], n = s->n_keys - first;
    const char **keys = n ? s->keys + first : NULL, *twice = NULL;

    s->n_keys = first;
    if (n > 1)
        qsort(keys, n, sizeof(*keys), compare_keys);
    for (size_t i = 1; i < n; i++)
        if (compare_texts(keys[i - 1], keys[i]) == 0 && (!twice || keys[i] < twice))
            twice = keys[i];
    return twice ? key_twice(s, twice) : 0;
}

/*
 * Values.
 */
static int scan_value(struct scan *s);

static int scan_member(struct scan *s)
{
    struct json_lex *l = &s->lex;
    const char      *key = l->text.data + l->at;
    int              r;

    if (json_lex_peek(l) != '"')
        return json_lex_expected(l, "a key in double quotes");
    if ((r = json_lex_string(l)) != 0)
        return r;
    if ((r = add_key(s, key)) != 0)
        return r;
    json_lex_blanks(l);
    if (json_lex_peek(l) != ':')
        return json_lex_expected(l, "':' after a key");
    l->at++;
    return scan_value(s);
}

/* From the opening bracket to the closing one; `item` scans what stands between the commas. */
static int scan_list(struct scan *s, char close, int (*item)(struct scan *), const char *next)
{
    struct json_lex *l = &s->lex;
    int              r;

    if (s->depth == DEPTH_MAX)
        return json_lex_wrong(l, l->at, "brackets are nested more than %d deep", DEPTH_MAX);
    s->depth++;
    l->at++;
    json_lex_blanks(l);
    if (json_lex_peek(l) != close) {
        for (;;) {
            if ((r = item(s)) != 0)
                return r;
            json_lex_blanks(l);
            if (json_lex_peek(l) != ',')
                break;
            l->at++;
            json_lex_blanks(l);
        }
    }
    if (json_lex_peek(l) != close)
        return json_lex_expected(l, next);
    l->at++;
    s->depth--;
    return 0;
}

static int scan_object(struct scan *s)
{
    int r;

    s->objects[s->n_objects++] = s->n_keys;
    if ((r = scan_list(s, '}', scan_member, "',' or '}'")) != 0)
        return r;
    return close_object(s);
}

static int scan_value(struct scan *s)
{
    json_lex_blanks(&s->lex);
    switch (json_lex_peek(&s->lex)) {
    case '{':
        return scan_object(s);
    case '[':
        return scan_list(s, ']', scan_value, "',' or ']'");
    case '"':
        return json_lex_string(&s->lex);
    case '-':
    case '0' ... '9':
        return json_lex_number(&s->lex);
    default:
        return json_lex_word(&s->lex);
    }
}

static int scan_text(struct scan *s)
{
    int r = scan_value(s);

    if (r == JSON_E_INCOMPLETE) {
        /* No more text can mend a key that is there twice. */
        while (s->n_objects > 0)
            if (close_object(s) != 0)
                return -EINVAL;
        s->lex.at = s->lex.text.len;
    }
    if (r != 0)
        return r;
    json_lex_blanks(&s->lex);
    if (!json_lex_end(&s->lex))
        return json_lex_wrong(&s->lex, s->lex.at, "there is more after the end of the JSON value");
    return 0;
}

int json_scan(struct span text, size_t *offset, struct error *e)
{
    struct scan s = { .lex = { .text = text, .e = e } };
    int         r = scan_text(&s);

    *offset = s.lex.at;
    free(s.keys);
    return r;
}

/*
 * Places.
 */
void json_place(struct span text, size_t offset, unsigned *line, unsigned *column)
{
    size_t start = 0;

    *line = 1;
    for (size_t i = 0; i < offset && i < text.len; i++) {
        if (text.data[i] == '\n') {
            start = i + 1;
            (*line)++;
        }
    }
    *column = (unsigned)(offset - start) + 1;
}

/* Over one value of a valid text. */
static void skip_value(struct json_lex *l)
{
    size_t depth = 0;

    do {
        char c = json_lex_peek(l);
        if (c == '"' && json_lex_string(l) == 0)
            continue;
        depth += c == '{' || c == '[';
        depth -= c == '}' || c == ']';
        l->at++;
    } while (!json_lex_end(l) && (depth > 0 || !memchr(",}]", json_lex_peek(l), 3)));
}

static bool key_is(const char *start, const char *key)
{
    uint32_t    c;
    const char *p = start + 1, *end = key + strlen(key);

    while ((c = take_from_string(&p)) != 0) {
        int len = key < end ? utf8_len(key, (size_t)(end - key)) : 0;
        if (len <= 0 || utf8_decode(key, len) != c)
            return false;
        key += len;
    }
    return key == end;
}

int json_find(struct span text, const char *key, size_t *key_at, size_t *value_at)
{
    struct json_lex l = { .text = text };

    json_lex_blanks(&l);
    if (json_lex_peek(&l) != '{')
        return -ENOENT;
    for (;;) {
        l.at++; /* the bracket, or a comma */
        json_lex_blanks(&l);
        size_t start = l.at;
        if (json_lex_peek(&l) != '"' || json_lex_string(&l) != 0)
            return -ENOENT;
        json_lex_blanks(&l);
        l.at++;
        json_lex_blanks(&l);
        if (key_is(text.data + start, key)) {
            *key_at = start;
            *value_at = l.at;
            return 0;
        }
        skip_value(&l);
        json_lex_blanks(&l);
        if (json_lex_peek(&l) != ',')
            return -ENOENT;
    }
}
