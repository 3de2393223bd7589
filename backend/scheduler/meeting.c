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
    "if has qstat && has qsub; then\n"
    "    tell qstat \"$(first qstat --version)\" &\n"
    "    tell help \"$(first qstat -help)\" &\n"
    "fi\n";

static const char last_question[] = "tell end ''\n";

static void ask_schedulers(struct buf *text, const struct cluster *c)
{
    buf_add_str(text, "context=");
    quote_word(text, span_str(c->context));
    buf_printf(text, "\n%s", scheduler_question);
    for (size_t i = 0; schedulers[i]; i++)
        if (schedulers[i]->finding)
            buf_add_str(text, schedulers[i]->finding->question);
    buf_add_str(text, "wait\n");
}

int meeting_say(const struct cluster *c, struct command *cmd)
{
    _cleanup_(bufp) struct buf text = BUF_INIT;
    int                        r = strv_add(&cmd->argv, "sh");

    if (r == 0)
        r = strv_add(&cmd->argv, "-c");
    buf_add_str(&text, host_question);
    /* Which scheduler it has is known then, and that it may be away is no matter of the host. */
    if (!c->met)
        ask_schedulers(&text, c);
    buf_add_str(&text, last_question);
    return r < 0 ? r : strv_add_span(&cmd->argv, buf_span(&text));
}

struct span told(struct span answer, const char *key)
{
    struct span line, value = { NULL, 0 };
    size_t      len = strlen(key);

    while (answer.len > 0 && memchr(answer.data, '\n', answer.len) &&
           span_next_line(&answer, &line))
        if (line.len > len && memcmp(line.data, key, len) == 0 && line.data[len] == '|')
            value = (struct span){ line.data + len + 1, line.len - len - 1 };
    return value;
}

bool told_words(struct span answer, const char *key, const char *words)
{
    struct span s = told(answer, key);

    return s.data && memmem(s.data, s.len, words, strlen(words));
}

static void copy(char *to, size_t size, struct span s)
{
    snprintf(to, size, "%.*s", (int)(s.len < size ? s.len : size - 1), s.data ? s.data : "");
}

/* Every host can run jobs itself. */
static enum presence presence_of(const struct scheduler_ops *s, struct span answer)
{
    return s->finding ? s->finding->presence(answer) : PRESENCE_UP;
}

static bool by_itself(const struct scheduler_ops *s, const struct cluster *c)
{
    return s->finding && (!s->finding->by_itself || s->finding->by_itself(c));
}

static const char *front_end(const struct scheduler_ops *s, struct span answer)
{
    return s->finding && s->finding->front_end ? s->finding->front_end(answer) : NULL;
}

static void take(const struct scheduler_ops *s, struct span answer, const char *why,
                 struct meeting *m)
{
    const char *front = front_end(s, answer);

    snprintf(m->scheduler, sizeof m->scheduler, "%s", s->name);
    m->version[0] = '\0';
    if (s->finding)
        copy(m->version, sizeof m->version,
             front ? span_str(front) : told(answer, s->finding->version));
    snprintf(m->found, sizeof m->found, "%s%s%s%s: %s", s->name, m->version[0] ? " (" : "",
             m->version, m->version[0] ? ")" : "", why);
}

/* The one that the configuration names. */
static int take_named(const struct cluster *c, struct span answer, struct meeting *m,
                      struct error *e)
{
    enum presence presence = presence_of(c->scheduler, answer);

    if (presence == PRESENCE_NONE)
        return error_set(e, -EINVAL, "cluster %s has no %s that its user could use; write "
                         "\"scheduler\": \"auto\" into the configuration, or name another one",
                         c->name, c->scheduler->name);
    take(c->scheduler, answer, presence == PRESENCE_UP
             ? "the configuration asks for it"
             : "the configuration asks for it; it does not answer now", m);
    return 0;
}

/* Which of them are present like that, as "slurm and sge"; and the last of them. */
static unsigned count(const struct cluster *c, struct span answer, enum presence presence,
                      const struct scheduler_ops **one, struct buf *names)
{
    unsigned n = 0;

    for (size_t i = 0; schedulers[i]; i++) {
        const struct scheduler_ops *s = schedulers[i];

        if (!by_itself(s, c) || presence_of(s, answer) != presence || front_end(s, answer))
            continue;
        buf_printf(names, "%s%s", n ? " and " : "", s->name);
        *one = s;
        n++;
    }
    return n;
}

static void take_only(const struct scheduler_ops *one, struct span answer, struct meeting *m)
{
    char why[100] = "the only scheduler there, and it answers";

    for (size_t i = 0; schedulers[i]; i++)
        if (front_end(schedulers[i], answer))
            snprintf(why, sizeof why, "it answers, and what is there of %s only hands jobs to it",
                     schedulers[i]->finding->title);
    take(one, answer, why, m);
}

static void take_host(const struct cluster *c, struct span answer, struct meeting *m)
{
    const char *why = "there is no scheduler, so jobs run on that host";

    for (size_t i = 0; schedulers[i]; i++)
        if (schedulers[i]->finding && !by_itself(schedulers[i], c) &&
            presence_of(schedulers[i], answer) != PRESENCE_NONE)
            why = schedulers[i]->finding->aside;
    take(&scheduler_process, answer, why, m);
}

static int find(const struct cluster *c, struct span answer, struct meeting *m, struct error *e)
{
    _cleanup_(bufp) struct buf  names = BUF_INIT, silent = BUF_INIT;
    const struct scheduler_ops *one = NULL, *other = NULL;
    unsigned                    up = count(c, answer, PRESENCE_UP, &one, &names);

    if (up > 1)
        return error_set(e, -EINVAL, "cluster %s has %s; write which of them, for example "
                         "\"scheduler\": \"%s\", into the configuration", c->name, names.data,
                         one->name);
    if (up == 0 && count(c, answer, PRESENCE_SILENT, &other, &silent) > 0)
        return error_set(e, -EINVAL, "cluster %s has the programs of %s, but its server does not "
                         "answer; write \"scheduler\": \"%s\" into the configuration if it "
                         "will, or \"scheduler\": \"process\" to run jobs on that host itself",
                         c->name, silent.data, other->name);
    if (up == 1)
        take_only(one, answer, m);
    else
        take_host(c, answer, m);
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

static void set_machine(struct span answer, struct meeting *m)
{
    uint64_t n;

    copy(m->host, sizeof m->host, told(answer, "host"));
    if (span_to_u64(told(answer, "cores"), &n) == 0 && n <= UINT32_MAX)
        m->cores = (uint32_t)n;
    if (span_to_u64(told(answer, "memory"), &n) == 0 && n <= UINT64_MAX / 1024)
        m->memory = n * 1024;
}

int meeting_hear(const struct cluster *c, const struct outcome *o, struct meeting *m,
                 struct error *e)
{
    struct span answer = buf_span(&o->out), home = told(answer, "home");
    int         r;

    *m = (struct meeting){ 0 };
    if (!told(answer, "end").data || !home.data)
        return error_set(e, -EPROTO, "cluster %s does not answer as a POSIX shell does (exit "
                         "status %d): %.100s", c->name, o->status, o->err.data);
    set_machine(answer, m);
    r = set_root(c, home, m, e);
    if (r < 0)
        return r;
    if (c->met) {
        take_known(c, m);
        return 0;
    }
    return c->finds_scheduler || !c->scheduler ? find(c, answer, m, e)
                                               : take_named(c, answer, m, e);
}
