/*
 * batch-options.c - native options of a qsub
 *
 * The first word that is no option is the script to qsub, and what comes after it are the script's
 * arguments. So of a native option it has to be known how many words belong to it; what is not
 * known is refused.
 */
#include <errno.h>
#include <string.h>

#include "batch.h"
#include "lines.h"

static const struct batch_option *option_named(const struct batch_option *options,
                                               const char *name)
{
    for (; options->name; options++)
        if (strcmp(options->name, name) == 0)
            return options;
    return NULL;
}

static int cut_words(const char *text, struct strv *words)
{
    struct span rest = span_str(text);

    for (;;) {
        _cleanup_(bufp) struct buf word = BUF_INIT;
        int                        r;

        if (!span_next_quoted(&rest, &word))
            return 0;
        r = strv_add_span(words, buf_span(&word));
        if (r < 0)
            return r;
    }
}

static int add_native(const struct batch_option *options, const char *who, const char *text,
                      struct strv *out, struct error *e)
{
    _cleanup_(strvp) struct strv words = STRV_INIT;
    const struct batch_option   *o;
    int                          r = cut_words(text, &words);

    if (r < 0)
        return r;
    o = words.n > 0 ? option_named(options, words.v[0]) : NULL;
    if (!o || words.n != o->takes + 1)
        return error_set(e, -EINVAL, "native: %.80s is not one option of qsub; write each as a "
                         "string of its own, for example \"-l scratch=1G\"", text);
    if (o->instead)
        return error_set(e, -EINVAL, "native: %s cannot be passed to %s: %s", o->name, who,
                         o->instead);
    for (size_t i = 0; r == 0 && i < words.n; i++)
        r = strv_add(out, words.v[i]);
    return r;
}

int batch_natives(const struct spec *spec, enum spec_language language,
                  const struct batch_option *options, const char *who, struct strv *out,
                  struct error *e)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < spec->n_native; i++) {
        const struct spec_native *n = &spec->native[i];

        if (n->language == LANG_ANY || n->language == language)
            r = add_native(options, who, n->option, out, e);
    }
    return r;
}
