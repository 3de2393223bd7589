/*
 * service-text.c - the texts that the service makes itself
 *
 * What a job's scheduler would be told (check/, script), and what there is to say of a cluster and
 * of the daemon.
 */
#include "service-text.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clustrixfs/clock.h"
#include "clustrixfs/json.h"
#include "clustrixfs/quote.h"
#include "clustrixfs/scheduler.h"

#include "sql.h"

static const struct far_file *find_script(const struct far_files *files)
{
    for (size_t i = 0; i < files->n; i++) {
        const char *base = strrchr(files->v[i].path, '/');

        if (base && !strcmp(base, "/script"))
            return &files->v[i];
    }
    return NULL;
}

/* "# " before each line, so that the report is itself a comment above the script. */
static void add_note(struct buf *out, const char *what, const char *text)
{
    buf_printf(out, "# %s: %s\n", what, text);
}

/* Where the scheduler has a queue, what is run is a file of the job's, `submit`. */
static int say_submit(const struct ask *ask, struct command *c)
{
    const struct scheduler_ops *scheduler = ask->cluster->scheduler;

    return scheduler->queues ? sent_say(ask, true, c) : scheduler->verbs[VERB_SUBMIT].say(ask, c);
}

static int add_command(const struct cluster *cluster, const struct job_ref *ref, struct buf *out)
{
    struct ask ask = { .cluster = cluster, .refs = ref, .n = 1 };
    _cleanup_(commandp) struct command c = COMMAND_INIT;
    _cleanup_(bufp) struct buf line = BUF_INIT;
    int r = say_submit(&ask, &c);

    if (!r)
        r = quote_argv(&line, &c.argv);
    if (!r)
        add_note(out, "command", line.data);
    return r;
}

static void add_plan(const struct far_files *files, struct buf *out)
{
    for (size_t i = 0; i < files->n; i++)
        add_note(out, S_ISDIR(files->v[i].mode) ? "directory" : "file", files->v[i].path);
}

static void add_warnings(const struct admitted *a, struct buf *out)
{
    for (size_t i = 0; i < a->spec->warnings.n; i++)
        add_note(out, "warning", a->spec->warnings.v[i]);
    for (size_t i = 0; i < a->warnings.n; i++)
        add_note(out, "warning", a->warnings.v[i]);
    if (!a->spec->warnings.n && !a->warnings.n)
        buf_add_str(out, "# no warnings\n");
}

int text_rehearsal(const struct admitted *a, struct buf *out, struct error *e)
{
    _cleanup_(far_filesp) struct far_files files = FAR_FILES_INIT;
    struct cluster         c = cluster_look(a->cluster);
    struct job_ref         ref = { .token = a->token, .native = "", .attempt = 1 };
    const struct far_file *script;
    int r = c.scheduler ? c.scheduler->render(a->spec, &c, &ref, &files, e) : 0;

    if (r)
        return r;
    buf_printf(out, "# nothing was run: this is what submit/ would do with it on cluster %s (%s)\n",
               c.name, c.scheduler ? c.scheduler->name : "not reached yet");
    add_warnings(a, out);
    if (c.scheduler)
        r = add_command(&c, &ref, out);
    add_plan(&files, out);
    buf_add_str(out, "# the script:\n");
    script = find_script(&files);
    if (!r && script)
        r = buf_add_span(out, buf_span(&script->data));
    else if (!r && !c.scheduler)
        r = script_render(a->spec, out);
    return r ? r : buf_error(out);
}

int text_script(const struct job_view *v, const struct cluster *c, struct span spec,
                struct buf *out)
{
    _cleanup_(far_filesp) struct far_files files = FAR_FILES_INIT;
    _cleanup_(specp) struct spec *parsed = NULL;
    struct cluster look = cluster_look(c);
    struct job_ref ref = { .id = v->id, .token = v->token, .native = "", .attempt = 1 };
    const struct far_file *script;
    int r = spec_parse(&parsed, spec, v->times.accepted_ns / NS_PER_S, NULL, NULL);

