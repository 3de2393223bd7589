/*
 * layout.c - every file in the tree
 *
 * The only place that knows a name, a mode and who answers for it. To add a file: a number in
 * layout.h, a row here, a function in show.c.
 *
 * Everything belongs to whoever mounted. With -o allow_other others see README.md and how the
 * clusters do, and nothing that they could not see without us: the rest is closed to them, and
 * the kernel checks it (default_permissions).
 */
#include "fs/layout.h"

#include <sys/stat.h>

#include "fs/ctl.h"
#include "fs/lists.h"
#include "fs/show.h"

/* clang-format off */
#define DIR(n, perm)       .name = n, .kind = KIND_DIR,    .mode = S_IFDIR | (perm)
#define TEXT(n, perm, fn)  .name = n, .kind = KIND_TEXT,   .mode = S_IFREG | (perm), .show = fn
#define LINK(n, fn)        .name = n, .kind = KIND_LINK,   .mode = S_IFLNK | 0777,   .show = fn
#define STREAM(n, what)    .name = n, .kind = KIND_STREAM, .mode = S_IFREG | 0400,   .stream = what
#define WAIT(n, fn)        .name = n, .kind = KIND_WAIT,   .mode = S_IFREG | 0400,   .show = fn
#define EVENTS(n)          .name = n, .kind = KIND_EVENTS, .mode = S_IFREG | 0400
#define DRAFTS(n, first)   .name = n, .kind = KIND_DRAFTS, .mode = S_IFDIR | 0700,   .drafts = first
#define STAGE(n)           .name = n, .kind = KIND_STAGE,  .mode = S_IFDIR | 0700
#define FILES(n)           .name = n, .kind = KIND_FILES,  .mode = S_IFDIR | 0700
#define LISTS(who, what)   .list = &(who), .each = what
#define CTL(n, fn, wish)   TEXT(n, 0600, fn), .write = wish

#define ROOT               .in = ROW_ROOT
#define JOB(which)         A_JOB(ROW_JOB), .jobs = which, .holds = HOLDS_WHEN_ENDED
#define ATTEMPT            AN_ATTEMPT(ROW_ATTEMPT), .holds = HOLDS_WHEN_ENDED
#define CLUSTER            .in = ROW_CLUSTER, .key = KEY_IS_CLUSTER
#define A_JOB(where)       .in = where, .key = KEY_IS_JOB
#define AN_ATTEMPT(where)  .in = where, .key = KEY_IS_ATTEMPT
#define A_STATE(where)     .in = where, .key = KEY_IS_STATE
#define A_CLUSTER(where)   .in = where, .key = KEY_IS_CLUSTER
#define EACH               NULL

