/*
 * test_source.c - the source of a mount is a machine or a cluster, or a sentence says what is wrong
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clustrixfs/buf.h"
#include "clustrixfs/config.h"
#include "clustrixfs/scheduler.h"
#include "clustrixfs/transport.h"
#include "unit.h"

#define KEEPER "/usr/libexec/clustrixfs-keeper"

/* A directory for one test, with a home in it; removed at its end. */
struct place {
    char dir[PATH_MAX];
    char config[PATH_MAX + 64];
    char state[PATH_MAX + 64];
};

static void place_cleanup(struct place *p)
{
    _cleanup_(bufp) struct buf command = BUF_INIT;

    buf_printf(&command, "rm -rf '%s'", p->dir);
    ck_assert_int_eq(system(command.data), 0);
}

static void place_init(struct place *p)
{
    strcpy(p->dir, "/tmp/clustrixfs-config.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(p->dir));
    snprintf(p->config, sizeof(p->config), "%s/config.json", p->dir);
    snprintf(p->state, sizeof(p->state), "%s/state", p->dir);
    unsetenv("XDG_STATE_HOME");
    unsetenv("XDG_CONFIG_HOME");
    setenv("HOME", p->dir, 1);
}

static void write_file(const char *path, const char *text, mode_t mode)
{
    FILE *f = fopen(path, "w");

    ck_assert_ptr_nonnull(f);
    fputs(text, f);
    fclose(f);
    ck_assert_int_eq(chmod(path, mode), 0);
}

static mode_t mode_of(const char *path)
{
    struct stat st;

    ck_assert_int_eq(stat(path, &st), 0);
    return st.st_mode & 07777;
}

static void check_contains(const struct error *e, const char *part)
{
    ck_assert_msg(strstr(e->text, part) != NULL, "\"%s\" is not in \"%s\"", part, e->text);
}

/* None of these gets as far as making a state directory. */
static const struct {
    struct config_source said;
    const char          *sentence;
} bad_sources[] = {
    { { .source = "-oProxyCommand=x" }, "\"-oProxyCommand=x\" is no host name" },
    { { .source = "me@-x" }, "is no host name" },
    { { .source = "two words" }, "is no host name" },
    { { .source = "line\nbreak" }, "is no host name" },
    { { .source = "$(id)" }, "is no host name" },
    { { .source = "/a/path" }, "is no host name" },
    { { .source = "@host" }, "is nothing that can be mounted" },
    { { .source = "me@" }, "is nothing that can be mounted" },
    { { .source = ":dir" }, "is nothing that can be mounted" },
    { { .source = "::1" }, "an IPv6 address in brackets" },
    { { .source = "[::1" }, "an IPv6 address in brackets" },
    { { .source = "[::1]x:dir" }, "an IPv6 address in brackets" },
    { { .source = "-l@host" }, "\"-l\" is no user name" },
    { { .source = "a b@host" }, "\"a b\" is no user name" },
    { { .source = "host:2222" }, "a port is said with -o port=2222" },
    { { .source = "host:~you" }, "a directory is an absolute path" },
    { { .source = "host:a\tb" }, "a directory is an absolute path" },
    { { .source = "me@local" }, "a cluster cannot be called \"local\"" },
    { { .source = "host", .port = "0" }, "-o port=0: port is a number from 1" },
    { { .source = "host", .port = "ssh" }, "-o port=ssh: port is a number" },
    { { .source = "host", .alive = "1.5" }, "-o alive=1.5: alive is a number of seconds" },
    { { .source = "host", .identity = "key" }, "-o identity=key: identity is the path" },
    { { .source = "host", .scheduler = "lsf" }, "-o scheduler=lsf: unknown scheduler" },
    { { .source = "host", .transport = "rsh" }, "-o transport=rsh: unknown transport" },
    { { .source = "host", .transport = "local" }, "this transport stays on this machine" },
    { { .source = "host", .control_path = "/x" }, "a control_path is for the transport openssh" },
    { { .source = "me@night" }, "the cluster \"night\" is this machine" },
    { { .source = "night", .port = "22" }, "a port is for a cluster with a host" },
    { { .port = "22" }, "-o port= is for a mount of another machine" },
    { { .scheduler = "auto" }, "-o scheduler= is for a mount of another machine" },
};

START_TEST(a_source_that_cannot_be_meant)
{
    _cleanup_(place) struct place p;
    struct stat                   st;

    place_init(&p);
    write_file(p.config, "{\"clusters\":{\"night\":{\"dir\":\"/night\"}}}", 0600);
    for (size_t i = 0; i < ARRAY_SIZE(bad_sources); i++) {
        _cleanup_(configp) struct config *c = NULL;
        struct error                      e = ERROR_INIT;

        ck_assert_msg(config_load_source(&c, p.config, p.state, KEEPER, &bad_sources[i].said,
                                         &e) == -EINVAL,
                      "\"%s\" is taken", bad_sources[i].said.source);
        check_contains(&e, bad_sources[i].sentence);
        ck_assert_int_eq(stat(p.state, &st), -1);
    }
}
END_TEST

START_TEST(a_configured_cluster_has_a_mount_of_its_own)
{
    _cleanup_(place) struct place     p;
    _cleanup_(configp) struct config *c = NULL;
    struct error                      e = ERROR_INIT;
    char                              want[PATH_MAX + 64];

    place_init(&p);
    write_file(p.config,
               "{\"clusters\":{\"local\":{\"cores\":3},\"day\":{\"dir\":\"/day\"},"
               "\"night\":{\"dir\":\"/night\",\"cores\":7}}}",
               0600);
    ck_assert_msg(config_load_source(&c, p.config, NULL, KEEPER,
                                     &(struct config_source){ .source = "night" }, &e) == 0,
                  "%s", e.text);
    ck_assert(c->named);
    ck_assert_uint_eq(c->n_clusters, 2);
    ck_assert_str_eq(c->clusters[0].name, "night");
    ck_assert_uint_eq(c->clusters[0].index, 0);
    ck_assert_uint_eq(c->clusters[0].cores, 7);
    ck_assert_str_eq(c->clusters[1].name, "local");
    ck_assert_uint_eq(c->clusters[1].index, 1);
    ck_assert_uint_eq(c->clusters[1].cores, 3);
    snprintf(want, sizeof(want), "%s/.local/state/clustrixfs-night", p.dir);
    ck_assert_str_eq(c->state_dir, want);
    strcat(want, "/local");
    ck_assert_str_eq(c->clusters[1].root, want);
}
END_TEST

START_TEST(a_host_becomes_a_cluster)
{
    _cleanup_(place) struct place     p;
    _cleanup_(configp) struct config *c = NULL;
    struct error                      e = ERROR_INIT;
    char                              want[PATH_MAX + 64];
    const struct config_source        said = {
        .source = "me@[fe80::1%eth0]:~/jobs/", .port = "2222", .alive = "5",
    };

    place_init(&p);
    ck_assert_msg(config_load_source(&c, NULL, NULL, KEEPER, &said, &e) == 0, "%s", e.text);
    const struct cluster *far = &c->clusters[0];
    ck_assert_str_eq(far->name, "fe80--1-eth0");
    ck_assert_str_eq(far->host, "fe80::1%eth0");
    ck_assert_str_eq(far->user, "me");
    ck_assert_str_eq(far->dir, "jobs");
    ck_assert_uint_eq(far->port, 2222);
    ck_assert_uint_eq(far->alive_s, 5);
    ck_assert_ptr_eq(far->transport, transport_named("ssh"));
    ck_assert(far->finds_scheduler && !far->scheduler && !far->met && !far->root);
    ck_assert_uint_eq(far->mirror_max, UINT64_C(10) << 30);
    snprintf(want, sizeof(want), "%s/.local/state/clustrixfs-fe80--1-eth0/fe80--1-eth0.files",
             p.dir);
    ck_assert_str_eq(far->mirror, want);
    ck_assert_uint_eq(mode_of(want), 0700);
}
END_TEST

START_TEST(a_source_has_the_settings_of_its_cluster)
{
    static const char *const sources[] = { "hpc", "login.hpc.edu", "me@hpc", "hpc:/elsewhere" };
    _cleanup_(place) struct place p;

    place_init(&p);
    write_file(p.config,
               "{\"clusters\":{\"lab\":{\"host\":\"lab\"},\"hpc\":{\"host\":\"login.hpc.edu\","
               "\"user\":\"me\",\"scheduler\":\"slurm\",\"transport\":\"openssh\","
               "\"control_path\":\"~/.ssh/hpc\",\"mirror_size\":\"1GB\",\"dir\":\"/jobs\"}}}",
               0600);
    for (size_t i = 0; i < ARRAY_SIZE(sources); i++) {
        _cleanup_(configp) struct config *c = NULL;
        struct error                      e = ERROR_INIT;
        const struct config_source        said = { .source = sources[i] };

        ck_assert_msg(config_load_source(&c, p.config, NULL, KEEPER, &said, &e) == 0, "%s", e.text);
        ck_assert_uint_eq(c->n_clusters, 2);
        ck_assert_str_eq(c->clusters[0].name, "hpc");
        ck_assert_str_eq(c->clusters[0].host, "login.hpc.edu");
        ck_assert_ptr_eq(c->clusters[0].transport, transport_named("openssh"));
        ck_assert_ptr_eq(c->clusters[0].scheduler, scheduler_named("slurm"));
        ck_assert_uint_eq(c->clusters[0].mirror_max, UINT64_C(1) << 30);
        ck_assert_str_eq(c->clusters[0].dir, i == 3 ? "/elsewhere" : "/jobs");
    }
}
END_TEST

UNIT_MAIN("source", { a_source_that_cannot_be_meant, a_configured_cluster_has_a_mount_of_its_own,
                      a_host_becomes_a_cluster, a_source_has_the_settings_of_its_cluster })
