/*
 * error.c - writes the sentence for the person
 *
 * A sentence often quotes what somebody else wrote (a key, a file name, a scheduler's answer) and
 * ends up on a terminal and in line-based files. So whatever comes in, it stays one line without
 * control characters, and a cut never leaves half a UTF-8 character.
 */
#include "clustrixfs/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* How long the text is without a character that the cut at its end went through. */
static size_t whole_characters(const char *text, size_t len)
{
    size_t back = 0;

    while (back < 3 && back < len && (text[len - 1 - back] & 0xc0) == 0x80)
        back++;
    if (back == len)
        return len;

    unsigned char lead = (unsigned char)text[len - 1 - back];
    size_t        want = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : lead >= 0xc0 ? 1 : 0;
    return back < want ? len - 1 - back : len;
}

static void make_one_line(char *text)
{
    for (char *p = text; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            *p = '?';
}

/* `len` is what snprintf() returned for `text`, which holds ERROR_TEXT_MAX bytes. */
static void take(struct error *e, char *text, int len)
{
    if (len >= ERROR_TEXT_MAX)
        text[whole_characters(text, ERROR_TEXT_MAX - 1)] = '\0';
    make_one_line(text);
    memcpy(e->text, text, ERROR_TEXT_MAX);
}

int error_set(struct error *e, int code, const char *fmt, ...)
{
    char    text[ERROR_TEXT_MAX] = ""; /* apart from e: the arguments may point into it */
    va_list ap;

    if (!e)
        return code;
    va_start(ap, fmt);
    int len = vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    take(e, text, len);
    return code;
}

int error_prefix(struct error *e, int code, const char *fmt, ...)
{
    char    prefix[ERROR_TEXT_MAX] = "", text[ERROR_TEXT_MAX] = "";
    va_list ap;

    if (!e)
        return code;
    va_start(ap, fmt);
    int len = vsnprintf(prefix, sizeof(prefix), fmt, ap);
    va_end(ap);
    size_t used = strlen(prefix);
    memcpy(text, prefix, used);
    len += snprintf(text + used, sizeof(text) - used, "%s", e->text);
    take(e, text, len);
    return code;
}
