/*
 * spec-array.c - "0-99%10": which elements an array has
 *
 * The items are written out as numbers, sorted, and packed into ranges again. So they may come in
 * any order, and an element that is named twice is there once, as in Slurm. What is written out is
 * bounded before it is, so that a short text cannot ask for much work.
 */
#include "parse.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "clustrixfs/job.h"

#define ELEMENTS_MAX 100000

struct elements {
    uint32_t *v;
    size_t n, alloc;
};

static int cut_number(struct span *rest, uint64_t most, uint32_t *out)
{
    struct span digits = { rest->data, 0 };
    uint64_t n;

    while (digits.len < rest->len && rest->data[digits.len] >= '0' && rest->data[digits.len] <= '9')
        digits.len++;
    if (span_to_u64(digits, &n) < 0 || n > most)
        return -EINVAL;
    *rest = span_from(*rest, digits.len);
    *out = (uint32_t)n;
    return 0;
}

static bool cut_char(struct span *rest, char c)
{
    if (rest->len == 0 || rest->data[0] != c)
        return false;
    *rest = span_from(*rest, 1);
    return true;
}

/* "5", "0-9" or "0-9:2". */
static int parse_range(struct span item, struct spec_range *range)
{
    struct span rest = item;

    if (cut_number(&rest, JOB_INDEX_MAX, &range->first) < 0)
        return -EINVAL;
    range->last = range->first;
    range->step = 1;
    if (cut_char(&rest, '-')) {
        if (cut_number(&rest, JOB_INDEX_MAX, &range->last) < 0 || range->last < range->first)
            return -EINVAL;
        if (cut_char(&rest, ':') &&
            (cut_number(&rest, JOB_INDEX_MAX, &range->step) < 0 || range->step == 0))
            return -EINVAL;
    }
    return rest.len == 0 ? 0 : -EINVAL;
}

static uint32_t range_size(const struct spec_range *range)
{
    return (range->last - range->first) / range->step + 1;
}

static int write_out(struct parse *p, struct elements *elements, const struct spec_range *range)
{
    uint32_t size = range_size(range);

    if (size > ELEMENTS_MAX - elements->n)
        return parse_fail(p, "%s has more than %d elements; make several jobs of it", p->what,
                          ELEMENTS_MAX);
    if (elements->n + size > elements->alloc) {
        size_t alloc = 2 * (elements->n + size);
        uint32_t *v = reallocarray(elements->v, alloc, sizeof(*v));
        if (!v)
            return -ENOMEM;
        elements->v = v;
        elements->alloc = alloc;
    }
    for (uint32_t i = 0; i < size; i++)
        elements->v[elements->n++] = range->first + i * range->step;
    return 0;
}

static int compare_elements(const void *pa, const void *pb)
{
    uint32_t a = *(const uint32_t *)pa, b = *(const uint32_t *)pb;

    return (a > b) - (a < b);
}

static size_t sort_and_merge(struct elements *elements)
{
    size_t n = 0;

    qsort(elements->v, elements->n, sizeof(*elements->v), compare_elements);
    for (size_t i = 0; i < elements->n; i++)
        if (n == 0 || elements->v[n - 1] != elements->v[i])
            elements->v[n++] = elements->v[i];
    return n;
}

/* From v[0] on: as many as follow each other at the same distance. */
static size_t take_range(const uint32_t *v, size_t n, struct spec_range *range)
{
    size_t len = 1;

    *range = (struct spec_range){ v[0], v[0], 1 };
    if (n < 2)
        return len;
    uint32_t step = v[1] - v[0];
    while (len < n && v[len] - v[len - 1] == step)
        len++;
    /* Two that are apart may each belong better with what is beside them. */
    if (len == 2 && step != 1)
        return 1;
    range->last = v[len - 1];
    range->step = step;
    return len;
}

static int pack(struct spec *spec, struct elements *elements)
{
    size_t n = sort_and_merge(elements), at = 0;
    int r;

    free(spec->ranges);
    spec->ranges = NULL;
    spec->n_ranges = 0;
    while (at < n) {
        r = grow(&spec->ranges, spec->n_ranges, sizeof(*spec->ranges));
        if (r < 0)
            return r;
        at += take_range(elements->v + at, n - at, &spec->ranges[spec->n_ranges++]);
    }
    return 0;
}

static int write_out_items(struct parse *p, const struct key *key, struct span items,
                           struct elements *elements)
{
    struct spec_range range;
    struct span item;
    int r = 0;

    while (r == 0 && span_cut(&items, ',', &item)) {
        if (parse_range(span_trim(item), &range) < 0)
            return key_wants(p, key);
        r = write_out(p, elements, &range);
    }
    return r;
}

static int array_text(struct parse *p, const struct key *key, struct span text)
{
    const char *percent = memchr(text.data, '%', text.len);
    struct span items = { text.data, percent ? (size_t)(percent - text.data) : text.len };
    struct elements elements = { 0 };
    uint32_t throttle = 0;
    int r;

    if (percent) {
        struct span most = span_from(text, items.len + 1);
        if (cut_number(&most, ELEMENTS_MAX, &throttle) < 0 || throttle == 0 || most.len > 0)
            return key_wants(p, key);
    }
    r = write_out_items(p, key, items, &elements);
    if (r == 0)
        r = pack(p->spec, &elements);
    if (r == 0)
        p->spec->throttle = throttle;
    free(elements.v);
    return r;
}

static int array_json(struct parse *p, const struct key *key, const struct cJSON *j)
{
    return cJSON_IsString(j) ? array_text(p, key, span_str(j->valuestring)) : key_wants(p, key);
}

uint32_t spec_array_size(const struct spec *spec)
{
    uint32_t n = 0;

    for (size_t i = 0; i < spec->n_ranges; i++)
        n += range_size(&spec->ranges[i]);
    return n;
}

uint32_t spec_array_index(const struct spec *spec, uint32_t i)
{
    size_t k = 0;

    while (k + 1 < spec->n_ranges && i >= range_size(&spec->ranges[k]))
        i -= range_size(&spec->ranges[k++]);
    return spec->ranges[k].first + i * spec->ranges[k].step;
}

const struct kind kind_array = { array_json, array_text };
