/*
 * service.h - the one door between the file system and the jobs
 *
 * What returns a value returns at once: from memory, or from one row of the database on this
 * machine's disk. What may take time takes a callback, called exactly once, from another thread,
 * with no lock held. Calls marked [loop] are for the FUSE loop's thread alone (they share its
 * read-only view of the database); the others may be made from any thread.
 */
#ifndef CLUSTRIXFS_SERVICE_H
#define CLUSTRIXFS_SERVICE_H

#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>

#include "clustrixfs/buf.h"
#include "clustrixfs/config.h"
#include "clustrixfs/draft.h"
#include "clustrixfs/error.h"
#include "clustrixfs/job.h"
#include "clustrixfs/spec.h"
#include "clustrixfs/view.h"

struct service;

/* Life. Opens the store and takes up every job where it was left; starts threads, so daemonize
 * first. -EBUSY and a sentence when another daemon has this state directory. service_close()
 * leaves running jobs running and returns when every callback has been called. */
int  service_open(struct service **sp, const struct config *c, struct error *e) must_check;
void service_close(struct service *s);

/* Whoever is there while it is being mounted; called on the thread that calls. */
struct service_person {
    /* A malloc'ed answer, not shown while it is typed where it is `secret`; NULL: nobody to ask. */
    char *(*ask)(void *arg, const char *prompt, bool secret);
    void (*tell)(void *arg, const char *sentence);
    void *arg;
};

/*
 * Before the daemon leaves the terminal: log in to the far clusters, asking for what has to be
 * typed, and take over what is found (met.h). One that does not answer now is told of, and no
 * reason not to mount; nor is anything about one that the command line did not name. Threads that
 * it starts have ended when it returns. 0, or a negative errno and a sentence: do not mount.
 */
int service_meet(struct config *c, const struct service_person *person,
                 struct error *e) must_check;
/* Show the host key of the default cluster, ask, and write it to known_hosts. 0, or a negative
 * errno and a sentence. */
int service_accept_hostkey(const struct config *c, const struct service_person *person,
                           struct error *e) must_check;

/* Called once for each answer; `e` is valid during the call only. */
typedef void service_done(void *arg, int r, const struct error *e);

/*
 * Drafts.
 *
 * A draft is known here by the id that fs/ gave it. Changes are carried out in the order in which
 * they were asked for. Each returns a ticket: service_settled() is true once it is in
 * the database, and only from then on do service_draft_*() below know of it.
 */
uint64_t service_draft_next_id(struct service *s); /* [loop] a fresh id */
/* Keep it as it is now (upsert by id). `done` (may be NULL) when it is on disk for good. */
uint64_t service_draft_keep(struct service *s, const struct draft_record *r, service_done *done,
                            void *arg);
uint64_t service_draft_remove(struct service *s, uint64_t id);
bool     service_settled(struct service *s, uint64_t ticket);

/* [loop] The draft of that name, its text left out; 0 or -ENOENT. */
int service_draft_find(struct service *s, const char *cluster, const char *name,
                       struct draft_record *r) must_check;
int service_draft_load(struct service *s, uint64_t id, bool with_text,
                       struct draft_record *r) must_check;
/* [loop] The next draft of that directory with an id above `after`, text left out; or -ENOENT. */
int service_draft_after(struct service *s, const char *cluster, uint64_t after,
                        struct draft_record *r) must_check;

/*
 * Specs.
 */
/* [loop] Parse and check against the cluster it would run on (`cluster` "": what the spec says, or
 * the default one). 0; SPEC_E_INCOMPLETE; or -EINVAL. A sentence in e for the last two. */
int service_validate(struct service *s, const char *cluster, struct span text, struct error *e);
/* [loop] What check/NAME reads back: the rendered script, the exact command, the warnings. */
int service_rehearse(struct service *s, const char *cluster, const char *name, struct span text,
                     struct buf *out, struct error *e);

