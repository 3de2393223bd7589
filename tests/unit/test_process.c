/*
 * test_process.c - the scheduler that is none: the files it makes, and the words it understands
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "clustrixfs/scheduler.h"
#include "clustrixfs/spec.h"
#include "site.h"
#include "unit.h"

#define AT "/root/" TOKEN

static const struct cluster golden = {
    .name = (char *)(uintptr_t)"local",
    .transport = &transport_local,
    .scheduler = &scheduler_process,
    .root = (char *)(uintptr_t)"/root",
    .keeper = (char *)(uintptr_t)"/keeper",
    .grace_s = 30,
};

static struct spec *parse(const char *text)
{
    struct spec *spec = NULL;
    struct error e = ERROR_INIT;

    ck_assert_msg(spec_parse(&spec, span_str(text), 0, NULL, &e) == 0, "%s", e.text);
    return spec;
}

/* NULs made visible, so that a plan can be compared as a text. */
static void visible(struct buf *b)
{
    for (size_t i = 0; i < b->len; i++)
        if (b->data[i] == '\0')
            b->data[i] = '\n';
}

static struct far_file *file_named(struct far_files *files, const char *name)
{
    char path[100];

    snprintf(path, sizeof path, AT "/%s", name);
    for (size_t i = 0; i < files->n; i++)
        if (strcmp(files->v[i].path, path) == 0)
            return &files->v[i];
    return NULL;
}

static void render(const char *text, struct far_files *files)
{
    _cleanup_(specp) struct spec *spec = parse(text);
    const struct job_ref          ref = { JOB_ID(17, 0), TOKEN, "", 1 };
    struct error                  e = ERROR_INIT;

    ck_assert_msg(scheduler_process.render(spec, &golden, &ref, files, &e) == 0, "%s", e.text);
    for (size_t i = 0; i < files->n; i++)
        visible(&files->v[i].data);
}

static void check_rendered(struct far_files *files, const char *name, mode_t mode, const char *text)
{
    struct far_file *f = file_named(files, name);

    ck_assert_msg(f != NULL, "no %s", name);
    ck_assert_uint_eq(f->mode, mode);
    ck_assert_str_eq(f->data.data, text);
}

#define ENV                                                                                        \
    "env=CLUSTRIXFS_JOB=17\nenv=CLUSTRIXFS_TOKEN=" TOKEN "\nenv=CLUSTRIXFS_FILES=" AT "/files\n"

START_TEST(a_script_is_handed_on_as_it_is)
{
    _cleanup_(far_filesp) struct far_files files = FAR_FILES_INIT;

    render("#!/bin/bash\n#SBATCH --time=5 --mem=1G\necho \"$1\"  # \xc3\xa4\n", &files);
    check_rendered(&files, "script", 0700,
                   "#!/bin/bash\n#SBATCH --time=5 --mem=1G\necho \"$1\"  # \xc3\xa4\n");
    check_rendered(&files, "files", S_IFDIR | 0700, "");
    check_rendered(&files, "plan", 0600,
                   "arg=" AT "/script\ncwd=" AT "/files\ntime=300\nmemory=1073741824\ngrace=30\n"
                   ENV);
    ck_assert_uint_eq(files.n, 3);
}
END_TEST

START_TEST(a_command_becomes_a_script)
{
    _cleanup_(far_filesp) struct far_files files = FAR_FILES_INIT;

    render("{\"command\": \"echo \\\"$1\\\" | wc -c\", \"args\": [\"it's\", \"\"], "
           "\"stdin\": \"a\\nb\", \"workdir\": \"/var/tmp\", "
           "\"env\": {\"A\": \"1 \\n2\"}}", &files);
    check_rendered(&files, "script", 0700,
                   "#!/bin/sh\nset -- 'it'\\''s' ''\necho \"$1\" | wc -c\n");
    check_rendered(&files, "stdin", 0600, "a\nb");
    check_rendered(&files, "plan", 0600,
                   "arg=" AT "/script\ncwd=/var/tmp\nstdin=" AT "/stdin\ngrace=30\nenv=A=1 \n2\n"
                   ENV);
}
END_TEST

