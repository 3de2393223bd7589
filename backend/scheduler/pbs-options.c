/*
 * pbs-options.c - what a spec asks for, as words of qsub
 *
 * PBS Pro counts in chunks (-l select=), Torque in nodes (-l nodes=); a node of the spec is one of
 * either. Where a native option says how many of them, the spec's own numbers are left out: they
 * came from the same line of the script.
 */
#include "pbs.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "batch.h"

// clang-format off
static const struct batch_option natives[] = {
    { "-A", 1 }, { "-c", 1 }, { "-h", 0 }, { "-l", 1 }, { "-m", 1 }, { "-M", 1 },
    { "-P", 1 }, { "-p", 1 }, { "-q", 1 }, { "-r", 1 }, { "-u", 1 }, { "-W", 1 },
    { "-a", 1, "write it as the key begin" },
    { "-C", 1, "the options in the script have been read" },
    { "-d", 1, "write it as the key workdir" },
    { "-D", 1, "write it as the key workdir" },
    { "-e", 1, "the output is in jobs/<id>/stderr" },
    { "-f", 0, "a submission ends with the number of the job" },
    { "-F", 1, "write them as the key args" },
    { "-I", 0, "there are no interactive jobs here" },
    { "-j", 1, "the output is in jobs/<id>/stdout and stderr" },
    { "-J", 1, "write it as the key array" },
    { "-k", 1, "the output is in jobs/<id>/stdout and stderr" },
    { "-N", 1, "write it as the key name" },
    { "-o", 1, "the output is in jobs/<id>/stdout" },
    { "-R", 1, "the output is in jobs/<id>/stdout and stderr" },
    { "-S", 1, "the first line of the script says what runs it" },
    { "-t", 1, "write it as the key array" },
    { "-v", 1, "write it as the key env" },
    { "-V", 0, "write what the job needs as the key env" },
    { "-w", 1, "write it as the key workdir" },
    { "-X", 0, "there are no interactive jobs here" },
    { "-z", 0, "a submission ends with the number of the job" },
    { NULL },
};
// clang-format on

static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                            "_.,:=+@/-";

bool pbs_is_plain(const char *word)
{
    return word[strspn(word, plain)] == '\0';
}

/* What goes into -l of what was asked for, and the rest. */
struct making {
    const struct spec        *spec;
    const struct pbs_dialect *dialect;
    struct strv               resources, others;
};

static void making_cleanup(struct making *m)
{
    strvp_cleanup(&m->resources);
    strvp_cleanup(&m->others);
}

static bool asks_for(const struct making *m, const char *resource)
{
    for (size_t i = 0; i < m->resources.n; i++)
        if (strstr(m->resources.v[i], resource))
            return true;
    return false;
}

static int check_native(const char *name, const char *value, struct error *e)
{
    if (strcmp(name, "-W") == 0 && strncmp(value, "block", 5) == 0)
        return error_set(e, -EINVAL, "native: -W block cannot be passed to PBS: read "
                         "jobs/<id>/wait instead");
    if (strcmp(name, "-q") == 0 && strchr(value, '@'))
        return error_set(e, -EINVAL, "native: -q cannot name another server: only the jobs of the "
                         "cluster's own are looked for");
    if (strcmp(name, "-r") == 0 && strcmp(value, "n") != 0)
        return error_set(e, -EINVAL, "native: -r %.20s cannot be passed to PBS: write it as the "
                         "key retries", value);
    return 0;
}

static int add_natives(struct making *m, struct error *e)
{
    _cleanup_(strvp) struct strv words = STRV_INIT;
    int r = batch_natives(m->spec, LANG_PBS, natives, "PBS", &words, e);

    for (size_t i = 0; r == 0 && i < words.n; i++) {
        const char *name = words.v[i], *value;

        if (strcmp(name, "-h") == 0) {
            r = strv_add(&m->others, name);
            continue;
        }
        value = words.v[++i];
        r = check_native(name, value, e);
        if (r == 0 && strcmp(name, "-r") == 0)
            continue; /* it is said of every job */
        if (r == 0 && strcmp(name, "-l") == 0)
            r = strv_add(&m->resources, value);
        else if (r == 0 && (r = strv_add(&m->others, name)) == 0)
            r = strv_add(&m->others, value);
    }
    return r;
}

