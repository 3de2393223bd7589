/*
 * spec-command.c - the keys that say what runs: command, script, and its standard input
 *
 * `command` and `script` exclude each other; that one of them is there is checked at the end of
 * the object (spec-json.c). A script form has neither key: it is the script.
 */
#include "parse.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <string.h>

#define FILE_PREFIX "file:"

static bool is_blank(const char *s)
{
    return s[strspn(s, " \t\r\n")] == '\0';
}

static int command_array(struct parse *p, const struct key *key, const struct cJSON *j)
{
    const struct cJSON *item;
    int r;

    cJSON_ArrayForEach (item, j) {
        if (!cJSON_IsString(item))
            return key_wants(p, key);
        r = strv_add(&p->spec->argv, item->valuestring);
        if (r < 0)
            return r;
    }
    if (p->spec->argv.n == 0)
        return parse_fail(p, "%s is an empty array: its first string is the program to run",
                          p->what);
    if (p->spec->argv.v[0][0] == '\0')
        return parse_fail(p, "%s: its first string is the program to run and cannot be empty",
                          p->what);
    return 0;
}

static int command_json(struct parse *p, const struct key *key, const struct cJSON *j)
{
    if (cJSON_IsArray(j))
        return command_array(p, key, j);
    if (!cJSON_IsString(j))
        return key_wants(p, key);
    if (is_blank(j->valuestring))
        return parse_fail(p, "%s is empty: write what to run, for example \"make -j4\"", p->what);
    return set_string(&p->spec->command, span_str(j->valuestring));
}

static bool check_file(struct span name)
{
    return check_name(name) && !span_starts(name, "-");
}

static int script_json(struct parse *p, const struct key *key, const struct cJSON *j)
{
    struct span text = span_str(cJSON_IsString(j) ? j->valuestring : NULL);
    size_t at;

    if (span_starts(text, FILE_PREFIX)) {
        struct span name = span_from(text, strlen(FILE_PREFIX));
        return check_file(name) ? set_string(&p->spec->script_file, name) : key_wants(p, key);
    }
    if (!span_starts(text, "#!"))
        return key_wants(p, key);
    if (script_scan(text, &at, p->e) < 0)
        return error_prefix(p->e, -EINVAL, "%s: ", p->what);
    if (!script_has_command(text))
        return parse_fail(p, "%s has no command, only comments and empty lines", p->what);
    p->spec->script_len = text.len;
    return set_string(&p->spec->script, text);
}

static int stdin_text(struct parse *p, unused_arg const struct key *key, struct span text)
{
    p->spec->input_len = text.len;
    return set_string(&p->spec->input, text);
}

static int stdin_json(struct parse *p, const struct key *key, const struct cJSON *j)
{
    return cJSON_IsString(j) ? stdin_text(p, key, span_str(j->valuestring)) : key_wants(p, key);
}

const struct kind kind_command = { .json = command_json };
const struct kind kind_script = { .json = script_json };
const struct kind kind_stdin = { stdin_json, stdin_text };
