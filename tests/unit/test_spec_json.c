/*
 * test_spec_json.c - specs that are JSON objects: every key, well said and badly said
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "clustrixfs/job.h"
#include "spec_text.h"
#include "unit.h"

#define WITH(member) "{\"command\": \"x\", " member "}"

// clang-format off
static const struct good goods[] = {
    { "{\"command\":\"hostname\"}", "command=hostname" },
    { " \n\t{\"command\": \"a b\"}\r\n", "command=a b" },
    { "{\"command\":[\"ls\",\"-l\",\"\"]}", "argv[ls] argv[-l] argv[]" },
    { "{\"command\":\"echo \\u00fc \\ud83d\\ude00\"}", "command=echo \xc3\xbc \xf0\x9f\x98\x80" },
    { "{\"script\":\"#!/bin/sh\\necho hi\\n\"}", "script=#!/bin/sh\necho hi\n" },
    { "{\"script\":\"file:run.sh\"}", "file=run.sh" },
    { WITH("\"args\": [\"--a\", \"\"]"), "command=x arg[--a] arg[]" },
    { WITH("\"stdin\": \"a\\nb\""), "command=x stdin=a\nb" },
    { WITH("\"stdin\": \"\""), "command=x stdin=" },
    { WITH("\"name\": \"train 3\""), "command=x name=train 3" },
    { WITH("\"cluster\": \"hpc-1.b_c\""), "command=x cluster=hpc-1.b_c" },
    { WITH("\"cores\": 4"), "command=x cores=4" },
    { WITH("\"cores\": 1000000"), "command=x cores=1000000" },
    { WITH("\"cores\": 4.0"), "command=x cores=4" },
    { WITH("\"nodes\": 2, \"tasks\": 8, \"gpus\": 1"), "command=x nodes=2 tasks=8 gpus=1" },
    { WITH("\"gpus\": 0"), "command=x" },
    { WITH("\"memory\": \"4GB\""), "command=x memory=4294967296" },
    { WITH("\"memory\": \"4096M\""), "command=x memory=4294967296" },
    { WITH("\"time\": \"02:00:00\""), "command=x time=7200" },
    { WITH("\"time\": \"90m\""), "command=x time=5400" },
    { WITH("\"time\": \"1-12:00\""), "command=x time=129600" },
    { WITH("\"time\": 30"), "command=x time=30" },
    { WITH("\"time\": \"30\""), "command=x time=30" },
    { WITH("\"partition\": \"a,b\""), "command=x partition=a,b" },
    { WITH("\"queue\": \"long\""), "command=x partition=long" },
    { WITH("\"account\": \"phys\", \"qos\": \"high\", \"constraint\": \"a&b\""),
      "command=x account=phys qos=high constraint=a&b" },
    { WITH("\"priority\": -1000000"), "command=x priority=-1000000" },
    { WITH("\"begin\": 1800000000"), "command=x begin=1800000000" },
    { WITH("\"begin\": \"2026-12-01T08:00\""), "command=x begin=1796112000" },
    { WITH("\"begin\": \"2026-12-01 08:00:05\""), "command=x begin=1796112005" },
    { WITH("\"begin\": \"2026-12-01\""), "command=x begin=1796083200" },
    { WITH("\"begin\": \"12:30\""), "command=x begin=1764592200" },
    { WITH("\"begin\": \"11:59\""), "command=x begin=1764676740" },
    { WITH("\"begin\": \"+2h\""), "command=x begin=1764597600" },
    { WITH("\"begin\": \"now+2hours\""), "command=x begin=1764597600" },
    { WITH("\"begin\": \"now+1\""), "command=x begin=1764590401" },
    { WITH("\"exclusive\": true"), "command=x exclusive=1" },
    { WITH("\"exclusive\": false"), "command=x" },
    { WITH("\"array\": \"0-99\""), "command=x 0-99:1" },
    { WITH("\"array\": \"0-99%10\""), "command=x 0-99:1 throttle=10" },
    { WITH("\"array\": \"1,5,9\""), "command=x 1-9:4" },
    { WITH("\"array\": \"9, 1, 2\""), "command=x 1-2:1 9-9:1" },
    { WITH("\"array\": \"0-10:2\""), "command=x 0-10:2" },
    { WITH("\"array\": \"0-9,5-15,7\""), "command=x 0-15:1" },
    { WITH("\"array\": \"0-10:4\""), "command=x 0-8:4" },
    { WITH("\"array\": \"1048574\""), "command=x 1048574-1048574:1" },
    { WITH("\"after\": 17"), "command=x completed(17)" },
    { WITH("\"after\": \"prepare\""), "command=x completed(prepare)" },
    { WITH("\"after\": [\"prepare\", 18]"), "command=x completed(prepare) completed(18)" },
    { WITH("\"after\": {\"any\": [1], \"failed\": 2, \"completed\": [\"c\"]}"),
      "command=x any(1) failed(2) completed(c)" },
    { WITH("\"env\": {\"A\": \"1\", \"_b2\": \"\"}"), "command=x env.A=1 env._b2=" },
    { WITH("\"environment_variables\": {\"A\": \"x=y\\nz\"}"), "command=x env.A=x=y\nz" },
    { WITH("\"modules\": [\"gcc/12\", \"mpi\"]"), "command=x module[gcc/12] module[mpi]" },
    { WITH("\"module_loads\": \"gcc\""), "command=x module[gcc]" },
    { WITH("\"before\": [\"a, b\\nc\"]"), "command=x before[a, b\nc]" },
    { WITH("\"pre_execution_commands\": [\"a\"]"), "command=x before[a]" },
    { WITH("\"inputs\": [\"a.csv\", \"https://h/x\"]"),
      "command=x input[a.csv] input[https://h/x]" },
    { WITH("\"outputs\": [\"*.csv\", {\"glob\": \"a/*\", \"to\": \"/home/me\"},"
           "{\"glob\": \"b\"}]"),
      "command=x output[*.csv -> ] output[a/* -> /home/me] output[b -> ]" },
    { WITH("\"workdir\": \"/scratch/a b\""), "command=x workdir=/scratch/a b" },
    { WITH("\"image\": \"python:3.12\""), "command=x image=python:3.12" },
    { WITH("\"retries\": 100"), "command=x retries=100" },
    { WITH("\"native\": [\"--reservation=a\", \"-x y\"]"),
      "command=x any{--reservation=a} any{-x y}" },
    { WITH("\"native\": \"--hold\""), "command=x any{--hold}" },
    { WITH("\"default_cores\": 4, \"default_memory\": \"1G\", \"default_time\": \"1h\""),
      "command=x cores=4 memory=1073741824 time=3600" },
    { WITH("\"default_partition\": \"p\", \"default_account\": \"a\""),
      "command=x partition=p account=a" },
    { WITH("\"default_queue\": \"p\""), "command=x partition=p" },
    { "{\"c\\u006fmmand\": \"x\"}", "command=x" },
    { "{\"cores\": 4, \"script\": \"#!/bin/sh\\n#SBATCH -c 2\\n#SBATCH -t 5\\ntrue\\n\"}",
      "script=#!/bin/sh\n#SBATCH -c 2\n#SBATCH -t 5\ntrue\n cores=4 time=300 "
      "warn[\"script\", line 2: -c has no effect: \"cores\" is given by the JSON object]" },
};

static const struct bad bads[] = {
    { "[]", 1, 1, "neither a script" },
    { "42", 1, 1, "nor a JSON object" },
    { "hello\n", 1, 1, "\"#!\"" },
    { " #!/bin/sh\n", 1, 1, "first two bytes" },
    { "#include", 1, 1, "neither" },
    { "\xef\xbb\xbf{}", 1, 1, "byte order mark" },
    { "{}", 0, 0, "nothing to run" },
    { "{\"cores\": 4}", 0, 0, "add \"command\"" },
    { "{\"command\": \"a\", \"script\": \"#!/bin/sh\\na\"}", 0, 0, "keep one" },
    { "{\"command\": \"a\"} x", 1, 18, "after the end" },
    { "{\"command\": \"a\",}", 1, 17, "" },
    { "{\n  \"command\": \"a\",\n  \"memmory\": \"4G\"\n}", 3, 3,
      "\"memmory\" is not a key (did you mean \"memory\"?)" },
    { WITH("\"qeue\": \"a\""), 1, 18, "did you mean \"queue\"?" },
    { WITH("\"xyzzyxyzzy\": 1"), 1, 18, "\"xyzzyxyzzy\" is not a key" },
    { WITH("\"default_command\": \"y\""), 1, 18, "is not a key" },
    { WITH("\"cores\": 1, \"cores\": 2"), 1, 30, "twice" },
    { WITH("\"queue\": \"a\",\n\"partition\": \"b\""), 2, 1,
      "\"partition\" is given twice: line 1 gives \"partition\" already" },
    { WITH("\"cores\": 1, \"default_cores\": 2"), 1, 30, "\"default_cores\" is given twice" },
    { WITH("\"env\": {}, \"environment_variables\": {}"), 1, 29, "given twice" },
    { WITH("\"env\": {\"A\": \"1\", \"A\": \"2\"}"), 1, 36, "twice" },
    { "{\"command\": \"a\\u0000b\"}", 1, 15, "u0000" },
    { "{\"command\": \"a\xff\"}", 1, 15, "UTF-8" },
    { "{\"command\": \"\"}", 1, 13, "empty" },
    { "{\"command\": \" \\n\"}", 1, 13, "empty" },
    { "{\"command\": []}", 1, 13, "empty array" },
    { "{\"command\": [\"\"]}", 1, 13, "cannot be empty" },
    { "{\"command\": [1]}", 1, 13, "\"command\" has to be a string for /bin/sh or an array" },
    { "{\"command\": null}", 1, 13, "for example" },
    { "{\"script\": \"echo hi\"}", 1, 12, "#!/bin/sh" },
    { "{\"script\": \"file:a/b\"}", 1, 12, "file:NAME" },
    { "{\"script\": \"file:..\"}", 1, 12, "file:NAME" },
    { "{\"script\": \"file:\"}", 1, 12, "file:NAME" },
    { "{\"script\": 4}", 1, 12, "has to be" },
    { "{\"script\": \"#!/bin/sh\\r\\necho\"}", 1, 12, "CR LF" },
    { "{\"script\": \"#!/bin/sh\\n# nothing\"}", 1, 12, "no command" },
    { "{\"script\": \"#!/bin/sh\\n#SBATCH -c x\\ntrue\"}", 1, 12,
      "\"script\", its line 2, column 12: -c has to be" },
    { WITH("\"args\": \"--a\""), 1, 26, "an array of strings" },
    { WITH("\"args\": [1]"), 1, 26, "an array of strings" },
    { WITH("\"stdin\": 1"), 1, 27, "a string" },
    { WITH("\"name\": \"\""), 1, 26, "1 to 200 bytes" },
    { WITH("\"name\": \"a/b\""), 1, 26, "1 to 200 bytes" },
    { WITH("\"name\": \"..\""), 1, 26, "1 to 200 bytes" },
    { WITH("\"name\": \"a\\nb\""), 1, 26, "1 to 200 bytes" },
    { WITH("\"name\": [\"a\"]"), 1, 26, "1 to 200 bytes" },
    { WITH("\"cluster\": \"-a\""), 1, 29, "the name of a cluster" },
    { WITH("\"cluster\": \"a b\""), 1, 29, "the name of a cluster" },
    { WITH("\"cores\": 0"), 1, 27, "a whole number from 1 to 1000000, for example 4" },
    { WITH("\"cores\": 1000001"), 1, 27, "a whole number" },
    { WITH("\"cores\": 1.5"), 1, 27, "a whole number" },
    { WITH("\"cores\": \"4\""), 1, 27, "a whole number" },
    { WITH("\"default_cores\": null"), 1, 35, "\"default_cores\" has to be a whole number" },
    { WITH("\"nodes\": -1"), 1, 27, "a whole number" },
    { WITH("\"tasks\": true"), 1, 27, "a whole number" },
    { WITH("\"gpus\": -1"), 1, 26, "from 0" },
    { WITH("\"memory\": 4096"), 1, 28, "with its unit" },
    { WITH("\"memory\": \"4096\""), 1, 28, "with its unit" },
    { WITH("\"memory\": \"0G\""), 1, 28, "with its unit" },
    { WITH("\"memory\": \"4X\""), 1, 28, "with its unit" },
    { WITH("\"time\": 0"), 1, 26, "above zero" },
    { WITH("\"time\": \"soon\""), 1, 26, "a time" },
    { WITH("\"time\": 1.5"), 1, 26, "a time" },
    { WITH("\"partition\": \"\""), 1, 31, "for example \"batch\"" },
    { WITH("\"queue\": \"a\\nb\""), 1, 27, "\"queue\" has to be a string" },
    { WITH("\"account\": 1"), 1, 29, "for example \"physics\"" },
    { WITH("\"qos\": {}"), 1, 25, "for example \"high\"" },
    { WITH("\"constraint\": false"), 1, 32, "a string" },
    { WITH("\"priority\": 1000001"), 1, 30, "-1000000 to 1000000" },
    { WITH("\"begin\": \"someday\""), 1, 27, "a time: seconds since 1970" },
    { WITH("\"begin\": \"2026-02-30\""), 1, 27, "a time" },
    { WITH("\"begin\": \"25:00\""), 1, 27, "a time" },
    { WITH("\"begin\": \"+2parsecs\""), 1, 27, "a time" },
    { WITH("\"begin\": \"+99999999999999\""), 1, 27, "a time" },
    { WITH("\"begin\": -5"), 1, 27, "a time" },
    { WITH("\"exclusive\": 1"), 1, 31, "true or false" },
    { WITH("\"array\": \"\""), 1, 27, "\"0-99%10\"" },
    { WITH("\"array\": \"9-0\""), 1, 27, "a string like" },
    { WITH("\"array\": \"0-9:0\""), 1, 27, "a string like" },
    { WITH("\"array\": \"0-9%0\""), 1, 27, "a string like" },
    { WITH("\"array\": \"1,,2\""), 1, 27, "a string like" },
    { WITH("\"array\": \"1048575\""), 1, 27, "a string like" },
    { WITH("\"array\": \"0-100000\""), 1, 27, "more than 100000 elements" },
    { WITH("\"array\": 5"), 1, 27, "a string like" },
    { WITH("\"after\": 0"), 1, 27, "job numbers or names" },
    { WITH("\"after\": \"a/b\""), 1, 27, "job numbers or names" },
    { WITH("\"after\": [[1]]"), 1, 27, "job numbers or names" },
    { WITH("\"after\": {\"finished\": [1]}"), 1, 27, "\"finished\" is no condition" },
    { WITH("\"env\": [\"A=1\"]"), 1, 25, "an object of strings" },
    { WITH("\"env\": {\"A\": 1}"), 1, 25, "an object of strings" },
    { WITH("\"env\": {\"A-B\": \"1\"}"), 1, 25, "\"A-B\" is no name of a variable" },
    { WITH("\"env\": {\"1A\": \"1\"}"), 1, 25, "is no name" },
    { WITH("\"modules\": [\"\"]"), 1, 29, "an array of strings" },
    { WITH("\"before\": [1]"), 1, 28, "an array of shell commands" },
    { WITH("\"inputs\": {}"), 1, 28, "an array of paths" },
    { WITH("\"outputs\": [\"/etc/*\"]"), 1, 29, "relative to the job's directory" },
    { WITH("\"outputs\": [\"a/../b\"]"), 1, 29, "relative" },
    { WITH("\"outputs\": [{\"to\": \"/x\"}]"), 1, 29, "an array of globs" },
    { WITH("\"outputs\": [{\"globb\": \"x\"}]"), 1, 29, "\"globb\" is not a key here" },
    { WITH("\"outputs\": [{\"glob\": \"x\", \"to\": \"\"}]"), 1, 29, "an array of globs" },
    { WITH("\"outputs\": [{\"glob\": \"x\", \"to\": \"here\"}]"), 1, 29, "begins with / or ~/" },
    { WITH("\"outputs\": [{\"glob\": \"x\", \"to\": \"~you/x\"}]"), 1, 29, "begins with" },
    { WITH("\"outputs\": [3]"), 1, 29, "an array of globs" },
    { WITH("\"workdir\": \"scratch\""), 1, 29, "an absolute path" },
    { WITH("\"image\": \"a b\""), 1, 27, "container image" },
    { WITH("\"retries\": 101"), 1, 29, "from 0 to 100" },
    { WITH("\"native\": [\"-a\\n#SBATCH -b\"]"), 1, 28, "an array of options" },
    { WITH("\"native\": {}"), 1, 28, "an array of options" },
};
// clang-format on

START_TEST(good_rows)
{
    for (size_t i = 0; i < ARRAY_SIZE(goods); i++)
        expect_good(&goods[i]);
}
END_TEST

START_TEST(bad_rows)
{
    for (size_t i = 0; i < ARRAY_SIZE(bads); i++)
        expect_bad(&bads[i], -EINVAL);
}
END_TEST

static void expect_incomplete(struct span text)
{
    struct spec *spec = NULL;
    struct error e = ERROR_INIT;
    int r = spec_parse(&spec, text, TEST_NOW, NULL, &e);

    ck_assert_msg(r == SPEC_E_INCOMPLETE && e.text[0], "%.*s -> %d %s", (int)text.len, text.data, r,
                  e.text);
    ck_assert_int_eq(spec_scan(text, NULL, &e), 0);
}

/* No beginning of a valid spec may look like an error: it is what a slow writer has written. */
START_TEST(every_beginning_is_incomplete)
{
    for (size_t i = 0; i < ARRAY_SIZE(goods); i++) {
        size_t end = strlen(goods[i].spec);
        while (strchr(" \t\r\n", goods[i].spec[end - 1]))
            end--;
        for (size_t len = 0; len < end; len++)
            expect_incomplete((struct span){ goods[i].spec, len });
    }
}
END_TEST

