/*
 * json-lex.c - the blanks, words, numbers and strings of a JSON text
 *
 * Stricter than RFC 8259 in three places, all of them where a reader would get something else than
 * the writer meant: integers that a double cannot hold, halves of surrogate pairs, and U+0000.
 */
#include "json-lex.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clustrixfs/utf8.h"

#define NUMBER_MAX 63              /* cJSON reads no more characters than that        */
#define EXACT_MAX 9007199254740991 /* from 2^53 on, not every integer is its own double */

/*
 * What can be wrong.
 */
int json_lex_wrong(struct json_lex *l, size_t at, const char *fmt, ...)
{
    char    text[ERROR_TEXT_MAX];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    l->at = at;
    return error_set(l->e, -EINVAL, "%s", text);
}

static int not_finished(struct json_lex *l, const char *missing)
{
    l->at = l->text.len;
    return error_set(l->e, JSON_E_INCOMPLETE, "the JSON text is not finished: %s is missing",
                     missing);
}

bool json_lex_end(const struct json_lex *l)
{
    return l->at == l->text.len;
}

char json_lex_peek(const struct json_lex *l)
{
    return json_lex_end(l) ? '\0' : l->text.data[l->at];
}

/* Mistakes that people make often get their own advice. */
static const char *advice_for(const char *what, char found)
{
    static const struct {
        const char *what; /* how what was expected begins */
        char        found;
        const char *advice;
    } table[] = {
        { "a ", '\'', "; strings stand in double quotes" },
        { "a ", ',', "; there is a comma too many" },
        { "a ", '}', "; is there a comma too many before it?" },
        { "a ", ']', "; is there a comma too many before it?" },
        { "a ", 'T', "; true and false are written in small letters" },
        { "a ", 'F', "; true and false are written in small letters" },
        { "a ", 'N', "; nothing is written null" },
        { "a ", '\xef', "; save it as UTF-8 without a byte order mark" },
        { "','", '"', "; is there a comma missing before it?" },
        { "", '/', "; JSON has no comments" },
        { "", '#', "; JSON has no comments" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(table); i++)
        if (table[i].found == found && strncmp(what, table[i].what, strlen(table[i].what)) == 0)
            return table[i].advice;
    return "";
}

int json_lex_expected(struct json_lex *l, const char *what)
{
    char c = json_lex_peek(l);

    if (json_lex_end(l))
        return not_finished(l, what);
    if (c > 0x20 && c < 0x7f)
        return json_lex_wrong(l, l->at, "expected %s, found '%c'%s", what, c,
                              advice_for(what, c));
    return json_lex_wrong(l, l->at, "expected %s, found the byte 0x%02x%s", what, (unsigned char)c,
                          advice_for(what, c));
}

/*
 * Blanks, words and numbers.
 */
void json_lex_blanks(struct json_lex *l)
{
    while (!json_lex_end(l) && memchr(" \t\r\n", json_lex_peek(l), 4))
        l->at++;
}

int json_lex_word(struct json_lex *l)
{
    static const char *const words[] = { "true", "false", "null" };
    size_t                   left = l->text.len - l->at;

    if (left == 0)
        return json_lex_expected(l, "a value");
    for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
        size_t len = strlen(words[i]);
        size_t have = left < len ? left : len;
        if (memcmp(l->text.data + l->at, words[i], have) == 0) {
            l->at += have;
            return have < len ? not_finished(l, "the rest of a word") : 0;
        }
    }
    return json_lex_expected(l, "a value");
}

static int scan_digits(struct json_lex *l)
{
    if (!isdigit((unsigned char)json_lex_peek(l)))
        return json_lex_expected(l, "a digit");
    while (isdigit((unsigned char)json_lex_peek(l)))
        l->at++;
    return 0;
}

static int scan_fraction_and_exponent(struct json_lex *l)
{
    int r = 0;

    if (json_lex_peek(l) == '.') {
        l->at++;
        r = scan_digits(l);
    }
    if (r == 0 && (json_lex_peek(l) == 'e' || json_lex_peek(l) == 'E')) {
        l->at++;
        if (json_lex_peek(l) == '+' || json_lex_peek(l) == '-')
            l->at++;
        r = scan_digits(l);
    }
    return r;
}

