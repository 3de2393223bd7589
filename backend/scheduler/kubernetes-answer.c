/*
 * kubernetes-answer.c - what kubectl answered when it was to make a pod
 *
 * "Already exists" is a yes: nobody else makes a pod of that name. Who may not, or may not yet
 * (a quota, a login that has run out), waits; what is wrong with the pod itself is refused.
 */
#include <stdio.h>
#include <string.h>

#include "answer.h"
#include "kubernetes.h"

// clang-format off
static const struct phrase phrases[] = {
    /* The request may have arrived. */
    { "unexpected EOF",                        KIND_BROKEN },
    { "connection reset",                      KIND_BROKEN },
    { "i/o timeout",                           KIND_BROKEN },
    { "deadline exceeded",                     KIND_BROKEN },
    { "Client.Timeout",                        KIND_BROKEN },
    { "request timed out",                     KIND_BROKEN },
    { "Timeout: ",                             KIND_BROKEN },
    { "http2: ",                               KIND_BROKEN },
    { "(InternalError)",                       KIND_BROKEN },

    { "was refused - did you specify",         KIND_LATER },
    { "connection refused",                    KIND_LATER },
    { "no such host",                          KIND_LATER },
    { "no route to host",                      KIND_LATER },
    { "network is unreachable",                KIND_LATER },
    { "TLS handshake timeout",                 KIND_LATER },
    { "x509: ",                                KIND_LATER },
    { "(Unauthorized)",                        KIND_LATER },
    { "error: EOF",                            KIND_LATER },
    { "getting credentials",                   KIND_LATER },
    { "exceeded quota",                        KIND_LATER },
    { "is forbidden: User",                    KIND_LATER },
    { "error looking up service account",      KIND_LATER },
    { "(NotFound): namespaces ",               KIND_LATER },
    { "unable to create new content in namespace", KIND_LATER },
    { "(TooManyRequests)",                     KIND_LATER },
    { "context was not found",                 KIND_LATER },
    { "cannot locate context",                 KIND_LATER },
    { "does not exist",                        KIND_LATER },
    { "no such file or directory",             KIND_LATER },
    { "kubectl leads to ",                     KIND_LATER },
    { "kubectl may not create pods/exec",      KIND_LATER },
    { "could not be packed",                   KIND_LATER },
    { "kubectl: not found",                    KIND_LATER },
    { "'kubectl'",                             KIND_LATER },

    { " is invalid: ",                         KIND_REFUSED },
    { "denied the request",                    KIND_REFUSED },
    { "violates PodSecurity",                  KIND_REFUSED },
    { "unable to validate against any",        KIND_REFUSED },
    { "is forbidden: maximum ",                KIND_REFUSED },
    { "is forbidden: minimum ",                KIND_REFUSED },
    { "is forbidden: ",                        KIND_REFUSED },
    { "failed quota: ",                        KIND_REFUSED },
    { "(BadRequest)",                          KIND_REFUSED },
    { "(RequestEntityTooLarge)",               KIND_REFUSED },
    { "are more than 1 MiB when packed",       KIND_REFUSED },
    { NULL },
};
// clang-format on

static const char *const openings[] = {
    "Error from server (Forbidden): ", "Error from server (NotFound): ",
    "Error from server (BadRequest): ", "Error from server (Invalid): ",
    "Error from server: ", "error: ", NULL,
};

/* The name between `before` and `end`, if it is one of ours. */
static bool find_name(struct span text, const char *before, char end, struct report *r)
{
    struct kube_name name;
    size_t           len = strlen(before);
    const char      *at = text.len > 0 ? memmem(text.data, text.len, before, len) : NULL;
    struct span      rest;

    if (!at)
        return false;
    rest = (struct span){ at + len, text.len - (size_t)(at + len - text.data) };
    rest = span_until(&rest, end);
    if (!kube_name_cut(rest, &name))
        return false;
    span_copy(r->native, sizeof r->native, rest);
    return true;
}

void kube_hear_submit(int status, struct span out, struct span err, struct report *report)
{
    *report = (struct report){ .is = REPORT_UNKNOWN };
    if ((status == 0 && find_name(out, "pod/", '\n', report)) ||
        (span_has(err, "(AlreadyExists)") && find_name(err, "pods \"", '"', report)))
        report->is = REPORT_QUEUED;
    else
        answer_judge(status, out, err, phrases, openings, report);
}
