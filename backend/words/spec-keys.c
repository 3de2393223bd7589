/*
 * spec-keys.c - the keys of a spec, as a table
 *
 * One row a key: how its value is taken, where it goes, what is allowed, and how a sentence about
 * a wrong one ends. A new key is a row here, a bit in spec.h and an entry in contrib/schema.json.
 */
#include "parse.h"

#include <errno.h>
#include <string.h>

#include "clustrixfs/nearest.h"

#define COUNT_MAX 1000000
#define PRIORITY_MAX 1000000
#define RETRIES_MAX 100

#define COUNT_WANTS "a whole number from 1 to 1000000, for example 4"
#define FIELD(f) .field = offsetof(struct spec, f)

/* Goes into a scheduler's option or directive line, where a line break would start another one. */
static bool check_word(struct span s)
{
    return s.len > 0 && !has_control(s);
}

bool check_name(struct span s)
{
    return s.len > 0 && s.len <= 200 && !has_control(s) && !memchr(s.data, '/', s.len) &&
           !span_is(s, ".") && !span_is(s, "..");
}

static bool is_alnum(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool check_cluster(struct span s)
{
    if (s.len == 0 || s.len > 200 || !is_alnum(s.data[0]))
        return false;
    for (size_t i = 1; i < s.len; i++)
        if (!is_alnum(s.data[i]) && !strchr("._-", s.data[i]))
            return false;
    return true;
}

bool check_env_name(struct span s)
{
    if (s.len == 0 || (s.data[0] >= '0' && s.data[0] <= '9'))
        return false;
    for (size_t i = 0; i < s.len; i++)
        if (!is_alnum(s.data[i]) && s.data[i] != '_')
            return false;
    return true;
}

static bool check_absolute(struct span s)
{
    return check_word(s) && s.data[0] == '/';
}

static bool check_image(struct span s)
{
    return check_word(s) && !memchr(s.data, ' ', s.len) && s.data[0] != '-';
}

// clang-format off
const struct key spec_keys[SPEC_KEY_COUNT] = {
    [KEY_COMMAND] = { "command", &kind_command,
        .wants = "a string for /bin/sh or an array of strings, for example "
                 "\"make -j4\" or [\"make\", \"-j4\"]" },
    [KEY_SCRIPT] = { "script", &kind_script,
        .wants = "the text of a script that begins with a line like #!/bin/sh, or "
                 "\"file:NAME\" without \"/\" in NAME, for example \"file:run.sh\"" },
    [KEY_ARGS] = { "args", &kind_args, FIELD(args),
        .wants = "an array of strings, for example [\"--epochs\", \"3\"]" },
    [KEY_STDIN] = { "stdin", &kind_stdin,
        .wants = "a string, for example \"first line\\n\"" },
    [KEY_NAME] = { "name", &kind_string, FIELD(name), .check = check_name,
        .wants = "a string of 1 to 200 bytes without \"/\" and control characters, "
                 "for example \"train-3\"" },
    [KEY_CLUSTER] = { "cluster", &kind_string, FIELD(cluster), .check = check_cluster,
        .wants = "the name of a cluster (letters, digits, \".\", \"_\" and \"-\"), for "
                 "example \"local\"" },
    [KEY_CORES] = { "cores", &kind_count, FIELD(cores), 1, COUNT_MAX,
        .wants = COUNT_WANTS, .may_default = true },
    [KEY_NODES] = { "nodes", &kind_count, FIELD(nodes), 1, COUNT_MAX,
        .wants = COUNT_WANTS, .may_default = true },
    [KEY_TASKS] = { "tasks", &kind_count, FIELD(tasks), 1, COUNT_MAX,
        .wants = COUNT_WANTS, .may_default = true },
    [KEY_MEMORY] = { "memory", &kind_memory, FIELD(memory),
        .wants = "an amount of memory with its unit, for example \"4GB\" or \"512M\"",
        .may_default = true },
    [KEY_TIME] = { "time", &kind_time, FIELD(time_s),
        .wants = "a time above zero: seconds, or for example \"02:00:00\", \"90m\" or \"1-12:00\"",
        .may_default = true },
    [KEY_GPUS] = { "gpus", &kind_count, FIELD(gpus), 0, COUNT_MAX,
        .wants = "a whole number from 0 to 1000000, for example 1", .may_default = true },
    [KEY_PARTITION] = { "partition", &kind_string, FIELD(partition), .check = check_word,
        .wants = "a string on one line, for example \"batch\"", .may_default = true },
    [KEY_ACCOUNT] = { "account", &kind_string, FIELD(account), .check = check_word,
        .wants = "a string on one line, for example \"physics\"", .may_default = true },
    [KEY_QOS] = { "qos", &kind_string, FIELD(qos), .check = check_word,
        .wants = "a string on one line, for example \"high\"", .may_default = true },
    [KEY_PRIORITY] = { "priority", &kind_signed, FIELD(priority), -PRIORITY_MAX, PRIORITY_MAX,
        .wants = "a whole number from -1000000 to 1000000, for example 10", .may_default = true },
    [KEY_BEGIN] = { "begin", &kind_begin, FIELD(begin_s),
        .wants = "a time: seconds since 1970, \"2026-12-01T08:00\", \"18:30\" or \"+2h\"" },
    [KEY_EXCLUSIVE] = { "exclusive", &kind_flag, FIELD(exclusive),
        .wants = "true or false", .may_default = true },
    [KEY_CONSTRAINT] = { "constraint", &kind_string, FIELD(constraint), .check = check_word,
        .wants = "a string on one line, for example \"haswell\"", .may_default = true },
    [KEY_ARRAY] = { "array", &kind_array,
        .wants = "a string like \"0-99\", \"0-99%10\", \"1,5,9\" or \"0-10:2\"" },
    [KEY_AFTER] = { "after", &kind_after,
        .wants = "job numbers or names, for example 17, [\"prepare\", 18] or "
                 "{\"any\": [17], \"failed\": [18]}" },
    [KEY_ENV] = { "env", &kind_env,
        .wants = "an object of strings, for example {\"OMP_NUM_THREADS\": \"4\"}",
        .may_default = true },
    [KEY_MODULES] = { "modules", &kind_list, FIELD(modules), .check = check_word,
        .wants = "an array of strings, for example [\"gcc/12\", \"openmpi\"]",
        .may_default = true },
    [KEY_BEFORE] = { "before", &kind_lines, FIELD(before),
        .wants = "an array of shell commands, for example [\"source env.sh\"]",
        .may_default = true },
    [KEY_INPUTS] = { "inputs", &kind_list, FIELD(inputs), .check = check_word,
        .wants = "an array of paths or URLs, for example [\"data.csv\", \"/home/me/model\"]" },
    [KEY_OUTPUTS] = { "outputs", &kind_outputs,
        .wants = "an array of globs relative to the job's directory, for example [\"*.csv\"] or "
                 "[{\"glob\": \"*.csv\", \"to\": \"/home/me/results\"}]" },
    [KEY_WORKDIR] = { "workdir", &kind_string, FIELD(workdir), .check = check_absolute,
        .wants = "an absolute path, for example \"/scratch/me\"", .may_default = true },
    [KEY_IMAGE] = { "image", &kind_string, FIELD(image), .check = check_image,
        .wants = "the name of a container image, for example \"python:3.12\"",
        .may_default = true },
    [KEY_RETRIES] = { "retries", &kind_count, FIELD(retries), 0, RETRIES_MAX,
        .wants = "a whole number from 0 to 100, for example 2", .may_default = true },
    [KEY_NATIVE] = { "native", &kind_native,
        .wants = "an array of options, one string each, for example [\"--reservation=course\"]" },
};

/* Other names for the same, so that a Clustrix configuration carries over. */
static const struct { const char *name; enum spec_key key; } aliases[] = {
    { "queue",                  KEY_PARTITION },
    { "environment_variables",  KEY_ENV },
    { "module_loads",           KEY_MODULES },
    { "pre_execution_commands", KEY_BEFORE },
};
// clang-format on

#define DEFAULT_PREFIX "default_"

const char *spec_key_name(enum spec_key key)
{
    return key < SPEC_KEY_COUNT ? spec_keys[key].name : "";
}

enum spec_key key_of(const struct key *key)
{
    return (enum spec_key)(key - spec_keys);
}

static const struct key *plain_key_named(struct span name)
{
    for (size_t i = 0; i < SPEC_KEY_COUNT; i++)
        if (span_is(name, spec_keys[i].name))
            return &spec_keys[i];
    for (size_t i = 0; i < ARRAY_SIZE(aliases); i++)
        if (span_is(name, aliases[i].name))
            return &spec_keys[aliases[i].key];
    return NULL;
}

const struct key *key_named(struct span name)
{
    const struct key *key;

    if (!span_starts(name, DEFAULT_PREFIX))
        return plain_key_named(name);
    key = plain_key_named(span_from(name, strlen(DEFAULT_PREFIX)));
    return key && key->may_default ? key : NULL;
}

int key_unknown(struct parse *p, struct span name)
{
    const char *names[SPEC_KEY_COUNT + ARRAY_SIZE(aliases)];
    const char *nearest;
    size_t n = 0;

    for (size_t i = 0; i < SPEC_KEY_COUNT; i++)
        names[n++] = spec_keys[i].name;
    for (size_t i = 0; i < ARRAY_SIZE(aliases); i++)
        names[n++] = aliases[i].name;
    nearest = nearest_word(name, names, n);
    if (!nearest)
        return parse_fail(p, "\"%s\" is not a key", shown(name).text);
    return parse_fail(p, "\"%s\" is not a key (did you mean \"%s\"?)", shown(name).text, nearest);
}

int key_wants(struct parse *p, const struct key *key)
{
    return parse_fail(p, "%s has to be %s", p->what, key->wants);
}
