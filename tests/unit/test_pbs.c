/*
 * test_pbs.c - what is put there for PBS, and what its programs answer
 *
 * Slurm's own qsub was captured; what is said of OpenPBS follows notes from a server that ran, and
 * of Torque its manual.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "captured.h"
#include "clustrixfs/scheduler.h"
#include "render.h"

#define SLURMS "pbs-torque-slurm22/"
#define OPEN   "openpbs-23.06/"
#define TEXT(s) (char *)(uintptr_t)(s)

static const struct transport_ops elsewhere = { .name = "elsewhere" };

#define CLUSTER(says)                                                                              \
    { .name = TEXT("hpc"), .transport = &elsewhere, .scripted = true, .scheduler = &scheduler_pbs, \
      .root = TEXT("/home/me/x"), .keeper = TEXT("/home/me/x/keeper-1"), .version = TEXT(says) }

static const struct cluster open_pbs = CLUSTER("pbs_version = 23.06.06");
static const struct cluster torque = CLUSTER("Version: 6.1.2");
static const struct cluster slurms = CLUSTER("Slurm's own qsub");

/* ---- what is put there ---- */

static const char sized[] = "{\"command\": \"x\", \"cores\": 2, \"tasks\": 4, \"nodes\": 2, "
                            "\"memory\": \"4097M\", \"gpus\": 2, \"time\": 90, "
                            "\"partition\": \"q\", \"account\": \"a\", \"priority\": -3}";

START_TEST(a_job_is_one_qsub)
{
    check_has(&open_pbs, sized, "submit",
              "set -- -l 'select=2:ncpus=4:mpiprocs=2:mem=4097mb:ngpus=1' -l 'place=scatter' -l "
              "'walltime=90' -q q -A a -p -3\n");
    check_has(&torque, sized, "submit",
              "set -- -l 'nodes=2:ppn=4:gpus=1' -l 'mem=8194mb' -l 'walltime=90' -q q -A a -p -3");
    check_has(&slurms, sized, "submit",
              "set -- -l 'nodes=2:ppn=4:gpus=1,mem=4097mb,walltime=90' -q q -A a -p 3\n");
    check_has(&open_pbs, "{\"command\": \"x\"}", "submit", "set --\n");
    check_has(&open_pbs, "{\"command\": \"x\", \"after\": [3]}", "submit",
              "if [ -n \"$after\" ]; then\n    set -- \"$@\" -W \"depend=$after\"\n");
    ck_assert_str_eq(scheduler_pbs.after(&slurms, AFTER_FAILED), "afternotok:");
    ck_assert_ptr_null(scheduler_pbs.after(&open_pbs, AFTER_ANY));
    check_has(&open_pbs, "{\"command\": \"x\"}", "submit",
              "exec qsub \"$@\" -N " TOKEN " -S /bin/sh -v \"CLUSTRIXFS_RUN=$run\" -j oe -o "
              "/home/me/x/" TOKEN "/\"$log.log\" \\\n    /home/me/x/" TOKEN "/job.sh\n");
    check_has(&slurms, "{\"command\": \"x\"}", "submit", "-N \"" TOKEN ".$run\" -j oe -o ");
    check_has(&slurms, "{\"command\": \"x\"}", "submit", "/job.sh \"$run\"\n");
    check_has(&open_pbs, "{\"command\": \"x\", \"exclusive\": true}", "submit", "place=excl'");
}
END_TEST

START_TEST(an_array_goes_as_it_can)
{
    static const char steps[] = "{\"command\": \"x\", \"array\": \"0-8:2%3\"}";
    static const char several[] = "{\"command\": \"x\", \"array\": \"1-3,7\"}";

    check_has(&open_pbs, steps, "submit",
              "*) log=task^array_index^.$run; set -- \"$@\" -J '0-8:2%3' ;;\n");
    check_has(&open_pbs, steps, "submit", "task*) log=$run; set -- \"$@\" -r n ;;\n");
    check_has(&open_pbs, several, "submit", "log=$run\nset -- \"$@\" -r n\n");
    check_has(&torque, steps, "submit", "-r n -t '0,2,4,6,8%3' ;;\n");
    check_has(&torque, several, "submit", "-t '1-3,7' ;;\n");
    check_has(&slurms, several, "submit", "log=$run\nset -- \"$@\" -r n\n");
    check_has(&open_pbs, several, "job.sh", "task*) task=${run#task} task=${task%%.*} ;;\n");
    check_refused(&slurms, steps, "leave out %3");
}
END_TEST

