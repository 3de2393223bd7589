/*
 * live.h - a live job in the engine's hands, and the engine itself
 *
 * Everything here belongs to the engine's thread. The verbs are spread over a few files, each with
 * one idea: accept.c (a spec becomes a job), move.c (events), duty.c (what is owed), slots.c (whose
 * turn it is), after.c (who waits for whom), array.c (the whole and its elements), hear.c (what the
 * cluster says), control.c (what the user says), restart.c (taking up), commit.c (making it last
 * and showing it).
 */
#ifndef CLUSTRIXFS_LIVE_H
#define CLUSTRIXFS_LIVE_H

#include "clustrixfs/config.h"
#include "clustrixfs/mailbox.h"
#include "clustrixfs/record.h"
#include "clustrixfs/scheduler.h"
#include "clustrixfs/service.h"

#include "admit.h"
#include "board.h"
#include "burst.h"
#include "change.h"
#include "idmap.h"
#include "journal.h"
#include "link.h"
#include "store.h"
#include "survey.h"
#include "worker.h"

struct job {
    struct job_view       v;     /* as it is now; strings owned, set with job_text() */
    const struct cluster *cluster;
    struct spec          *spec;  /* owned by the whole; elements borrow it           */
    struct job           *whole; /* of an element; else NULL                         */
    unsigned              wish;
    char                 *waits, *inputs; /* as in struct stored_job; of wholes      */
    struct buf            text;  /* the spec's bytes, until they are stored          */
    uint64_t              draft; /* which draft it came from, until it is stored     */

    bool stored;   /* there is a row of it                                        */
    bool changed;  /* since the last commit; then it is in engine.changed         */
    bool reworded; /* its reason is another one since then                        */
    bool queued;   /* in its cluster's queue: eligible, waits for a slot          */
    bool meant;    /* WISH_START is on disk                                       */
    bool asked;    /* the cancel was said to the cluster; now its end is looked for  */
    bool suspect;  /* was looked for and not found once: the next time it is lost */
    bool there;    /* counted in its place's `there`                               */
    /* Where the scheduler has a queue: */
    bool again;        /* an earlier try to submit it is known to have come to nothing      */
    bool tied;         /* it was sent with others to wait for there                         */
    bool stays;        /* so it was refused: while it waits, it waits here                  */
    bool looking;      /* of the whole of an array: a look for its submission is on its way */
    bool unexplained;  /* its exit record waits for what the accounting says about it       */
    unsigned seen;     /* the round of surveys it was last in                               */
    unsigned asked_why; /* how often the accounting was asked                               */
    int64_t  sent_ns;   /* mono: when the scheduler was known to have it                    */
    int64_t  known_ns;  /* mono: what told so last was asked then; 0: it never did          */
    int64_t  missed_ns; /* mono: since when it is missing; 0: it is not                     */
    int64_t  over_ns;   /* mono: since when the scheduler says that it ended; 0: it does not */
    int64_t  back_ns;   /* mono: since when one that runs is said to wait; 0: it is not       */
    bool brought;  /* its outputs are here: of the whole of an array, or of a lost one */
    bool bringing; /* they are on their way here                                       */
    char *said;    /* its reason before that; of a lost one then: what was not brought */
    bool put;      /* its files are in its directory on the cluster; of wholes     */
    bool staging;  /* its inputs are on their way there; of wholes                 */
    bool staged;   /* they are there, or there are none; of wholes                 */
    uint32_t slots;    /* cores counted in its cluster's slots; 0: it has none            */
    bool fed;      /* one that it waits for, or that waits for, leaves files on this machine */
    bool late;     /* its inputs are not brought before those have ended; of wholes */
    unsigned passed;   /* how many later jobs were started before it while it was first   */
    unsigned failures; /* to start, in a row: how long to wait before the next try        */
    bool     begun;     /* a record of the start of this attempt was seen                 */
    unsigned unstarted; /* how often its node could not start this attempt                */
    char    *gone;      /* the scheduler's number for the last time, which is over; or NULL */
    int64_t  due_ns;   /* mono; 0: nothing is due. In engine.due while not 0              */
    size_t   due_at;   /* its place there                                                 */