START_TEST(words_are_quoted)
{
    _cleanup_(far_filesp) struct far_files files = FAR_FILES_INIT;

    render("{\"command\": [\"printf\", \"%s\", \"$(id)\"], \"args\": [\"`id`;\"], "
           "\"before\": [\"ulimit -c 0\"]}", &files);
    check_rendered(&files, "script", 0700,
                   "#!/bin/sh\nulimit -c 0\nexec printf %s '$(id)' '`id`;'\n");
    ck_assert_ptr_null(file_named(&files, "prelude"));
}
END_TEST

START_TEST(a_prelude_runs_the_script)
{
    _cleanup_(far_filesp) struct far_files files = FAR_FILES_INIT;
    const char                            *prelude;

    render("{\"script\": \"#!/bin/sh\\nenv\\n\", \"modules\": [\"gcc/12; id\"], \"args\": [\"x\"]}",
           &files);
    check_rendered(&files, "script", 0700, "#!/bin/sh\nenv\n");
    prelude = file_named(&files, "prelude")->data.data;
    ck_assert_ptr_nonnull(strstr(prelude, "module load 'gcc/12; id' || exit\nexec \"$@\"\n"));
    ck_assert_ptr_nonnull(strstr(file_named(&files, "plan")->data.data,
                                 "arg=" AT "/prelude\narg=" AT "/script\narg=x\ncwd="));
}
END_TEST

/* For another machine the same plan is a text for its shell. */
START_TEST(a_far_plan_is_a_quoted_script)
{
    _cleanup_(far_filesp) struct far_files files = FAR_FILES_INIT;
    _cleanup_(specp) struct spec *spec =
        parse("{\"script\": \"#!/bin/sh\\nenv\\n\", \"args\": [\"it's\", \"-n\"], "
              "\"stdin\": \"x\", \"time\": 90, \"memory\": \"4K\",\n"
              "\"env\": {\"A\": \"$(id)\\n\", \"UID\": \"7\"}}");
    static const struct transport_ops far = { .name = "far" };
    struct cluster                    cluster = golden;
    const struct job_ref              ref = { JOB_ID(17, 0), TOKEN, "", 1 };
    struct error                      e = ERROR_INIT;

    cluster.transport = &far;
    cluster.scripted = true;
    ck_assert_msg(scheduler_process.render(spec, &cluster, &ref, &files, &e) == 0, "%s", e.text);
    ck_assert_ptr_null(file_named(&files, "plan"));
    check_rendered(&files, "plan.sh", 0600,
                   "plan_program=" AT "/script\nplan_cwd=" AT "/files\nplan_stdin=" AT "/stdin\n"
                   "plan_time=90\nplan_memory=4096\nplan_grace=30\n"
                   "plan_run()\n{\n    plan_attempt=$1 plan_element=$2\n    shift 2\n"
                   "    export A='$(id)\n'\n    set -- env UID=7 \"$@\"\n"
                   "    export CLUSTRIXFS_JOB=17\n    export CLUSTRIXFS_TOKEN=" TOKEN "\n"
                   "    export CLUSTRIXFS_FILES=" AT "/files\n"
                   "    export CLUSTRIXFS_ATTEMPT=\"$plan_attempt\"\n"
                   "    [ -z \"$plan_element\" ] || export CLUSTRIXFS_TASK=\"$plan_element\"\n"
                   "    exec \"$@\" \\\n        " AT "/script \\\n        'it'\\''s' \\\n"
                   "        -n\n}\nplan_end=yes\n");
}
END_TEST

static void check_refused(const char *text, const char *why)
{
    _cleanup_(specp) struct spec *spec = parse(text);
    _cleanup_(strvp) struct strv  warnings = STRV_INIT;
    struct error                  e = ERROR_INIT;

    ck_assert_int_eq(scheduler_accepts(&golden, spec, &warnings, &e), -EINVAL);
    ck_assert_msg(strstr(e.text, why) != NULL, "%s", e.text);
}

START_TEST(what_it_cannot_do_is_refused)
{
    check_refused("{\"command\": \"x\", \"nodes\": 2}", "nodes");
    check_refused("{\"command\": \"x\", \"gpus\": 1}", "gpus");
    check_refused("{\"command\": \"x\", \"image\": \"debian:12\"}", "image");
    check_refused("#!/bin/sh\n#SBATCH --nodes=4\nsrun x\n", "nodes");
}
END_TEST