#define MIB (UINT64_C(1) << 20)

struct sizes {
    uint64_t nodes, tasks, cores, gpus, mib; /* all but the first on each of the nodes */
};

static int uneven(const char *key, uint64_t n, uint64_t nodes, struct error *e)
{
    return error_set(e, -EINVAL, "%s: %llu cannot be spread evenly over %llu nodes, as PBS has "
                     "it; ask for a multiple of the nodes, or write \"native\": [\"-l ...\"]",
                     key, (unsigned long long)n, (unsigned long long)nodes);
}

static int take_sizes(const struct spec *s, struct sizes *z, struct error *e)
{
    z->nodes = s->nodes ? s->nodes : 1;
    z->tasks = s->tasks ? s->tasks : z->nodes;
    if (z->tasks % z->nodes != 0)
        return uneven("tasks", z->tasks, z->nodes, e);
    if (s->gpus % z->nodes != 0)
        return uneven("gpus", s->gpus, z->nodes, e);
    z->tasks /= z->nodes;
    z->cores = z->tasks * (s->cores ? s->cores : 1);
    z->gpus = s->gpus / z->nodes;
    z->mib = s->memory / MIB + (s->memory % MIB != 0);
    return 0;
}

/* "select=2:ncpus=4:mpiprocs=2:mem=500mb:ngpus=1" */
static int add_chunks(struct making *m, const struct sizes *z)
{
    _cleanup_(bufp) struct buf text = BUF_INIT;

    buf_printf(&text, "select=%llu:ncpus=%llu", (unsigned long long)z->nodes,
               (unsigned long long)z->cores);
    if (m->spec->tasks > 0)
        buf_printf(&text, ":mpiprocs=%llu", (unsigned long long)z->tasks);
    if (z->mib > 0)
        buf_printf(&text, ":mem=%llumb", (unsigned long long)z->mib);
    if (z->gpus > 0)
        buf_printf(&text, ":ngpus=%llu", (unsigned long long)z->gpus);
    return buf_error(&text) < 0 ? -ENOMEM : strv_add(&m->resources, text.data);
}

/* Chunks may share a node, unless they are told not to. */
static int add_place(struct making *m)
{
    const struct spec *s = m->spec;

    if ((s->nodes < 2 && !s->exclusive) || asks_for(m, "place="))
        return 0;
    return strv_printf(&m->resources, "place=%s%s%s", s->nodes > 1 ? "scatter" : "",
                       s->nodes > 1 && s->exclusive ? ":" : "", s->exclusive ? "excl" : "");
}

/* "nodes=2:ppn=4:gpus=1", "mem=1000mb": of all of them together; to Slurm's qsub, of each. */
static int add_nodes(struct making *m, const struct sizes *z)
{
    const struct spec *s = m->spec;
    uint64_t           times = m->dialect->slurm ? 1 : z->nodes;
    char               gpus[40] = "";
    int                r = 0;

    if (z->gpus > 0)
        snprintf(gpus, sizeof gpus, ":gpus=%llu", (unsigned long long)z->gpus);
    if (s->nodes || s->tasks || s->cores || s->gpus)
        r = strv_printf(&m->resources, "nodes=%llu:ppn=%llu%s", (unsigned long long)z->nodes,
                        (unsigned long long)z->cores, gpus);
    if (r == 0 && z->mib > 0 && !asks_for(m, "mem="))
        r = strv_printf(&m->resources, "mem=%llumb", (unsigned long long)(z->mib * times));
    return r;
}

