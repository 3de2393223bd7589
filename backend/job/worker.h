/*
 * worker.h - the thread that owns one cluster's transport
 *
 * The engine sends it orders, it sends answers back; neither waits for the other. Orders that pile
 * up go out together: a hundred launches are one put and one command. It also follows the events
 * file of the cluster, and what it reads there comes back as answers nobody asked for. Where the
 * cluster is reached over a network it keeps the connection, and says when that comes and goes.
 */
#ifndef CLUSTRIXFS_WORKER_H
#define CLUSTRIXFS_WORKER_H

#include "clustrixfs/cluster.h"
#include "message.h"
#include "clustrixfs/mailbox.h"
#include "clustrixfs/record.h"
#include "clustrixfs/results.h"
#include "clustrixfs/scheduler.h"

struct worker;

/* In the order in which they go out when several kinds wait. */
enum order_kind {
    ORDER_VERB,   /* say `verb`                                     */
    ORDER_SUBMIT, /* put files, move the inputs in, say VERB_SUBMIT */
    ORDER_LOOK,   /* say `verb` (FIND or POLL), fetch the records   */
    ORDER_REMOVE, /* remove the job's directory                     */
    ORDER_SURVEY, /* look at the whole queue: a struct survey_news  */
    ORDER_CONNECT, ORDER_DISCONNECT,
    ORDER_NOTHING, /* only wakes it */
    ORDER_KIND_COUNT
};

/* One job, one wish. Made by the engine, owned by the worker from worker_send() on. */
struct order {
    struct letter        letter;
    enum order_kind      kind;
    enum scheduler_verb  verb;
    unsigned             cluster; /* its index */
    job_id               id;
    char                 token[JOB_TOKEN_LEN + 1];
    char                 native[NATIVE_ID_MAX];
    uint32_t             attempt;
    int64_t              asked_ns; /* mono, when it was given                       */
    char                 word[16]; /* VERB_SIGNAL                                   */
    struct far_files     files;    /* SUBMIT: to put first; empty when they are there */
    char                *inputs;   /* SUBMIT: a directory here that becomes files/; or NULL */
    bool                 again;    /* SUBMIT: an earlier try is known to have come to nothing  */
    bool                 account;  /* LOOK: where its record does not tell, ask the scheduler  */
};

enum answer_is {
    ANSWER_SAID,    /* `report` is what the scheduler said                              */
    ANSWER_NOT_RUN, /* certainly nothing was done; `e` says why                         */
    ANSWER_UNKNOWN, /* it may have been done; `e` says why                              */
};

/* What became of one order, or (kind ORDER_LOOK, id 0) a line of the events file. */
struct answer {
    struct message      message;
    unsigned            cluster;
    enum order_kind     kind;
    enum scheduler_verb verb;
    job_id              id; /* 0: known by token and element only                      */
    char                token[JOB_TOKEN_LEN + 1];
    uint32_t            element, attempt;
    int64_t             asked_ns; /* of its order: what it tells is no older                   */
    enum answer_is      is;
    struct report       report;
    bool                missing; /* LOOK for a submission: it is nowhere, which is no proof yet */
    bool                accounted;  /* `report` is what the scheduler's accounting says    */
    bool                has_record; /* `record` was there: started, or exit if it ended    */
    struct record       record;
    struct error        e;
};

/* Who acts on what it posts: struct answer, struct link_news, struct survey_news. */
struct worker_acts {
    message_fn *answer, *link, *survey;
};

struct results;

/* Starts the thread. What it finds is posted to `box`. `results` (or NULL) is borrowed: what is
 * heard of jobs' files goes there. */
int  worker_start(struct worker **wp, const struct cluster *cluster, struct results *results,
                  struct mailbox *box, const struct worker_acts *acts, struct error *e) must_check;
void worker_send(struct worker *w, struct order *o);
/* Whether the cluster has jobs of ours: then a far side that falls silent is noticed by asking. */
void worker_watch(struct worker *w, bool watch);
/* Ends the thread after the order it is at; drops the others. */
void worker_stop(struct worker *w);
void order_free(struct order *o);

#endif
