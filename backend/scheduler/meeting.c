/*
 * meeting.c - what a far cluster is, on first sight
 *
 * One command asks for everything, so that a person who has mistyped something hears of it at once.
 * A scheduler is taken by itself only when there is no doubt: one that is there but does not answer
 * is no reason to run jobs on the login host instead.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "clustrixfs/quote.h"
#include "clustrixfs/scheduler.h"
#include "meeting.h"

/* Lines of KEY|VALUE, then `end|`. */
static const char host_question[] =
    "command -v squeue >/dev/null 2>&1 || command -v qstat >/dev/null 2>&1 || "
    "{ [ -r /etc/profile ] && . /etc/profile; } >/dev/null 2>&1\n"
    "LC_ALL=C; export LC_ALL\n"
    "tell() { printf '%s|%s\\n' \"$1\" \"$2\"; }\n"
    "tell home \"$HOME\"\n"
    "tell host \"$(uname -n)\"\n"
    "tell cores \"$(nproc 2>/dev/null || getconf _NPROCESSORS_ONLN)\"\n"
    "tell memory \"$(sed -n 's/^MemTotal: *\\([0-9]*\\) kB.*/\\1/p' /proc/meminfo)\"\n";

/* Everything that asks a server is bounded, and all are asked at once: programs that are installed
 * and have no server take their time to say so. */
static const char scheduler_question[] =
    "has() { command -v \"$1\" >/dev/null 2>&1; }\n"
    "first() { timeout 20 \"$@\" 2>&1 </dev/null | tr -d '\\r' | sed -n '/./{p;q;}'; }\n"
    "answers() { timeout 20 \"$@\" >/dev/null 2>&1 </dev/null && echo yes || echo no; }\n"
    "if has sbatch; then\n"
    "    tell sbatch \"$(first sbatch --version)\" &\n"
    "    tell ping \"$(first scontrol ping)\" &\n"
    "fi\n"
    "if has qstat && has qsub; then\n"
    "    tell qstat \"$(first qstat --version)\" &\n"
    "    tell help \"$(first qstat -help)\" &\n"
    "    tell pbs \"$(answers qstat -Q)\" &\n"
    "    has qconf && tell sge \"$(answers qconf -sh)\" &\n"
    "fi\n"
    "has kubectl && tell kubernetes \"$(kube_version)\" &\n"
    "wait\n";

/* Which Kubernetes kubectl leads to, for one that answers; it leads nowhere without a context. */
static const char kubernetes_question[] =
    "kube() { timeout 20 kubectl --request-timeout=10s --context=\"$context\" \"$@\" "
    "</dev/null 2>/dev/null; }\n"
    "kube_version() {\n"
    "    context=${context:-$(timeout 20 kubectl config current-context 2>/dev/null </dev/null)}\n"
    "    [ -n \"$context\" ] || { echo none; return; }\n"
    "    kube get --raw /version | sed -n 's/.*\"gitVersion\": *\"\\([^\"]*\\)\".*/\\1/p'\n"
    "}\n";

static const char last_question[] = "tell end ''\n";

int meeting_say(const struct cluster *c, struct command *cmd)
{
    _cleanup_(bufp) struct buf text = BUF_INIT;
    int                        r = strv_add(&cmd->argv, "sh");

    if (r == 0)
        r = strv_add(&cmd->argv, "-c");
    buf_add_str(&text, host_question);
    /* Which scheduler it has is known then, and that it may be away is no matter of the host. */
    if (!c->met) {
        buf_add_str(&text, "context=");
        quote_word(&text, span_str(c->context));
        buf_printf(&text, "\n%s%s", kubernetes_question, scheduler_question);
    }
    buf_add_str(&text, last_question);
    return r < 0 ? r : strv_add_span(&cmd->argv, buf_span(&text));
}

enum line {
    LINE_HOME, LINE_HOST, LINE_CORES, LINE_MEMORY, LINE_SBATCH, LINE_PING, LINE_QSTAT, LINE_HELP,
    LINE_PBS, LINE_SGE, LINE_KUBERNETES, LINE_END, LINE_COUNT
};

static const char *const line_names[LINE_COUNT] = {
    "home", "host", "cores", "memory", "sbatch", "ping", "qstat", "help",
    "pbs", "sge", "kubernetes", "end",
};

/* The values; NULL data: that line was not there. */
struct seen {
    struct span v[LINE_COUNT];
};

static void read_lines(struct span rest, struct seen *s)
{
    struct span line;

    while (rest.len > 0 && memchr(rest.data, '\n', rest.len) && span_next_line(&rest, &line))
        for (size_t i = 0; i < LINE_COUNT; i++) {
            size_t len = strlen(line_names[i]);

            if (line.len > len && memcmp(line.data, line_names[i], len) == 0 &&
                line.data[len] == '|')
                s->v[i] = (struct span){ line.data + len + 1, line.len - len - 1 };
        }
}

