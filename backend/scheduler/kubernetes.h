/*
 * kubernetes.h - the language of Kubernetes: what the files kubernetes*.c share
 */
#ifndef CLUSTRIXFS_SCHEDULER_KUBERNETES_H
#define CLUSTRIXFS_SCHEDULER_KUBERNETES_H

#include "clustrixfs/scheduler.h"
#include "lines.h"

/* What every object of ours is found by. */
#define KUBE_LABEL "app.kubernetes.io/managed-by"
#define KUBE_POD_LABEL "clustrixfs/pod"

/* From the word to end to the kill, and for the wrapper to write its record after that. */
#define KUBE_GRACE_MARGIN_S 10

/*
 * A run is one pod, "TOKEN-a2" or, of an array, "TOKEN-t7-a2": asking for it a second time cannot
 * make a second one. Cut such a name: false when it is none of ours.
 */
struct kube_name {
    char     token[JOB_TOKEN_LEN + 1];
    bool     element;
    uint32_t index, attempt;
};
bool kube_name_cut(struct span name, struct kube_name *n);
void kube_name_of(char out[NATIVE_ID_MAX], const struct job_ref *ref);

/* kubernetes-pod.c: `submit` and `job.sh`. 0 or a negative errno. */
int kube_submit_script(const struct spec *spec, const struct cluster *cluster,
                       const struct job_ref *ref, struct buf *out) must_check;
int kube_job_script(const struct cluster *cluster, const struct job_ref *ref,
                    struct buf *out) must_check;

/*
 * kubernetes-say.c. What every script begins with: `kube WORDS...` is a bounded kubectl, $ns the
 * namespace; it ends the script where kubectl leads elsewhere than it did when the first job was
 * submitted, for there no job of ours is, and each would be taken for deleted.
 */
int kube_add_setup(struct buf *out, const struct cluster *cluster) must_check;
/* The part of it that only names kubectl: `call SECONDS WORDS...`, and `kube`. */
int kube_add_call(struct buf *out, const struct cluster *cluster) must_check;
int kube_survey_say(const struct cluster *cluster, struct command *c);
int kube_say_account(const struct ask *a, struct command *c);
int kube_say_cancel(const struct ask *a, struct command *c);
int kube_say_tidy(const struct ask *a, struct command *c);

/*
 * kubernetes-handover.c: where there is no volume. What comes in goes by a Secret of the pod's
 * name: a part of `submit`, after which $uid is the Secret's. What goes out is brought by a process
 * on the host, which each survey, and each submit, begins where there is none.
 */
int kube_add_pack(struct buf *out, const struct cluster *cluster, const struct job_ref *ref)
    must_check;
int kube_add_porter(struct buf *out, const struct cluster *cluster) must_check;
/* kubernetes-*.sh: what is said within a pod, and on the host. */
extern const char kube_boot_text[], kube_stay_text[], kube_give_text[];
extern const char kube_pack_text[], kube_take_text[], kube_porter_text[];

/* kubernetes-answer.c */
void kube_hear_submit(int status, struct span out, struct span err, struct report *report);

/* One pod, as the template of kubernetes-say.c shows it. The spans borrow; messages are quoted. */
struct kube_pod {
    struct span name, phase, deleted, node, reason, message;
    bool        unplaced;
    struct span unplaced_message;
    struct span waiting, waiting_message; /* why its container does not run: "ErrImagePull" */
    bool        terminated;
    struct span ended, exit_code, started_at, ended_at, ended_message;
};
/* Cut the next whole one: false at the end. */
bool kube_pod_next(struct span *rest, struct kube_pod *pod);

/* Of a job whose end its pod told, and nothing else. */
#define KUBE_LOST_NOTE "its output and files were not fetched while its pod was there, and are lost"

/* kubernetes-state.c: `kept`: the record of its end is in its directory. */
void kube_report(const struct kube_pod *pod, bool kept, struct report *r);

/* kubernetes-hear.c */
int  kube_survey_hear(const struct cluster *cluster, const struct outcome *o, sighting_fn *fn,
                      void *arg, struct error *e);
void kube_hear_account(const struct ask *a, const struct outcome *o, struct report *reports);
void kube_hear_delete(const struct ask *a, const struct outcome *o, struct report *reports);

#endif