START_TEST(scan_refuses_at_once)
{
    struct spec_place at;
    struct error e;

    ck_assert_int_eq(spec_scan(SPAN_LIT("\x7f" "ELF\0\0"), &at, &e), -EINVAL);
    ck_assert_int_eq(spec_scan(SPAN_LIT("{\"command\": x"), &at, &e), -EINVAL);
    ck_assert_uint_eq(at.column, 13);
    ck_assert_int_eq(spec_scan(SPAN_LIT("{\n\"a\": \"\0\""), &at, &e), -EINVAL);
    ck_assert_uint_eq(at.line, 2);
    ck_assert_int_eq(spec_scan(SPAN_LIT(" \n"), &at, &e), 0);
    ck_assert_int_eq(spec_scan(SPAN_LIT("#"), &at, &e), 0);
}
END_TEST

START_TEST(too_big)
{
    char *text = malloc(SPEC_SIZE_MAX + 1);
    struct spec *spec = NULL;
    struct error e = ERROR_INIT;

    memset(text, ' ', SPEC_SIZE_MAX + 1);
    struct span most = { text, SPEC_SIZE_MAX }, more = { text, SPEC_SIZE_MAX + 1 };
    ck_assert_int_eq(spec_parse(&spec, most, 0, NULL, &e), SPEC_E_INCOMPLETE);
    ck_assert_int_eq(spec_parse(&spec, more, 0, NULL, &e), -E2BIG);
    ck_assert_ptr_nonnull(strstr(e.text, "1 MiB"));
    ck_assert_int_eq(spec_scan(most, NULL, &e), 0);
    ck_assert_int_eq(spec_scan(more, NULL, &e), -E2BIG);
    free(text);
}
END_TEST