START_TEST(a_native_option_is_one_option)
{
    check_has(&open_pbs, "{\"command\": \"x\", \"native\": [\"-l file=1gb\", \"-h\"]}", "submit",
              "set -- -l 'file=1gb' -h\n");
    check_has(&slurms, "{\"command\": \"x\", \"time\": 60, \"native\": [\"-l file=1gb\"]}",
              "submit", "set -- -l 'file=1gb,walltime=60'\n");
    check_has(&open_pbs, "#!/bin/sh\n#PBS -l select=1:ncpus=2:host=a\nx\n", "submit",
              "set -- -l 'select=1:ncpus=2:host=a'\n");
    check_has(&open_pbs, "#!/bin/sh\n#PBS -r n\n#PBS -m abe\nx\n", "submit", "set -- -m abe\n");
    check_refused(&open_pbs, "#!/bin/sh\n#PBS -r y\nx\n", "the key retries");
    check_refused(&open_pbs, "{\"command\": \"x\", \"native\": [\"-J 1-3\"]}", "the key array");
    check_refused(&open_pbs, "{\"command\": \"x\", \"native\": [\"-W block=true\"]}", "wait");
    check_refused(&open_pbs, "{\"command\": \"x\", \"native\": [\"-unheard\"]}", "not one option");
    check_refused(&open_pbs, "{\"command\": \"x\", \"partition\": \"q@other\"}", "another server");
    check_refused(&open_pbs, "{\"command\": \"x\", \"nodes\": 2, \"tasks\": 3}", "evenly");
    check_refused(&torque, "{\"command\": \"x\", \"exclusive\": true}", "exclusive");
    check_refused(&slurms, "{\"command\": \"x\", \"account\": \"$(id)\"}", "cannot be given $(id)");
}
END_TEST

/* ---- qsub ---- */

static void check_answer(int status, const char *out, const char *err, enum report_is is,
                         const char *words)
{
    struct report r;

    scheduler_pbs.hear_submit(status, span_str(out), span_str(err), &r);
    ck_assert_msg(r.is == is, "%s%s: %d, %s", out, err, (int)r.is, r.note);
    ck_assert_msg(strstr(is == REPORT_QUEUED ? r.native : r.note, words), "%s: %s", r.native,
                  r.note);
}

START_TEST(a_submit_brings_a_number_or_words)
{
    check_answer(0, "0.pbsh\n17.pbsh\n", "", REPORT_QUEUED, "17");
    check_answer(0, "welcome\n7[].pbsh\n", "", REPORT_QUEUED, "7[]");
    check_answer(0, "7[2].pbsh\n", "", REPORT_UNKNOWN, "");
    check_answer(170, "", "qsub: Unknown queue\n", REPORT_REFUSED, "Unknown queue");
    check_answer(187, "", "qsub: Unknown resource Resource_List.nosuch\n", REPORT_REFUSED,
                 "nosuch");
    check_answer(166, "", "qsub: Illegal attribute or resource value Resource_List.walltime\n",
                 REPORT_REFUSED, "walltime");
    check_answer(1, "", "qsub: script file:: No such file or directory\n", REPORT_REFUSED, "file");
    check_answer(162, "", "Connection refused\nqsub: cannot connect to server pbsh (errno=15010)\n",
                 REPORT_ABSENT, "pbsh");
    check_answer(1, "", "qsub: End of File\n", REPORT_UNKNOWN, "End of File");
    check_answer(1, "", "something else\n", REPORT_UNKNOWN, "something else");
}
END_TEST

static void check_captured(const char *name, enum report_is is, const char *words)
{
    _cleanup_(bufp) struct buf out = BUF_INIT, err = BUF_INIT, status = BUF_INIT;
    char                       path[200];

    snprintf(path, sizeof path, SLURMS "qsub-%s.out", name);
    captured(path, &out);
    snprintf(path, sizeof path, SLURMS "qsub-%s.err", name);
    captured(path, &err);
    snprintf(path, sizeof path, SLURMS "qsub-%s.rc", name);
    captured(path, &status);
    check_answer(atoi(status.data), out.data, err.data, is, words);
}

START_TEST(what_sbatch_said_is_found_behind_slurms_qsub)
{
    check_captured("ok", REPORT_QUEUED, "42");
    check_captured("queue", REPORT_REFUSED, "invalid partition specified: nosuch; Invalid");
    check_captured("memory", REPORT_REFUSED, "Memory specification can not be satisfied");
    check_captured("time", REPORT_REFUSED, "Requested time limit is invalid");
    check_captured("badtime", REPORT_REFUSED, "Invalid time limit specified (1x)");
    check_captured("begin", REPORT_REFUSED, "garbage");
    check_captured("option", REPORT_REFUSED, "zzz");
    check_captured("script", REPORT_REFUSED, "Unable to open file /nosuch.sh");
    check_captured("stopped", REPORT_UNKNOWN, "Socket timed out");
    check_captured("down", REPORT_ABSENT, "connect failure");
}
END_TEST

/* ---- qstat ---- */

struct seen {
    struct sighting v[100];
    size_t          n;
};

static void see(void *arg, const struct sighting *s)
{
    struct seen *seen = arg;

    ck_assert_uint_lt(seen->n, ARRAY_SIZE(seen->v));
    seen->v[seen->n++] = *s;
}

static int survey(const struct cluster *c, struct span text, struct seen *seen)
{
    _cleanup_(outcomep) struct outcome o = OUTCOME_INIT;
    struct error                       e = ERROR_INIT;
    int                                r;

    seen->n = 0;
    ck_assert_int_eq(buf_add_span(&o.out, text), 0);
    r = scheduler_pbs.survey.hear(c, &o, see, seen, &e);
    ck_assert(r == 0 || (r == -EPROTO && e.text[0]));
    return r;
}

