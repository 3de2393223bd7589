/*
 * sge-options.c - what a spec asks for, as words of qsub
 */
#include "sge.h"

#include <errno.h>

#include "batch.h"

// clang-format off
static const struct batch_option natives[] = {
    { "-A", 1 }, { "-ac", 1 }, { "-ar", 1 }, { "-binding", 1 }, { "-c", 1 }, { "-ckpt", 1 },
    { "-cwd", 0 }, { "-dc", 1 }, { "-display", 1 }, { "-dl", 1 }, { "-h", 0 }, { "-hard", 0 },
    { "-hold_jid", 1 }, { "-hold_jid_ad", 1 }, { "-js", 1 }, { "-jsv", 1 }, { "-l", 1 },
    { "-m", 1 }, { "-M", 1 }, { "-masterq", 1 }, { "-notify", 0 }, { "-P", 1 }, { "-p", 1 },
    { "-pe", 2 }, { "-q", 1 }, { "-R", 1 }, { "-sc", 1 }, { "-soft", 0 }, { "-V", 0 }, { "-v", 1 },
    { "-w", 1 },
    { "-a",      1, "write it as the key begin" },
    { "-b",      1, "write what to run as the key command" },
    { "-clear",  0, "it would take away what the job's directory rests on" },
    { "-e",      1, "the output is in jobs/<id>/stderr" },
    { "-i",      1, "write what it reads as the key stdin" },
    { "-j",      1, "the output is in jobs/<id>/stdout and stderr" },
    { "-N",      1, "write it as the key name" },
    { "-now",    1, "a job waits for its turn here" },
    { "-o",      1, "the output is in jobs/<id>/stdout" },
    { "-r",      1, "write it as the key retries" },
    { "-S",      1, "the first line of the script says what runs it" },
    { "-shell",  1, "the first line of the script says what runs it" },
    { "-sync",   1, "read jobs/<id>/wait instead" },
    { "-t",      1, "write it as the key array" },
    { "-tc",     1, "write it as the key array, for example 0-9%2" },
    { "-terse",  0, "it is given anyway" },
    { "-verify", 0, "write the spec into check/ instead" },
    { "-wd",     1, "write it as the key workdir" },
    { "-help",   0, "it submits nothing" },
    { "-@",      1, "write its options here" },
    { NULL },
};
// clang-format on

static int add_pair(struct strv *out, const char *name, const char *text)
{
    int r = text ? strv_add(out, name) : 0;

    return r < 0 || !text ? r : strv_add(out, text);
}

#define MIB (UINT64_C(1) << 20)

static uint64_t slots(const struct spec *s)
{
    return (uint64_t)(s->cores ? s->cores : 1) * (s->tasks ? s->tasks : 1);
}

/* What Grid Engine gives and limits is counted for each slot, so the memory is divided. */
static int add_limits(const struct spec *s, struct strv *out)
{
    uint64_t each = s->memory / slots(s);
    uint64_t mib = each / MIB + (each % MIB != 0 || s->memory % slots(s) != 0);
    int      r = 0;

    if (s->memory > 0 && (r = strv_add(out, "-l")) == 0)
        r = strv_printf(out, "h_vmem=%lluM", (unsigned long long)mib);
    if (r == 0 && s->time_s > 0 && (r = strv_add(out, "-l")) == 0)
        r = strv_printf(out, "h_rt=%llu", (unsigned long long)s->time_s);
    return r;
}

/* A user may only step back. */
static int add_priority(const struct spec *s, struct strv *out)
{
    int r = s->priority < 0 ? strv_add(out, "-p") : 0;

    return r < 0 || s->priority >= 0
               ? r
               : strv_printf(out, "%d", s->priority < -1023 ? -1023 : (int)s->priority);
}

int sge_options(const struct spec *spec, unused_arg const struct cluster *cluster,
                struct strv *out, struct error *e)
{
    int r = add_limits(spec, out);

    if (spec->nodes > 1)
        return error_set(e, -EINVAL, "nodes: in Grid Engine a parallel environment says how slots "
                         "are spread; write \"native\": [\"-pe NAME %llu\"] instead",
                         (unsigned long long)slots(spec));
    if (spec->n_ranges > 1)
        return error_set(e, -EINVAL, "array: Grid Engine takes one range, as in 0-9:3; submit one "
                         "job for each range");
    if (r == 0)
        r = add_pair(out, "-q", spec->partition);
    if (r == 0)
        r = add_pair(out, "-P", spec->account);
    if (r == 0)
        r = add_priority(spec, out);
    return r < 0 ? r : batch_natives(spec, LANG_SGE, natives, "Grid Engine", out, e);
}
