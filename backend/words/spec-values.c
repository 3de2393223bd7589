/*
 * spec-values.c - keys whose value is one thing: a string, a number, an amount, true or false
 *
 * Each kind reads text, and JSON by way of its text where that is the same. Bounds and wording
 * come from the key's row in spec-keys.c.
 */
#include "parse.h"

#include <cjson/cJSON.h>
#include <errno.h>

#include "clustrixfs/json.h"
#include "clustrixfs/units.h"

static int string_text(struct parse *p, const struct key *key, struct span text)
{
    if (text.len == 0 || (key->check && !key->check(text)))
        return key_wants(p, key);
    return set_string(key_field(p, key), text);
}

static int string_json(struct parse *p, const struct key *key, const struct cJSON *j)
{
    return cJSON_IsString(j) ? string_text(p, key, span_str(j->valuestring)) : key_wants(p, key);
}

/* Decimal digits with an optional minus. */
static int span_to_i64(struct span text, int64_t *out)
{
    bool minus = span_starts(text, "-");
    uint64_t n;
    int r;

    r = span_to_u64(span_from(text, minus), &n);
    if (r < 0)
        return r;
    if (n > INT64_MAX)
        return -ERANGE;
    *out = minus ? -(int64_t)n : (int64_t)n;
    return 0;
}

static int number_in_bounds(struct parse *p, const struct key *key, struct span text, int64_t *out)
{
    if (span_to_i64(text, out) < 0 || *out < key->least || *out > key->most)
        return key_wants(p, key);
    return 0;
}

static int count_text(struct parse *p, const struct key *key, struct span text)
{
    int64_t n = 0;
    int r = number_in_bounds(p, key, text, &n);

    if (r == 0)
        *(uint32_t *)key_field(p, key) = (uint32_t)n;
    return r;
}

static int count_json(struct parse *p, const struct key *key, const struct cJSON *j)
{
    int64_t n = 0;

    if (json_integer(j, key->least, key->most, &n) < 0)
        return key_wants(p, key);
    *(uint32_t *)key_field(p, key) = (uint32_t)n;
    return 0;
}

static int signed_text(struct parse *p, const struct key *key, struct span text)
{
    int64_t n = 0;
    int r = number_in_bounds(p, key, text, &n);

    if (r == 0)
        *(int32_t *)key_field(p, key) = (int32_t)n;
    return r;
}

static int signed_json(struct parse *p, const struct key *key, const struct cJSON *j)
{
    int64_t n = 0;

    if (json_integer(j, key->least, key->most, &n) < 0)
        return key_wants(p, key);
    *(int32_t *)key_field(p, key) = (int32_t)n;
    return 0;
}

/* A bare number is refused: it would be bytes to one reader and megabytes to the next. */
static int memory_text(struct parse *p, const struct key *key, struct span text)
{
    uint64_t *bytes = key_field(p, key);

    return units_memory(text, 0, bytes) < 0 || *bytes == 0 ? key_wants(p, key) : 0;
}

static int memory_json(struct parse *p, const struct key *key, const struct cJSON *j)
{
    return cJSON_IsString(j) ? memory_text(p, key, span_str(j->valuestring)) : key_wants(p, key);
}

static int time_text(struct parse *p, const struct key *key, struct span text)
{
    uint64_t *seconds = key_field(p, key);

    return units_time(text, UNITS_TIME_SECONDS, seconds) < 0 || *seconds == 0 ? key_wants(p, key)
                                                                              : 0;
}

static int time_json(struct parse *p, const struct key *key, const struct cJSON *j)
{
    int64_t seconds;

    if (cJSON_IsString(j))
        return time_text(p, key, span_str(j->valuestring));
    if (json_integer(j, 1, (int64_t)UNITS_TIME_MAX, &seconds) < 0)
        return key_wants(p, key);
    *(uint64_t *)key_field(p, key) = (uint64_t)seconds;
    return 0;
}

static int flag_text(struct parse *p, const struct key *key, struct span text)
{
    bool yes = span_is(text, "true") || span_is(text, "yes");

    if (!yes && !span_is(text, "false") && !span_is(text, "no"))
        return key_wants(p, key);
    *(bool *)key_field(p, key) = yes;
    return 0;
}

static int flag_json(struct parse *p, const struct key *key, const struct cJSON *j)
{
    if (!cJSON_IsBool(j))
        return key_wants(p, key);
    *(bool *)key_field(p, key) = cJSON_IsTrue(j);
    return 0;
}

const struct kind kind_string = { string_json, string_text };
const struct kind kind_count = { count_json, count_text };
const struct kind kind_signed = { signed_json, signed_text };
const struct kind kind_memory = { memory_json, memory_text };
const struct kind kind_time = { time_json, time_text };
const struct kind kind_flag = { flag_json, flag_text };
