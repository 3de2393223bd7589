/*
 * worker-events.c - the events file of a cluster, and what its lines lead to
 *
 * A line says that something is to be seen in a job's directory: "start cfxabc.../attempt1", "end
 * cfxabc.../task7.attempt1". It is a hint and no evidence; what counts are the records that are
 * fetched then, all that are named at the time in one round trip.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "clustrixfs/log.h"

#include "batch.h"
#include "worker-parts.h"

/* So many runs are asked for at once. */
#define LINES_MAX 512

void worker_follow(struct worker *w, const char *root)
{
    _cleanup_(bufp) struct buf path = BUF_INIT;
    struct error e = ERROR_INIT;

    if (buf_printf(&path, "%s/events", root))
        return;
    w->follow_fd = w->cluster->transport->follow(w->transport, path.data, &e);
    if (w->follow_fd < 0)
        log_line(LOG_WARN, "cluster=%s: ends are only noticed by looking every 30 s: %s",
                 w->cluster->name, e.text);
}

/* As an answer without a verdict yet; false: not such a line. */
static bool read_line(struct span line, struct answer *a)
{
    struct span word, run;
    const char *slash;

    if (!span_next_word(&line, &word) || (!span_is(word, "end") && !span_is(word, "start")) ||
        !span_next_word(&line, &word))
        return false;
    slash = memchr(word.data, '/', word.len);
    if (!slash || slash - word.data != JOB_TOKEN_LEN)
        return false;
    run = (struct span){ slash + 1, word.len - JOB_TOKEN_LEN - 1 };
    memcpy(a->token, word.data, JOB_TOKEN_LEN);
    return !run_name_parse(run, &a->element, &a->attempt);
}

/* Started and ended in the same breath is one run to look at. */
static bool is_known(const struct batch *b, const struct answer *a)
{
    for (size_t i = 0; i + 1 < b->n; i++)
        if (b->answers[i]->element == a->element && b->answers[i]->attempt == a->attempt &&
            !strcmp(b->answers[i]->token, a->token))
            return true;
    return false;
}

/* Up to LINES_MAX of the whole lines that are there; false when there is none. */
static bool take_lines(struct worker *w, struct batch *b)
{
    const char *whole = w->tail.len ? memrchr(w->tail.data, '\n', w->tail.len) : NULL;
    struct span rest, line;
    size_t      used;

    if (!whole)
        return false;
    rest = (struct span){ w->tail.data, (size_t)(whole + 1 - w->tail.data) };
    while (b->n < LINES_MAX && span_next_line(&rest, &line)) {
        struct answer *a = batch_add(b, NULL);

        /* One that cannot be read, or kept, is made up for by a sweep. */
        if (a && (!read_line(line, a) || is_known(b, a)))
            batch_drop_last(b);
    }
    used = (size_t)(rest.data - w->tail.data);
    memmove(w->tail.data, w->tail.data + used, w->tail.len - used);
    buf_set_len(&w->tail, w->tail.len - used);
    return true;
}

/* Read once more after each exchange: what came with its answer is announced by nothing else. */
void worker_read_events(struct worker *w)
{
    struct error e = ERROR_INIT;
    int          r = 0;

    while (w->follow_fd >= 0 && !r) {
        _cleanup_(batchp) struct batch b = { .results = w->results };

        r = w->cluster->transport->follow_read(w->transport, &w->tail, &e);
        if (!take_lines(w, &b))
            break;
        batch_fetch_records(&b, w->transport, w->cluster);
        worker_post(w, &b);
    }
    if (r == -ENOTCONN)
        link_lost(w, e.text);
}
