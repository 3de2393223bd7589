/*
 * spec-json.c - a spec that is a JSON object
 *
 * json_scan() finds what is wrong with the JSON; after it only the meaning can be. Keys are taken
 * in the order in which they stand, so the first mistake in the text is the one that is told.
 */
#include "parse.h"

#include <cjson/cJSON.h>
#include <errno.h>

#include "clustrixfs/json.h"

/* A key's name as it stands there, in quotes, for the sentences about its value. */
static int name_in_quotes(struct buf *out, const char *name)
{
    buf_add_char(out, '"');
    buf_add_str(out, shown(span_str(name)).text);
    return buf_add_char(out, '"');
}

static int take_member(struct parse *p, const struct cJSON *item)
{
    _cleanup_(bufp) struct buf name = BUF_INIT;
    const struct key *key = key_named(span_str(item->string));
    size_t value_at;
    int r;

    r = json_find(p->text, item->string, &p->at, &value_at);
    if (r < 0)
        return r;
    if (!key)
        return key_unknown(p, span_str(item->string));
    r = name_in_quotes(&name, item->string);
    if (r < 0)
        return r;
    p->what = name.data;
    r = parse_claim(p, key_of(key));
    if (r < 0)
        return r;
    p->at = value_at;
    return key->kind->json(p, key, item);
}

static int check_command(struct parse *p)
{
    bool command = p->spec->given & KEY_BIT(KEY_COMMAND);
    bool script = p->spec->given & KEY_BIT(KEY_SCRIPT);

    p->at = AT_WHOLE;
    if (command && script)
        return parse_fail(p, "there is a \"command\" and a \"script\"; keep one of them");
    if (!command && !script)
        return parse_fail(p, "there is nothing to run: add \"command\", for example "
                             "\"command\": \"hostname\", or \"script\"");
    return 0;
}

/*
 * The directives in the text of "script" count as in a script of its own; where the object says
 * the same thing, the object does. Places in their sentences are lines of that text.
 */
static int embedded_directives(struct parse *p)
{
    struct span document = p->text;
    size_t key_at, value_at;
    unsigned line, column;
    int r = json_find(document, "script", &key_at, &value_at);

    if (r < 0)
        return r;
    p->text = (struct span){ p->spec->script, p->spec->script_len };
    p->within = "\"script\", ";
    r = script_directives(p);
    json_place(p->text, p->at, &line, &column);
    p->text = document;
    p->line = 0;
    p->at = value_at;
    if (r == -EINVAL)
        error_prefix(p->e, r, "\"script\", its line %u, column %u: ", line, column);
    return r;
}

int json_read(struct parse *p)
{
    _cleanup_(jsonp) struct cJSON *root = NULL;
    const struct cJSON *item;
    int r = json_scan(p->text, &p->at, p->e);

    if (r != 0)
        return r == JSON_E_INCOMPLETE ? SPEC_E_INCOMPLETE : r;
    root = json_parse(p->text);
    if (!root)
        return -ENOMEM;
    p->voice = VOICE_JSON;
    cJSON_ArrayForEach (item, root) {
        r = take_member(p, item);
        if (r < 0)
            return r;
    }
    r = check_command(p);
    return r < 0 || !p->spec->script ? r : embedded_directives(p);
}
