/*
 * directives-slurm.c - #SBATCH: the options of sbatch, as a table
 *
 * An option without a reader has no meaning beyond Slurm and is kept as it is. Options may be
 * written --name=value, --name value, -n value or -nvalue.
 */
#include "parse.h"

#include <errno.h>
#include <string.h>

#include "clustrixfs/units.h"

static int read_time(struct parse *p, unused_arg const struct option *o, const struct word *value)
{
    return take_time(p, value->text, true);
}

/* --mem=0 asks for all of a node's memory, which no number here says. */
static int read_mem(struct parse *p, unused_arg const struct option *o, const struct word *value)
{
    if (span_is(value->text, "0"))
        return PARSE_E_NATIVE;
    return take_memory(p, value->text, UNITS_MB, PER_NODE);
}

static int read_mem_per_cpu(struct parse *p, unused_arg const struct option *o,
                            const struct word *value)
{
    return take_memory(p, value->text, UNITS_MB, PER_CORE);
}

/* "4"; a range like "2-4" leaves the choice to Slurm. */
static int read_nodes(struct parse *p, unused_arg const struct option *o, const struct word *value)
{
    struct span least, rest = value->text;
    uint64_t n;

    if (!memchr(value->text.data, '-', value->text.len))
        return take_text(p, KEY_NODES, value->text);
    span_cut(&rest, '-', &least);
    if (span_to_u64(least, &n) < 0 || span_to_u64(rest, &n) < 0)
        return key_wants(p, &spec_keys[KEY_NODES]);
    return PARSE_E_NATIVE;
}

/* With --ntasks it only says how they are spread, without it how many there are: for Slurm both. */
static int read_tasks_per_node(struct parse *p, unused_arg const struct option *o,
                               const struct word *value)
{
    const struct key *key = &spec_keys[KEY_TASKS];
    uint64_t n;

    if (span_to_u64(value->text, &n) < 0 || n == 0 || n > (uint64_t)key->most)
        return key_wants(p, key);
    p->tasks_per_node = (uint32_t)n;
    p->tasks_per_node_at = p->at;
    return PARSE_E_NATIVE;
}

/*
 * "2" or "a100:2": how many; the type, which has no key, is kept beside it. A list of several
 * types is Slurm's alone.
 */
static int take_gpus(struct parse *p, struct span text, enum per per)
{
    const char *colon = memrchr(text.data, ':', text.len);
    size_t number = colon ? (size_t)(colon - text.data) + 1 : 0;
    int r;

    if (memchr(text.data, ',', text.len))
        return PARSE_E_NATIVE;
    r = take_amount(p, KEY_GPUS, span_from(text, number), per);
    return r == 0 && colon ? PARSE_E_NATIVE : r;
}

static int read_gpus(struct parse *p, unused_arg const struct option *o, const struct word *value)
{
    return take_gpus(p, value->text, PER_JOB);
}

static int read_gpus_per_node(struct parse *p, unused_arg const struct option *o,
                              const struct word *value)
{
    return take_gpus(p, value->text, PER_NODE);
}

static int read_gpus_per_task(struct parse *p, unused_arg const struct option *o,
                              const struct word *value)
{
    return take_gpus(p, value->text, PER_TASK);
}

/* "gpu:2", "gpu:a100:2", "gpu"; other resources are the cluster's own. */
static int read_gres(struct parse *p, unused_arg const struct option *o, const struct word *value)
{
    if (span_is(value->text, "gpu"))
        return take_gpus(p, SPAN_LIT("1"), PER_NODE);
    if (!span_starts(value->text, "gpu:"))
        return PARSE_E_NATIVE;
    return take_gpus(p, span_from(value->text, strlen("gpu:")), PER_NODE);
}

/* Plain, or "=user" and the like, which only Slurm can do. */
static int read_exclusive(struct parse *p, unused_arg const struct option *o,
                          const struct word *value)
{
    return value ? PARSE_E_NATIVE : take_text(p, KEY_EXCLUSIVE, SPAN_LIT("true"));
}

/* Is this one of the words that say which part of a shell's environment goes along? */
static bool is_export_word(struct span s)
{
    return span_is(s, "ALL") || span_is(s, "NONE") || span_is(s, "NIL");
}

/* "ALL,A=1": the assignments are env, the words are Slurm's own affair. */
static int read_export(struct parse *p, const struct option *o, const struct word *value)
{
    struct span rest = value->text, word;
    struct word assignments = *value;

    span_cut(&rest, ',', &word);
    if (!is_export_word(word))
        return read_env(p, o, value);
    if (!rest.data)
        return PARSE_E_NATIVE;
    _cleanup_(bufp) struct buf option = BUF_INIT;
    buf_add_str(&option, "--export=");
    int r = buf_add_span(&option, word);
    if (r == 0)
        r = native_add(p, LANG_SLURM, buf_span(&option));
    assignments.text = rest;
    return r < 0 ? r : read_env(p, o, &assignments);
}

#define NOTE_OUTPUT "the output is in jobs/<id>/stdout and jobs/<id>/stderr instead"
#define NOTE_SBATCH "is for sbatch's own output and has no effect"
#define NATIVE(name, brief, takes) { name, brief, takes, NULL }

