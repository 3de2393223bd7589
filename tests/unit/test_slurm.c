/*
 * test_slurm.c - what is put there for Slurm: the scripts, the options, and what is refused
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "clustrixfs/scheduler.h"
#include "unit.h"

#define TOKEN "cfxabcdefghijkl"
#define AT "/home/me/my%20 dir/" TOKEN

/* Only where it is counts here: nothing is carried. */
static const struct transport_ops elsewhere = { .name = "elsewhere" };

static const struct cluster hpc = {
    .name = (char *)(uintptr_t)"hpc",
    .transport = &elsewhere,
    .scripted = true,
    .scheduler = &scheduler_slurm,
    .root = (char *)(uintptr_t)"/home/me/my%20 dir",
    .keeper = (char *)(uintptr_t)"/home/me/my%20 dir/keeper-1",
    .grace_s = 30,
};

static struct spec *parse(const char *text)
{
    struct spec *spec = NULL;
    struct error e = ERROR_INIT;

    ck_assert_msg(spec_parse(&spec, span_str(text), 0, NULL, &e) == 0, "%s", e.text);
    return spec;
}

static const char *rendered(struct far_files *files, const char *text, const char *name)
{
    _cleanup_(specp) struct spec *spec = parse(text);
    const struct job_ref          ref = { JOB_ID(17, 0), TOKEN, "", 1 };
    struct error                  e = ERROR_INIT;
    char                          path[200];

    snprintf(path, sizeof path, "%s/%s", AT, name);
    ck_assert_msg(scheduler_slurm.render(spec, &hpc, &ref, files, &e) == 0, "%s", e.text);
    for (size_t i = 0; i < files->n; i++)
        if (strcmp(files->v[i].path, path) == 0)
            return files->v[i].data.data;
    ck_abort_msg("no %s", name);
}

static void check_has(const char *spec, const char *name, const char *words)
{
    _cleanup_(far_filesp) struct far_files files = FAR_FILES_INIT;
    const char                            *text = rendered(&files, spec, name);

    ck_assert_msg(strstr(text, words) != NULL, "not '%s' in:\n%s", words, text);
}

static void check_lacks(const char *spec, const char *words)
{
    _cleanup_(far_filesp) struct far_files files = FAR_FILES_INIT;
    const char                            *text = rendered(&files, spec, "submit");

    ck_assert_msg(strstr(text, words) == NULL, "'%s' in:\n%s", words, text);
}

static const char submit[] =
    "#!/bin/sh\n"
    "# submit RUN NOW: puts the job into Slurm's queue\n"
    "command -v sbatch >/dev/null 2>&1 || { [ -r /etc/profile ] && . /etc/profile; } "
    ">/dev/null 2>&1\n"
    "unset SBATCH_ARRAY_INX SBATCH_CLUSTERS SBATCH_WAIT SBATCH_OPEN_MODE SBATCH_REQUEUE\n"
    "run=$1 now=${2:-$(date +%s)}\n"
    "attempt=${run##*attempt}\n"
    "cd '" AT "/files' 2>/dev/null || cd /\n"
    "set -- \\\n"
    "    '--nodes=2' \\\n"
    "    '--ntasks=3' \\\n"
    "    '--cpus-per-task=4' \\\n"
    "    '--mem=1025M' \\\n"
    "    '--gpus=1' \\\n"
    "    '--time=1:30' \\\n"
    "    '--partition=it'\\''s' \\\n"
    "    --no-requeue\n"
    "case $run in\n"
    "task*) array=${run#task} array=${array%%.*} log=$run ;;\n"
    "*) array=0-9:3,13%2 log=task%a.$run ;;\n"
    "esac\n"
    "set -- \"$@\" \"--array=$array\"\n"
    "exec sbatch \"$@\" --parsable --job-name=" TOKEN " --open-mode=append \\\n"
    "    '--output=/home/me/my%%20 dir/" TOKEN "/'\"$log.log\" \\\n"
    "    --comment='clustrixfs job 17 attempt '\"$attempt\"': ''my job' \\\n"
    "    '" AT "/job.sh' \"$attempt\"\n";

START_TEST(a_job_is_one_sbatch)
{
    _cleanup_(far_filesp) struct far_files files = FAR_FILES_INIT;

    ck_assert_str_eq(rendered(&files, "{\"command\": \"x\", \"name\": \"my job\", \"nodes\": 2, "
                              "\"tasks\": 3, \"cores\": 4, \"memory\": \"1073741825B\", "
                              "\"gpus\": 1, \"time\": 90, \"partition\": \"it's\", "
                              "\"array\": \"0-9:3,13%2\"}",
                              "submit"), submit);
}
END_TEST

