/*
 * parse.c - sentences with a place, and the small tools of the spec parser
 *
 * A sentence is written without its place: whoever calls the parser puts "line L, column C: " in
 * front, out of `at`, so that no two of them can look different.
 */
#include "parse.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clustrixfs/json.h"
#include "clustrixfs/utf8.h"

#define WARNINGS_MAX 100

int parse_fail(struct parse *p, const char *fmt, ...)
{
    char sentence[ERROR_TEXT_MAX];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(sentence, sizeof(sentence), fmt, ap);
    va_end(ap);
    return error_set(p->e, -EINVAL, "%s", sentence);
}

static unsigned line_at(const struct parse *p)
{
    unsigned line, column;

    if (p->line)
        return p->line;
    json_place(p->text, p->at, &line, &column);
    return line;
}

int parse_warn(struct parse *p, const char *fmt, ...)
{
    char sentence[ERROR_TEXT_MAX];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(sentence, sizeof(sentence), fmt, ap);
    va_end(ap);
    if (p->spec->warnings.n > WARNINGS_MAX)
        return 0;
    if (p->spec->warnings.n == WARNINGS_MAX)
        return strv_add(&p->spec->warnings, "there are more warnings than these");
    return strv_printf(&p->spec->warnings, "%sline %u: %s", p->within, line_at(p), sentence);
}

int parse_claim(struct parse *p, enum spec_key key)
{
    struct said *said = &p->said[key];
    bool adds = spec_keys[key].kind->adds && p->voice != VOICE_JSON;
    int r = 0;

    if (!adds && said->voice > p->voice) {
        r = parse_warn(p, "%s has no effect: \"%s\" is given by %s", p->what, spec_keys[key].name,
                       said->voice == VOICE_JSON ? "the JSON object" : "a #CLUSTRIX line");
        return r < 0 ? r : PARSE_E_SKIP;
    }
    if (!adds && said->voice == p->voice) {
        if (p->voice != VOICE_FOREIGN)
            return parse_fail(p,
                              "%s is given twice: line %u gives \"%s\" already; keep one of them",
                              p->what, said->line, spec_keys[key].name);
        if (said->at != p->at)
            r = parse_warn(p, "%s replaces what line %u says", p->what, said->line);
    }
    if (r < 0)
        return r;
    *said = (struct said){ .voice = p->voice, .line = line_at(p), .at = p->at };
    p->spec->given |= KEY_BIT(key);
    return 0;
}

bool utf8_valid(struct span s)
{
    while (s.len > 0) {
        int n = utf8_len(s.data, s.len);
        if (n <= 0)
            return false;
        s = span_from(s, (size_t)n);
    }
    return true;
}

static bool is_control(char c)
{
    return (unsigned char)c < 0x20 || c == 0x7f;
}

bool has_control(struct span s)
{
    for (size_t i = 0; i < s.len; i++)
        if (is_control(s.data[i]))
            return true;
    return false;
}

struct shown shown(struct span s)
{
    static const char more[] = "...";
    struct shown out = { .text = "" };
    size_t len = 0;

    while (s.len > 0) {
        int valid = utf8_len(s.data, s.len);
        size_t n = valid > 0 ? (size_t)valid : 1;
        if (len + n >= sizeof(out.text) - sizeof(more)) {
            memcpy(out.text + len, more, sizeof(more));
            return out;
        }
        memcpy(out.text + len, valid <= 0 || is_control(s.data[0]) ? "?" : s.data, n);
        len += n;
        s = span_from(s, n);
    }
    return out;
}

int set_string(char **slot, struct span s)
{
    char *copy = span_dup(s);

    if (!copy)
        return -ENOMEM;
    free(*slot);
    *slot = copy;
    return 0;
}

int grow(void *array, size_t n, size_t size)
{
    void *old, *bigger;

    /* Full at 0, 1, 2, 4, 8, ... elements: then it doubles. */
    if (n & (n - 1))
        return 0;
    /* Copied as bytes: the caller's pointer has a type of its own. */
    memcpy(&old, array, sizeof(old));
    bigger = realloc(old, (n ? 2 * n : 1) * size);
    if (!bigger)
        return -ENOMEM;
    memcpy(array, &bigger, sizeof(bigger));
    return 0;
}

struct span span_from(struct span s, size_t start)
{
    return (struct span){ s.data + start, s.len - start };
}

struct span span_trim(struct span s)
{
    while (s.len > 0 && (s.data[0] == ' ' || s.data[0] == '\t'))
        s = span_from(s, 1);
    while (s.len > 0 && (s.data[s.len - 1] == ' ' || s.data[s.len - 1] == '\t'))
        s.len--;
    return s;
}

bool span_starts(struct span s, const char *prefix)
{
    size_t n = strlen(prefix);

    return s.len >= n && memcmp(s.data, prefix, n) == 0;
}

bool span_cut(struct span *rest, char separator, struct span *item)
{
    const char *end;

    if (!rest->data)
        return false;
    end = rest->len ? memchr(rest->data, separator, rest->len) : NULL;
    *item = (struct span){ rest->data, end ? (size_t)(end - rest->data) : rest->len };
    *rest = end ? span_from(*rest, item->len + 1) : (struct span){ NULL, 0 };
    return true;
}