const struct row rows[ROW_COUNT] = {
    [ROW_ROOT]           = { .in = ROW_ROOT, DIR("", 0755), .holds = HOLDS_ALWAYS },

    [ROW_README]         = { ROOT, TEXT("README.md", 0444, show_readme), .holds = HOLDS_ALWAYS },
    [ROW_SUBMIT]         = { ROOT, DRAFTS("submit", 0) },
    [ROW_CHECK]          = { ROOT, DRAFTS("check", 1) },
    [ROW_STAGE]          = { ROOT, STAGE("stage") },
    [ROW_JOBS]           = { ROOT, DIR("jobs", 0700),       LISTS(list_jobs, ROW_JOB),
                             .holds = HOLDS_UNTIL_LISTED },
    [ROW_BY_NAME]        = { ROOT, DIR("by-name", 0500),    LISTS(list_names, ROW_NAME_LINK),
                             .holds = HOLDS_UNTIL_LISTED },
    [ROW_BY_STATE]       = { ROOT, DIR("by-state", 0500),   LISTS(list_states, ROW_STATE_JOBS),
                             .holds = HOLDS_ALWAYS },
    [ROW_BY_CLUSTER]     = { ROOT, DIR("by-cluster", 0500), LISTS(list_clusters, ROW_CLUSTER_JOBS),
                             .holds = HOLDS_ALWAYS },
    [ROW_CLUSTERS]       = { ROOT, DIR("clusters", 0755),   LISTS(list_clusters, ROW_CLUSTER),
                             .holds = HOLDS_ALWAYS },
    [ROW_EVENTS]         = { ROOT, EVENTS("events") },
    [ROW_METRICS]        = { ROOT, TEXT("metrics", 0400, show_metrics) },

    /* jobs/ and tasks/ */
    [ROW_LATEST]         = { .in = ROW_JOBS, LINK("latest", show_latest) },
    [ROW_JOB]            = { A_JOB(ROW_JOBS), DIR(EACH, 0700), .holds = HOLDS_A_MOMENT },
    [ROW_STATE]          = { JOB(ALL), TEXT("state", 0400, show_state) },
    [ROW_REASON]         = { JOB(ALL), TEXT("reason", 0400, show_reason) },
    [ROW_EXIT_CODE]      = { JOB(ALL), TEXT("exit_code", 0400, show_exit_code) },
    [ROW_WAIT]           = { JOB(ALL), WAIT("wait", show_wait) },
    [ROW_STDOUT]         = { JOB(ONES), STREAM("stdout", JOB_STDOUT) },
    [ROW_STDERR]         = { JOB(ONES), STREAM("stderr", JOB_STDERR) },
    [ROW_FILES]          = { JOB(WHOLES), FILES("files") },
    [ROW_SPEC]           = { JOB(ALL), TEXT("spec", 0400, show_spec) },
    [ROW_SCRIPT]         = { JOB(ALL), TEXT("script", 0400, show_script) },
    [ROW_INFO]           = { JOB(ALL), TEXT("info.json", 0400, show_info) },
    [ROW_JOB_EVENTS]     = { JOB(ALL), TEXT("events", 0400, show_events), .grows = true },
    [ROW_CTL]            = { JOB(ALL), CTL("ctl", show_job_words, ctl_job) },
    [ROW_TASKS]          = { JOB(IN_ARRAY), DIR("tasks", 0700), LISTS(list_tasks, ROW_JOB) },
    [ROW_TASK_FILES]     = { JOB(IN_TASK), LINK("files", show_array_files) },
    [ROW_ATTEMPTS]       = { JOB(ONES), DIR("attempts", 0700), LISTS(list_attempts, ROW_ATTEMPT) },

    /* attempts/ */
    [ROW_ATTEMPT]        = { AN_ATTEMPT(ROW_ATTEMPTS), DIR(EACH, 0700), .holds = HOLDS_WHEN_ENDED },
    [ROW_ATTEMPT_REASON] = { ATTEMPT, TEXT("reason", 0400, show_attempt_reason) },
    [ROW_ATTEMPT_STDOUT] = { ATTEMPT, STREAM("stdout", JOB_STDOUT) },
    [ROW_ATTEMPT_STDERR] = { ATTEMPT, STREAM("stderr", JOB_STDERR) },
    [ROW_ATTEMPT_EVENTS] = { ATTEMPT, TEXT("events", 0400, show_attempt_events), .grows = true },

    /* by-name/, by-state/, by-cluster/ */
    [ROW_NAME_LINK]      = { A_JOB(ROW_BY_NAME), LINK(EACH, show_job_up1) },
    [ROW_STATE_JOBS]     = { A_STATE(ROW_BY_STATE), DIR(EACH, 0500),
                             LISTS(list_state, ROW_STATE_LINK),
                             .holds = HOLDS_UNTIL_LISTED },
    [ROW_STATE_LINK]     = { A_JOB(ROW_STATE_JOBS), LINK(EACH, show_job_up2),
                             .holds = HOLDS_A_MOMENT },
    [ROW_CLUSTER_JOBS]   = { A_CLUSTER(ROW_BY_CLUSTER), DIR(EACH, 0500),
                             LISTS(list_cluster, ROW_CLUSTER_LINK),
                             .holds = HOLDS_UNTIL_LISTED },
    [ROW_CLUSTER_LINK]   = { A_JOB(ROW_CLUSTER_JOBS), LINK(EACH, show_job_up2),
                             .holds = HOLDS_A_MOMENT },

    /* clusters/ */
    [ROW_CLUSTER]        = { A_CLUSTER(ROW_CLUSTERS), DIR(EACH, 0755), .holds = HOLDS_ALWAYS },
    [ROW_CLUSTER_SUBMIT] = { CLUSTER, DRAFTS("submit", 2) },
    [ROW_CLUSTER_STATE]  = { CLUSTER, TEXT("state", 0444, show_cluster_state) },
    [ROW_CLUSTER_INFO]   = { CLUSTER, TEXT("info.json", 0400, show_cluster_info) },
    [ROW_CLUSTER_CTL]    = { CLUSTER, CTL("ctl", show_cluster_words, ctl_cluster) },
};
/* clang-format on */