START_TEST(it_ends_in_the_wrapper)
{
    check_has("{\"command\": \"x\"}", "job.sh", "exec '/home/me/my%20 dir/keeper-1' run "
              "'/home/me/my%20 dir' " TOKEN " \"$1\"\n");
    check_has("{\"command\": \"x\", \"array\": \"1-3\"}", "job.sh", " " TOKEN " \"$1\" env\n");
    check_has("{\"command\": \"x\"}", "submit", "log=$run\n");
    check_has("{\"command\": \"x\", \"workdir\": \"/a b\"}", "submit",
              "\ncd '/a b' 2>/dev/null || ");
}
END_TEST

START_TEST(the_keys_that_slurm_has)
{
    check_has("{\"command\": \"x\", \"account\": \"a\", \"qos\": \"q\", \"constraint\": \"c&d\", "
              "\"exclusive\": true}", "submit",
              "'--account=a' \\\n    '--qos=q' \\\n    '--constraint=c&d' \\\n    --exclusive");
    check_has("{\"command\": \"x\", \"begin\": 1800000000}", "submit",
              "[ \"$now\" -ge 1800000000 ] || set -- \"--begin=now+$((1800000000 - now))\"");
    check_has("{\"command\": \"x\", \"priority\": -5}", "submit", "--nice=5");
    check_has("{\"command\": \"x\", \"priority\": 5}", "submit", "# priority 5: ");
    check_lacks("{\"command\": \"x\", \"priority\": 5}", "--nice");
}
END_TEST

START_TEST(native_options_are_passed_each_as_one_word)
{
    check_has("#!/bin/sh\n#SBATCH -w n1 --reservation 'my res' --mail-type=ALL\nx\n", "submit",
              "--no-requeue \\\n    -wn1 \\\n    '--reservation=my res' \\\n"
              "    '--mail-type=ALL'\n");
    check_has("{\"command\": \"x\", \"native\": [\"--signal=B:USR1@60\"]}", "submit",
              "    '--signal=B:USR1@60'\n");
    check_lacks("{\"command\": \"x\", \"native\": [\"--requeue\"]}", "--no-requeue");
    check_has("#!/bin/sh\n#SBATCH --comment=\"it's mine\" --gpus=a100:2\nx\n", "submit",
              "\"$attempt\"': ''it'\\''s mine'");
    check_lacks("#!/bin/sh\n#SBATCH --gpus=a100:2\nx\n", "--gpus=2");
    check_lacks("#!/bin/sh\n#PBS -m abe\nx\n", "abe");
}
END_TEST

START_TEST(it_waits_there_for_whom_its_run_is_told_to)
{
    _cleanup_(far_filesp) struct far_files files = FAR_FILES_INIT;
    const struct job_ref                   ref = { JOB_ID(17, 0), TOKEN, "", 2 };

    check_has("{\"command\": \"x\", \"after\": [3]}", "submit",
              "after=$(cat '" AT "/'\"$run.after\" 2>/dev/null)\n"
              "if [ -n \"$after\" ]; then\n    on=");
    check_has("{\"command\": \"x\", \"after\": [3]}", "submit",
              "    fi\n    set -- \"$@\" \"--dependency=$after\" --kill-on-invalid-dep=yes\nfi\n");
    check_has("{\"command\": \"x\", \"array\": \"0-3\", \"after\": [3]}", "submit",
              "set -- \"$@\" \"--array=$array\"\nafter=$(cat '" AT "/'\"$run.after\"");
    check_lacks("{\"command\": \"x\"}", "after");
    ck_assert_int_eq(scheduler_after(&hpc, &ref, "afterok:7", &files), 0);
    ck_assert_str_eq(files.v[0].path, AT "/attempt2.after");
    ck_assert_str_eq(files.v[0].data.data, "afterok:7");
}
END_TEST

START_TEST(what_is_called_back_is_cancelled_only_while_it_waits)
{
    _cleanup_(commandp) struct command back = COMMAND_INIT, cancel = COMMAND_INIT;
    const struct job_ref               ref = { JOB_ID(17, 3), TOKEN, "45", 1 };
    struct ask                         ask = { .cluster = &hpc, .refs = &ref, .n = 1, .word = "" };

    ck_assert_int_eq(scheduler_slurm.verbs[VERB_CANCEL].say(&ask, &cancel), 0);
    ck_assert_ptr_null(strstr(cancel.argv.v[2], "PENDING"));
    ask.word = CANCEL_WAITING;
    ck_assert_int_eq(scheduler_slurm.verbs[VERB_CANCEL].say(&ask, &back), 0);
    ck_assert_ptr_nonnull(strstr(back.argv.v[2], "scancel --state=PENDING \"$1\""));
    ck_assert_str_eq(back.argv.v[back.argv.n - 1], "45_2");
}
END_TEST

