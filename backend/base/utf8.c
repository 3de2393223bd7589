/*
 * utf8.c - one character at a time
 *
 * What the first byte allows the second one to be rules out overlong forms, surrogates and numbers
 * above U+10FFFF (table 3-7 of the Unicode standard), so there is nothing to check afterwards.
 */
#include "clustrixfs/utf8.h"

#include "clustrixfs/base.h"

static const struct {
    unsigned char first_least, first_most, second_least, second_most;
    int           len;
} forms[] = {
    { 0x00, 0x7f, 0, 0, 1 },       { 0xc2, 0xdf, 0x80, 0xbf, 2 }, { 0xe0, 0xe0, 0xa0, 0xbf, 3 },
    { 0xe1, 0xec, 0x80, 0xbf, 3 }, { 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 },
    { 0xf0, 0xf0, 0x90, 0xbf, 4 }, { 0xf1, 0xf3, 0x80, 0xbf, 4 }, { 0xf4, 0xf4, 0x80, 0x8f, 4 },
};

int utf8_len(const char *p, size_t len)
{
    const unsigned char *s = (const unsigned char *)p;
    size_t               f = 0;

    if (s[0] < 0x80)
        return 1;
    while (f < ARRAY_SIZE(forms) && (s[0] < forms[f].first_least || s[0] > forms[f].first_most))
        f++;
    if (f == ARRAY_SIZE(forms))
        return UTF8_WRONG;
    if (len > 1 && (s[1] < forms[f].second_least || s[1] > forms[f].second_most))
        return UTF8_WRONG;
    for (int i = 2; i < forms[f].len && (size_t)i < len; i++)
        if ((s[i] & 0xc0) != 0x80)
            return UTF8_WRONG;
    return len < (size_t)forms[f].len ? UTF8_CUT : forms[f].len;
}

uint32_t utf8_decode(const char *p, int len)
{
    static const unsigned char lead_bits[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
    uint32_t                   c = (unsigned char)p[0] & lead_bits[len];

    for (int i = 1; i < len; i++)
        c = c << 6 | ((unsigned char)p[i] & 0x3f);
    return c;
}
