/*
 * test_tree.c - the tree's table, the numbers it makes, and the command line
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fs/lists.h"
#include "fs/mountpoint.h"
#include "fs/options.h"
#include "fs/tree.h"
#include "unit.h"

START_TEST(inode_numbers_round_trip)
{
    const job_id last = JOB_ID(UINT32_MAX, JOB_INDEX_MAX);
    const uint64_t keys[] = { 0, 1, JOB_ID(1, 0), JOB_ID(17, 3), last };

    for (unsigned row = ROW_ROOT; row < ROW_COUNT; row++) {
        for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
            fuse_ino_t ino = place_ino((struct place){ (enum row_id)row, keys[i] });

            ck_assert_int_eq(INO_ROOM(ino), ROOM_TREE);
            ck_assert_uint_eq(place_of(ino).row, row);
            ck_assert_uint_eq(place_of(ino).key, keys[i]);
        }
    }
    ck_assert_uint_eq(place_ino((struct place){ ROW_ROOT, 0 }), FUSE_ROOT_ID);
}
END_TEST

START_TEST(rooms_do_not_overlap)
{
    ck_assert_int_eq(INO_ROOM(INO_DRAFT_DIR(0)), ROOM_DRAFTS);
    ck_assert_int_eq(INO_ROOM(INO_DRAFT(UINT32_MAX, 1)), ROOM_DRAFTS);
    ck_assert_int_eq(INO_ROOM(INO_MAKE(ROOM_PASS, 1)), ROOM_PASS);
}
END_TEST

START_TEST(every_row_is_complete)
{
    for (unsigned i = ROW_ROOT; i < ROW_COUNT; i++) {
        const struct row *row = &rows[i];

        ck_assert_msg(row->in != ROW_NONE, "row %u lies nowhere", i);
        ck_assert_msg(rows[row->in].kind == KIND_DIR, "row %u lies in a file", i);
        ck_assert_msg(row->mode & S_IFMT, "row %u has no type", i);
        ck_assert_msg((row->kind == KIND_LINK) == !!S_ISLNK(row->mode), "row %u: type", i);
        if (row->kind == KIND_TEXT || row->kind == KIND_LINK || row->kind == KIND_WAIT)
            ck_assert_msg(row->show != NULL, "row %u has no text", i);
        ck_assert_msg((row->holds == HOLDS_UNTIL_LISTED) ==
                          (row->list && row->key != KEY_IS_JOB &&
                           rows[row->each].key == KEY_IS_JOB),
                      "row %u: a list of jobs?", i);
        ck_assert_msg((row->in == ROW_JOB) == !!row->jobs, "row %u: in which jobs?", i);
        if (row->list)
            ck_assert_msg(rows[row->each].name == NULL, "row %u lists a fixed row", i);
        if (row->write)
            ck_assert_msg(row->mode & 0200, "row %u cannot be written", i);
        else if (S_ISREG(row->mode))
            ck_assert_msg(!(row->mode & 0222), "row %u says it can be written", i);
    }
}
END_TEST

START_TEST(no_name_is_there_twice)
{
    for (unsigned i = ROW_ROOT + 1; i < ROW_COUNT; i++)
        for (unsigned k = i + 1; k < ROW_COUNT; k++)
            if (rows[i].name && rows[k].name && rows[i].in == rows[k].in &&
                (rows[i].in != ROW_JOB || rows[i].jobs & rows[k].jobs))
                ck_assert_str_ne(rows[i].name, rows[k].name);
}
END_TEST

/* With allow_other nobody may see of a job what he could not see without us. */
START_TEST(jobs_are_closed_to_others)
{
    for (unsigned i = ROW_ROOT + 1; i < ROW_COUNT; i++)
        if (rows[i].key == KEY_IS_JOB && !S_ISLNK(rows[i].mode))
            ck_assert_msg(!(rows[i].mode & 077), "row %u is open", i);
    ck_assert_uint_eq(rows[ROW_SUBMIT].mode & 077, 0);
    ck_assert_uint_eq(rows[ROW_EVENTS].mode & 077, 0);
    ck_assert_uint_eq(rows[ROW_README].mode & 0777, 0444);
}
END_TEST

