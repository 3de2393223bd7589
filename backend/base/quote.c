/*
 * quote.c - words for a shell, the only place where they are quoted
 *
 * Between single quotes a shell gives no byte a meaning but the quote itself, which is written as
 * '\''. Words that no shell could take for anything else stay plain, for the sake of readers.
 */
#include "clustrixfs/quote.h"

#include <errno.h>
#include <string.h>

/*
 * No `=`: as the first word of a command NAME=VALUE would be an assignment. No `~`: at the start
 * of a word it is a home directory.
 */
static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
                            "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                            "0123456789_@%+:,./-";

/* As the first word of a command these are syntax. */
static const char *const reserved[] = {
    "case", "coproc", "do",   "done", "elif",   "else", "esac", "fi",    "for",
    "function", "if", "in", "select", "then", "time", "until", "while",
};

static bool is_reserved(struct span word)
{
    for (size_t i = 0; i < ARRAY_SIZE(reserved); i++)
        if (span_is(word, reserved[i]))
            return true;
    return false;
}

static bool is_plain(struct span word)
{
    for (size_t i = 0; i < word.len; i++)
        if (!memchr(plain, word.data[i], sizeof(plain) - 1))
            return false;
    return word.len > 0 && !is_reserved(word);
}

int quote_word(struct buf *out, struct span word)
{
    if (word.len > 0 && memchr(word.data, '\0', word.len))
        return -EINVAL; /* no program could be given such an argument */
    if (is_plain(word))
        return buf_add_span(out, word);

    buf_add_char(out, '\'');
    for (size_t i = 0; i < word.len; i++) {
        if (word.data[i] == '\'')
            buf_add_str(out, "'\\''");
        else
            buf_add_char(out, word.data[i]);
    }
    return buf_add_char(out, '\'');
}

int quote_argv(struct buf *out, const struct strv *argv)
{
    int r;

    for (size_t i = 0; i < argv->n; i++) {
        if (i > 0)
            buf_add_char(out, ' ');
        if ((r = quote_word(out, span_str(argv->v[i]))) < 0)
            return r;
    }
    return buf_error(out);
}
