/*
 * test_meeting.c - the first look at a far cluster, as real hosts answered
 */
#include <errno.h>
#include <string.h>

#include "captured.h"
#include "clustrixfs/scheduler.h"

static struct cluster cluster(const char *dir, const struct scheduler_ops *scheduler)
{
    return (struct cluster){
        .name = (char *)(uintptr_t)"hpc",
        .dir = (char *)(uintptr_t)dir,
        .scheduler = scheduler,
        .finds_scheduler = !scheduler,
    };
}

static int hear_text(const struct cluster *c, struct span text, struct meeting *m, struct error *e)
{
    _cleanup_(outcomep) struct outcome o = OUTCOME_INIT;

    ck_assert_int_eq(buf_add_span(&o.out, text), 0);
    return meeting_hear(c, &o, m, e);
}

static int hear(const struct cluster *c, const char *name, struct meeting *m, struct error *e)
{
    _cleanup_(bufp) struct buf text = BUF_INIT;

    captured(name, &text);
    return hear_text(c, buf_span(&text), m, e);
}

START_TEST(a_slurm_that_answers_is_taken)
{
    struct cluster c = cluster(NULL, NULL);
    struct meeting m;
    struct error   e = ERROR_INIT;

    ck_assert_msg(hear(&c, "meeting-cfx", &m, &e) == 0, "%s", e.text);
    ck_assert_str_eq(m.root, "/home/cfxuser/.clustrixfs");
    ck_assert_str_eq(m.scheduler, "slurm");
    ck_assert_str_eq(m.version, "slurm-wlm 22.05.8");
    ck_assert_str_eq(m.host, "vm");
    ck_assert_uint_eq(m.cores, 2);
    ck_assert_uint_eq(m.memory, UINT64_C(24683620) * 1024);
    ck_assert(m.found[0] != '\0');
}
END_TEST

/* Programs of Slurm's and Grid Engine's without a configuration are no scheduler. */
START_TEST(a_host_without_one_runs_jobs_itself)
{
    struct cluster c = cluster("hpc/x/", NULL);
    struct meeting m;
    struct error   e = ERROR_INIT;

    ck_assert_msg(hear(&c, "meeting-cfx-host", &m, &e) == 0, "%s", e.text);
    ck_assert_str_eq(m.root, "/home/cfxuser/hpc/x");
    ck_assert_str_eq(m.scheduler, "process");
    ck_assert_str_eq(m.version, "");
}
END_TEST

START_TEST(the_one_that_was_asked_for_has_to_be_there)
{
    struct cluster c = cluster("/scratch/me", &scheduler_slurm);
    struct meeting m;
    struct error   e = ERROR_INIT;

    ck_assert_msg(hear(&c, "meeting-cfx", &m, &e) == 0, "%s", e.text);
    ck_assert_str_eq(m.root, "/scratch/me");
    ck_assert_str_eq(m.scheduler, "slurm");
    ck_assert_int_eq(hear(&c, "meeting-cfx-host", &m, &e), -EINVAL);
    ck_assert_ptr_nonnull(strstr(e.text, "\"scheduler\""));
    c.scheduler = &scheduler_process;
    ck_assert_msg(hear(&c, "meeting-cfx", &m, &e) == 0, "%s", e.text);
    ck_assert_str_eq(m.scheduler, "process");
}
END_TEST

static void check_undecided(const char *lines, const char *words)
{
    _cleanup_(bufp) struct buf b = BUF_INIT;
    struct cluster             c = cluster("~/x", NULL);
    struct meeting             m;
    struct error               e = ERROR_INIT;

    buf_printf(&b, "home|/home/me\nhost|h\ncores|1\nmemory|1\n%send|\n", lines);
    ck_assert_int_eq(hear_text(&c, buf_span(&b), &m, &e), -EINVAL);
    ck_assert_msg(strstr(e.text, words) != NULL, "%s", e.text);
    ck_assert_str_eq(m.root, "/home/me/x");
    ck_assert_str_eq(m.scheduler, "");
}


START_TEST(nothing_is_guessed)
{
    check_undecided("sbatch|slurm 23.02.1\nping|Slurmctld(primary) at h is UP\n"
                    "qstat|pbs_version = 23.06.06\npbs|yes\n", "slurm and pbs");
    check_undecided("sbatch|slurm 23.02.1\nping|Slurmctld(primary) at h is DOWN\n",
                    "does not answer");
    check_undecided("qstat|pbs_version = 23.06.06\npbs|no\n", "\"scheduler\": \"pbs\"");
}
END_TEST

START_TEST(programs_that_had_no_time_to_answer_are_not_none)
{
    check_undecided("sbatch|slurm 23.02.1\nping|\n", "\"scheduler\": \"slurm\"");
    check_undecided("qstat|\nhelp|\npbs|no\nsge|no\n", "\"scheduler\": \"sge\"");
}
END_TEST