/* A hundred thousand numbers one by one, from the largest to the smallest, each of them twice. */
START_TEST(array_elements)
{
    struct buf text = BUF_INIT;
    struct spec *spec = NULL;
    struct error e = ERROR_INIT;

    buf_add_str(&text, "{\"command\": \"x\", \"array\": \"");
    for (unsigned i = 0; i < 50000; i++)
        buf_printf(&text, "%u,%u,", 100000 - 2 * i, 100000 - 2 * i);
    text.data[text.len - 1] = '"';
    buf_add_str(&text, "}");
    ck_assert_int_eq(buf_error(&text), 0);
    ck_assert_int_eq(spec_parse(&spec, buf_span(&text), 0, NULL, &e), 0);
    ck_assert_uint_eq(spec_array_size(spec), 50000);
    ck_assert_uint_eq(spec->n_ranges, 1);
    ck_assert_uint_eq(spec_array_index(spec, 0), 2);
    ck_assert_uint_eq(spec_array_index(spec, 49999), 100000);
    spec_free(spec);
    buf_release(&text);

    ck_assert_int_eq(spec_parse(&spec, span_str(WITH("\"array\": \"1,5,6,7,100-120:10\"")), 0, NULL,
                                &e),
                     0);
    static const uint32_t elements[] = { 1, 5, 6, 7, 100, 110, 120 };
    ck_assert_uint_eq(spec_array_size(spec), ARRAY_SIZE(elements));
    for (uint32_t i = 0; i < ARRAY_SIZE(elements); i++)
        ck_assert_uint_eq(spec_array_index(spec, i), elements[i]);
    spec_free(spec);
}
END_TEST

