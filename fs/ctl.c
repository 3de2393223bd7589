/*
 * ctl.c - jobs/<id>/ctl and clusters/<name>/ctl
 *
 * One write is one wish. The write returns when the wish is kept or refused, so `echo cancel > ctl`
 * hears of a wrong word or of a job that has ended already: echo reports an error of write(),
 * and of nothing else.
 */
#include "fs/ctl.h"

void ctl_job(struct mount *m, uint64_t key, struct span words, service_done *done, void *arg)
{
    service_control(m->service, key, words, done, arg);
}

void ctl_cluster(struct mount *m, uint64_t key, struct span words, service_done *done, void *arg)
{
    service_cluster_control(m->service, CLUSTER_OF_KEY(key), words, done, arg);
}

int show_job_words(struct mount *m unused_arg, uint64_t key unused_arg,
                   const struct job_view *v unused_arg, struct buf *out)
{
    return buf_add_str(out, "write one of: cancel, hold, release, suspend, resume, rerun, "
                            "rerun failed, signal NAME (as in: echo cancel > ctl)\n");
}

int show_cluster_words(struct mount *m unused_arg, uint64_t key unused_arg,
                       const struct job_view *v unused_arg, struct buf *out)
{
    return buf_add_str(out, "write one of: drain (start nothing new), connect (go on)\n");
}