START_TEST(a_grid_engine_that_answers_is_taken)
{
    struct cluster c = cluster(NULL, NULL);
    struct meeting m;
    struct error   e = ERROR_INIT;

    ck_assert_msg(hear(&c, "meeting-cfx-sge", &m, &e) == 0, "%s", e.text);
    ck_assert_str_eq(m.scheduler, "sge");
    ck_assert_str_eq(m.version, "SGE 8.1.9");
}
END_TEST

/* What hands its jobs to Slurm is no second scheduler, but may be asked for. */
START_TEST(slurms_own_qsub_is_a_way_to_slurm)
{
    struct cluster c = cluster(NULL, NULL);
    struct meeting m;
    struct error   e = ERROR_INIT;

    ck_assert_msg(hear(&c, "meeting-cfx-pbs", &m, &e) == 0, "%s", e.text);
    ck_assert_str_eq(m.scheduler, "slurm");
    ck_assert_ptr_nonnull(strstr(m.found, "only hands jobs to it"));
    c.scheduler = &scheduler_pbs;
    c.finds_scheduler = false;
    ck_assert_msg(hear(&c, "meeting-cfx-pbs", &m, &e) == 0, "%s", e.text);
    ck_assert_str_eq(m.scheduler, "pbs");
    ck_assert_str_eq(m.version, "Slurm's own qsub");
    ck_assert_int_eq(hear(&c, "meeting-cfx-sge", &m, &e), -EINVAL);
}
END_TEST

START_TEST(a_pbs_that_answers_is_taken)
{
    static const char text[] = "home|/home/me\nhost|h\nqstat|pbs_version = 23.06.06\npbs|yes\n"
                               "help|\nend|\n";
    struct cluster c = cluster(NULL, NULL);
    struct meeting m;
    struct error   e = ERROR_INIT;

    ck_assert_msg(hear_text(&c, span_str(text), &m, &e) == 0, "%s", e.text);
    ck_assert_str_eq(m.scheduler, "pbs");
    ck_assert_str_eq(m.version, "pbs_version = 23.06.06");
}
END_TEST

/* Answers of the question about Kubernetes beside that of a host without a scheduler. */
static void check_kubernetes(const char *volume, const char *lines, const char *scheduler)
{
    _cleanup_(bufp) struct buf b = BUF_INIT;
    struct cluster             c = cluster("/vol/x", NULL);
    struct meeting             m;
    struct error               e = ERROR_INIT;

    c.volume = (char *)(uintptr_t)volume;
    buf_printf(&b, "home|/home/me\nhost|h\ncores|1\nmemory|1\n%send|\n", lines);
    ck_assert_int_eq(hear_text(&c, buf_span(&b), &m, &e), scheduler[0] ? 0 : -EINVAL);
    ck_assert_str_eq(m.scheduler, scheduler);
    /* That there is one is said where it is not taken. */
    if (strcmp(scheduler, "process") == 0)
        ck_assert_int_eq(strstr(m.found, "its kubectl leads to a Kubernetes") != NULL,
                         !strstr(lines, "|none"));
}

START_TEST(a_kubernetes_is_taken_where_jobs_can_go_there)
{
    check_kubernetes("/vol", "kubernetes|v1.20.2\n", "kubernetes");
    check_kubernetes("/vol", "kubernetes|none\n", "process");
    check_kubernetes("/vol", "kubernetes|\n", "");
    check_kubernetes(NULL, "kubernetes|v1.20.2\n", "process");
    check_kubernetes("/vol", "sbatch|slurm 23.02.1\nping|Slurmctld(primary) at h is UP\n"
                             "kubernetes|v1.20.2\n", "");
    check_kubernetes("/vol", "sbatch|slurm 23.02.1\nping|Slurmctld(primary) at h is UP\n"
                             "kubernetes|\n", "slurm");
    check_kubernetes(NULL, "sbatch|slurm 23.02.1\nping|Slurmctld(primary) at h is UP\n"
                           "kubernetes|v1.20.2\n", "slurm");
}
END_TEST

START_TEST(a_cut_answer_is_none)
{
    _cleanup_(bufp) struct buf text = BUF_INIT;
    struct cluster             c = cluster(NULL, NULL);
    struct meeting             m;
    struct error               e = ERROR_INIT;

    captured("meeting-cfx", &text);
    for (size_t len = 0; len < text.len; len++)
        ck_assert_int_eq(hear_text(&c, (struct span){ text.data, len }, &m, &e), -EPROTO);
}
END_TEST

UNIT_MAIN("meeting", { a_slurm_that_answers_is_taken, a_host_without_one_runs_jobs_itself,
                       the_one_that_was_asked_for_has_to_be_there, nothing_is_guessed,
                       programs_that_had_no_time_to_answer_are_not_none,
                       a_grid_engine_that_answers_is_taken, slurms_own_qsub_is_a_way_to_slurm,
                       a_pbs_that_answers_is_taken, a_kubernetes_is_taken_where_jobs_can_go_there,
                       a_cut_answer_is_none })