// clang-format off
static const struct option options[] = {
    { "--job-name",        "-J", 1, read_key, KEY_NAME },
    { "--partition",       "-p", 1, read_key, KEY_PARTITION },
    { "--account",         "-A", 1, read_key, KEY_ACCOUNT },
    { "--qos",             "-q", 1, read_key, KEY_QOS },
    { "--constraint",      "-C", 1, read_key, KEY_CONSTRAINT },
    { "--cpus-per-task",   "-c", 1, read_key, KEY_CORES },
    { "--ntasks",          "-n", 1, read_key, KEY_TASKS },
    { "--ntasks-per-node", NULL, 1, read_tasks_per_node },
    { "--nodes",           "-N", 1, read_nodes },
    { "--time",            "-t", 1, read_time },
    { "--mem",             NULL, 1, read_mem },
    { "--mem-per-cpu",     NULL, 1, read_mem_per_cpu },
    { "--gpus",            "-G", 1, read_gpus },
    { "--gpus-per-node",   NULL, 1, read_gpus_per_node },
    { "--gpus-per-task",   NULL, 1, read_gpus_per_task },
    { "--gres",            NULL, 1, read_gres },
    { "--array",           "-a", 1, read_key, KEY_ARRAY },
    { "--dependency",      "-d", 1, read_dependency },
    { "--begin",           "-b", 1, read_key, KEY_BEGIN },
    { "--priority",        NULL, 1, read_key, KEY_PRIORITY },
    { "--chdir",           "-D", 1, read_key, KEY_WORKDIR },
    { "--export",          NULL, 1, read_export },
    { "--exclusive",       NULL, OPTION_INLINE_ONLY, read_exclusive },
    { "--output",          "-o", 1, read_noted, .note = NOTE_OUTPUT },
    { "--error",           "-e", 1, read_noted, .note = NOTE_OUTPUT },
    { "--open-mode",       NULL, 1, read_noted, .note = NOTE_OUTPUT },
    { "--wrap",            NULL, 1, read_refused,
      .note = "is for sbatch's command line; in a script, write the command itself" },
    { "--parsable",        NULL, 0, read_noted, .note = NOTE_SBATCH },
    { "--quiet",           "-Q", 0, read_noted, .note = NOTE_SBATCH },
    { "--verbose",         "-v", 0, read_noted, .note = NOTE_SBATCH },
    { "--wait",            "-W", 0, read_noted, .note = "read jobs/<id>/wait instead" },
    { "--test-only",       NULL, 0, read_refused, .note = "write the script into check/ instead" },
    NATIVE("--acctg-freq", NULL, 1),
    NATIVE("--batch", NULL, 1),
    NATIVE("--bb", NULL, 1),
    NATIVE("--bbf", NULL, 1),
    NATIVE("--cluster-constraint", NULL, 1),
    NATIVE("--clusters", "-M", 1),
    NATIVE("--comment", NULL, 1),
    NATIVE("--container", NULL, 1),
    NATIVE("--contiguous", NULL, 0),
    NATIVE("--core-spec", "-S", 1),
    NATIVE("--cores-per-socket", NULL, 1),
    NATIVE("--cpu-freq", NULL, 1),
    NATIVE("--cpus-per-gpu", NULL, 1),
    NATIVE("--deadline", NULL, 1),
    NATIVE("--delay-boot", NULL, 1),
    NATIVE("--distribution", "-m", 1),
    NATIVE("--exclude", "-x", 1),
    NATIVE("--export-file", NULL, 1),
    NATIVE("--extra-node-info", "-B", 1),
    NATIVE("--get-user-env", NULL, OPTION_INLINE_ONLY),
    NATIVE("--gpu-bind", NULL, 1),
    NATIVE("--gpu-freq", NULL, 1),
    NATIVE("--gpus-per-socket", NULL, 1),
    NATIVE("--gres-flags", NULL, 1),
    NATIVE("--hint", NULL, 1),
    NATIVE("--hold", "-H", 0),
    NATIVE("--ignore-pbs", NULL, 0),
    NATIVE("--input", "-i", 1),
    NATIVE("--kill-on-invalid-dep", NULL, 1),
    NATIVE("--licenses", "-L", 1),
    NATIVE("--mail-type", NULL, 1),
    NATIVE("--mail-user", NULL, 1),
    NATIVE("--mcs-label", NULL, 1),
    NATIVE("--mem-bind", NULL, 1),
    NATIVE("--mem-per-gpu", NULL, 1),
    NATIVE("--mincpus", NULL, 1),
    NATIVE("--network", NULL, 1),
    NATIVE("--nice", NULL, OPTION_INLINE_ONLY),
    NATIVE("--no-kill", "-k", OPTION_INLINE_ONLY),
    NATIVE("--no-requeue", NULL, 0),
    NATIVE("--nodefile", "-F", 1),
    NATIVE("--nodelist", "-w", 1),
    NATIVE("--ntasks-per-core", NULL, 1),
    NATIVE("--ntasks-per-gpu", NULL, 1),
    NATIVE("--ntasks-per-socket", NULL, 1),
    NATIVE("--overcommit", "-O", 0),
    NATIVE("--oversubscribe", "-s", 0),
    NATIVE("--power", NULL, 1),
    NATIVE("--prefer", NULL, 1),
    NATIVE("--profile", NULL, 1),
    NATIVE("--propagate", NULL, OPTION_INLINE_ONLY),
    NATIVE("--reboot", NULL, 0),
    NATIVE("--requeue", NULL, 0),
    NATIVE("--reservation", NULL, 1),
    NATIVE("--signal", NULL, 1),
    NATIVE("--sockets-per-node", NULL, 1),
    NATIVE("--spread-job", NULL, 0),
    NATIVE("--switches", NULL, 1),
    NATIVE("--thread-spec", NULL, 1),
    NATIVE("--threads-per-core", NULL, 1),
    NATIVE("--time-min", NULL, 1),
    NATIVE("--tmp", NULL, 1),
    NATIVE("--use-min-nodes", NULL, 0),
    NATIVE("--wait-all-nodes", NULL, 1),
    NATIVE("--wckey", NULL, 1),
};
// clang-format on

const struct dialect dialect_slurm = {
    LANG_SLURM, "#SBATCH", "sbatch", .glues = true, options, ARRAY_SIZE(options),
};