static void check_can_wait(bool can, const struct scheduler_ops *s, const char *text)
{
    _cleanup_(specp) struct spec *spec = parse(text);

    ck_assert_msg(scheduler_can_wait(s, spec) == can, "%s: %s", s->name, text);
}

START_TEST(what_says_itself_for_whom_it_waits_there_is_not_told_to)
{
    check_can_wait(true, &scheduler_slurm, "{\"command\": \"x\", \"native\": [\"-D/\"]}");
    check_can_wait(false, &scheduler_slurm, "{\"command\": \"x\", \"native\": [\"-d 3\"]}");
    check_can_wait(false, &scheduler_slurm,
                   "{\"command\": \"x\", \"native\": [\"--dependency=singleton\"]}");
    check_can_wait(false, &scheduler_pbs,
                   "{\"command\": \"x\", \"native\": [\"-W depend=on:1\"]}");
    check_can_wait(false, &scheduler_sge,
                   "{\"command\": \"x\", \"native\": [\"-hold_jid_ad 3\"]}");
    check_can_wait(false, &scheduler_process, "{\"command\": \"x\"}");
    check_can_wait(false, &scheduler_kubernetes, "{\"command\": \"x\"}");
}
END_TEST

static void check_refused(const char *text, const char *why)
{
    _cleanup_(specp) struct spec *spec = parse(text);
    _cleanup_(strvp) struct strv  warnings = STRV_INIT;
    struct error                  e = ERROR_INIT;

    ck_assert_msg(scheduler_accepts(&hpc, spec, &warnings, &e) == -EINVAL, "%s", text);
    ck_assert_msg(strstr(e.text, why) != NULL, "%s", e.text);
}

START_TEST(what_would_break_a_promise_is_refused)
{
    static const char *const refused[] = {
        "--job-name=x", "-Jx", "--job=x", "--output=/x", "-o /x", "-o/x", "--out /x", "--error=/x",
        "--array=1-3", "-a 1", "--wrap=id", "--wrap id", "--chdir=/", "-D/", "--clusters=b",
        "-M b", "--input=/etc/passwd", "--test-only", "--wait", "-W", "--help", "--version",
        "--open-mode=truncate", "--exclusive=x y", "job.sh", "-", "--", "", "-Ho", "-w n1 n2",
        "--nice=1 /bin/sh",
    };

    for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
        _cleanup_(bufp) struct buf b = BUF_INIT;

        if (!refused[i][0])
            continue;
        buf_printf(&b, "{\"command\": \"x\", \"native\": [\"%s\"]}", refused[i]);
        check_refused(b.data, "native: ");
    }
}
END_TEST

START_TEST(what_slurm_cannot_do_is_refused)
{
    check_refused("{\"command\": \"x\", \"image\": \"debian:12\"}", "image");
}
END_TEST

START_TEST(what_has_no_meaning_is_named)
{
    _cleanup_(specp) struct spec *spec = parse("#!/bin/sh\n#PBS -m abe\n#SBATCH -p a -N 2\nx\n");
    _cleanup_(strvp) struct strv  warnings = STRV_INIT;
    struct error                  e = ERROR_INIT;

    ck_assert_msg(scheduler_accepts(&hpc, spec, &warnings, &e) == 0, "%s", e.text);
    ck_assert_uint_eq(warnings.n, 1);
    ck_assert_ptr_nonnull(strstr(warnings.v[0], "PBS"));
    ck_assert_ptr_eq(scheduler_named("slurm"), &scheduler_slurm);
}
END_TEST

UNIT_MAIN("slurm", { a_job_is_one_sbatch, it_ends_in_the_wrapper, the_keys_that_slurm_has,
                     native_options_are_passed_each_as_one_word,
                     it_waits_there_for_whom_its_run_is_told_to,
                     what_is_called_back_is_cancelled_only_while_it_waits,
                     what_says_itself_for_whom_it_waits_there_is_not_told_to,
                     what_would_break_a_promise_is_refused, what_slurm_cannot_do_is_refused,
                     what_has_no_meaning_is_named })