START_TEST(what_has_no_meaning_is_named)
{
    _cleanup_(specp) struct spec *spec =
        parse("#!/bin/sh\n#SBATCH -p short -A me --nodes=1 --reservation=r1\necho\n");
    _cleanup_(strvp) struct strv warnings = STRV_INIT;
    struct error                 e = ERROR_INIT;

    ck_assert_msg(scheduler_accepts(&golden, spec, &warnings, &e) == 0, "%s", e.text);
    ck_assert_uint_eq(warnings.n, 3);
    ck_assert_str_eq(warnings.v[0], "partition has no effect on cluster local and is left out");
    ck_assert_str_eq(warnings.v[1], "account has no effect on cluster local and is left out");
    ck_assert_ptr_nonnull(strstr(warnings.v[2], "reservation"));
}
END_TEST

/*
 * What was captured from the keeper, and what it means for these jobs.
 */
static const struct job_ref refs[] = {
    { JOB_ID(1, 0), "cfxaaaaaaaaaaaa", "", 1 }, { JOB_ID(2, 0), "cfxbbbbbbbbbbbb", "", 2 },
    { JOB_ID(3, 8), "cfxcccccccccccc", "", 1 }, { JOB_ID(4, 0), "cfxdddddddddddd", "", 1 },
    { JOB_ID(5, 0), "cfxeeeeeeeeeeee", "", 1 }, { JOB_ID(6, 0), "cfxffffffffffff", "", 1 },
    { JOB_ID(7, 0), "cfxgggggggggggg", "", 1 }, { JOB_ID(8, 0), "cfxhhhhhhhhhhhh", "", 1 },
};

static const struct ask ask_all = { .cluster = &golden, .refs = refs, .n = ARRAY_SIZE(refs) };

static const char looked[] = "cfxaaaaaaaaaaaa/attempt1 none\n"
                             "cfxbbbbbbbbbbbb/attempt2 alive\n"
                             "cfxcccccccccccc/task7.attempt1 suspended\n"
                             "cfxdddddddddddd/attempt1 unwatched\n"
                             "cfxeeeeeeeeeeee/attempt1 ended\n"
                             "cfxffffffffffff/attempt1 dead\n"
                             "cfxgggggggggggg/attempt1 rebooted\n"
                             "cfxhhhhhhhhhhhh/attempt1 failed cannot tell: Permission denied\n";

static const enum report_is looked_is[] = {
    REPORT_ABSENT, REPORT_RUNNING, REPORT_SUSPENDED, REPORT_RUNNING,
    REPORT_ENDED,  REPORT_ABSENT,  REPORT_ABSENT,    REPORT_UNKNOWN,
};

static void hear(enum scheduler_verb verb, const char *text, size_t len, struct report *reports)
{
    _cleanup_(outcomep) struct outcome o = OUTCOME_INIT;

    ck_assert_int_eq(buf_add(&o.out, text, len), 0);
    scheduler_process.verbs[verb].hear(&ask_all, &o, reports);
}

START_TEST(a_look_is_understood)
{
    struct report reports[ARRAY_SIZE(refs)];

    hear(VERB_POLL, looked, strlen(looked), reports);
    for (size_t i = 0; i < ARRAY_SIZE(refs); i++)
        ck_assert_int_eq(reports[i].is, looked_is[i]);
    ck_assert_int_eq(reports[0].cause, CAUSE_NONE);
    ck_assert_int_eq(reports[5].cause, CAUSE_SIGNAL);
    ck_assert_int_eq(reports[6].cause, CAUSE_NODE);
    ck_assert_str_eq(reports[6].note, "this machine was restarted while it ran");
    ck_assert_str_eq(reports[7].note, "cannot tell: Permission denied");
}
END_TEST

