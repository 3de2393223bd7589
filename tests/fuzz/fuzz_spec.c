/*
 * fuzz_spec.c - any bytes, taken for a spec
 *
 * Besides not crashing: an error has a sentence, a spec holds what its own rules promise to the
 * layers above, and what is accepted was never refused while it was being written.
 */
#include <errno.h>
#include <string.h>

#include "clustrixfs/job.h"
#include "clustrixfs/spec.h"
#include "fuzz.h"

#define NOW INT64_C(1764590400)

static void check_strings(const struct spec *s)
{
    MUST(!s->command + !s->argv.n + !s->script + !s->script_file == 3);
    MUST(!s->script || strlen(s->script) == s->script_len);
    MUST(!s->input || strlen(s->input) == s->input_len);
    MUST(!s->name || (!strchr(s->name, '/') && s->name[0] && strcmp(s->name, "..") != 0));
    for (size_t i = 0; i < s->n_env; i++)
        MUST(s->env[i].key[0] && !strpbrk(s->env[i].key, "= \n") && s->env[i].value);
    for (size_t i = 0; i < s->n_native; i++)
        MUST(s->native[i].option[0] && !strchr(s->native[i].option, '\n'));
    for (size_t i = 0; i < s->n_after; i++)
        MUST(s->after[i].job[0] && !strchr(s->after[i].job, '/'));
}

/* Ascending, without one that is there twice. */
static void check_array(const struct spec *s)
{
    uint32_t n = spec_array_size(s), before = 0;

    MUST(n <= 100000 && (n > 0) == (s->n_ranges > 0));
    for (uint32_t i = 0; i < n && i < 1000; i++) {
        uint32_t index = spec_array_index(s, i);
        MUST(index <= JOB_INDEX_MAX && (i == 0 || index > before));
        before = index;
    }
    MUST(n == 0 || spec_array_index(s, n - 1) == s->ranges[s->n_ranges - 1].last);
}

static void check_refused(int r, const struct spec *spec, const struct error *e)
{
    MUST(!spec);
    MUST(r == -EINVAL || r == -E2BIG || r == SPEC_E_INCOMPLETE);
    MUST(e->text[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span text = { (const char *)data, size };
    struct spec *spec = NULL;
    struct spec_place at;
    struct error e = ERROR_INIT;
    int r = spec_parse(&spec, text, NOW, &at, &e);
    int scanned = spec_scan(text, NULL, NULL);

    if (r != 0) {
        check_refused(r, spec, &e);
        MUST(r != SPEC_E_INCOMPLETE || scanned == 0);
        return 0;
    }
    MUST(scanned == 0);
    for (size_t len = 0; len < size && size < 512; len++)
        MUST(spec_scan((struct span){ text.data, len }, NULL, NULL) == 0);
    check_strings(spec);
    check_array(spec);
    spec_free(spec);
    return 0;
}
