/*
 * directives-pbs.c - #PBS: the options of qsub, of PBS Pro, OpenPBS and Torque
 *
 * Most of it is in -l: single resources of the whole job, chunks (select=2:ncpus=8:mpiprocs=4), and
 * Torque's nodes=2:ppn=4. A chunk is what a spec calls a node.
 */
#include "parse.h"

#include <errno.h>
#include <string.h>

#include "clustrixfs/units.h"

/* One chunk, in the words of the text; empty where it does not say. */
struct chunk {
    struct span count, ncpus, mpiprocs, ngpus, mem;
    bool        more; /* it asks for something that is not among these */
};

static struct span *chunk_field(struct chunk *c, struct span name)
{
    // clang-format off
    const struct { const char *name; struct span *field; } fields[] = {
        { "ncpus", &c->ncpus }, { "mpiprocs", &c->mpiprocs }, { "ppn", &c->mpiprocs },
        { "ngpus", &c->ngpus }, { "gpus", &c->ngpus },        { "mem", &c->mem },
    };
    // clang-format on

    for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
        if (span_is(name, fields[i].name))
            return fields[i].field;
    return NULL;
}

/* "2:ncpus=8:mem=4gb"; without a count in front there is one. */
static void read_chunk(struct span text, struct chunk *c)
{
    struct span part, name, *field;
    uint64_t n;

    *c = (struct chunk){ .count = SPAN_LIT("1") };
    for (bool first = true; span_cut(&text, ':', &part); first = false) {
        if (first && span_to_u64(part, &n) == 0) {
            c->count = part;
            continue;
        }
        span_cut(&part, '=', &name);
        field = chunk_field(c, name);
        if (field && part.data)
            *field = part;
        else
            c->more = true;
    }
}

/* The cores of a chunk are shared by the processes in it. */
static int take_cores(struct parse *p, const struct chunk *c)
{
    uint64_t cores, processes = 1;

    if (!c->ncpus.data)
        return 0;
    if (c->mpiprocs.data && (span_to_u64(c->mpiprocs, &processes) < 0 || processes == 0))
        return key_wants(p, &spec_keys[KEY_TASKS]);
    if (span_to_u64(c->ncpus, &cores) < 0)
        return key_wants(p, &spec_keys[KEY_CORES]);
    return take_count(p, KEY_CORES, cores / processes + (cores % processes != 0), PER_AS_IT_IS);
}

/* Go on after what was claimed by somebody whose word counts for more. */
static int unless_skipped(int r)
{
    return r == PARSE_E_SKIP ? 0 : r;
}

static int read_chunks(struct parse *p, struct span value)
{
    struct chunk c;
    int r;

    /* Chunks that differ from each other have no words in a spec. */
    if (memchr(value.data, '+', value.len))
        return PARSE_E_NATIVE;
    read_chunk(value, &c);
    r = unless_skipped(take_text(p, KEY_NODES, c.count));
    if (r == 0)
        r = unless_skipped(take_cores(p, &c));
    if (r == 0 && (c.mpiprocs.data || !span_is(c.count, "1")))
        r = unless_skipped(take_amount(p, KEY_TASKS, c.mpiprocs.data ? c.mpiprocs : SPAN_LIT("1"),
                                       PER_NODE));
    if (r == 0 && c.ngpus.data)
        r = unless_skipped(take_amount(p, KEY_GPUS, c.ngpus, PER_NODE));
    if (r == 0 && c.mem.data)
        r = unless_skipped(take_memory(p, c.mem, UNITS_BYTES, PER_NODE));
    return r == 0 && c.more ? PARSE_E_NATIVE : r;
}

/* Torque's: "2:ppn=4", or names of hosts, which are nobody else's business. */
static int read_nodes(struct parse *p, struct span value)
{
    bool number = value.len > 0 && value.data[0] >= '0' && value.data[0] <= '9';

    return number ? read_chunks(p, value) : PARSE_E_NATIVE;
}

static int read_walltime(struct parse *p, struct span value)
{
    return take_time(p, value, false);
}

static int read_mem(struct parse *p, struct span value)
{
    return take_memory(p, value, UNITS_BYTES, PER_JOB);
}

static int read_ncpus(struct parse *p, struct span value)
{
    return take_text(p, KEY_CORES, value);
}

static int read_ngpus(struct parse *p, struct span value)
{
    return take_text(p, KEY_GPUS, value);
}

// clang-format off
static const struct resource resources[] = {
    { "walltime", read_walltime },
    { "mem",      read_mem },
    { "ncpus",    read_ncpus },
    { "ngpus",    read_ngpus },
    { "select",   read_chunks },
    { "nodes",    read_nodes },
};
// clang-format on

static int read_resources(struct parse *p, unused_arg const struct option *o,
                          const struct word *value)
{
    return take_resources(p, &dialect_pbs, resources, ARRAY_SIZE(resources), value);
}

/* "depend=afterok:17"; umask, group_list and the others are PBS' own. */
static int read_attributes(struct parse *p, const struct option *o, const struct word *value)
{
    struct word depend = *value;

    if (!span_starts(value->text, "depend="))
        return PARSE_E_NATIVE;
    depend.text = span_from(value->text, strlen("depend="));
    return read_dependency(p, o, &depend);
}

#define NOTE_OUTPUT "the output is in jobs/<id>/stdout and jobs/<id>/stderr instead"
#define NATIVE(name, takes) { name, NULL, takes, NULL }

// clang-format off
static const struct option options[] = {
    { "-N", NULL, 1, read_key, KEY_NAME },
    { "-q", NULL, 1, read_key, KEY_PARTITION },
    { "-A", NULL, 1, read_key, KEY_ACCOUNT },
    { "-p", NULL, 1, read_key, KEY_PRIORITY },
    { "-J", NULL, 1, read_key, KEY_ARRAY },
    { "-t", NULL, 1, read_key, KEY_ARRAY },
    { "-d", NULL, 1, read_key, KEY_WORKDIR },
    { "-w", NULL, 1, read_key, KEY_WORKDIR },
    { "-l", NULL, 1, read_resources },
    { "-W", NULL, 1, read_attributes },
    { "-a", NULL, 1, read_compact_time },
    { "-v", NULL, 1, read_env },
    { "-V", NULL, 0, read_noted,
      .note = "the environment of a shell that submits is not known here; use -v NAME=VALUE" },
    { "-S", NULL, 1, read_noted, .note = "the first line of the script says what runs it" },
    { "-o", NULL, 1, read_noted, .note = NOTE_OUTPUT },
    { "-e", NULL, 1, read_noted, .note = NOTE_OUTPUT },
    { "-j", NULL, 1, read_noted, .note = NOTE_OUTPUT },
    { "-k", NULL, 1, read_noted, .note = NOTE_OUTPUT },
    { "-z", NULL, 0, read_noted, .note = "is for qsub's own output and has no effect" },
    { "-I", NULL, 0, read_refused, .note = "there are no interactive jobs here" },
    NATIVE("-c", 1), NATIVE("-C", 1), NATIVE("-f", 0), NATIVE("-h", 0), NATIVE("-m", 1),
    NATIVE("-M", 1), NATIVE("-P", 1), NATIVE("-r", 1), NATIVE("-R", 1), NATIVE("-u", 1),
    NATIVE("-X", 0),
};
// clang-format on

const struct dialect dialect_pbs = {
    LANG_PBS, "#PBS", "qsub", .glues = true, options, ARRAY_SIZE(options),
};