/*
 * Make a job of a draft that is READY and was kept before. The job is there at once for every
 * look at the tree that comes after; it goes to the cluster when it is on disk. Returns its id
 * (r->status becomes DRAFT_SUBMITTED), or 0 with a sentence in e when memory is out. [loop]
 */
job_id service_submit(struct service *s, struct draft_record *r, uint64_t *ticket,
                      struct error *e) must_check;

/*
 * Submit a directory of this machine whole: `path` (below state_dir/stage) holds the spec and the
 * inputs. r is the draft record that it leaves in submit/ (id, cluster, name, modes given; the rest
 * is filled in). Calls back when it is durable and moved away from `path`: r == 0 and the job is
 * there;
 * -EINVAL and a sentence (nothing was moved).
 */
typedef void service_staged(void *arg, int r, const struct draft_record *rec,
                            const struct error *e);
void service_submit_dir(struct service *s, const struct draft_record *r, const char *path,
                        service_staged *done, void *arg);

/*
 * Jobs.
 */
struct job_view *service_job(struct service *s, job_id id); /* [loop] NULL: no such job; counted */

/* The least that a directory listing needs, from memory, for ended jobs too. */
struct job_brief {
    job_id         id;
    int64_t        changed_ns;
    enum job_state state;
    int16_t        exit_code; /* as in struct job_view  */
    uint8_t        signal;
    uint8_t        cluster;   /* index in struct config */
};

#define STATE_ANY JOB_NONE
#define CLUSTER_ANY (-1)

/* False: no such job. For an element that has ended [loop]: it is read from the database; of one
 * that has just ended service_changed, too, may ask (but for CHANGE_JOB_FILES). */
bool   service_brief(struct service *s, job_id id, struct job_brief *b);
/* Up to n jobs (not elements) above `after`, ascending, that match; returns how many. */
size_t service_list(struct service *s, enum job_state state, int cluster, job_id after,
                    struct job_brief *v, size_t n);
/* [loop] The same for the elements of one array, from the database: ids above `after` within
 * `whole`. */
size_t service_list_elements(struct service *s, job_id whole, job_id after, struct job_brief *v,
                             size_t n);
job_id service_latest(struct service *s); /* 0: none yet */
/* How many jobs (not elements) are in each state. */
void service_counts(struct service *s, uint64_t counts[JOB_STATE_COUNT]);

job_id service_by_name(struct service *s, const char *name); /* [loop] 0: none */
/* [loop] The next name in order of its newest job, with a job above `after`; 0: no more. A job that
 * is found under two names comes twice, the second time with its lowest bit set: only JOB_NUMBER()
 * of what is returned means something, and the whole of it goes into the next `after`. */
job_id service_name_after(struct service *s, job_id after, struct buf *name);

/* [loop] Texts that are not in the view. 0 or a negative errno. */
int service_spec_text(struct service *s, job_id id, struct buf *out) must_check;
int service_script_text(struct service *s, job_id id, struct buf *out) must_check;
/* `attempt` 0: of all of them. What was before the first one goes with it. */
int service_events_text(struct service *s, job_id id, uint32_t attempt, struct buf *out)
    must_check;

/* [loop] The number of the newest attempt; 0: none has begun, or it is the whole of an array. */
uint32_t service_attempts(struct service *s, job_id id);
/*
 * [loop] An attempt before the newest one: when it was over, and the sentence that says how, which
 * is appended (`reason` may be NULL). 0; -ENOENT: nothing is known of it; or another errno.
 */
int service_attempt(struct service *s, job_id id, uint32_t attempt, int64_t *over_ns,
                    struct buf *reason) must_check;

/* Wishes (ctl). `words` as written: "cancel", "signal USR1". -EINVAL in the callback names what
 * there is; 0 means that the wish is kept and will be carried out. */
void service_control(struct service *s, job_id id, struct span words, service_done *done,
                     void *arg);
