/*
 * kubernetes-state.c - what the state of a pod means for the job
 *
 * How the job ended its own record tells; a pod says why: a deadline, too much memory, a node that
 * wanted its room back. A pod that ended well without a record has ended in no way that we know.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "clustrixfs/clock.h"
#include "clustrixfs/record.h"
#include "kubernetes.h"

#define RECORD_MAX 2048

/* What Go quotes, unquoted; what is written as \n there is `newline`, as \t a blank. */
static void copy_quoted(char *to, size_t size, struct span s, char newline)
{
    size_t n = 0;

    if (s.len >= 2 && s.data[0] == '"' && s.data[s.len - 1] == '"')
        s = (struct span){ s.data + 1, s.len - 2 };
    for (size_t i = 0; i < s.len && n + 1 < size; i++) {
        char c = s.data[i];

        if (c == '\\' && i + 1 < s.len) {
            c = s.data[++i];
            if (c != '"' && c != '\\')
                c = c == 'n' ? newline : ' ';
        } else if ((unsigned char)c < ' ' || c == 0x7f) {
            c = ' ';
        }
        to[n++] = c;
    }
    to[n] = '\0';
}

/* "REASON: MESSAGE", as far as there are such. */
static void note(struct report *r, struct span reason, struct span message)
{
    size_t n;

    span_copy(r->note, sizeof r->note, reason);
    n = strlen(r->note);
    if (n > 0 && message.len > 0 && n + 3 < sizeof r->note)
        n += (size_t)snprintf(r->note + n, sizeof r->note - n, ": ");
    copy_quoted(r->note + n, sizeof r->note - n, message, ' ');
}

/* "2026-11-30T12:00:00Z"; 0: it is not said. */
static int64_t to_ns(struct span s)
{
    char      text[32];
    struct tm tm = { 0 };
    time_t    t;

    span_copy(text, sizeof text, s);
    if (!strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm))
        return 0;
    t = timegm(&tm);
    return t > 0 ? (int64_t)t * NS_PER_S : 0;
}

struct meaning {
    const char    *reason;
    enum job_cause cause;
};

/* Reasons of a pod that has failed as a whole. What begins with OutOf did not fit the node. */
static const struct meaning pod_reasons[] = {
    { "DeadlineExceeded", CAUSE_TIME_LIMIT }, { "Evicted", CAUSE_NODE },
    { "Preempting", CAUSE_NODE },             { "Shutdown", CAUSE_NODE },
    { "NodeShutdown", CAUSE_NODE },           { "Terminated", CAUSE_NODE },
    { "NodeLost", CAUSE_NODE },               { "NodeAffinity", CAUSE_START },
    { "UnexpectedAdmissionError", CAUSE_START }, { NULL },
};

static const struct meaning container_reasons[] = {
    { "OOMKilled", CAUSE_MEMORY },         { "StartError", CAUSE_START },
    { "ContainerCannotRun", CAUSE_START }, { "RunContainerError", CAUSE_START },
    { "ContainerStatusUnknown", CAUSE_NODE }, { NULL },
};

/* A container that cannot be made as it is, however often Kubernetes tries. */
static const struct meaning hopeless[] = {
    { "InvalidImageName", CAUSE_START }, { "ErrImageNeverPull", CAUSE_START }, { NULL },
};

static enum job_cause meaning_of(const struct meaning *m, struct span reason)
{
    for (; m->reason; m++)
        if (span_is(reason, m->reason))
            return m->cause;
    return CAUSE_NONE;
}

static void pending(const struct kube_pod *p, struct report *r)
{
    r->is = REPORT_QUEUED;
    if (meaning_of(hopeless, p->waiting) != CAUSE_NONE) {
        r->is = REPORT_ENDED;
        r->cause = CAUSE_START;
        note(r, p->waiting, p->waiting_message);
    } else if (p->unplaced) {
        note(r, (struct span){ "", 0 }, p->unplaced_message);
    } else if (p->waiting.len > 0 && !span_is(p->waiting, "ContainerCreating") &&
               !span_is(p->waiting, "PodInitializing")) {
        note(r, p->waiting, p->waiting_message);
    }
}