/* What was cut off was not said: of the rest nothing may be guessed. */
START_TEST(a_cut_answer_says_only_what_is_there)
{
    struct report reports[ARRAY_SIZE(refs)];

    for (size_t len = 0; len < strlen(looked); len++) {
        size_t whole = 0;

        hear(VERB_FIND, looked, len, reports);
        for (size_t i = 0; i < len; i++)
            whole += looked[i] == '\n';
        for (size_t i = 0; i < ARRAY_SIZE(refs); i++)
            ck_assert_int_eq(reports[i].is, i < whole ? looked_is[i] : REPORT_UNKNOWN);
    }
}
END_TEST

START_TEST(a_start_is_understood)
{
    static const char text[] = "cfxdddddddddddd/attempt1 failed cannot make its directory: full\n"
                               "cfxbbbbbbbbbbbb/attempt2 claimed\n"
                               "cfxaaaaaaaaaaaa/attempt1 started 4711\n"
                               "cfxaaaaaaaaaaaa/attempt2 started 4712\n"
                               "something else\n\n";
    struct report reports[ARRAY_SIZE(refs)];

    hear(VERB_SUBMIT, text, strlen(text), reports);
    ck_assert_int_eq(reports[0].is, REPORT_RUNNING);
    ck_assert_str_eq(reports[0].native, "4711");
    ck_assert_int_eq(reports[1].is, REPORT_UNKNOWN);
    ck_assert_int_eq(reports[2].is, REPORT_UNKNOWN);
    ck_assert_int_eq(reports[3].is, REPORT_ABSENT);
    ck_assert_str_eq(reports[3].note, "cannot make its directory: full");
}
END_TEST

START_TEST(a_signal_is_understood)
{
    static const char text[] = "cfxaaaaaaaaaaaa/attempt1 done\ncfxbbbbbbbbbbbb/attempt2 gone\n"
                               "cfxdddddddddddd/attempt1 failed cannot signal it: Not permitted\n";
    struct report reports[ARRAY_SIZE(refs)];

    hear(VERB_CANCEL, text, strlen(text), reports);
    ck_assert_int_eq(reports[0].is, REPORT_DONE);
    ck_assert_int_eq(reports[1].is, REPORT_DONE);
    ck_assert_int_eq(reports[2].is, REPORT_UNKNOWN);
    ck_assert_int_eq(reports[3].is, REPORT_FAILED);
}
END_TEST

START_TEST(garbage_says_nothing)
{
    static const char text[] = "cfxaaaaaaaaaaaa/attempt1\ncfxbbbbbbbbbbbb/attempt2 endedx\n"
                               "cfxcccccccccccc/attempt1 none\n/attempt1 none\n\x01\x02 none\n"
                               "Welcome to machine seven! none ended\n";
    struct report reports[ARRAY_SIZE(refs)];

    hear(VERB_POLL, text, strlen(text), reports);
    for (size_t i = 0; i < ARRAY_SIZE(refs); i++)
        ck_assert_int_eq(reports[i].is, REPORT_UNKNOWN);
}
END_TEST

START_TEST(paths_and_names)
{
    _cleanup_(bufp) struct buf path = BUF_INIT;

    ck_assert_int_eq(path_job(&path, &golden, TOKEN), 0);
    ck_assert_str_eq(path.data, AT);
    buf_set_len(&path, 0);
    ck_assert_int_eq(path_run(&path, &golden, &refs[2], "stdout"), 0);
    ck_assert_str_eq(path.data, "/root/cfxcccccccccccc/task7.attempt1/stdout");
    buf_set_len(&path, 0);
    ck_assert_int_eq(path_run(&path, &golden, &refs[1], NULL), 0);
    ck_assert_str_eq(path.data, "/root/cfxbbbbbbbbbbbb/attempt2");
    ck_assert_ptr_eq(scheduler_named("process"), &scheduler_process);
    ck_assert_ptr_null(scheduler_named("abacus"));
}
END_TEST

UNIT_MAIN("process", { a_script_is_handed_on_as_it_is, a_command_becomes_a_script, words_are_quoted,
                       a_prelude_runs_the_script, a_far_plan_is_a_quoted_script,
                       what_it_cannot_do_is_refused,
                       what_has_no_meaning_is_named, a_look_is_understood,
                       a_cut_answer_says_only_what_is_there, a_start_is_understood,
                       a_signal_is_understood, garbage_says_nothing, paths_and_names })
