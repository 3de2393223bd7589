/*
 * options.c - the command line
 *
 * `clustrixfs [options] MOUNTPOINT`, and `clustrixfs SOURCE MOUNTPOINT -o ...` for one machine, and
 * as mount(8) and fstab call it. What is not ours among the -o options goes to libfuse and the
 * kernel, which refuse what they do not know.
 */
#include "fs/options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fs/version.h"

/* clang-format off */
#define OPTION(text, member) { text, offsetof(struct options, member), 1 }
#define IGNORED(text)        FUSE_OPT_KEY(text, FUSE_OPT_KEY_DISCARD)

static const struct fuse_opt option_table[] = {
    OPTION("-h", help),       OPTION("--help", help),
    OPTION("-V", version),    OPTION("--version", version),
    OPTION("--accept-hostkey", accept_hostkey),
    OPTION("-f", foreground),
    OPTION("nonempty", nonempty),
    OPTION("-d", debug),      OPTION("debug", debug),
    OPTION("state=%s", state_dir),
    OPTION("config=%s", config),
    OPTION("port=%s", port),  OPTION("-p %s", port),
    OPTION("identity=%s", identity), OPTION("IdentityFile=%s", identity),
    OPTION("control_path=%s", control_path),
    OPTION("alive=%s", alive),
    OPTION("transport=%s", transport),
    OPTION("scheduler=%s", scheduler),
    /* libfuse's, too: it wants to hear the same number from ops_init(). */
    OPTION("max_read=%u", max_read), FUSE_OPT_KEY("max_read=", FUSE_OPT_KEY_KEEP),
    /* What fstab may say for mount(8) itself. */
    IGNORED("_netdev"), IGNORED("nofail"), IGNORED("auto"), IGNORED("noauto"),
    IGNORED("user"), IGNORED("nouser"), IGNORED("users"), IGNORED("x-"),
    /* One thread takes the requests in order, always: see loop.c. */
    IGNORED("-s"),
    FUSE_OPT_END
};
/* clang-format on */

/* What fstab may name for a mount of this machine and of all that is configured. */
static const char *const no_sources[] = { "clustrixfs", "local", "none" };

struct parsing {
    struct options opts; /* first: fuse_opt_parse() takes offsets from here */
    struct error  *e;
};

static int take_word(struct parsing *p, const char *word)
{
    struct options *o = &p->opts;

    if (o->source)
        return error_set(p->e, -1, "\"%s\" is one argument too many: clustrixfs takes one mount "
                                   "point",
                         word);
    o->source = o->mountpoint;
    o->mountpoint = strdup(word);
    return o->mountpoint ? 0 : error_set(p->e, -1, "out of memory");
}

/* 1: left to libfuse; 0: taken; -1: wrong. */
static int take_argument(void *data, const char *arg, int key, struct fuse_args *args unused_arg)
{
    struct parsing *p = data;

    if (key == FUSE_OPT_KEY_NONOPT)
        return take_word(p, arg);
    if (arg[0] == '-')
        return error_set(p->e, -1, "there is no option \"%s\": clustrixfs -h lists them all", arg);
    return strncmp(arg, "x-", 2) != 0; /* fstab's remarks to itself */
}

/* There the only word is the machine. */
static int check_accept_words(struct options *o, struct error *e)
{
    if (!o->mountpoint || o->source)
        return error_set(e, -EINVAL, "say whose key: clustrixfs --accept-hostkey [USER@]HOST");
    o->source = STEAL(o->mountpoint);
    return 0;
}

/* With two words the first is a source: a machine, or a cluster by its name; see config.h. */
static int check_words(struct options *o, struct error *e)
{
    if (o->help || o->version)
        return 0;
    if (o->accept_hostkey)
        return check_accept_words(o, e);
    if (!o->mountpoint)
        return error_set(e, -EINVAL, "say where to mount: clustrixfs MOUNTPOINT");
    for (size_t i = 0; o->source && i < ARRAY_SIZE(no_sources); i++)
        if (strcmp(o->source, no_sources[i]) == 0) {
            free(o->source);
            o->source = NULL;
        }
    return 0;
}

struct config_source options_source(const struct options *o)
{
    return (struct config_source){
        .source = o->source,
        .port = o->port,
        .identity = o->identity,
        .control_path = o->control_path,
        .alive = o->alive,
        .transport = o->transport,
        .scheduler = o->scheduler,
    };
}

int options_parse(struct options *o, int argc, char **argv, struct error *e)
{
    struct parsing p = { .opts.fuse = FUSE_ARGS_INIT(argc, argv), .e = e };
    int r = fuse_opt_parse(&p.opts.fuse, &p.opts, option_table, take_argument);

    *o = p.opts;
    if (r < 0) {
        /* libfuse has said what is wrong with an option that lacks its value. */
        if (e && !e->text[0])
            error_set(e, 0, "the options are wrong: clustrixfs -h lists them all");
        return -EINVAL;
    }
    return check_words(o, e);
}

void options_release(struct options *o)
{
    fuse_opt_free_args(&o->fuse);
    free(o->mountpoint);
    free(o->source);
    free(o->state_dir);
    free(o->config);
    free(o->port);
    free(o->identity);
    free(o->control_path);
    free(o->alive);
    free(o->transport);
    free(o->scheduler);
}

void options_version(void)
{
    printf("clustrixfs %s (libfuse %s)\n", CLUSTRIXFS_VERSION, fuse_pkgversion());
}

void options_help(void)
{
    printf("usage: clustrixfs [options] MOUNTPOINT\n"
           "       clustrixfs [options] [USER@]HOST[:DIR] MOUNTPOINT\n"
           "       clustrixfs --accept-hostkey [USER@]HOST\n"
           "\n"
           "Mounts your cluster as a directory: write a job's spec into MOUNTPOINT/submit/, read\n"
           "its state and output in MOUNTPOINT/jobs/. MOUNTPOINT/README.md tells the rest.\n"
           "\n"
           "    -h   --help            this text\n"
           "    -V   --version         version\n"
           "         --accept-hostkey  show the key of HOST, ask, and write it to known_hosts\n"
           "    -f                     stay in the foreground, log to the terminal\n"
           "    -d   -o debug          show every request (stays in the foreground)\n"
           "    -o state=DIR           jobs and drafts are kept here\n"
           "                           (default: ~/.local/state/clustrixfs; of a mount of HOST\n"
           "                           ~/.local/state/clustrixfs-HOST)\n"
           "    -o config=FILE         the clusters (default: ~/.config/clustrixfs/config.json)\n"
           "    -p PORT  -o port=PORT  the port of ssh there\n"
           "    -o identity=FILE       the key to log in with\n"
           "    -o scheduler=NAME      of that machine (default: auto, found when it is met)\n"
           "    -o transport=NAME      ssh, or openssh: through an ssh that is logged in already\n"
           "    -o control_path=FILE   its socket (default: what ~/.ssh/config says)\n"
           "    -o alive=SECONDS       a link that is silent for so long is dead (15)\n"
           "    -o allow_other         let other users see README.md and how the clusters do\n"
           "    -o nonempty            mount over a directory that is not empty\n"
           "    -o OPTION,...          options of libfuse and mount(8)\n"
           "\n"
           "To unmount: fusermount3 -u MOUNTPOINT\n");
}
