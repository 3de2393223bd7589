/*
 * far.h - what the files of the far transports share: one agent there, and what it is asked
 *
 * At the far end of a stream sits a shell that takes requests: a script and the bytes for it. Each
 * request costs one round trip, whatever it does, and no login shell. far-agent.c has the words.
 */
#ifndef CLUSTRIXFS_TRANSPORT_FAR_H
#define CLUSTRIXFS_TRANSPORT_FAR_H

#include <stdatomic.h>
#include <stdint.h>

#include "clustrixfs/transport.h"
#include "link.h"

#define FAR_TIMEOUT_MS 60000
#define FAR_KEY_SIZE   33 /* 32 hexadecimal digits */

/* What came from one end of a stream and is not understood yet, and where the answer stands. */
struct half {
    struct buf in;
    bool begun, over;
};

struct agent {
    struct stream *stream; /* NULL: there is none */
    struct half half[LINK_ENDS];
    char key[FAR_KEY_SIZE];
    char nonce[FAR_KEY_SIZE]; /* of the request that it has now */
};

#define HALF_INIT                                                                                  \
    {                                                                                              \
        .in = BUF_INIT                                                                             \
    }
#define AGENT_INIT                                                                                 \
    {                                                                                              \
        .half = { HALF_INIT, HALF_INIT }                                                           \
    }

struct transport {
    const struct link_ops *ops;
    const struct cluster *cluster;
    struct link *link;
    int stop; /* an eventfd: readable when everything has to end */
    atomic_bool stopped;
    bool up;
    struct agent agent; /* takes the requests */
    struct agent tail;  /* sends what a followed file gets */
};

/* A script for a POSIX shell, and its input; one without input must not read any. */
struct request {
    struct buf script, input;
};

#define REQUEST_INIT                                                                               \
    {                                                                                              \
        .script = BUF_INIT, .input = BUF_INIT                                                      \
    }

/* Where the answer goes. */
struct answer {
    transport_sink *take; /* NULL: into `out`                       */
    void *arg;
    size_t most;  /* bytes of `out`                         */
    bool streams; /* the time limit is for silence          */
    unsigned timeout_ms;
    struct buf out, err;
    int status;
    int stopped; /* what `take` returned, if not 0         */
};

#define ANSWER_INIT                                                                                \
    {                                                                                              \
        .most = COMMAND_OUTPUT_MAX, .timeout_ms = FAR_TIMEOUT_MS, .out = BUF_INIT, .err = BUF_INIT \
    }

static inline unused_arg void requestp_cleanup(struct request *q)
{
    buf_release(&q->script);
    buf_release(&q->input);
}

static inline unused_arg void answerp_cleanup(struct answer *a)
{
    buf_release(&a->out);
    buf_release(&a->err);
}

/* 32 hexadecimal digits that nobody can guess. 0 or a negative errno. */
int agent_key(char key[FAR_KEY_SIZE]) must_check;
/* Start an agent on a stream of its own. 0, TRANSPORT_E_NOT_RUN, or _LOGIN (openssh). */
int agent_start(struct transport *t, struct agent *a, struct error *e) must_check;
void agent_end(struct transport *t, struct agent *a);

/*
 * What the two files of the agent share. One read of one end: 0: something came; -EAGAIN; -EPIPE:
 * that was all; or another negative errno. Waiting, also until it can be written to. The line that
 * begins an answer looked for, and all up to it forgotten. The bytes of a request, with a new
 * nonce.
 */
int agent_read(struct transport *t, struct agent *a, enum link_end end, size_t room) must_check;
int agent_wait(struct transport *t, const struct agent *a, bool writing,
               int64_t deadline_ns) must_check;
bool half_find_begin(struct half *h, const char *key);
void half_cut(struct buf *b, size_t len);
int agent_prepare(struct agent *a, const struct request *q, struct buf *out) must_check;

/*
 * The parts of a request, for what is streamed in: begin it; add to its input; hear the answer,
 * with no more input. 0; -ECONNABORTED: `take` wants no more; or another negative errno.
 */
int agent_begin(struct transport *t, struct agent *a, const struct request *q,
                struct answer *answer) must_check;
int agent_add(struct transport *t, struct agent *a, struct span bytes,
              struct answer *answer) must_check;
int agent_hear(struct transport *t, struct agent *a, struct answer *answer) must_check;
/* The same without waiting: take what is there. And wait until there is something. */
int agent_look(struct transport *t, struct agent *a, struct answer *answer) must_check;
bool agent_is_done(const struct agent *a);
/* What such an errno means: TRANSPORT_E_UNKNOWN and the sentence. The connection is closed. */
int agent_failed(struct transport *t, int r, const struct answer *answer,
                 struct error *e) must_check;

/* One whole request to the transport's agent, which is started when there is none. Returns as
 * run(); trouble closes the connection. */
int far_ask(struct transport *t, const struct request *q, struct answer *answer,
            struct error *e) must_check;

/* Said by the scripts for files: 0, or a negative errno for what `err` ends in and a sentence that
 * begins with `cannot`. */
int far_verdict(const struct answer *a, const char *cannot, struct error *e) must_check;
/* Words for these scripts: a known language, nothing open for others. */
int far_script(struct buf *script) must_check;
int far_word(struct buf *script, const char *word) must_check;

void far_broken(struct transport *t);

/* As in struct transport_ops. */
int far_open(struct transport **tp, const struct link_ops *ops, const struct cluster *c,
             struct error *e) must_check;
int far_connect(struct transport *t, struct error *e);
void far_disconnect(struct transport *t);
void far_interrupt(struct transport *t);
int far_run(struct transport *t, const struct command *c, struct outcome *o, struct error *e);
int far_put(struct transport *t, const struct far_files *files, struct error *e);
int far_fetch(struct transport *t, struct far_files *files, struct error *e);
int far_move_in(struct transport *t, const char *here, const char *path, struct error *e);
int far_remove(struct transport *t, const char *path, struct error *e);
int far_follow(struct transport *t, const char *path, struct error *e);
int far_follow_read(struct transport *t, struct buf *b, struct error *e);
int far_read(struct transport *t, const char *path, off_t off, uint64_t size, transport_sink *sink,
             void *arg, struct error *e);
void far_close(struct transport *t);

#endif