static bool has(struct span s, const char *words)
{
    return s.data && memmem(s.data, s.len, words, strlen(words));
}

static void copy(char *to, size_t size, struct span s)
{
    snprintf(to, size, "%.*s", (int)(s.len < size ? s.len : size - 1), s.data ? s.data : "");
}

enum state { STATE_NONE, STATE_SILENT, STATE_UP };

/* Clients without a configuration are not a cluster. */
static enum state state_slurm(const struct seen *s)
{
    if (has(s->v[LINE_PING], " UP"))
        return STATE_UP;
    if (s->v[LINE_PING].data && s->v[LINE_PING].len == 0)
        return STATE_SILENT;
    return has(s->v[LINE_PING], "DOWN") ? STATE_SILENT : STATE_NONE;
}

/* Slurm's programs for those who are used to PBS know no option that tells their version. */
static bool is_front_end(const struct seen *s)
{
    return has(s->v[LINE_QSTAT], "Unknown option: version") && has(s->v[LINE_HELP], "Usage:");
}

/* Also Torque. */
static enum state state_pbs(const struct seen *s)
{
    if (!has(s->v[LINE_QSTAT], "pbs_version") && !has(s->v[LINE_QSTAT], "ersion:") &&
        !is_front_end(s))
        return STATE_NONE;
    return span_is(s->v[LINE_PBS], "yes") ? STATE_UP : STATE_SILENT;
}

static enum state state_sge(const struct seen *s)
{
    struct span help = s->v[LINE_HELP];

    /* A program that had no time to say anything is there all the same. */
    if (!s->v[LINE_SGE].data || (help.len > 0 && !has(help, "GE ") && !has(help, "Grid")))
        return STATE_NONE;
    return span_is(s->v[LINE_SGE], "yes") ? STATE_UP : STATE_SILENT;
}

static enum state state_kubernetes(const struct seen *s)
{
    struct span version = s->v[LINE_KUBERNETES];

    if (!version.data || span_is(version, "none"))
        return STATE_NONE;
    return version.len > 0 ? STATE_UP : STATE_SILENT;
}

static enum state state_process(unused_arg const struct seen *s)
{
    return STATE_UP;
}

static bool always(unused_arg const struct cluster *c) { return true; }
static bool never(unused_arg const struct cluster *c) { return false; }

/* People have a kubectl on many a machine: it is meant where a volume is configured, and has to be
 * asked for elsewhere. */
static bool has_volume(const struct cluster *c)
{
    return c->volume != NULL;
}

struct candidate {
    const char *name;
    enum state (*state)(const struct seen *s);
    enum line version;
    bool (*by_itself)(const struct cluster *c); /* is taken without having been asked for */
};

static const struct candidate candidates[] = {
    { "slurm", state_slurm, LINE_SBATCH, always },
    { "pbs", state_pbs, LINE_QSTAT, always },
    { "sge", state_sge, LINE_HELP, always },
    { "kubernetes", state_kubernetes, LINE_KUBERNETES, has_volume },
    { "process", state_process, LINE_COUNT, never },
};

static const struct candidate *candidate_named(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(candidates); i++)
        if (strcmp(candidates[i].name, name) == 0)
            return &candidates[i];
    return NULL;
}

/* What only hands jobs to Slurm is no second scheduler. */
static bool is_behind_slurm(const struct candidate *k, const struct seen *s)
{
    return k->version == LINE_QSTAT && is_front_end(s);
}

static void take(const struct candidate *k, const struct seen *s, const char *why,
                 struct meeting *m)
{
    snprintf(m->scheduler, sizeof m->scheduler, "%s", k->name);
    m->version[0] = '\0';
    if (k->version < LINE_COUNT)
        copy(m->version, sizeof m->version, s->v[k->version]);
    if (is_behind_slurm(k, s))
        snprintf(m->version, sizeof m->version, "%s", MEETING_FRONT_END);
    snprintf(m->found, sizeof m->found, "%s%s%s%s: %s", k->name, m->version[0] ? " (" : "",
             m->version, m->version[0] ? ")" : "", why);
}

/* The one that the configuration names. */
static int take_named(const struct cluster *c, const struct seen *s, struct meeting *m,
                      struct error *e)
{
    const struct candidate *k = candidate_named(c->scheduler->name);
    enum state              state = k ? k->state(s) : STATE_NONE;

    if (state == STATE_NONE)
        return error_set(e, -EINVAL, "cluster %s has no %s that its user could use; write "
                         "\"scheduler\": \"auto\" into the configuration, or name another one",
                         c->name, c->scheduler->name);
    take(k, s, state == STATE_UP ? "the configuration asks for it"
                                 : "the configuration asks for it; it does not answer now", m);
    return 0;
}