    struct job *next, *prev; /* the queue                */
    uint64_t   *waiters;     /* ids of jobs that wait for this one to end, in order */
    size_t      n_waiters;
    unsigned    waits_left; /* how many jobs this one still waits for; arrays: the whole   */

    /* Of the whole of an array: */
    struct job **elements; /* live ones by index of the spec's ranges, NULL once dropped */
    uint32_t     n_elements, n_active; /* active: took a slot; for the throttle            */
    uint32_t     n_there;              /* the cluster has them, see job_is_there()         */
    uint32_t     turn;   /* those before this one do not wait for another one to end       */
    struct job  *tail;   /* the last of them in the queue; they lie there side by side     */
    struct job  *latest; /* the one that came into it last, or one before that             */
};

/* Jobs of one priority, first come first. */
struct rank {
    int32_t     priority;
    struct job *first, *last;
};

/* What a cluster without a queue of its own has to give, and who waits for it. */
struct slots {
    uint64_t     cores_taken, memory_taken; /* of the cluster's; after a restart maybe more */
    struct rank *ranks; /* descending priority */
    size_t       n_ranks, n_queued;
};

struct place {
    const struct cluster *cluster;
    struct worker        *worker;
    struct stager        *stager;   /* NULL until there is something to bring               */
    struct fetcher       *fetcher;  /* the same                                             */
    struct slots          slots;
    unsigned              there; /* jobs the cluster has, as far as we know: a sweep is owed */
    int64_t               sweep_ns; /* mono, when; 0: none                                     */
    int64_t               pace_ns;  /* between sweeps: longer while nothing happens            */
    bool                  open;     /* it can be reached and is known: orders may be sent      */
    bool                  surveying; /* a survey is on its way                                 */
    unsigned              round;    /* of surveys                                              */
    int64_t               start_ns; /* mono, when the last one was started                      */
    bool                  ahead;    /* some that wait may have WISH_START                       */
    bool                  draining; /* ctl drain: start nothing new                             */
};

/* Somebody to be told once the present changes are on disk. */
struct promise {
    service_done *done;
    void         *arg;
    int           r;
    struct error  e;
};

struct engine {
    const struct config *config;
    struct store        *store;
    struct journal      *journal;
    struct board        *board;
    struct results *const *results; /* by cluster; NULL for this machine */
    struct mailbox      *box;
    struct place        *places; /* one for each cluster, same index */
    struct links        *links;

    struct idmap jobs;   /* by id                                     */
    struct idmap tokens; /* wholes by token_bits()                    */
    struct job **due;    /* a heap by due_ns                          */
    size_t       n_due, due_alloc;

    struct job    **changed; /* to be stored and shown at the next commit */
    size_t          n_changed, changed_alloc;
    struct buf      lines;  /* the journal's lines of the present commit                    */
    struct idmap    shows;  /* ids whose change is to be told: id -> 1 + CHANGE_* bits      */
    struct promise *promises;
    size_t          n_promises, promises_alloc;
    struct stored_event *events; /* to be stored; detail is owned */
    size_t               n_events, events_alloc;
    struct letter       *outbox; /* orders that go out after the commit */
    struct letter      **outbox_end;
    struct change       *changes; /* in order */
    struct change      **changes_end;
    bool                 urgent;   /* this round must be on disk before it is shown         */
    int64_t              sync_ns;  /* mono: by then what was committed has to be on disk    */
    int64_t              retry_ns; /* mono: the last commit failed, it is tried again then  */
    struct burst         burst;
    int64_t              start_ns; /* mono: starts are gathered until then; 0: they are not */

    uint64_t seq; /* of the last event */
    uint64_t ticket; /* of the last message taken; becomes `settled` at commit */
    bool     stopping;

    /* Read by other threads. */
    uint64_t          settled;  /* atomic */
    uint64_t          commits, started, submitted; /* atomic, for metrics */
    service_changed **watcher;  /* slot of the service: {fn, arg} set before anything changes */
    void            **watcher_arg;
};

/* Whether its scheduler keeps the queue; one that is not known yet is waited for like one. */
static inline bool cluster_queues(const struct cluster *c)
{
    return !c->scheduler || c->scheduler->queues;
}

