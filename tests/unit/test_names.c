/*
 * test_names.c - which names in submit/ stand for a spec
 */
#include "unit.h"

#include "fs/names.h"

START_TEST(plain_names_submit)
{
    static const char *const names[] = {
        "train.sh", "hello",   "job.json", "a",     "4914",     "14913",
        "x.swat",   "x.sw",    "part",     "#half", "half#",    "my.part.sh",
        "error",    "tmpfile", "sedation", "bak",   "x.errors", "x.save.sh",
        "a b\nc",   "\xff\xfe",
    };

    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        ck_assert_msg(name_submits(names[i]), "%s", names[i]);
}
END_TEST

START_TEST(unfinished_and_backup_names_do_not)
{
    static const char *const names[] = {
        ".job.json.swp", ".job.json.yXY51g", ".goutputstream-BC17Y3", ".nfs000012", "._job",
        ".#job",         "job.json~",        "job.json.~1~",          "job.partial~", "#job.json#",
        "~$job.json",    "job.swp",          "job.swx",               "job.swo",    "4913",
        "job.part",      "job.partial",      "job.crdownload",        "job.tmp",    "job.bak",
        "job.orig",      "job.rej",          "job.save",              "job.save.1", "job.filepart",
    };

    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        ck_assert_msg(!name_submits(names[i]), "%s", names[i]);
}
END_TEST

START_TEST(error_names_are_ours)
{
    char draft[DRAFT_NAME_MAX + 1];

    ck_assert(!name_submits("job.json.error"));
    ck_assert(name_is_error("job.json.error"));
    ck_assert(!name_is_error(".error"));
    ck_assert(!name_is_error("error"));
    ck_assert(!name_is_error("job.error.json"));
    name_of_error(draft, "job.json.error");
    ck_assert_str_eq(draft, "job.json");
}
END_TEST

UNIT_MAIN("names", {
    plain_names_submit,
    unfinished_and_backup_names_do_not,
    error_names_are_ours,
})
