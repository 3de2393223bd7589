/*
 * test_config.c - a configuration is right, or a sentence says where it is not
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clustrixfs/buf.h"
#include "clustrixfs/config.h"
#include "clustrixfs/host.h"
#include "clustrixfs/scheduler.h"
#include "clustrixfs/transport.h"
#include "unit.h"

#define KEEPER "/usr/libexec/clustrixfs-keeper"
#define NOBODY 65534

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

START_TEST(this_machine_without_any_file)
{
    _cleanup_(place) struct place     p;
    _cleanup_(configp) struct config *c = NULL;
    struct error                      e = ERROR_INIT;
    char                              want[PATH_MAX + 64];

    place_init(&p);
    ck_assert_msg(config_load(&c, NULL, NULL, KEEPER, &e) == 0, "%s", e.text);
    snprintf(want, sizeof(want), "%s/.local/state/clustrixfs", p.dir);
    ck_assert_str_eq(c->state_dir, want);
    ck_assert_uint_eq(mode_of(want), 0700);
    ck_assert_uint_eq(c->n_clusters, 1);
    const struct cluster *local = config_cluster(c, "local");
    ck_assert_ptr_eq(local, &c->clusters[0]);
    ck_assert_ptr_eq(local->transport, transport_named("local"));
    ck_assert_ptr_eq(local->scheduler, scheduler_named("process"));
    strcat(want, "/local");
    ck_assert_str_eq(local->root, want);
    ck_assert_str_eq(local->keeper, KEEPER);
    ck_assert_uint_eq(local->cores, host_cpus());
    ck_assert_uint_eq(local->memory, host_memory());
    ck_assert_uint_eq(local->grace_s, 10);
    ck_assert_ptr_null(config_cluster(c, "other"));

    snprintf(want, sizeof(want), "%s/.local", p.dir);
    ck_assert_uint_eq(mode_of(want), 0700);
}
END_TEST

START_TEST(this_machine_has_something)
{
    ck_assert_uint_ge(host_cpus(), 1);
    ck_assert_uint_le(host_cpus(), (unsigned)sysconf(_SC_NPROCESSORS_CONF));
    ck_assert_uint_gt(host_memory(), 16 << 20);
}
END_TEST

START_TEST(xdg_variables_count_when_absolute)
{
    _cleanup_(place) struct place     p;
    _cleanup_(configp) struct config *c = NULL;
    struct error                      e = ERROR_INIT;
    char                              path[PATH_MAX + 64];

    place_init(&p);
    setenv("XDG_CONFIG_HOME", "relative", 1);
    snprintf(path, sizeof(path), "%s/elsewhere", p.dir);
    setenv("XDG_STATE_HOME", path, 1);
    snprintf(path, sizeof(path), "%s/.config", p.dir);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    strcat(path, "/clustrixfs");
    ck_assert_int_eq(mkdir(path, 0700), 0);
    strcat(path, "/config.json");
    write_file(path, "{\"clusters\":{\"local\":{\"cores\":3}}}", 0600);
    ck_assert_msg(config_load(&c, NULL, NULL, KEEPER, &e) == 0, "%s", e.text);
    snprintf(path, sizeof(path), "%s/elsewhere/clustrixfs", p.dir);
    ck_assert_str_eq(c->state_dir, path);
    ck_assert_uint_eq(c->clusters[0].cores, 3);
}
END_TEST

START_TEST(a_file_that_says_everything)
{
    _cleanup_(place) struct place     p;
    _cleanup_(configp) struct config *c = NULL;
    struct error                      e = ERROR_INIT;

    place_init(&p);
    write_file(p.config,
               "{ \"default\": \"big-1\", \"clusters\": {\n"
               "  \"local\": { \"cores\": 2, \"memory\": \"512M\", \"grace\": 0 },\n"
               "  \"big-1\": { \"transport\": \"local\", \"scheduler\": \"process\",\n"
               "    \"dir\": \"/scratch/jobs//\", \"cores\": 64, \"memory\": \"1.5TB\" },\n"
               "  \"3rd\": { \"dir\": \"/other\", \"grace\": 60 } } }\n",
               0600);
    ck_assert_msg(config_load(&c, p.config, p.state, KEEPER, &e) == 0, "%s", e.text);
    ck_assert_uint_eq(c->n_clusters, 3);
    ck_assert_str_eq(c->clusters[0].name, "big-1");
    ck_assert_str_eq(c->clusters[1].name, "local");
    ck_assert_str_eq(c->clusters[2].name, "3rd");
    for (unsigned i = 0; i < 3; i++)
        ck_assert_uint_eq(c->clusters[i].index, i);
    ck_assert_str_eq(c->clusters[0].root, "/scratch/jobs");
    ck_assert_uint_eq(c->clusters[0].cores, 64);
    ck_assert_uint_eq(c->clusters[0].memory, UINT64_C(3) << 39);
    ck_assert_uint_eq(c->clusters[0].grace_s, 10);
    ck_assert_uint_eq(c->clusters[1].cores, 2);
    ck_assert_uint_eq(c->clusters[1].memory, 512 << 20);
    ck_assert_uint_eq(c->clusters[1].grace_s, 0);
    ck_assert_uint_eq(c->clusters[2].cores, host_cpus());
    ck_assert_uint_eq(c->clusters[2].grace_s, 60);
}
END_TEST

static const struct {
    const char *text, *sentence;
} mistakes[] = {
    { "", "config.json: line 1, column 1: the JSON text is not finished" },
    { "{\n  \"clusters\": {", "line 2, column 16: " },
    { "{ 'a': 1 }", "line 1, column 3: " },
    { "[]", "line 1, column 1: expected an object" },
    { "{\n \"defualt\": \"x\" }",
      "line 2, column 2: unknown key \"defualt\"; did you mean \"default\"?" },
    { "{ \"zzz\": 1 }", "line 1, column 3: unknown key \"zzz\"" },
    { "{ \"default\": 1 }", "line 1, column 14: default is the name" },
    { "{ \"default\": \"hpc\" }", "line 1, column 14: unknown cluster \"hpc\"; there is: local" },
    { "{ \"default\": \"a\", \"default\": \"b\" }", "line 1, column 19: the key \"default\" is" },
    { "{ \"clusters\": [] }", "line 1, column 15: clusters is an object" },
    { "{ \"clusters\": { \"a b\": {} } }", "line 1, column 17: a cluster's name" },
    { "{ \"clusters\": { \"\": {} } }", "a cluster's name" },
    { "{ \"clusters\": { \"..\": {} } }", "a cluster's name" },
    { "{ \"clusters\": { \"a/b\": {} } }", "a cluster's name" },
    { "{ \"clusters\": { \"a\": 1 } }", "line 1, column 22: expected an object" },
    { "{ \"clusters\": {\n\"a\": {} } }", "line 2, column 1: the cluster needs \"dir\"" },
    { "{\"clusters\":{\n \"local\": {\n  \"croes\": 1 } } }",
      "line 3, column 3: unknown key \"croes\"; did you mean \"cores\"?" },
    { "{\"clusters\":{\"local\":{\"cores\":0}}}", "line 1, column 31: cores is a number from 1" },
    { "{\"clusters\":{\"local\":{\"cores\":\"4\"}}}", "cores is a number from 1" },
    { "{\"clusters\":{\"local\":{\"cores\":1.5}}}", "cores is a number from 1" },
    { "{\"clusters\":{\"local\":{\"memory\":\"8\"}}}", "memory is an amount with its unit" },
    { "{\"clusters\":{\"local\":{\"memory\":8}}}", "memory is an amount with its unit" },
    { "{\"clusters\":{\"local\":{\"memory\":\"0G\"}}}", "memory is an amount with its unit" },
    { "{\"clusters\":{\"local\":{\"grace\":-1}}}", "grace is a number of seconds" },
    { "{\"clusters\":{\"local\":{\"dir\":\"jobs\"}}}", "a directory is an absolute path" },
    { "{\"clusters\":{\"local\":{\"dir\":\"//\"}}}", "a directory is an absolute path" },
    { "{\"clusters\":{\"a\":{\"dir\":\"/j\"},\"b\":{\"dir\":\"/j/\"}}}",
      "\"a\" has the same directory" },
    { "{\"clusters\":{\"local\":{\"transport\":\"smoke\"}}}",
      "unknown transport \"smoke\"; there is: " },
    { "{\"clusters\":{\"local\":{\"scheduler\":\"cron\"}}}",
      "unknown scheduler \"cron\"; there is: " },
    { "{\"clusters\":{\"local\":{\"scheduler\":\"proces\"}}}",
      "did you mean \"process\"?" },
    { "{\"clusters\":{\"local\":{\n\"host\": \"hpc\"}}}",
      "line 2, column 9: the cluster \"local\" is this machine" },
    { "{\"clusters\":{\"a\":{\"host\": \"hpc\",\n\"transport\": \"local\"}}}",
      "line 2, column 14: this transport stays on this machine" },
    { "{\"clusters\":{\"a\":{\"host\": \"-oProxyCommand=x\"}}}", "is no host name" },
    { "{\"clusters\":{\"a\":{\"host\": \"a b\"}}}", "column 27: \"a b\" is no host name" },
    { "{\"clusters\":{\"a\":{\"host\": \"\"}}}", "is no host name" },
    { "{\"clusters\":{\"a\":{\"host\": 7}}}", "a host is a name" },
    { "{\"clusters\":{\"a\":{\"host\": \"h\", \"user\": \"-l\"}}}", "is no user name" },
    { "{\"clusters\":{\"a\":{\"host\": \"h\", \"user\": \"a;b\"}}}", "is no user name" },
    { "{\"clusters\":{\"a\":{\"host\": \"h\", \"port\": 65536}}}", "port is a number from 1" },
    { "{\"clusters\":{\"a\":{\"host\": \"h\", \"port\": \"22\"}}}", "port is a number from 1" },
    { "{\"clusters\":{\"a\":{\"host\": \"h\", \"alive\": 0}}}", "alive is a number of seconds" },
    { "{\"clusters\":{\"a\":{\"host\": \"h\", \"identity\": \"id\"}}}",
      "identity is the path of a file of this machine" },
    { "{\"clusters\":{\"a\":{\"host\": \"h\", \"mirror_size\": 10}}}", "mirror_size is an amount" },
    { "{\"clusters\":{\"a\":{\"host\": \"h\", \"dir\": \"~/\"}}}",
      "a directory is an absolute path" },
    { "{\"clusters\":{\"a\":{\"host\": \"h\", \"dir\": \"~you/x\"}}}",
      "a directory is an absolute path" },
    { "{\"clusters\":{\"a\":{\"host\": \"h\", \"dir\": \"a\\nb\"}}}",
      "a directory is an absolute path" },
    { "{\"clusters\":{\"a\":{\"host\": \"h\",\n\"control_path\": \"/run/x\"}}}",
      "line 2, column 17: a control_path is for the transport openssh" },
    { "{\"clusters\":{\"local\":{\n\"port\": 22}}}", "line 2, column 9: a port is for a cluster" },
    { "{\"clusters\":{\"local\":{\"user\": \"me\"}}}", "a user is for a cluster with a host" },
    { "{\"clusters\":{\"local\":{\"identity\": \"/k\"}}}", "an identity is for a cluster with" },
    { "{\"clusters\":{\"local\":{\"alive\": 5}}}", "alive is for a cluster with a host" },
    { "{\"clusters\":{\"local\":{\"mirror_size\": \"1G\"}}}",
      "a mirror_size is for a cluster with" },
    { "{\"clusters\":{\"local\":{\"store_size\": \"1G\"}}}",
      "a store_size is for a cluster with" },
    { "{\"clusters\":{\"local\":{\"scheduler\": \"auto\"}}}",
      "scheduler auto is for a cluster with a host" },
    { "{\"clusters\":{\"a\":{\"host\":\"h\"},\n\"b\":{\"host\":\"h\"}}}",
      "line 2, column 13: the cluster \"a\" has the same directory on the same host" },
    { "{\"clusters\":{\"a\":{\"host\":\"h\",\"dir\":\"~/j\"},\n"
      "\"b\":{\"host\":\"h\",\"dir\":\"j/\"}}}",
      "line 2, column 23: the cluster \"a\" has the same directory on the same host" },
    { "{\"clusters\":{\"local\":{\n\"image\": \"a\"}}}",
      "line 2, column 10: an image is for a cluster with the scheduler kubernetes" },
    { "{\"clusters\":{\"a\":{\"host\":\"h\",\"scheduler\":\"slurm\",\"volume\":\"/v\"}}}",
      "a volume is for a cluster with the scheduler kubernetes" },
    { "{\"clusters\":{\"a\":{\"host\":\"h\",\"dir\":\"/vo\",\"volume\":\"/v\"}}}",
      "has to be on its volume" },
    { "{\"clusters\":{\"a\":{\"volume\":\"v\"}}}", "a volume is a directory that all nodes" },
    { "{\"clusters\":{\"a\":{\"volume\":\"/v/../w\"}}}", "a volume is a directory" },
    { "{\"clusters\":{\"a\":{\"volume\":\"V:/v\"}}}", "a volume is a directory" },
    { "{\"clusters\":{\"a\":{\"volume\":\"/\"}}}", "a volume is a directory" },
    { "{\"clusters\":{\"a\":{\"namespace\":\"a.b\"}}}", "a namespace is a name of small" },
    { "{\"clusters\":{\"a\":{\"service_account\":\"-a\"}}}", "a service_account is a name" },
    { "{\"clusters\":{\"a\":{\"node_selector\":{\"a\":1}}}}", "a node_selector is labels" },
    { "{\"clusters\":{\"a\":{\"image\":\"a b\"}}}", "an image is the name of one" },
    { "{\"clusters\":{\"a\":{\"context\":\"-x\"}}}", "a context is the name of one" },
};

START_TEST(mistakes_are_found_where_they_are)
{
    _cleanup_(place) struct place p;

    place_init(&p);
    for (size_t i = 0; i < ARRAY_SIZE(mistakes); i++) {
        _cleanup_(configp) struct config *c = NULL;
        struct error                      e = ERROR_INIT;

        write_file(p.config, mistakes[i].text, 0644);
        ck_assert_msg(config_load(&c, p.config, p.state, KEEPER, &e) == -EINVAL, "%s",
                      mistakes[i].text);
        check_contains(&e, mistakes[i].sentence);
    }
}
END_TEST

START_TEST(names_have_a_limit)
{
    _cleanup_(place) struct place     p;
    _cleanup_(configp) struct config *c = NULL;
    struct error                      e = ERROR_INIT;
    char                              text[200], name[65];

    place_init(&p);
    memset(name, 'n', sizeof(name));
    snprintf(text, sizeof(text), "{\"clusters\":{\"%.64s\":{\"dir\":\"/d\"}}}", name);
    write_file(p.config, text, 0600);
    ck_assert_int_eq(config_load(&c, p.config, p.state, KEEPER, &e), -EINVAL);
    snprintf(text, sizeof(text), "{\"clusters\":{\"%.63s\":{\"dir\":\"/d\"}}}", name);
    write_file(p.config, text, 0600);
    ck_assert_int_eq(config_load(&c, p.config, p.state, KEEPER, &e), 0);
}
END_TEST

START_TEST(a_file_that_cannot_be_trusted)
{
    _cleanup_(place) struct place     p;
    _cleanup_(configp) struct config *c = NULL;
    struct error                      e = ERROR_INIT;

    place_init(&p);
    ck_assert_int_eq(config_load(&c, p.config, p.state, KEEPER, &e), -ENOENT);
    check_contains(&e, p.config);
    write_file(p.config, "{}", 0602);
    ck_assert_int_eq(config_load(&c, p.config, p.state, KEEPER, &e), -EPERM);
    check_contains(&e, "chmod go-w");
    write_file(p.config, "{}", 0660);
    ck_assert_int_eq(config_load(&c, p.config, p.state, KEEPER, &e), -EPERM);
    if (geteuid() == 0) {
        write_file(p.config, "{}", 0600);
        ck_assert_int_eq(chown(p.config, NOBODY, NOBODY), 0);
        ck_assert_int_eq(config_load(&c, p.config, p.state, KEEPER, &e), -EPERM);
    }
    ck_assert_int_eq(unlink(p.config), 0);
    ck_assert_int_eq(mkfifo(p.config, 0600), 0);
    ck_assert_int_eq(config_load(&c, p.config, p.state, KEEPER, &e), -EINVAL);
    check_contains(&e, "not a regular file");
    ck_assert_int_eq(config_load(&c, p.dir, p.state, KEEPER, &e), -EINVAL);
    ck_assert_ptr_null(c);
}
END_TEST

START_TEST(the_state_directory_is_closed)
{
    _cleanup_(place) struct place p;
    struct error                  e = ERROR_INIT;
    char                          inside[PATH_MAX + 80];

    place_init(&p);
    ck_assert_int_eq(mkdir(p.state, 0700), 0);
    ck_assert_int_eq(chmod(p.state, 0755), 0);
    ck_assert_msg(host_private_dir(p.state, &e) == 0, "%s", e.text);
    ck_assert_uint_eq(mode_of(p.state), 0700);

    snprintf(inside, sizeof(inside), "%s/file", p.state);
    write_file(inside, "", 0600);
    ck_assert_int_eq(host_private_dir(p.state, &e), 0);
    ck_assert_int_eq(chmod(p.state, 0711), 0);
    ck_assert_int_eq(host_private_dir(p.state, &e), -EPERM);
    check_contains(&e, "chmod 700");
    ck_assert_uint_eq(mode_of(p.state), 0711);

    ck_assert_int_eq(host_private_dir(inside, &e), -ENOTDIR);
    check_contains(&e, inside);
    strcat(inside, "/below");
    ck_assert_int_eq(host_private_dir(inside, &e), -ENOTDIR);
}
END_TEST

START_TEST(somebody_else_has_no_hand_in_it)
{
    _cleanup_(place) struct place p;
    struct error                  e = ERROR_INIT;
    char                          link[PATH_MAX + 64], below[PATH_MAX + 80];

    if (geteuid() != 0)
        return; /* only root can make what belongs to somebody else */
    place_init(&p);
    ck_assert_int_eq(mkdir(p.state, 0700), 0);
    snprintf(link, sizeof(link), "%s/link", p.dir);
    snprintf(below, sizeof(below), "%s/below", link);
    ck_assert_int_eq(symlink(p.state, link), 0);
    ck_assert_msg(host_private_dir(link, &e) == 0, "%s", e.text);
    ck_assert_msg(host_private_dir(below, &e) == 0, "%s", e.text);
    ck_assert_int_eq(lchown(link, NOBODY, NOBODY), 0);
    ck_assert_int_eq(host_private_dir(link, &e), -EPERM);
    check_contains(&e, "symbolic link");
    ck_assert_int_eq(host_private_dir(below, &e), -EPERM);
    ck_assert_int_eq(chown(p.state, NOBODY, NOBODY), 0);
    ck_assert_int_eq(host_private_dir(p.state, &e), -EPERM);
    check_contains(&e, "belongs to the user with the number 65534");
}
END_TEST

START_TEST(a_relative_state_directory_becomes_absolute)
{
    _cleanup_(place) struct place     p;
    _cleanup_(configp) struct config *c = NULL;
    struct error                      e = ERROR_INIT;
    char                              want[PATH_MAX + 64];

    place_init(&p);
    ck_assert_int_eq(chdir(p.dir), 0);
    ck_assert_msg(config_load(&c, NULL, "here/deep/", KEEPER, &e) == 0, "%s", e.text);
    snprintf(want, sizeof(want), "%s/here/deep", p.dir);
    ck_assert_str_eq(c->state_dir, want);
    ck_assert_uint_eq(mode_of(want), 0700);
}
END_TEST

UNIT_MAIN("config", { this_machine_without_any_file, this_machine_has_something,
                      xdg_variables_count_when_absolute, a_file_that_says_everything,
                      mistakes_are_found_where_they_are, names_have_a_limit,
                      a_file_that_cannot_be_trusted, the_state_directory_is_closed,
                      somebody_else_has_no_hand_in_it,
                      a_relative_state_directory_becomes_absolute })