START_TEST(many_variables)
{
    struct buf text = BUF_INIT;
    struct spec *spec = NULL;
    struct error e = ERROR_INIT;

    buf_add_str(&text, "{\"command\": \"x\", \"env\": {");
    for (unsigned i = 0; i < 4096; i++)
        buf_printf(&text, "%s\"V%u\": \"%u\"", i ? "," : "", i, i);
    size_t fits = text.len;
    buf_add_str(&text, "}}");
    ck_assert_int_eq(spec_parse(&spec, buf_span(&text), 0, NULL, &e), 0);
    ck_assert_str_eq(spec->env[4095].value, "4095");
    spec_free(spec);
    spec = NULL;
    ck_assert_int_eq(buf_set_len(&text, fits), 0);
    buf_add_str(&text, ",\"more\": \"\"}}");
    ck_assert_int_eq(spec_parse(&spec, buf_span(&text), 0, NULL, &e), -EINVAL);
    ck_assert_ptr_nonnull(strstr(e.text, "more than 4096 variables"));
    buf_release(&text);
}
END_TEST

START_TEST(given_and_names)
{
    struct spec *spec = NULL;

    const char *text = WITH("\"queue\": \"a\", \"gpus\": 0");

    ck_assert_int_eq(spec_parse(&spec, span_str(text), 0, NULL, NULL), 0);
    ck_assert_uint_eq(spec->given,
                      KEY_BIT(KEY_COMMAND) | KEY_BIT(KEY_PARTITION) | KEY_BIT(KEY_GPUS));
    ck_assert_int_eq(spec->form, SPEC_JSON);
    ck_assert_uint_eq(spec_array_size(spec), 0);
    spec_free(spec);
    spec_free(NULL);
    ck_assert_str_eq(spec_key_name(KEY_MEMORY), "memory");
    ck_assert_str_eq(spec_key_name(KEY_NATIVE), "native");
    ck_assert_str_eq(spec_key_name(SPEC_KEY_COUNT), "");
}
END_TEST

START_TEST(words_for_states)
{
    for (enum job_state s = JOB_NONE + 1; s < JOB_STATE_COUNT; s++) {
        ck_assert_str_ne(job_state_name(s), "");
        ck_assert_int_eq(job_state_named(job_state_name(s)), s);
    }
    for (enum job_event ev = EV_NONE + 1; ev < JOB_EVENT_COUNT; ev++)
        ck_assert_str_ne(job_event_name(ev), "");
    for (enum job_cause c = CAUSE_NONE + 1; c < JOB_CAUSE_COUNT; c++)
        ck_assert_str_ne(job_cause_name(c), "");
    ck_assert_str_eq(job_state_name(JOB_STATE_COUNT), "");
    ck_assert_int_eq(job_state_named("done"), JOB_NONE);
    ck_assert_int_eq(job_state_named(""), JOB_NONE);
    ck_assert(job_ended(JOB_LOST) && job_ended(JOB_FAILED) && !job_ended(JOB_COLLECTING));
}
END_TEST

UNIT_MAIN("spec_json", { good_rows, bad_rows, every_beginning_is_incomplete, scan_refuses_at_once,
                         too_big, array_elements, many_variables, given_and_names,
                         words_for_states })