static const struct sighting *check_seen(const struct seen *seen, size_t i, const char *token,
                                         enum report_is is, const char *native, int64_t index)
{
    const struct sighting *s = &seen->v[i];

    ck_assert_uint_lt(i, seen->n);
    ck_assert_str_eq(s->token, token);
    ck_assert_msg(s->report.is == is, "%s: %d", token, (int)s->report.is);
    ck_assert_str_eq(s->report.native, native);
    ck_assert_int_eq(s->element, index >= 0);
    ck_assert(index < 0 || (s->range.first == (uint64_t)index && s->range.last == (uint64_t)index));
    return s;
}

START_TEST(the_queue_is_understood)
{
    _cleanup_(bufp) struct buf text = BUF_INIT;
    const struct sighting     *s;
    struct seen                seen;

    captured(OPEN "survey", &text);
    ck_assert_int_eq(survey(&open_pbs, buf_span(&text), &seen), 0);
    s = check_seen(&seen, 0, "cfxrunning00000", REPORT_RUNNING, "19", -1);
    ck_assert_str_eq(s->report.node, "pbsh,other");
    ck_assert_uint_eq(s->attempt, 2);
    check_seen(&seen, 1, "cfxexiting00000", REPORT_RUNNING, "20", -1);
    check_seen(&seen, 2, "cfxheld00000000", REPORT_HELD, "21", -1);
    s = check_seen(&seen, 3, "cfxwaits0000000", REPORT_QUEUED, "22", -1);
    ck_assert_ptr_nonnull(strstr(s->report.note, "(R: 99 A: 6 T: 6)"));
    check_seen(&seen, 4, "cfxlater0000000", REPORT_QUEUED, "23", -1);
    check_seen(&seen, 5, "cfxarray0000000", REPORT_UNKNOWN, "26[]", -1);
    check_seen(&seen, 6, "cfxarray0000000", REPORT_ENDED, "26[]", 1);
    check_seen(&seen, 7, "cfxarray0000000", REPORT_RUNNING, "26[]", 2);
    check_seen(&seen, 8, "cfxarray0000000", REPORT_QUEUED, "26[]", 3);
    s = check_seen(&seen, 9, "cfxalone0000000", REPORT_SUSPENDED, "27", 4);
    ck_assert_uint_eq(s->attempt, 3);
    ck_assert_uint_eq(seen.n, 10);
}
END_TEST

static const struct sighting *seen_of(const struct seen *seen, const char *token)
{
    for (size_t i = 0; i < seen->n; i++)
        if (strcmp(seen->v[i].token, token) == 0)
            return &seen->v[i];
    ck_abort_msg("no %s", token);
    return NULL;
}

START_TEST(so_is_that_of_slurms_qstat)
{
    _cleanup_(bufp) struct buf text = BUF_INIT;
    const struct sighting     *s;
    struct seen                seen;

    captured(SLURMS "survey-held", &text);
    ck_assert_int_eq(survey(&slurms, buf_span(&text), &seen), 0);
    ck_assert_int_eq(seen_of(&seen, "cfxlimit0000000")->report.is, REPORT_RUNNING);
    ck_assert_int_eq(seen_of(&seen, "cfxbegin0000000")->report.is, REPORT_HELD);
    ck_assert_int_eq(seen_of(&seen, "cfxthree0000000")->report.is, REPORT_ENDED);
    s = seen_of(&seen, "cfxarray0000000");
    ck_assert(s->element && s->range.first == 3 && s->attempt == 2);
    ck_assert_str_eq(s->report.native, "53");
    ck_assert_str_eq(s->report.node, "n1,n2");
}
END_TEST

START_TEST(a_queue_that_was_not_seen_whole_proves_nothing)
{
    static const char *const broken[] = {
        OPEN "survey-down", SLURMS "survey-down", SLURMS "survey-stopped",
    };
    _cleanup_(bufp) struct buf text = BUF_INIT, none = BUF_INIT;
    struct seen                seen;

    captured(OPEN "survey", &text);
    for (size_t len = 0; len < text.len; len++)
        ck_assert_int_eq(survey(&open_pbs, (struct span){ text.data, len }, &seen), -EPROTO);
    for (size_t i = 0; i < ARRAY_SIZE(broken); i++) {
        _cleanup_(bufp) struct buf down = BUF_INIT;

        captured(broken[i], &down);
        ck_assert_int_eq(survey(&slurms, buf_span(&down), &seen), -EPROTO);
    }
    captured(OPEN "survey-none", &none);
    ck_assert_int_eq(survey(&open_pbs, buf_span(&none), &seen), 0);
    ck_assert_uint_eq(seen.n, 0);
}
END_TEST

UNIT_MAIN("pbs", { a_job_is_one_qsub, an_array_goes_as_it_can, a_native_option_is_one_option,
                   a_submit_brings_a_number_or_words, what_sbatch_said_is_found_behind_slurms_qsub,
                   the_queue_is_understood, so_is_that_of_slurms_qstat,
                   a_queue_that_was_not_seen_whole_proves_nothing })
