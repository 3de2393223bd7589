/*
 * spec-lists.c - keys whose value is several things
 *
 * In JSON an array (or one string, where that can only be a list of one); in a script the items
 * stand between commas, and each further directive adds to what is there.
 */
#include "parse.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Each new one is compared with those before it. */
#define ENV_MAX 4096

static int list_add(struct parse *p, const struct key *key, struct span item)
{
    if (item.len == 0 || (key->check && !key->check(item)))
        return key_wants(p, key);
    return strv_add_span(key_field(p, key), item);
}

/* An array of strings, each to `add`. */
static int each_string(struct parse *p, const struct key *key, const struct cJSON *j,
                       int (*add)(struct parse *p, const struct key *key, struct span item))
{
    const struct cJSON *item;
    int r = 0;

    if (!cJSON_IsArray(j))
        return key_wants(p, key);
    cJSON_ArrayForEach (item, j) {
        r = cJSON_IsString(item) ? add(p, key, span_str(item->valuestring)) : key_wants(p, key);
        if (r < 0)
            return r;
    }
    return r;
}

static int each_comma(struct parse *p, const struct key *key, struct span text,
                      int (*add)(struct parse *p, const struct key *key, struct span item))
{
    struct span item;
    int r = 0;

    while (r == 0 && span_cut(&text, ',', &item))
        r = add(p, key, span_trim(item));
    return r;
}

static int list_json(struct parse *p, const struct key *key, const struct cJSON *j)
{
    if (cJSON_IsString(j))
        return list_add(p, key, span_str(j->valuestring));
    return each_string(p, key, j, list_add);
}

static int list_text(struct parse *p, const struct key *key, struct span text)
{
    return each_comma(p, key, text, list_add);
}

/* Arguments may be empty; and a single string is refused, since it might be meant to be split. */
static int args_add(struct parse *p, const struct key *key, struct span item)
{
    return strv_add_span(key_field(p, key), item);
}

static int args_json(struct parse *p, const struct key *key, const struct cJSON *j)
{
    return each_string(p, key, j, args_add);
}

static int args_text(struct parse *p, const struct key *key, struct span text)
{
    return each_comma(p, key, text, args_add);
}

int env_add(struct parse *p, struct span name, struct span value)
{
    struct spec *spec = p->spec;
    struct spec_pair *pair;
    int r;

    if (spec->n_env == ENV_MAX)
        return parse_fail(p, "%s has more than %d variables", p->what, ENV_MAX);
    if (!check_env_name(name))
        return parse_fail(p,
                          "%s: \"%s\" is no name of a variable (letters, digits and \"_\", the "
                          "first one no digit)",
                          p->what, shown(name).text);
    for (size_t i = 0; i < spec->n_env; i++)
        if (span_is(name, spec->env[i].key))
            return parse_fail(p, "%s: the variable %s is given twice; keep one of them", p->what,
                              shown(name).text);
    r = grow(&spec->env, spec->n_env, sizeof(*spec->env));
    if (r < 0)
        return r;
    pair = &spec->env[spec->n_env++];
    *pair = (struct spec_pair){ .key = span_dup(name), .value = span_dup(value) };
    return pair->key && pair->value ? 0 : -ENOMEM;
}

static int env_json(struct parse *p, const struct key *key, const struct cJSON *j)
{
    const struct cJSON *item;
    int r;

    if (!cJSON_IsObject(j))
        return key_wants(p, key);
    cJSON_ArrayForEach (item, j) {
        if (!cJSON_IsString(item))
            return key_wants(p, key);
        r = env_add(p, span_str(item->string), span_str(item->valuestring));
        if (r < 0)
            return r;
    }
    return 0;
}

static int env_member(struct parse *p, unused_arg const struct key *key, struct span name,
                      struct span value)
{
    return env_add(p, name, value);
}

/* env=NAME=VALUE, as well as env.NAME=VALUE. */
static int env_text(struct parse *p, const struct key *key, struct span text)
{
    const char *equals = memchr(text.data, '=', text.len);
    size_t len = equals ? (size_t)(equals - text.data) : 0;

    if (!equals)
        return parse_fail(p, "%s has to be NAME=VALUE, for example env.OMP_NUM_THREADS=4", p->what);
    return env_member(p, key, (struct span){ text.data, len }, span_from(text, len + 1));
}

