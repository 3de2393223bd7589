/*
 * test_met.c - what is remembered of a far cluster is what was found, and nothing changes it
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clustrixfs/met.h"
#include "clustrixfs/transport.h"
#include "unit.h"

struct place {
    char          dir[64];
    struct config config;
};

static void place_cleanup(struct place *p)
{
    char command[128];

    snprintf(command, sizeof(command), "rm -rf '%s'", p->dir);
    ck_assert_int_eq(system(command), 0);
}

static void place_init(struct place *p)
{
    strcpy(p->dir, "/tmp/clustrixfs-met.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(p->dir));
    p->config = (struct config){ .state_dir = p->dir };
}

/* Whoever has met it owns what was found. */
static void far_cleanup(struct cluster *c)
{
    free(c->root);
    free(c->keeper);
    free(c->node);
    free(c->version);
    free(c->found);
}

static struct cluster far_unmet(void)
{
    return (struct cluster){
        .name = (char *)"hpc",
        .host = (char *)"hpc",
        .finds_scheduler = true,
    };
}

static const struct meeting first = {
    .root = "/home/me/.clustrixfs",
    .host = "login1",
    .scheduler = "process",
    .version = "",
    .found = "it has no scheduler: the host itself runs jobs",
    .cores = 48,
    .memory = UINT64_C(200) << 30,
};

static void check_contains(const struct error *e, const char *part)
{
    ck_assert_msg(strstr(e->text, part) != NULL, "\"%s\" is not in \"%s\"", part, e->text);
}

static void write_memory(const struct place *p, const char *text)
{
    char  path[128];
    FILE *f;

    snprintf(path, sizeof(path), "%s/met", p->dir);
    mkdir(path, 0700);
    strcat(path, "/hpc");
    ck_assert_ptr_nonnull(f = fopen(path, "w"));
    fputs(text, f);
    fclose(f);
}

START_TEST(what_was_found_is_there_at_the_next_mount)
{
    _cleanup_(place) struct place p;
    _cleanup_(far) struct cluster met = far_unmet(), again = far_unmet();
    struct error                  e = ERROR_INIT;
    struct stat                   st;
    char                          path[128];

    place_init(&p);
    ck_assert_msg(met_load(&p.config, &met, &e) == 0 && !met.met, "%s", e.text);
    ck_assert_msg(met_keep(&p.config, &met, &first, &e) == 0, "%s", e.text);
    ck_assert_msg(met_load(&p.config, &again, &e) == 0, "%s", e.text);
    for (struct cluster *c = &met; c; c = c == &met ? &again : NULL) {
        ck_assert(c->met);
        ck_assert_str_eq(c->root, first.root);
        ck_assert_str_eq(c->node, "login1");
        ck_assert_str_eq(c->version, "");
        ck_assert_str_eq(c->found, first.found);
        ck_assert_ptr_eq(c->scheduler, scheduler_named("process"));
        ck_assert_uint_eq(c->cores, 48);
        ck_assert_uint_eq(c->memory, UINT64_C(200) << 30);
        snprintf(path, sizeof(path), "%s/%s", first.root, far_keeper_name);
        ck_assert_str_eq(c->keeper, path);
    }
    snprintf(path, sizeof(path), "%s/met/hpc", p.dir);
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_uint_eq(st.st_mode & 07777, 0600);
}
END_TEST

START_TEST(what_was_said_counts_more_than_what_was_found)
{
    _cleanup_(place) struct place p;
    _cleanup_(far) struct cluster c = far_unmet();
    struct error                  e = ERROR_INIT;

    place_init(&p);
    c.cores = 4;
    c.memory = 1 << 30;
    c.cores_said = c.memory_said = true;
    ck_assert_msg(met_keep(&p.config, &c, &first, &e) == 0, "%s", e.text);
    ck_assert_uint_eq(c.cores, 4);
    ck_assert_uint_eq(c.memory, 1 << 30);
}
END_TEST

START_TEST(another_root_or_scheduler_is_refused)
{
    _cleanup_(place) struct place p;
    _cleanup_(far) struct cluster c = far_unmet();
    struct error                  e = ERROR_INIT;
    struct meeting                other = first;

    place_init(&p);
    ck_assert_msg(met_keep(&p.config, &c, &first, &e) == 0, "%s", e.text);
    ck_assert_msg(met_keep(&p.config, &c, &first, &e) == 0, "%s", e.text);
    strcpy(other.root, "/home/you/.clustrixfs");
    ck_assert_int_eq(met_keep(&p.config, &c, &other, &e), -ESTALE);
    check_contains(&e, "lie in /home/me/.clustrixfs there, and now it would be /home/you/");
    ck_assert_str_eq(c.root, first.root);

    struct cluster elsewhere = far_unmet();
    elsewhere.dir = (char *)"/scratch/me";
    ck_assert_int_eq(met_load(&p.config, &elsewhere, &e), -ESTALE);
    check_contains(&e, "lie in /home/me/.clustrixfs there, and now it would be /scratch/me");
    ck_assert(!elsewhere.met);
}
END_TEST

