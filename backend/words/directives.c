/*
 * directives.c - one line of directives: its words, its options, and what becomes of them
 *
 * A dialect is a table of options (directives-slurm.c and its siblings). An option either has a
 * reader, which sets keys of the spec, or is kept as it is written for the scheduler whose
 * language it is; one that the table does not know is kept too, with a warning.
 */
#include "parse.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "clustrixfs/nearest.h"

#define TABLE_MAX 160
#define OPTIONS_MAX 1000

/* The words of one line. `bytes` is reserved for all of them at once, so spans into it last. */
struct words {
    struct buf   bytes;
    struct word *v;
    size_t       n;
};

static void words_cleanup(struct words *w)
{
    buf_release(&w->bytes);
    free(w->v);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/*
 * Read one word that begins at rest[0], quotes and backslashes as in a shell. Returns how many
 * bytes of the line it takes, or 0 for a quote that is not closed.
 */
static size_t read_word(struct span rest, struct buf *out)
{
    char quote = '\0';
    size_t i = 0;

    for (; i < rest.len && (quote || !is_blank(rest.data[i])); i++) {
        char c = rest.data[i];
        if (c == quote) {
            quote = '\0';
        } else if (!quote && (c == '"' || c == '\'')) {
            quote = c;
        } else {
            bool escapes = c == '\\' && quote != '\'' && i + 1 < rest.len;
            buf_add_char(out, escapes ? rest.data[++i] : c);
        }
    }
    return quote ? 0 : i;
}

static int split_words(struct parse *p, struct span rest, struct words *words)
{
    size_t base = (size_t)(rest.data - p->text.data), i = 0;
    int r = buf_reserve(&words->bytes, rest.len);

    for (;;) {
        while (i < rest.len && is_blank(rest.data[i]))
            i++;
        if (r < 0 || i == rest.len || rest.data[i] == '#')
            return r;
        size_t start = words->bytes.len;
        size_t len = read_word(span_from(rest, i), &words->bytes);
        p->at = base + i;
        if (len == 0)
            return parse_fail(p, "a quote is opened here and not closed on this line");
        r = grow(&words->v, words->n, sizeof(*words->v));
        if (r < 0)
            return r;
        words->v[words->n++] = (struct word){
            .text = { words->bytes.data + start, words->bytes.len - start },
            .at = base + i,
            .end = base + i + len,
        };
        i += len;
    }
}

/* Finding out what an unknown one may mean takes a while: a hostile script could ask often. */
int count_option(struct parse *p)
{
    if (++p->n_options > OPTIONS_MAX)
        return parse_fail(p, "there are more than %d directives", OPTIONS_MAX);
    return 0;
}

/* Does `word` say this option, and with a value in the same word? */
static bool option_matches(const struct dialect *d, const struct option *o, struct span word,
                           struct span *value)
{
    const char *brief = o->brief ? o->brief : o->name;
    size_t len = strlen(o->name);

    *value = (struct span){ NULL, 0 };
    if (span_is(word, o->name) || span_is(word, brief))
        return true;
    if (span_starts(word, "--")) {
        if (!span_starts(word, o->name) || word.data[len] != '=')
            return false;
        *value = span_from(word, len + 1);
        return true;
    }
    if (!d->glues || strlen(brief) != 2 || o->takes != 1 || !span_starts(word, brief))
        return false;
    *value = span_from(word, 2);
    return true;
}

static const struct option *find_option(const struct dialect *d, struct span word,
                                        struct span *value)
{
    for (size_t i = 0; i < d->n; i++)
        if (option_matches(d, &d->options[i], word, value))
            return &d->options[i];
    return NULL;
}

/* Keep what stands between two places of the document. */
static int keep_native(struct parse *p, const struct dialect *d, size_t at, size_t end)
{
    return native_add(p, d->language, (struct span){ p->text.data + at, end - at });
}

/* With the words behind it that can only be its values. */
static int unknown_option(struct parse *p, const struct dialect *d, const struct words *words,
                          size_t *i)
{
    const char *names[TABLE_MAX], *nearest = NULL;
    const struct word *word = &words->v[(*i)++];
    size_t end = word->end, n = 0;
    struct span name = word->text, rest = name;
    int r;

    span_cut(&rest, '=', &name);
    for (; n < d->n && n < TABLE_MAX; n++)
        names[n] = d->options[n].name;
    if (name.len > 3)
        nearest = nearest_word(name, names, n);
    for (; *i < words->n && !span_starts(words->v[*i].text, "-"); (*i)++)
        end = words->v[*i].end;
    r = parse_warn(p, "%s is no option of %s that is known here%s%s%s; it is passed on as it is",
                   shown(name).text, d->program, nearest ? " (did you mean " : "",
                   nearest ? nearest : "", nearest ? "?)" : "");
    return r < 0 ? r : keep_native(p, d, word->at, end);
}

/* Find the values of an option: in its own word, or in those that follow. */
static int option_values(struct parse *p, const struct option *o, const struct words *words,
                         size_t *i, struct span in_word, struct word *one,
                         const struct word **values)
{
    const struct word *word = &words->v[(*i)++];
    size_t takes = o->takes > 0 ? (size_t)o->takes : 0;

    *values = NULL;
    if (in_word.data) {
        if (o->takes == 0)
            return parse_fail(p, "%s takes no value", p->what);
        *one = (struct word){ in_word, word->at + (size_t)(in_word.data - word->text.data),
                              word->end };
        *values = one;
    } else if (takes > 0) {
        if (words->n - *i < takes)
            return parse_fail(p, "%s needs a value", p->what);
        *values = &words->v[*i];
        *i += takes;
    }
    if (*values)
        p->at = (*values)->at;
    return 0;
}

static int take_option(struct parse *p, const struct dialect *d, const struct words *words,
                       size_t *i)
{
    const struct word *word = &words->v[*i], *values;
    const struct option *o;
    struct span in_word;
    struct word one;
    int r;

    p->at = word->at;
    r = count_option(p);
    if (r < 0)
        return r;
    if (word->text.len < 2 || word->text.data[0] != '-')
        return parse_fail(p, "\"%s\" is not an option: options begin with \"-\"",
                          shown(word->text).text);
    o = find_option(d, word->text, &in_word);
    if (!o)
        return unknown_option(p, d, words, i);
    p->what = o->brief && !span_starts(word->text, "--") ? o->brief : o->name;
    r = option_values(p, o, words, i, in_word, &one, &values);
    if (r < 0)
        return r;
    r = o->read ? o->read(p, o, values) : PARSE_E_NATIVE;
    if (r == PARSE_E_NATIVE)
        return keep_native(p, d, word->at, words->v[*i - 1].end);
    return r < 0 ? r : 0;
}

int directive_line(struct parse *p, const struct dialect *d, struct span line)
{
    _cleanup_(words) struct words words = { .bytes = BUF_INIT };
    size_t i = 0;
    int r = split_words(p, span_from(line, strlen(d->sign)), &words);

    while (r == 0 && i < words.n)
        r = take_option(p, d, &words, &i);
    return r;
}