/* Which of them are in this state, as "slurm and sge"; and the last of them. */
static unsigned count(const struct cluster *c, const struct seen *s, enum state state,
                      const struct candidate **one, struct buf *names)
{
    unsigned n = 0;

    for (size_t i = 0; i < ARRAY_SIZE(candidates); i++) {
        const struct candidate *k = &candidates[i];

        if (!k->by_itself(c) || k->state(s) != state || is_behind_slurm(k, s))
            continue;
        buf_printf(names, "%s%s", n ? " and " : "", k->name);
        *one = k;
        n++;
    }
    return n;
}

static int find(const struct cluster *c, const struct seen *s, struct meeting *m, struct error *e)
{
    _cleanup_(bufp) struct buf names = BUF_INIT, silent = BUF_INIT;
    const struct candidate    *one = NULL, *other = NULL;
    unsigned                   up = count(c, s, STATE_UP, &one, &names);

    if (up > 1)
        return error_set(e, -EINVAL, "cluster %s has %s; write which of them, for example "
                         "\"scheduler\": \"%s\", into the configuration", c->name, names.data,
                         one->name);
    if (up == 0 && count(c, s, STATE_SILENT, &other, &silent) > 0)
        return error_set(e, -EINVAL, "cluster %s has the programs of %s, but its server does not "
                         "answer; write \"scheduler\": \"%s\" into the configuration if it "
                         "will, or \"scheduler\": \"process\" to run jobs on that host itself",
                         c->name, silent.data, other->name);
    if (up == 1 && !scheduler_named(one->name))
        return error_set(e, -EINVAL, "cluster %s has %s, which this version does not speak; write "
                         "\"scheduler\": \"process\" into the configuration to run jobs on "
                         "that host itself", c->name, one->name);
    if (up == 1)
        take(one, s, is_front_end(s) ? "it answers, and what is there of PBS only hands jobs to it"
                                     : "the only scheduler there, and it answers", m);
    else
        take(candidate_named("process"), s,
             state_kubernetes(s) == STATE_NONE
                 ? "there is no scheduler, so jobs run on that host"
                 : "jobs run on that host; its kubectl leads to a Kubernetes, which is used where "
                   "\"scheduler\": \"kubernetes\" or a \"volume\" is configured", m);
    return 0;
}

/* "~/hpc" is what people write for "hpc". */
static const char *below_home(const char *dir)
{
    return dir[0] == '~' && (dir[1] == '/' || !dir[1]) ? dir + 1 + (dir[1] == '/') : dir;
}

static int set_root(const struct cluster *c, struct span home, struct meeting *m, struct error *e)
{
    const char *dir = below_home(c->dir ? c->dir : ".clustrixfs");
    int         n;

    while (home.len > 1 && home.data[home.len - 1] == '/')
        home.len--;
    if (dir[0] == '/')
        n = snprintf(m->root, sizeof m->root, "%s", dir);
    else if (home.len > 0 && home.data[0] == '/' && home.len < sizeof m->root)
        n = snprintf(m->root, sizeof m->root, "%.*s%s%s", (int)home.len, home.data,
                     dir[0] ? "/" : "", dir);
    else
        return error_set(e, -EINVAL, "cluster %s does not say where the home directory is; write "
                         "an absolute \"dir\" into the configuration", c->name);
    if ((size_t)n >= sizeof m->root)
        return error_set(e, -EINVAL, "the directory on cluster %s has too long a name", c->name);
    for (; n > 1 && m->root[n - 1] == '/'; n--)
        m->root[n - 1] = '\0';
    return 0;
}

static void take_known(const struct cluster *c, struct meeting *m)
{
    snprintf(m->scheduler, sizeof m->scheduler, "%s", c->scheduler->name);
    snprintf(m->version, sizeof m->version, "%s", c->version ? c->version : "");
    snprintf(m->found, sizeof m->found, "%s", c->found ? c->found : "");
}

static void set_machine(const struct seen *s, struct meeting *m)
{
    uint64_t n;

    copy(m->host, sizeof m->host, s->v[LINE_HOST]);
    if (span_to_u64(s->v[LINE_CORES], &n) == 0 && n <= UINT32_MAX)
        m->cores = (uint32_t)n;
    if (span_to_u64(s->v[LINE_MEMORY], &n) == 0 && n <= UINT64_MAX / 1024)
        m->memory = n * 1024;
}

int meeting_hear(const struct cluster *c, const struct outcome *o, struct meeting *m,
                 struct error *e)
{
    struct seen seen = { 0 };
    int         r;

    *m = (struct meeting){ 0 };
    read_lines(buf_span(&o->out), &seen);
    if (!seen.v[LINE_END].data || !seen.v[LINE_HOME].data)
        return error_set(e, -EPROTO, "cluster %s does not answer as a POSIX shell does (exit "
                         "status %d): %.100s", c->name, o->status, o->err.data);
    set_machine(&seen, m);
    r = set_root(c, seen.v[LINE_HOME], m, e);
    if (r < 0)
        return r;
    if (c->met) {
        take_known(c, m);
        return 0;
    }
    return c->finds_scheduler || !c->scheduler ? find(c, &seen, m, e)
                                               : take_named(c, &seen, m, e);
}