/* A glob stays inside of the job's directory: the way out is not for a pattern to find. */
static bool glob_stays_inside(struct span glob)
{
    struct span rest = glob, part;

    if (glob.len == 0 || glob.data[0] == '/' || has_control(glob))
        return false;
    while (span_cut(&rest, '/', &part))
        if (span_is(part, ".."))
            return false;
    return true;
}

static int output_add_to(struct parse *p, const struct key *key, struct span glob, struct span to)
{
    struct spec *spec = p->spec;
    struct spec_output *output;
    int r;

    if (!glob_stays_inside(glob) || has_control(to))
        return key_wants(p, key);
    if (to.len && to.data[0] != '/' && !(to.len > 1 && to.data[0] == '~' && to.data[1] == '/'))
        return parse_fail(p, "%s: \"to\" is a directory of this machine: it begins with / or ~/",
                          p->what);
    r = grow(&spec->outputs, spec->n_outputs, sizeof(*spec->outputs));
    if (r < 0)
        return r;
    output = &spec->outputs[spec->n_outputs++];
    *output = (struct spec_output){ .glob = span_dup(glob) };
    if (to.len > 0)
        output->to = span_dup(to);
    return output->glob && (output->to || to.len == 0) ? 0 : -ENOMEM;
}

static int output_add(struct parse *p, const struct key *key, struct span glob)
{
    return output_add_to(p, key, glob, (struct span){ NULL, 0 });
}

/* {"glob": ..., "to": ...}: both strings that are not empty, "to" may be left out. */
static int output_object(struct parse *p, const struct key *key, const struct cJSON *j)
{
    struct span glob = { NULL, 0 }, to = { NULL, 0 };
    const struct cJSON *item;

    cJSON_ArrayForEach (item, j) {
        bool is_to = strcmp(item->string, "to") == 0;
        if (!is_to && strcmp(item->string, "glob") != 0)
            return parse_fail(p, "%s: \"%s\" is not a key here: there are \"glob\" and \"to\"",
                              p->what, shown(span_str(item->string)).text);
        if (!cJSON_IsString(item) || !item->valuestring[0])
            return key_wants(p, key);
        *(is_to ? &to : &glob) = span_str(item->valuestring);
    }
    return output_add_to(p, key, glob, to);
}

static int outputs_json(struct parse *p, const struct key *key, const struct cJSON *j)
{
    const struct cJSON *item;
    int r;

    if (cJSON_IsString(j))
        return output_add(p, key, span_str(j->valuestring));
    if (!cJSON_IsArray(j))
        return key_wants(p, key);
    cJSON_ArrayForEach (item, j) {
        if (cJSON_IsObject(item))
            r = output_object(p, key, item);
        else if (cJSON_IsString(item))
            r = output_add(p, key, span_str(item->valuestring));
        else
            r = key_wants(p, key);
        if (r < 0)
            return r;
    }
    return 0;
}

static int outputs_text(struct parse *p, const struct key *key, struct span text)
{
    return each_comma(p, key, text, output_add);
}

int native_add(struct parse *p, enum spec_language language, struct span option)
{
    struct spec *spec = p->spec;
    struct spec_native *native;
    int r = grow(&spec->native, spec->n_native, sizeof(*spec->native));

    if (r < 0)
        return r;
    native = &spec->native[spec->n_native++];
    *native = (struct spec_native){ .language = language, .option = span_dup(option) };
    p->spec->given |= KEY_BIT(KEY_NATIVE);
    return native->option ? 0 : -ENOMEM;
}

/* No line breaks: each option becomes a line of directives, and may not become two. */
static int native_text(struct parse *p, const struct key *key, struct span text)
{
    if (text.len == 0 || has_control(text))
        return key_wants(p, key);
    return native_add(p, LANG_ANY, text);
}

static int native_json(struct parse *p, const struct key *key, const struct cJSON *j)
{
    if (cJSON_IsString(j))
        return native_text(p, key, span_str(j->valuestring));
    return each_string(p, key, j, native_text);
}

const struct kind kind_args = { args_json, args_text, .adds = true };
const struct kind kind_list = { list_json, list_text, .adds = true };
/* Commands hold commas: one a directive. */
const struct kind kind_lines = { list_json, list_add, .adds = true };
const struct kind kind_env = { env_json, env_text, env_member, .adds = true };
const struct kind kind_outputs = { outputs_json, outputs_text, .adds = true };
const struct kind kind_native = { native_json, native_text, .adds = true };
