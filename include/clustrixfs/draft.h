/*
 * draft.h - a file in submit/ as it is kept on disk
 *
 * fs/draft.c decides when a draft becomes a job; the store keeps what must outlive the daemon.
 */
#ifndef CLUSTRIXFS_DRAFT_H
#define CLUSTRIXFS_DRAFT_H

#include <sys/types.h>

#include "clustrixfs/buf.h"
#include "clustrixfs/job.h"

#define DRAFT_NAME_MAX 255

enum draft_status {
    DRAFT_PART,      /* not a spec yet: still growing, or its name never submits          */
    DRAFT_READY,     /* a valid spec, durable; submits at the release of its last writer  */
    DRAFT_REFUSED,   /* `why` says what is wrong with it                                  */
    DRAFT_SUBMITTED, /* became `job`; its bytes are that job's spec                       */
};

struct draft_record {
    uint64_t          id;      /* chosen by fs/, ascending, never used twice; > 0 */
    char             *cluster; /* "" for submit/, else the cluster whose submit/ it lies in */
    char             *name;
    mode_t            mode; /* permission bits */
    uid_t             uid;
    gid_t             gid;
    int64_t           mtime_ns;
    enum draft_status status;
    struct buf        text; /* empty for DRAFT_SUBMITTED: ask for the job's spec */
    uint64_t          size; /* length of the text, also where `text` is left out */
    char             *why;  /* NULL unless refused                               */
    job_id            job;  /* DRAFT_SUBMITTED; and the number reserved for DRAFT_READY */
};

void draft_record_release(struct draft_record *r); /* what hangs from it, not r itself */
int  draft_record_copy(struct draft_record *to, const struct draft_record *from) must_check;
static inline unused_arg void draft_recordp_cleanup(struct draft_record *r)
{
    draft_record_release(r);
}

#endif