START_TEST(parents_are_found)
{
    const job_id task = JOB_ID(17, 4);
    struct place p;

    p = place_parent((struct place){ ROW_STATE, JOB_ID(17, 0) });
    ck_assert(p.row == ROW_JOB && p.key == JOB_ID(17, 0));
    p = place_parent((struct place){ ROW_JOB, JOB_ID(17, 0) });
    ck_assert(p.row == ROW_JOBS && p.key == 0);
    p = place_parent((struct place){ ROW_JOB, task });
    ck_assert(p.row == ROW_TASKS && p.key == JOB_ID(17, 0));
    p = place_parent((struct place){ ROW_ROOT, 0 });
    ck_assert(p.row == ROW_ROOT && p.key == 0);
    p = place_parent((struct place){ ROW_CLUSTER_STATE, CLUSTER_KEY(2) });
    ck_assert(p.row == ROW_CLUSTER && p.key == CLUSTER_KEY(2));
}
END_TEST

START_TEST(only_canonical_numbers_are_names)
{
    static const char *const wrong[] = { "",   "017", "00",  "+1", "-1",  " 1",
                                         "1 ", "0x1", "1.0", "١",  "101", "99999999999999999999" };
    uint64_t n;

    ck_assert(number_from_name("0", 100, &n) && n == 0);
    ck_assert(number_from_name("17", 100, &n) && n == 17);
    ck_assert(number_from_name("100", 100, &n) && n == 100);
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
        ck_assert_msg(!number_from_name(wrong[i], 100, &n), "\"%s\" is taken", wrong[i]);
}
END_TEST

START_TEST(hidden_rows_are_remembered_until_forgotten)
{
    struct tree *t = NULL;

    ck_assert_int_eq(tree_open(&t), 0);
    for (unsigned job = 40; job > 0; job--)
        ck_assert_int_eq(hide(t, (struct place){ ROW_STATE, JOB_ID(job, job % 3) }), 0);
    ck_assert_int_eq(hide(t, (struct place){ ROW_SPEC, JOB_ID(7, 1) }), 0);

    for (unsigned job = 1; job <= 40; job++)
        ck_assert(is_hidden(t, (struct place){ ROW_STATE, JOB_ID(job, job % 3) }));
    ck_assert(is_hidden(t, (struct place){ ROW_SPEC, JOB_ID(7, 1) }));
    ck_assert(!is_hidden(t, (struct place){ ROW_SPEC, JOB_ID(8, 2) }));
    ck_assert(!is_hidden(t, (struct place){ ROW_STATE, JOB_ID(7, 0) }));

    hide_forget(t, JOB_ID(7, 0));
    ck_assert(!is_hidden(t, (struct place){ ROW_STATE, JOB_ID(7, 1) }));
    ck_assert(!is_hidden(t, (struct place){ ROW_SPEC, JOB_ID(7, 1) }));
    ck_assert(is_hidden(t, (struct place){ ROW_STATE, JOB_ID(6, 0) }));
    ck_assert(is_hidden(t, (struct place){ ROW_STATE, JOB_ID(8, 2) }));
    tree_close(t);
}
END_TEST

static int parse(struct options *o, struct error *e, char **argv)
{
    int argc = 0;

    while (argv[argc])
        argc++;
    return options_parse(o, argc, argv, e);
}

#define PARSE(...) parse(&o, &e, (char *[]){ (char *)"clustrixfs", __VA_ARGS__, NULL })
#define ARG(text) ((char *)(text))

START_TEST(options_are_taken)
{
    _cleanup_(optionsp) struct options o = { 0 };
    struct error e = ERROR_INIT;

    ck_assert_int_eq(PARSE(ARG("-f"), ARG("-o"), ARG("state=/s,config=/c,allow_other"), ARG("/m")),
                     0);
    ck_assert_str_eq(o.mountpoint, "/m");
    ck_assert_str_eq(o.state_dir, "/s");
    ck_assert_str_eq(o.config, "/c");
    ck_assert(o.foreground && !o.debug && !o.help);
    ck_assert_ptr_null(o.source);
    ck_assert_str_eq(o.fuse.argv[o.fuse.argc - 1], "allow_other");
}
END_TEST