/* Can a double hold it? A fraction may be rounded, an integer must not be. */
static int check_number(struct json_lex *l, size_t start, bool integer)
{
    char   text[NUMBER_MAX + 1];
    size_t len = l->at - start;

    if (len > NUMBER_MAX)
        return json_lex_wrong(l, start, "a number has %d characters at most", NUMBER_MAX);
    memcpy(text, l->text.data + start, len);
    text[len] = '\0';
    double value = strtod(text, NULL);
    if (integer && (value > EXACT_MAX || value < -(double)EXACT_MAX))
        return json_lex_wrong(l, start, "the number %s is too large to be exact", text);
    if (__builtin_isinf(value))
        return json_lex_wrong(l, start, "the number %s is too large", text);
    return 0;
}

int json_lex_number(struct json_lex *l)
{
    size_t start = l->at;
    int    r;

    if (json_lex_peek(l) == '-')
        l->at++;
    size_t first = l->at;
    if ((r = scan_digits(l)) != 0)
        return r;
    if (l->text.data[first] == '0' && l->at - first > 1)
        return json_lex_wrong(l, first, "a number does not start with 0");
    size_t digits_end = l->at;
    if ((r = scan_fraction_and_exponent(l)) != 0)
        return r;
    return check_number(l, start, l->at == digits_end);
}

/*
 * Strings.
 */
static int hex_value(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char       *at = c ? strchr(digits, tolower((unsigned char)c)) : NULL;

    return at ? (int)(at - digits) : -1;
}

/* The four digits at l->at. */
static int scan_hex(struct json_lex *l, unsigned *value)
{
    *value = 0;
    for (int i = 0; i < 4; i++, l->at++) {
        if (hex_value(json_lex_peek(l)) < 0)
            return json_lex_expected(l, "four hexadecimal digits after \\u");
        *value = *value << 4 | (unsigned)hex_value(json_lex_peek(l));
    }
    return 0;
}

static int half_a_pair(struct json_lex *l, size_t start)
{
    return json_lex_wrong(l, start, "\\u with one half of a surrogate pair only");
}

/* After the first half of a pair: the other one. */
static int scan_low_surrogate(struct json_lex *l, size_t start)
{
    unsigned low;
    int      r;

    for (const char *p = "\\u"; *p; p++, l->at++) {
        if (json_lex_end(l))
            return not_finished(l, "the closing quote of a string");
        if (json_lex_peek(l) != *p)
            return half_a_pair(l, start);
    }
    if ((r = scan_hex(l, &low)) != 0)
        return r;
    if (low < 0xdc00 || low > 0xdfff)
        return half_a_pair(l, start);
    return 0;
}

static int scan_unicode_escape(struct json_lex *l, size_t start)
{
    unsigned value;
    int      r;

    l->at++;
    if ((r = scan_hex(l, &value)) != 0)
        return r;
    if (value == 0)
        return json_lex_wrong(l, start, "\\u0000 cannot be part of a text");
    if (value >= 0xdc00 && value <= 0xdfff)
        return half_a_pair(l, start);
    return value >= 0xd800 && value <= 0xdbff ? scan_low_surrogate(l, start) : 0;
}

static int scan_escape(struct json_lex *l)
{
    size_t start = l->at++;

    if (json_lex_end(l))
        return not_finished(l, "the closing quote of a string");
    if (json_lex_peek(l) == 'u')
        return scan_unicode_escape(l, start);
    if (!memchr("\"\\/bfnrt", json_lex_peek(l), 8))
        return json_lex_wrong(l, start, "unknown escape; a backslash itself is written \\\\");
    l->at++;
    return 0;
}

static int scan_character(struct json_lex *l)
{
    unsigned char c = (unsigned char)json_lex_peek(l);

    if (c < 0x20)
        return json_lex_wrong(l, l->at,
                              "a string holds the byte 0x%02x; a line break is written \\n", c);
    int len = utf8_len(l->text.data + l->at, l->text.len - l->at);
    if (len == UTF8_WRONG)
        return json_lex_wrong(l, l->at, "a string is not valid UTF-8 at the byte 0x%02x", c);
    if (len == UTF8_CUT)
        return not_finished(l, "the closing quote of a string");
    l->at += (size_t)len;
    return 0;
}

int json_lex_string(struct json_lex *l)
{
    int r = 0;

    l->at++;
    while (r == 0 && !json_lex_end(l) && json_lex_peek(l) != '"')
        r = json_lex_peek(l) == '\\' ? scan_escape(l) : scan_character(l);
    if (r != 0)
        return r;
    if (json_lex_end(l))
        return not_finished(l, "the closing quote of a string");
    l->at++;
    return 0;
}
