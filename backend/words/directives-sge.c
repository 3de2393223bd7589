/*
 * directives-sge.c - #$: the options of Grid Engine's qsub
 *
 * Options are words of their own: no -N name in one word, and some take two values. Memory is for
 * each slot, and a slot is a core.
 */
#include "parse.h"

#include <errno.h>
#include <string.h>

#include "clustrixfs/units.h"

static int read_h_rt(struct parse *p, struct span value)
{
    return take_time(p, value, false);
}

static int read_slot_memory(struct parse *p, struct span value)
{
    return take_memory(p, value, UNITS_BYTES, PER_CORE);
}

static int read_gpu(struct parse *p, struct span value)
{
    return take_text(p, KEY_GPUS, value);
}

// clang-format off
static const struct resource resources[] = {
    { "h_rt",     read_h_rt },
    { "h_vmem",   read_slot_memory },
    { "mem_free", read_slot_memory },
    { "gpu",      read_gpu },
    { "gpus",     read_gpu },
    { "ngpus",    read_gpu },
};
// clang-format on

static int read_resources(struct parse *p, unused_arg const struct option *o,
                          const struct word *value)
{
    return take_resources(p, &dialect_sge, resources, ARRAY_SIZE(resources), value);
}

/* "-pe smp 4": the slots are cores; the name of the environment is kept for Grid Engine. */
static int read_pe(struct parse *p, unused_arg const struct option *o, const struct word *value)
{
    int r;

    p->at = value[1].at;
    if (memchr(value[1].text.data, '-', value[1].text.len))
        return PARSE_E_NATIVE;
    r = take_text(p, KEY_CORES, value[1].text);
    return r < 0 ? r : PARSE_E_NATIVE;
}

static int read_throttle(struct parse *p, unused_arg const struct option *o,
                         const struct word *value)
{
    uint64_t n;

    if (span_to_u64(value->text, &n) < 0 || n == 0 || n > UINT32_MAX)
        return parse_fail(p, "%s has to be a whole number above zero, for example 10", p->what);
    p->throttle = (uint32_t)n;
    return 0;
}

/* Waits for the end of these jobs, however they end. */
static int read_hold(struct parse *p, unused_arg const struct option *o, const struct word *value)
{
    struct span rest = value->text, job;
    int r = parse_claim(p, KEY_AFTER);

    while (r == 0 && span_cut(&rest, ',', &job))
        r = after_add(p, AFTER_ANY, job);
    return r;
}

#define NOTE_OUTPUT "the output is in jobs/<id>/stdout and jobs/<id>/stderr instead"
#define NOTE_QSUB "is for qsub's command line and has no effect"
#define NATIVE(name, takes) { name, NULL, takes, NULL }

// clang-format off
static const struct option options[] = {
    { "-N",        NULL, 1, read_key, KEY_NAME },
    { "-q",        NULL, 1, read_key, KEY_PARTITION },
    { "-P",        NULL, 1, read_key, KEY_ACCOUNT },
    { "-p",        NULL, 1, read_key, KEY_PRIORITY },
    { "-t",        NULL, 1, read_key, KEY_ARRAY },
    { "-wd",       NULL, 1, read_key, KEY_WORKDIR },
    { "-tc",       NULL, 1, read_throttle },
    { "-l",        NULL, 1, read_resources },
    { "-pe",       NULL, 2, read_pe },
    { "-hold_jid", NULL, 1, read_hold },
    { "-a",        NULL, 1, read_compact_time },
    { "-v",        NULL, 1, read_env },
    { "-V",        NULL, 0, read_noted,
      .note = "the environment of a shell that submits is not known here; use -v NAME=VALUE" },
    { "-cwd",      NULL, 0, read_noted,
      .note = "a job runs in its own directory; see \"workdir\"" },
    { "-S",        NULL, 1, read_noted, .note = "the first line of the script says what runs it" },
    { "-o",        NULL, 1, read_noted, .note = NOTE_OUTPUT },
    { "-e",        NULL, 1, read_noted, .note = NOTE_OUTPUT },
    { "-j",        NULL, 1, read_noted, .note = NOTE_OUTPUT },
    { "-b",        NULL, 1, read_noted, .note = NOTE_QSUB },
    { "-now",      NULL, 1, read_noted, .note = NOTE_QSUB },
    { "-sync",     NULL, 1, read_noted, .note = NOTE_QSUB },
    { "-terse",    NULL, 0, read_noted, .note = NOTE_QSUB },
    { "-verify",   NULL, 0, read_refused, .note = "write the script into check/ instead" },
    NATIVE("-A", 1), NATIVE("-ac", 1), NATIVE("-ar", 1), NATIVE("-binding", 1), NATIVE("-c", 1),
    NATIVE("-ckpt", 1), NATIVE("-clear", 0), NATIVE("-dc", 1), NATIVE("-dl", 1), NATIVE("-h", 0),
    NATIVE("-hard", 0), NATIVE("-hold_jid_ad", 1), NATIVE("-i", 1), NATIVE("-js", 1),
    NATIVE("-jsv", 1), NATIVE("-m", 1), NATIVE("-M", 1), NATIVE("-masterq", 1),
    NATIVE("-notify", 0), NATIVE("-r", 1), NATIVE("-R", 1), NATIVE("-sc", 1), NATIVE("-shell", 1),
    NATIVE("-soft", 0), NATIVE("-w", 1),
};
// clang-format on

const struct dialect dialect_sge = {
    LANG_SGE, "#$", "qsub", .glues = false, options, ARRAY_SIZE(options),
};