START_TEST(fstab_lines_are_taken)
{
    _cleanup_(optionsp) struct options o = { 0 };
    struct error e = ERROR_INIT;

    ck_assert_int_eq(PARSE(ARG("local"), ARG("/m"), ARG("-o"),
                           ARG("rw,_netdev,noauto,user,x-systemd.automount,state=/s")),
                     0);
    ck_assert_ptr_null(o.source); /* this machine is there without being named */
    ck_assert_str_eq(o.mountpoint, "/m");
    ck_assert_str_eq(o.fuse.argv[o.fuse.argc - 1], "rw");
}
END_TEST

START_TEST(a_source_is_a_cluster)
{
    _cleanup_(optionsp) struct options o = { 0 };
    struct error e = ERROR_INIT;

    ck_assert_int_eq(PARSE(ARG("me@login.hpc.edu:work"), ARG("/m"), ARG("-oport=2222")), 0);
    ck_assert_str_eq(o.source, "me@login.hpc.edu:work");
    ck_assert_str_eq(o.mountpoint, "/m");
    ck_assert_str_eq(o.port, "2222");
}
END_TEST

static void refused(const char *sentence, char **argv)
{
    _cleanup_(optionsp) struct options o = { 0 };
    struct error e = ERROR_INIT;

    ck_assert_int_eq(parse(&o, &e, argv), -EINVAL);
    ck_assert_msg(strstr(e.text, sentence) != NULL, "\"%s\" says nothing of %s", e.text, sentence);
}

START_TEST(wrong_command_lines_get_a_sentence)
{
    refused("say where to mount", (char *[]){ ARG("clustrixfs"), NULL });
    refused("one argument too many",
            (char *[]){ ARG("clustrixfs"), ARG("local"), ARG("/m"), ARG("/n"), NULL });
    refused("say whose key", (char *[]){ ARG("clustrixfs"), ARG("--accept-hostkey"), NULL });
    refused("--frob", (char *[]){ ARG("clustrixfs"), ARG("--frob"), ARG("/m"), NULL });
}
END_TEST

START_TEST(paths_within_others)
{
    ck_assert(path_is_within("/a/b", "/a"));
    ck_assert(path_is_within("/a", "/a"));
    ck_assert(path_is_within("/a", "/"));
    ck_assert(!path_is_within("/ab", "/a"));
    ck_assert(!path_is_within("/a", "/a/b"));
}
END_TEST

START_TEST(mount_points_are_checked)
{
    char dir[] = "/tmp/test_tree.XXXXXX", path[64];
    struct error e = ERROR_INIT;
    char *absolute = NULL;

    ck_assert_ptr_nonnull(mkdtemp(dir));
    ck_assert_int_eq(mountpoint_prepare(dir, false, &absolute, &e), 0);
    ck_assert_str_eq(absolute, dir);
    free(absolute);

    snprintf(path, sizeof(path), "%s/none", dir);
    ck_assert_int_eq(mountpoint_prepare(path, false, &absolute, &e), -ENOENT);
    ck_assert_ptr_nonnull(strstr(e.text, "mkdir -p"));
    ck_assert_int_eq(mkdir(path, 0700), 0);
    ck_assert_int_eq(mountpoint_prepare(dir, false, &absolute, &e), -ENOTEMPTY);
    ck_assert_ptr_nonnull(strstr(e.text, "not empty"));
    ck_assert_int_eq(mountpoint_prepare(dir, true, &absolute, &e), 0);
    free(absolute);
    ck_assert_int_eq(mountpoint_prepare("/etc/passwd", false, &absolute, &e), -ENOTDIR);
    rmdir(path);
    rmdir(dir);
}
END_TEST

START_TEST(mounts_are_found)
{
    char device[MOUNT_DEVICE_MAX] = "";

    ck_assert(!mountpoint_device("/", device));
    ck_assert(!mountpoint_is_seen("999:999"));
}
END_TEST

UNIT_MAIN("tree", { inode_numbers_round_trip, rooms_do_not_overlap, every_row_is_complete,
                    no_name_is_there_twice, jobs_are_closed_to_others, parents_are_found,
                    only_canonical_numbers_are_names, hidden_rows_are_remembered_until_forgotten,
                    options_are_taken, fstab_lines_are_taken, a_source_is_a_cluster,
                    wrong_command_lines_get_a_sentence,
                    paths_within_others, mount_points_are_checked, mounts_are_found })
