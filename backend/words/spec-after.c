/*
 * spec-after.c - "after": which jobs must have ended first, and how
 *
 * A job is named by its number or its name. What stands there plainly must have completed; other
 * conditions are the members of an object, or `after.any=` in a script.
 */
#include "parse.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <string.h>

#include "clustrixfs/json.h"

#define JOB_NUMBER_MAX ((int64_t)(INT64_MAX >> 20)) /* what is left of a job_id by its element */

// clang-format off
static const struct { const char *name; enum after_when when; } conditions[] = {
    { "completed", AFTER_COMPLETED },
    { "any",       AFTER_ANY },
    { "failed",    AFTER_FAILED },
};
// clang-format on

int after_add(struct parse *p, enum after_when when, struct span job)
{
    struct spec *spec = p->spec;
    struct spec_after *after;
    int r;

    if (!check_name(job))
        return key_wants(p, &spec_keys[KEY_AFTER]);
    r = grow(&spec->after, spec->n_after, sizeof(*spec->after));
    if (r < 0)
        return r;
    after = &spec->after[spec->n_after++];
    *after = (struct spec_after){ .when = when, .job = span_dup(job) };
    return after->job ? 0 : -ENOMEM;
}

/* A number or a name. */
static int add_job(struct parse *p, enum after_when when, const struct cJSON *j)
{
    _cleanup_(bufp) struct buf digits = BUF_INIT;
    int64_t number;
    int r;

    if (cJSON_IsString(j))
        return after_add(p, when, span_str(j->valuestring));
    if (json_integer(j, 1, JOB_NUMBER_MAX, &number) < 0)
        return key_wants(p, &spec_keys[KEY_AFTER]);
    r = buf_printf(&digits, "%lld", (long long)number);
    return r < 0 ? r : after_add(p, when, buf_span(&digits));
}

/* One job or an array of them. */
static int add_jobs(struct parse *p, enum after_when when, const struct cJSON *j)
{
    const struct cJSON *item;
    int r = 0;

    if (!cJSON_IsArray(j))
        return add_job(p, when, j);
    cJSON_ArrayForEach (item, j) {
        r = add_job(p, when, item);
        if (r < 0)
            return r;
    }
    return r;
}

static int condition_named(struct parse *p, struct span name, enum after_when *when)
{
    for (size_t i = 0; i < ARRAY_SIZE(conditions); i++) {
        if (span_is(name, conditions[i].name)) {
            *when = conditions[i].when;
            return 0;
        }
    }
    return parse_fail(p, "%s: \"%s\" is no condition: there are \"completed\", \"any\" and "
                         "\"failed\"",
                      p->what, shown(name).text);
}

static int after_json(struct parse *p, unused_arg const struct key *key, const struct cJSON *j)
{
    const struct cJSON *item;
    enum after_when when = AFTER_COMPLETED;
    int r;

    if (!cJSON_IsObject(j))
        return add_jobs(p, AFTER_COMPLETED, j);
    cJSON_ArrayForEach (item, j) {
        r = condition_named(p, span_str(item->string), &when);
        if (r == 0)
            r = add_jobs(p, when, item);
        if (r < 0)
            return r;
    }
    return 0;
}

static int add_text(struct parse *p, enum after_when when, struct span text)
{
    struct span job;
    int r = 0;

    while (r == 0 && span_cut(&text, ',', &job))
        r = after_add(p, when, span_trim(job));
    return r;
}

static int after_text(struct parse *p, unused_arg const struct key *key, struct span text)
{
    return add_text(p, AFTER_COMPLETED, text);
}

static int after_member(struct parse *p, unused_arg const struct key *key, struct span name,
                        struct span text)
{
    enum after_when when = AFTER_COMPLETED;
    int r = condition_named(p, name, &when);

    return r < 0 ? r : add_text(p, when, text);
}

const struct kind kind_after = { after_json, after_text, after_member, .adds = true };
