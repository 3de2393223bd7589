/*
 * test_outputs.c - which files a glob means, and what they are called where they are wanted
 */
#include <string.h>

#include "clustrixfs/clock.h"
#include "clustrixfs/outputs.h"
#include "unit.h"

static const struct {
    const char *glob, *path, *name; /* name NULL: it does not match */
} table[] = {
    { "a", "a", "a" },
    { "a", "b", NULL },
    { "a", "a/b/c", "a/b/c" },
    { "a/", "a/b", "a/b" },
    { "./a//b", "a/b", "b" },
    { "a/b", "a/b/c", "b/c" },
    { "a/b", "a", NULL },
    { "*.csv", "x.csv", "x.csv" },
    { "*.csv", "d/x.csv", NULL },
    { "*.csv", ".x.csv", NULL },
    { ".*.csv", ".x.csv", ".x.csv" },
    { "d", "d/.hidden", "d/.hidden" },
    { "d/*", "d/x", "x" },
    { "d/*", "d/x/y", "x/y" },
    { "*/o", "x/o", "x/o" },
    { "d/?[ab]", "d/xa", "xa" },
    { "d/?[ab]", "d/xc", NULL },
    { "**", "a/b/c", "a/b/c" },
    { "**", ".a", NULL },
    { "**/*.csv", "x.csv", "x.csv" },
    { "**/*.csv", "a/b/x.csv", "a/b/x.csv" },
    { "**/*.csv", ".a/x.csv", NULL },
    { "m/**", "m", NULL },
    { "m/**", "m/a/b", "a/b" },
    { "m/**/o", "m/o", "o" },
    { "m/**/o", "m/a/b/o", "a/b/o" },
    { "m/**/o", "m/a/b/p", NULL },
    { "**/a/**/b", "a/x/a/y/b", "a/x/a/y/b" },
    { "**/a/**/b", "x/b/a", NULL },
};

START_TEST(what_matches)
{
    for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
        bool matches = outputs_match(table[i].glob, table[i].path);

        ck_assert_msg(matches == (table[i].name != NULL), "%s: %s", table[i].glob, table[i].path);
        if (matches)
            ck_assert_str_eq(outputs_name(table[i].glob, table[i].path), table[i].name);
    }
}
END_TEST

/* A name of the far side cannot make it slow: twenty ** and a deep path. */
START_TEST(no_pair_takes_long)
{
    _cleanup_(bufp) struct buf glob = BUF_INIT, path = BUF_INIT;
    int64_t began = clock_mono_ns();

    for (int i = 0; i < 20; i++)
        buf_add_str(&glob, "**/a/");
    buf_add_str(&glob, "b");
    for (int i = 0; i < 250; i++)
        buf_add_str(&path, "a/");
    buf_add_str(&path, "c");
    ck_assert_int_eq(buf_error(&glob), 0);
    for (int i = 0; i < 100; i++)
        ck_assert(!outputs_match(glob.data, path.data));
    ck_assert_int_lt(clock_mono_ns() - began, 5 * NS_PER_S);
}
END_TEST

UNIT_MAIN("outputs", { what_matches, no_pair_takes_long })