/* move.c */
struct job *job_new(struct engine *en, job_id id, const struct cluster *cluster);
void job_free(struct job *j);
/* Replace an owned string; -ENOMEM keeps the old one. */
int  job_text(const char **field, const char *value) must_check;
void job_reason(struct job *j, const char *fmt, ...) printf_like(2, 3);
/* The scheduler will not take it, in these words: its end. */
void job_refuse(struct engine *en, struct job *j, const char *why);
/* Forget what belongs to one attempt, before the next. */
void job_clear_attempt(struct job *j);
/*
 * Apply an event if the machine knows it in this state; false when it does not. Writes down the
 * event with its evidence and detail ("" for none) and marks the job as changed.
 */
bool job_move(struct engine *en, struct job *j, enum job_event ev, const char *evidence,
              const char *detail);
void job_changed(struct engine *en, struct job *j, unsigned what);
struct job *engine_job(struct engine *en, job_id id);
int job_by_id(const void *a, const void *b); /* for qsort() of pointers to them */
struct place *job_place(struct engine *en, const struct job *j);
struct job_ref job_ref_of(const struct job *j);
/* The array that it is an element of, or itself. */
static inline struct job *job_whole(struct job *j)
{
    return j->whole ? j->whole : j;
}
/* Whether the cluster has it, as far as we know; whether it waits in the scheduler's own queue. */
bool job_is_there(const struct job *j);
bool job_in_queue(const struct job *j);
/* Whether it has begun and not ended: suspended ones, too. */
bool job_runs(const struct job *j);
/* After its state or its native id changed: what its place counts. */
void job_count_there(struct engine *en, struct job *j);

/* duty.c: do what is owed to the job in the state it is in; may be done again without harm. */
void duty_do(struct engine *en, struct job *j);
void duty_at(struct engine *en, struct job *j, int64_t mono_ns); /* 0: not any more */
void duty_run_due(struct engine *en);
int64_t duty_next(const struct engine *en); /* mono, 0: nothing is due */
void duty_start_next(struct engine *en); /* whoever's turn it is, on every cluster */
/* duty_do() for a job, or for all elements that wait. */
void duty_go_on(struct engine *en, struct job *j);
/* An order for one job, sent after the commit; `word` may be NULL. */
void duty_order(struct engine *en, struct job *j, enum order_kind kind, enum scheduler_verb verb,
                const char *word);
struct order *duty_new_order(const struct job *j, enum order_kind kind, enum scheduler_verb verb)
    must_check;
/* What its script and plan are made of; refused for good when the spec cannot be expressed. */
bool duty_render(struct engine *en, struct job *j, struct order *o) must_check;
/* Whether nothing that it waits for keeps it; else the reason says what does. */
bool duty_may_start(struct engine *en, struct job *j);
/* Whether the time has come that it was to begin at; else the reason says when that is. */
bool duty_has_begun(struct engine *en, struct job *j);

/* place.c: a cluster, and the ways to it */
int  places_open(struct engine *en, struct error *e) must_check;
void places_close(struct engine *en);
void place_hear_link(struct engine *en, struct link_news *news);
/* One look at everything that runs there: the safety net under the events file. */
void place_sweep(struct engine *en, struct place *p);
/* Something happened: look again soon. */
void place_quicken(struct place *p);
/* ctl connect: reach it at once, and go on with what waited. */
void place_connect(struct engine *en, struct place *p);
/* An order that is about the cluster. */
void place_order(struct engine *en, const struct place *p, enum order_kind kind);

/* inputs.c */
/* Whether all that it needs is in its files/; else it is brought, and the reason says so. */
bool inputs_are_there(struct engine *en, struct job *j);
/* Whether they may be brought before those it waits for have ended: none of them leaves or changes
 * any of it. */
bool inputs_come_early(struct job *j);
/* It is over: nothing is brought any more. */
void inputs_forget(struct engine *en, struct job *j);

