/*
 * spec.c - from bytes that may hold anything to a spec, or to a sentence
 *
 * The first bytes decide the form: "#!" is a script, "{" after blanks is a JSON object. Text that
 * could become either is incomplete, all else is refused at once. Every error leaves through
 * finish(), the one place that puts "line L, column C: " in front of a sentence.
 */
#include "parse.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "clustrixfs/json.h"

enum shape { SHAPE_OPEN, SHAPE_SCRIPT, SHAPE_JSON, SHAPE_NONE };

static enum shape shape_of(struct span text)
{
    size_t blanks = 0;

    if (span_starts(text, "#!"))
        return SHAPE_SCRIPT;
    if (span_is(text, "#"))
        return SHAPE_OPEN;
    while (blanks < text.len && text.data[blanks] && strchr(" \t\r\n", text.data[blanks]))
        blanks++;
    if (blanks == text.len)
        return SHAPE_OPEN;
    return text.data[blanks] == '{' ? SHAPE_JSON : SHAPE_NONE;
}

static int refuse_shape(struct span text, struct error *e)
{
    if (span_starts(text, "\xef\xbb\xbf"))
        return error_set(e, -EINVAL, "the text begins with a byte order mark; save it without "
                                     "one (\"UTF-8\", not \"UTF-8 with BOM\")");
    return error_set(e, -EINVAL, "this is neither a script, whose first two bytes are \"#!\" (as "
                                 "in #!/bin/sh), nor a JSON object, which begins with \"{\"");
}

/* Put the place in front of the sentence and into *at. */
static int finish(struct span text, size_t offset, int r, struct spec_place *at, struct error *e)
{
    struct spec_place place = { 0, 0 };

    if (r == -ENOMEM)
        error_set(e, r, "out of memory");
    if (offset != AT_WHOLE && (r == -EINVAL || r == SPEC_E_INCOMPLETE)) {
        json_place(text, offset, &place.line, &place.column);
        error_prefix(e, r, "line %u, column %u: ", place.line, place.column);
    }
    if (at)
        *at = place;
    return r;
}

static int too_big(struct span text, struct spec_place *at, struct error *e)
{
    error_set(e, -E2BIG, "a spec has 1 MiB (%d bytes) at most; bring data as \"inputs\"",
              SPEC_SIZE_MAX);
    return finish(text, AT_WHOLE, -E2BIG, at, e);
}

static int parse_shape(struct parse *p)
{
    switch (shape_of(p->text)) {
    case SHAPE_SCRIPT:
        p->spec->form = SPEC_SCRIPT;
        return script_read(p);
    case SHAPE_JSON:
        p->spec->form = SPEC_JSON;
        return json_read(p);
    case SHAPE_OPEN:
        p->at = AT_WHOLE;
        return error_set(p->e, SPEC_E_INCOMPLETE, "there is nothing in it yet");
    case SHAPE_NONE:
        break;
    }
    return refuse_shape(p->text, p->e);
}

int spec_parse(struct spec **sp, struct span text, int64_t now_s, struct spec_place *at,
               struct error *e)
{
    _cleanup_(specp) struct spec *spec = NULL;
    struct error unwanted = ERROR_INIT;
    struct parse p = { .text = text, .within = "", .now_s = now_s, .e = e ? e : &unwanted };
    int r;

    if (text.len > SPEC_SIZE_MAX)
        return too_big(text, at, e);
    spec = calloc(1, sizeof(*spec));
    p.spec = spec;
    r = spec ? parse_shape(&p) : -ENOMEM;
    r = finish(text, p.at, r, at, p.e);
    if (r == 0)
        *sp = STEAL(spec);
    return r;
}

int spec_scan(struct span text, struct spec_place *at, struct error *e)
{
    struct error unwanted = ERROR_INIT;
    size_t offset = 0;
    int r = 0;

    e = e ? e : &unwanted;
    if (text.len > SPEC_SIZE_MAX)
        return too_big(text, at, e);
    switch (shape_of(text)) {
    case SHAPE_SCRIPT:
        r = script_scan(text, &offset, e);
        break;
    case SHAPE_JSON:
        r = json_scan(text, &offset, e);
        break;
    case SHAPE_OPEN:
        break;
    case SHAPE_NONE:
        r = refuse_shape(text, e);
        break;
    }
    return r < 0 ? finish(text, offset, r, at, e) : 0;
}

static void free_lists(struct spec *spec)
{
    for (size_t i = 0; i < spec->n_after; i++)
        free(spec->after[i].job);
    for (size_t i = 0; i < spec->n_env; i++) {
        free(spec->env[i].key);
        free(spec->env[i].value);
    }
    for (size_t i = 0; i < spec->n_outputs; i++) {
        free(spec->outputs[i].glob);
        free(spec->outputs[i].to);
    }
    for (size_t i = 0; i < spec->n_native; i++)
        free(spec->native[i].option);
    free(spec->ranges);
    free(spec->after);
    free(spec->env);
    free(spec->outputs);
    free(spec->native);
}

void spec_free(struct spec *spec)
{
    if (!spec)
        return;
    char *const strings[] = {
        spec->command, spec->script,    spec->script_file, spec->input, spec->name,
        spec->cluster, spec->partition, spec->account,     spec->qos,   spec->constraint,
        spec->workdir, spec->image,
    };
    struct strv *const lists[] = {
        &spec->argv, &spec->args, &spec->modules, &spec->before, &spec->inputs, &spec->warnings,
    };

    for (size_t i = 0; i < ARRAY_SIZE(strings); i++)
        free(strings[i]);
    for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
        strv_release(lists[i]);
    free_lists(spec);
    free(spec);
}