/* Forget an ended job and remove its directory on the cluster. -EBUSY: it has not ended. */
void service_forget(struct service *s, job_id id, service_done *done, void *arg);

/*
 * Files of jobs. Where the cluster is this machine, the path is that of the job's own file or
 * directory. Where it is not, it leads into the mirror (results.h): what is known of the far side,
 * with true sizes and times, which may be looked at like anything here, but whose bytes may be
 * elsewhere: it is read through service_far_read() alone. Asking for the path of a live job says
 * that somebody looks at it. `attempt` 0 is the newest; all of them share JOB_FILES.
 * -ENOENT: not there (yet); -EREMOTE: there is no mirror. [loop]
 */
enum job_file { JOB_STDOUT, JOB_STDERR, JOB_FILES };
int service_local_path(struct service *s, job_id id, uint32_t attempt, enum job_file what,
                       struct buf *out) must_check;

/* Whether such a path, or one below it, lies in a mirror. The calls below are for those only. */
bool service_is_far(const struct service *s, const char *path);

/*
 * Read what is here, through a descriptor of that file: how many bytes, 0 at its end; -EAGAIN: not
 * all of them are here; or another errno. Waits for the disk only.
 */
ssize_t service_far_read(struct service *s, const char *path, int fd, void *data, size_t size,
                         off_t off) must_check;
/*
 * Bring them here. `done`: 0, they are; or why not (-EHOSTUNREACH, -ETIMEDOUT, -ESTALE, -ENOENT,
 * -EACCES, -EIO): within half a minute when nothing comes. It may be called before this returns.
 */
void service_far_want(struct service *s, const char *path, off_t off, size_t size,
                      service_done *done, void *arg);
/* Answer all that wait for such bytes, and from now on all that would, with -EHOSTUNREACH. */
void service_far_stop(struct service *s);
/* From what stat() says of that file here to what it is at the far side. */
void service_far_stat(const struct service *s, const char *path, struct stat *st);
/* Somebody looks at the files of this job: a live one's are asked for anew, soon. Quick. */
void service_look(struct service *s, job_id id);
/*
 * Names in the files/ of an ended far job were removed, here: unless the job is forgotten, they
 * come back, a moment after the last one.
 */
void service_far_removed(struct service *s, job_id id); /* [loop] */

/*
 * Clusters.
 */
const struct config *service_config(const struct service *s);
int service_cluster_state(struct service *s, unsigned cluster, struct buf *out) must_check;
/* Why what is known of its jobs may be old, and since when; nothing is appended while it is up. */
int service_cluster_trouble(struct service *s, unsigned cluster, struct buf *out) must_check;
int service_cluster_info(struct service *s, unsigned cluster, struct buf *out) must_check;
void service_cluster_control(struct service *s, unsigned cluster, struct span words,
                             service_done *done, void *arg);
int service_metrics(struct service *s, struct buf *out) must_check; /* Prometheus' text format */

/*
 * The log of all events: one file of JSON lines that only grows, opened read-only; and its size.
 */
int   service_events_fd(struct service *s); /* owned by the service */
off_t service_events_size(struct service *s);

/*
 * Changes. `fn` is called after each change has been published, from the engine's thread (or the
 * loop's, for a job that was just submitted): it must be quick and must not call back into the
 * service but for the calls that are not marked [loop]. `id` 0: only the log grew or something of a
 * cluster changed.
 */
enum service_change {
    CHANGE_JOB_NEW = 1,
    CHANGE_JOB_STATE = 2,
    CHANGE_JOB_GONE = 4,
    CHANGE_LOG = 8,
    CHANGE_JOB_FILES = 16, /* of a far job that somebody looked at: bytes, or names in files/;
                              from a thread of results.h */
};
typedef void service_changed(void *arg, job_id id, unsigned what);
void service_watch(struct service *s, service_changed *fn, void *arg);

#endif