/* What could not be sent is tried again, at first. */
#define QUEUE_AGAIN_NS NS_PER_S
/* queue.c, queue-again.c: where the scheduler keeps the queue itself */
void queue_do(struct engine *en, struct job *j);   /* it waits, here or there   */
void queue_look(struct engine *en, struct job *j); /* is it there, how is it    */
/* The scheduler has it, under that number. */
void queue_has(struct engine *en, struct job *j, const char *native, const char *why);
/* One of an array has ended: who waited for that. */
void queue_next(struct engine *en, struct job *whole);
/* A run is over, and its end is on its way to disk: the scheduler may forget it. */
void queue_tidy(struct engine *en, struct job *j);
/* It will not take it: its end, but for one that is to wait there for others. */
void queue_refused(struct engine *en, struct job *j, const struct report *r);
/* It certainly has not: submit it again, in a moment. */
void queue_has_not(struct engine *en, struct job *j, const char *why);
/* It had, and has lost it: the same. */
void queue_forgot(struct engine *en, struct job *j, const char *why);
/* Its node could not start it, `why` says more: the same. False: that was tried often enough. */
bool queue_unstarted(struct engine *en, struct job *j, const char *why) must_check;

/* sight.c: what the scheduler says about jobs in its queue, or of their end */
void sight_survey(struct engine *en, struct survey_news *s);
void sight_report(struct engine *en, struct job *j, const struct report *r, const char *evidence);
/* The scheduler put a running job back: a new attempt, whose output is kept apart. */
void sight_requeued(struct engine *en, struct job *j, const char *evidence, const char *detail);
void sight_back(struct engine *en, struct job *j, const char *evidence); /* the same, said so */
/* Whether this is what is left of a submission before the present one. */
bool sight_is_gone(const struct job *j, const struct report *r);

/* sight-look.c: what became of one that the queue does not show any more */
void sight_look(struct engine *en, struct job *j, const struct answer *a);
/* Whether the end that a record tells has to wait for what the scheduler knows of its cause. */
bool sight_wants_cause(struct engine *en, struct job *j, const struct answer *a);
/* Put what the scheduler knows into a record that does not say why. */
void sight_explain(const struct answer *a, struct record *rec);

/* outputs.c */
/* Whether there are some to be brought before it may end: they are, and then it is concluded. */
bool outputs_begin(struct engine *en, struct job *j) must_check;
/* No more of them: it ends now, if it was at that. */
void outputs_stop(struct engine *en, struct job *j);
/* The same, but it does not end: it is run again. */
void outputs_drop(struct engine *en, struct job *j);

/* slots.c */
void slots_release(struct place *p);
int  slots_queue(struct place *p, struct job *j) must_check;
void slots_unqueue(struct place *p, struct job *j);
void slots_take(struct place *p, struct job *j);
void slots_give(struct place *p, struct job *j);
/* The next job whose turn it is, already taken off the queue and counted; NULL: nobody's. */
struct job *slots_next(struct place *p);
/* Mean to start the next few, with the round that is on its way to disk anyway; and no longer. */
void slots_mean(struct engine *en, struct place *p);
void slots_mean_no_more(struct engine *en, struct place *p);
uint32_t job_cores(const struct job *j);

/* after.c */
/*
 * Wait for what is in j->waits; the outcome of ended ones is taken at once. `again`: after a
 * restart. The end of one and the verdict on who waits for it were one commit, so if j still waits,
 * each that has ended, or is gone, was met.
 */
int  after_begin(struct engine *en, struct job *j, bool again) must_check;
/* `j` ended: tell who waited for it. */
void after_ended(struct engine *en, struct job *j);
/* Whether it waits for others still; then its reason is `before`, and for whom. */
bool after_reason(struct engine *en, struct job *j, const char *before);

/* tied.c: where the scheduler waits. An element waits as its whole does. */
/* Whether the scheduler can wait for all of them: so it may go there now. */
bool tied_can_go(struct engine *en, struct job *j);
/* Put with it, or with all of an array, for whom that attempt is to wait there. 0 or a negative
 * errno. */
int  tied_put(struct engine *en, struct job *j, uint32_t attempt, struct far_files *files)
    must_check;
/* Whether it was sent with others to wait for there, as far as is known; `r` is its refusal. */
bool tied_went(struct job *j, const struct report *r);
/* The scheduler has `j`, under its number: who waits for it may follow. */
void tied_follow(struct engine *en, struct job *j);
/*
 * Its end was not asked for, and it never ran: whether that is for what it waits for, which the
 * daemon has not heard the end of. `says` that the scheduler says so.
 */