    if (!r && !look.scheduler)
        return script_render(parsed, out);
    if (!r)
        r = look.scheduler->render(parsed, &look, &ref, &files, NULL);
    if (r)
        return r < 0 ? r : -EINVAL;
    script = find_script(&files);
    return script ? buf_add_span(out, buf_span(&script->data)) : 0;
}

/* What a far one is called by us, and what it called itself when it was met. */
static void add_far(const struct cluster *c, struct buf *out)
{
    json_pair_string(out, "host", c->host);
    if (c->user)
        json_pair_string(out, "user", c->user);
    if (c->port)
        json_pair_int(out, "port", c->port);
    json_pair_bool(out, "met", c->met);
    if (!c->met)
        return;
    json_pair_string(out, "node", c->node);
    json_pair_string(out, "scheduler_version", c->version);
    json_pair_string(out, "scheduler_found", c->found);
}

static void add_here(struct buf *out)
{
    char host[256] = "";

    /* Cut short is still a name to recognise; there is nothing else to do about it. */
    if (gethostname(host, sizeof(host) - 1))
        host[0] = '\0';
    json_pair_string(out, "host", host);
}

/* The last error is the one that keeps it from being up. */
static void add_link(const struct link_state *link, struct buf *out)
{
    _cleanup_(bufp) struct buf state = BUF_INIT, since = BUF_INIT;

    if (link_text(link, &state) || clock_format(&since, link->since_ns))
        return; /* without memory nothing of the rest will fit either, and that is heard */
    json_pair_string(out, "state", state.data);
    json_pair_string(out, "state_since", since.data);
    if (link->round_trip_ns)
        json_pair_int(out, "round_trip_us", link->round_trip_ns / 1000);
    if (link->why[0])
        json_pair_string(out, "last_error", link->why);
}

int text_cluster(const struct cluster *cluster, const struct link_state *link, bool draining,
                 struct buf *out)
{
    const struct cluster c = cluster_look(cluster);

    buf_add_char(out, '{');
    json_pair_string(out, "name", c.name);
    json_pair_string(out, "transport", c.transport->name);
    json_pair_string(out, "scheduler", c.scheduler ? c.scheduler->name : "auto");
    if (c.host)
        add_far(&c, out);
    else
        add_here(out);
    if (c.transport->connect)
        add_link(link, out);
    json_pair_string(out, "directory", c.root);
    if (c.cores)
        json_pair_int(out, "cores", c.cores);
    if (c.memory)
        json_pair_int(out, "memory", (int64_t)c.memory);
    json_pair_int(out, "grace_seconds", c.grace_s);
    json_pair_bool(out, "draining", draining);
    return buf_add_str(out, "}\n");
}

static void metric(struct buf *out, const char *name, const char *type, const char *help)
{
    buf_printf(out, "# HELP clustrixfs_%s %s\n# TYPE clustrixfs_%s %s\n", name, help, name, type);
}

static void counter(struct buf *out, const char *name, const char *help, uint64_t value)
{
    metric(out, name, "counter", help);
    buf_printf(out, "clustrixfs_%s %llu\n", name, (unsigned long long)value);
}

int text_metrics(const uint64_t counts[JOB_STATE_COUNT], uint64_t submitted, uint64_t started,
                 uint64_t commits, struct buf *out)
{
    metric(out, "jobs", "gauge", "Jobs by state.");
    for (unsigned state = 1; state < JOB_STATE_COUNT; state++)
        buf_printf(out, "clustrixfs_jobs{state=\"%s\"} %llu\n",
                   job_state_name((enum job_state)state), (unsigned long long)counts[state]);
    counter(out, "submitted_total", "Jobs accepted since the mount.", submitted);
    counter(out, "started_total", "Runs seen to start since the mount.", started);
    counter(out, "commits_total", "Transactions of the database since the mount.", commits);
    metric(out, "database_bytes", "gauge", "Memory that the database library holds.");
    return buf_printf(out, "clustrixfs_database_bytes %llu\n", (unsigned long long)sql_memory());
}