static int add_sizes(struct making *m, struct error *e)
{
    const struct spec *s = m->spec;
    struct sizes       z = { .nodes = 1 };
    int                r = take_sizes(s, &z, e);

    if (r < 0)
        return r;
    if (s->exclusive && !m->dialect->chunks)
        return error_set(e, -EINVAL, "exclusive: this qsub has no word for it; ask for all cores "
                         "of a node instead");
    if (asks_for(m, "select=") || asks_for(m, "nodes="))
        return 0;
    if (!m->dialect->chunks)
        return add_nodes(m, &z);
    if (s->nodes || s->tasks || s->cores || s->gpus || s->memory)
        r = add_chunks(m, &z);
    return r < 0 ? r : add_place(m);
}

static int add_pair(struct strv *out, const char *name, const char *text)
{
    int r = text ? strv_add(out, name) : 0;

    return r < 0 || !text ? r : strv_add(out, text);
}

/* To Slurm's qsub it is how far to step back, and nobody steps forward. */
static int add_priority(struct making *m)
{
    int32_t p = m->spec->priority;
    int     r;

    if (p == 0 || (m->dialect->slurm && p > 0))
        return 0;
    p = p < -1024 ? -1024 : p > 1023 ? 1023 : p;
    r = strv_add(&m->others, "-p");
    return r < 0 ? r : strv_printf(&m->others, "%d", m->dialect->slurm ? -(int)p : (int)p);
}

/* Of several -l Slurm's qsub takes the last; select stands by itself in PBS Pro. */
static int put_resources(const struct making *m, struct strv *out)
{
    _cleanup_(bufp) struct buf all = BUF_INIT;
    int                        r = 0;

    for (size_t i = 0; r == 0 && i < m->resources.n; i++) {
        buf_printf(&all, "%s%s", i ? "," : "", m->resources.v[i]);
        if (!m->dialect->slurm && (r = strv_add(out, "-l")) == 0)
            r = strv_add(out, m->resources.v[i]);
    }
    if (r < 0 || !m->dialect->slurm || m->resources.n == 0)
        return r;
    r = strv_add(out, "-l");
    return r < 0 ? r : buf_error(&all) < 0 ? -ENOMEM : strv_add(out, all.data);
}

/* It hands its words to a shell. */
static int check_plain(const struct strv *options, struct error *e)
{
    for (size_t i = 0; i < options->n; i++)
        if (!pbs_is_plain(options->v[i]))
            return error_set(e, -EINVAL, "Slurm's own qsub cannot be given %.80s: it takes letters,"
                             " digits and %s only", options->v[i], "_.,:=+@/-");
    return 0;
}

static int check_array(const struct spec *spec, const struct cluster *cluster, struct error *e)
{
    if (spec->throttle == 0 || pbs_as_array(cluster, spec))
        return 0;
    return error_set(e, -EINVAL, "array: the elements of this one go to cluster %s one by one, so "
                     "how many run at a time cannot be limited: leave out %%%u", cluster->name,
                     spec->throttle);
}

int pbs_options(const struct spec *spec, const struct cluster *cluster, struct strv *options,
                struct error *e)
{
    _cleanup_(making) struct making m = { .spec = spec, .dialect = pbs_dialect(cluster) };
    int                             r = check_array(spec, cluster, e);

    if (r == 0 && spec->partition)
        r = check_native("-q", spec->partition, e);
    if (r == 0)
        r = add_natives(&m, e);
    if (r == 0)
        r = add_sizes(&m, e);
    if (r == 0 && spec->time_s > 0)
        r = strv_printf(&m.resources, "walltime=%llu", (unsigned long long)spec->time_s);
    if (r == 0)
        r = put_resources(&m, options);
    if (r == 0)
        r = add_pair(options, "-q", spec->partition);
    if (r == 0)
        r = add_pair(options, "-A", spec->account);
    if (r == 0)
        r = add_priority(&m);
    for (size_t i = 0; r == 0 && i < m.others.n; i++)
        r = strv_add(options, m.others.v[i]);
    return r < 0 || !m.dialect->slurm ? r : check_plain(options, e);
}