bool tied_undecided(struct engine *en, struct job *j, bool says);
/*
 * What the scheduler sees of `on` is no more what the daemon will say of it: those that wait for it
 * there are got out of the queue, and wait here.
 */
void tied_recall(struct engine *en, struct job *on);
/* It is not called back any more, if it was. */
void tied_let_be(struct job *j);
/* It is sent by itself: then its array's number does not stand for all of it. */
void tied_set_apart(struct engine *en, struct job *element);
/* Whether others that wait for this one have to be out of the queue before it. */
bool tied_goes_last(struct engine *en, struct job *j);

/* array.c */
int  array_open(struct engine *en, struct job *whole) must_check; /* makes the elements, new ones */
void array_count(struct engine *en, struct job *element, enum job_state from, enum job_state to);
/* What its elements leave is where it is wanted, or cannot be; `outputs` says how that went. */
void array_conclude(struct engine *en, struct job *whole, const char *outputs);
/* After a restart, when all elements are there: go on with what they leave. */
void array_take_up(struct engine *en, struct job *whole);
bool array_throttled(const struct job *element);
/* Where the whole points at its element of that array index; NULL: it has none. */
struct job **array_slot(struct job *whole, uint32_t of_index);

/* hear.c: what came back from a worker. */
void hear_answer(struct engine *en, struct answer *a);
/* end.c: what records say */
/* An end that is known, and waited for its outputs: see outputs.c. "": nothing to say of them. */
void end_conclude(struct engine *en, struct job *j, const char *evidence, const char *outputs);
void end_take_start(struct job *j, const struct record *rec);
/* A new attempt of a job whose last one is over: retries, or rerun. */
void job_again(struct engine *en, struct job *j, const char *evidence, const char *detail);
void hear_record(struct engine *en, struct job *j, const struct record *rec, const char *evidence);
void hear_started(struct engine *en, struct job *j, const struct record *rec, const char *evidence);
void hear_lost(struct engine *en, struct job *j, enum job_cause cause, const char *why);
/* Its files are on the cluster: they need not go with the next order. */
void hear_put(struct engine *en, struct job *j);

/* accept.c */
/* Take over what was admitted: from here on it is a live job. NULL when memory is out. */
/* How `after` is looked up in the engine's thread. */
struct admit_jobs accept_jobs(struct engine *en);
struct job *accept_job(struct engine *en, struct admitted *a);
void accept_ready_drafts(struct engine *en);

/* control.c */
int control_job(struct engine *en, job_id id, struct span words, struct error *e);
int control_forget(struct engine *en, job_id id, struct error *e);

/* restart.c */
int restart_load(struct engine *en, struct error *e) must_check;
/* Remove what was forgotten while its cluster was out of reach. */
int restart_removals(struct engine *en) must_check;
/* Take an ended job up again from its row (rerun). NULL: no such job or no memory. */
struct job *restart_revive(struct engine *en, job_id id);
/* Take up the ended ones that did not complete, of an array or that one job. NULL: there are none,
 * and it has ended; or no such job or no memory. */
struct job *restart_revive_failed(struct engine *en, job_id id);

/* commit.c */
void commit_promise(struct engine *en, service_done *done, void *arg, int r, const struct error *e);
void commit_event(struct engine *en, const struct job *j, enum job_event ev, const char *evidence,
                  const char *detail);
/* Carry a change out with this round; takes it over. NULL (no memory) gives -ENOMEM. */
int  commit_change(struct engine *en, struct change *c) must_check;
/* Something rests on this round: show and send nothing of it before the disk has it. */
void commit_urgent(struct engine *en);
void commit_order(struct engine *en, struct order *o); /* goes out after the commit */
/* Show it as it is, which has to be what the disk has. 0 or -ENOMEM: what was shown stays. */
int  commit_show(struct engine *en, const struct job *j) must_check;
void commit_all(struct engine *en);
/* There is something to commit, and nobody waits for it. */
bool commit_can_wait(const struct engine *en);
void commit_release(struct engine *en);

/* inbox.c: directories that no job was made of go back to stage/. */
int inbox_return(struct engine *en) must_check;

#endif