/*
 * The last words of a pod are the record of its job's end, which is known by that even if the
 * record itself cannot be read.
 */
static bool take_last_words(const struct kube_pod *p, struct report *r)
{
    struct record rec;
    char          text[RECORD_MAX];

    copy_quoted(text, sizeof text, p->ended_message, '\n');
    if (!p->terminated || record_parse(&rec, span_str(text)) != 0 || rec.cause == CAUSE_NONE)
        return false;
    if (rec.cause == CAUSE_EXIT && (rec.exit_code < 0 || rec.exit_code > 255))
        return false;
    r->cause = rec.cause;
    r->exit_code = rec.cause == CAUSE_EXIT ? rec.exit_code : 0;
    r->signal = rec.signal > 0 ? rec.signal : 0;
    r->usage = rec.usage;
    if (rec.started_ns > 0)
        r->started_ns = rec.started_ns;
    if (rec.ended_ns > 0)
        r->ended_ns = rec.ended_ns;
    span_copy(r->note, sizeof r->note,
              span_str(rec.cause == CAUSE_START ? rec.note : KUBE_LOST_NOTE));
    return true;
}

/* Where there is no record: what the shell that our wrapper is ended with. */
static void take_exit(const struct kube_pod *p, struct report *r)
{
    uint64_t code;

    if (!p->terminated || span_to_u64(p->exit_code, &code) < 0 || code == 0 || code > 255)
        return;
    note(r, (struct span){ "", 0 }, p->ended_message);
    if (strstr(r->note, "job.sh")) {
        r->cause = CAUSE_START;
        snprintf(r->note, sizeof r->note,
                 "the node does not have the job's directory on its volume");
    } else if (code > 128) {
        r->cause = CAUSE_SIGNAL;
        r->signal = (int32_t)code - 128;
    } else {
        r->cause = CAUSE_EXIT;
        r->exit_code = (int32_t)code;
    }
}

static void ended(const struct kube_pod *p, struct report *r)
{
    r->is = REPORT_ENDED;
    r->started_ns = to_ns(p->started_at);
    r->ended_ns = to_ns(p->ended_at);
    r->cause = meaning_of(pod_reasons, p->reason);
    if (r->cause == CAUSE_NONE && span_begins(p->reason, "OutOf"))
        r->cause = CAUSE_START;
    if (r->cause != CAUSE_NONE) {
        note(r, p->reason, p->message);
        return;
    }
    r->cause = meaning_of(container_reasons, p->ended);
    if (r->cause != CAUSE_NONE)
        note(r, p->ended, p->ended_message);
    else if (!take_last_words(p, r))
        take_exit(p, r);
}

/* Of one that is being deleted: that is why it has ended, or is as good as gone. */
static bool was_deleted(const struct report *r, bool kept)
{
    if (r->is != REPORT_ENDED)
        return kept;
    return r->cause == CAUSE_NONE || r->cause == CAUSE_EXIT || r->cause == CAUSE_SIGNAL;
}

void kube_report(const struct kube_pod *p, bool kept, struct report *r)
{
    *r = (struct report){ .is = REPORT_UNKNOWN };
    span_copy(r->native, sizeof r->native, p->name);
    span_copy(r->node, sizeof r->node, p->node);
    /* Without a volume a pod goes on for a while after its job. */
    if (span_is(p->phase, "Succeeded") || span_is(p->phase, "Failed") ||
        (p->terminated && kept)) {
        ended(p, r);
    } else if (span_is(p->phase, "Pending")) {
        pending(p, r);
    } else if (span_is(p->phase, "Running")) {
        r->is = REPORT_RUNNING;
    }
    if (kept && strcmp(r->note, KUBE_LOST_NOTE) == 0)
        r->note[0] = '\0';
    if (p->deleted.len > 0 && was_deleted(r, kept)) {
        r->is = REPORT_ENDED;
        r->cause = CAUSE_CANCEL;
        snprintf(r->note, sizeof r->note, "its pod was deleted");
    }
}