START_TEST(how_many_cores_it_has_may_change)
{
    _cleanup_(place) struct place p;
    _cleanup_(far) struct cluster c = far_unmet();
    struct error                  e = ERROR_INIT;
    struct meeting                other = first;

    place_init(&p);
    ck_assert_msg(met_keep(&p.config, &c, &first, &e) == 0, "%s", e.text);
    other.cores = 64;
    strcpy(other.host, "login2");
    ck_assert_msg(met_keep(&p.config, &c, &other, &e) == 0, "%s", e.text);
    ck_assert_uint_eq(c.cores, 48);
    ck_assert_str_eq(c.node, "login1");
}
END_TEST

static const struct {
    const char *root, *host, *scheduler;
    int         r;
} lies[] = {
    { "relative", "h", "process", -EPROTO },   { "", "h", "process", -EPROTO },
    { "/", "h", "process", -EPROTO },          { "/a\nend", "h", "process", -EPROTO },
    { "/a", "h\nroot /b", "process", -EPROTO }, { "/a", "\033[2J", "process", -EPROTO },
    { "/a", "h", "", -EINVAL },                { "/a", "h", "cron", -EINVAL },
};

START_TEST(what_cannot_be_is_not_kept)
{
    _cleanup_(place) struct place p;
    struct stat                   st;
    char                          path[128];

    place_init(&p);
    snprintf(path, sizeof(path), "%s/met/hpc", p.dir);
    for (size_t i = 0; i < ARRAY_SIZE(lies); i++) {
        struct cluster c = far_unmet();
        struct error   e = ERROR_INIT;
        struct meeting m = first;

        strcpy(m.root, lies[i].root);
        strcpy(m.host, lies[i].host);
        strcpy(m.scheduler, lies[i].scheduler);
        ck_assert_int_eq(met_keep(&p.config, &c, &m, &e), lies[i].r);
        check_contains(&e, "hpc");
        ck_assert(!c.met && !c.root);
        ck_assert_int_eq(stat(path, &st), -1);
    }
}
END_TEST

static const char *const damaged[] = {
    "",
    "root /a\nscheduler process\n",
    "root /a\nscheduler process\ncores many\nend\n",
    "root /a\nscheduler process\nmemory -1\nend\n",
    "scheduler a-name-that-is-longer-than-any-scheduler-has\nend\n",
};

START_TEST(a_damaged_memory_is_told_of)
{
    _cleanup_(place) struct place p;

    place_init(&p);
    for (size_t i = 0; i < ARRAY_SIZE(damaged); i++) {
        struct cluster c = far_unmet();
        struct error   e = ERROR_INIT;

        write_memory(&p, damaged[i]);
        ck_assert_int_eq(met_load(&p.config, &c, &e), -EINVAL);
        check_contains(&e, "/met/hpc is damaged: remove it");
        ck_assert(!c.met && !c.root);
    }
}
END_TEST

START_TEST(what_a_later_version_remembers_is_passed_over)
{
    _cleanup_(place) struct place p;
    _cleanup_(far) struct cluster c = far_unmet();
    struct error                  e = ERROR_INIT;

    place_init(&p);
    write_memory(&p, "root /a b\nnew thing\nlonely\nscheduler process\ncores 2\nend\n"
                     "root /later\n");
    ck_assert_msg(met_load(&p.config, &c, &e) == 0, "%s", e.text);
    ck_assert_str_eq(c.root, "/a b");
    ck_assert_uint_eq(c.cores, 2);
    ck_assert_str_eq(c.found, "");
}
END_TEST

START_TEST(a_look_at_an_unmet_one_tells_what_was_said)
{
    _cleanup_(place) struct place p;
    _cleanup_(far) struct cluster c = far_unmet();
    struct error                  e = ERROR_INIT;

    place_init(&p);
    struct cluster before = cluster_look(&c);
    ck_assert_ptr_null(before.scheduler);
    ck_assert_uint_eq(before.cores, 0);
    ck_assert_str_eq(before.root, "~/.clustrixfs");
    ck_assert_msg(met_keep(&p.config, &c, &first, &e) == 0, "%s", e.text);
    struct cluster after = cluster_look(&c);
    ck_assert_ptr_eq(after.scheduler, scheduler_named("process"));
    ck_assert_str_eq(after.root, first.root);
}
END_TEST

UNIT_MAIN("met", { what_was_found_is_there_at_the_next_mount,
                   what_was_said_counts_more_than_what_was_found,
                   another_root_or_scheduler_is_refused, how_many_cores_it_has_may_change,
                   what_cannot_be_is_not_kept, a_damaged_memory_is_told_of,
                   what_a_later_version_remembers_is_passed_over,
                   a_look_at_an_unmet_one_tells_what_was_said })
