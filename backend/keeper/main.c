/*
 * main.c - clustrixfs-keeper: starts jobs on this machine and stays with each to its end
 *
 *    clustrixfs-keeper start ROOT TOKEN/RUN...
 *    clustrixfs-keeper look ROOT TOKEN/RUN...
 *    clustrixfs-keeper signal WORD ROOT TOKEN/RUN...
 *    clustrixfs-keeper serve
 *
 * A job belongs to the machine and not to the daemon that asked for it, so somebody else has to
 * wait for it, see how it ended and write that down. The daemon runs this program and reads one
 * line for each run; people need it only to look into what happened. It writes only below ROOT.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clustrixfs/base.h"
#include "control.h"
#include "serve.h"
#include "start.h"

struct command {
    const char *name;
    int         words; /* between its name and ROOT */
    int (*run)(char *const *words, char *const *runs, int n);
};

static int run_start(char *const *words, char *const *runs, int n)
{
    (void)words;
    return start_runs(runs, n);
}

static int run_look(char *const *words, char *const *runs, int n)
{
    (void)words;
    return control_look(runs, n);
}

static int run_signal(char *const *words, char *const *runs, int n)
{
    return control_signal(words[0], runs, n);
}

static const struct command commands[] = {
    { "start", 0, run_start },
    { "look", 0, run_look },
    { "signal", 1, run_signal },
};

static int usage(FILE *to)
{
    fputs("usage: clustrixfs-keeper start ROOT TOKEN/RUN...\n"
          "       clustrixfs-keeper look ROOT TOKEN/RUN...\n"
          "       clustrixfs-keeper signal WORD ROOT TOKEN/RUN...\n"
          "       clustrixfs-keeper serve        commands from standard input, see serve.h\n"
          "WORD: cancel, suspend, resume, or a signal such as TERM\n",
          to);
    return to == stderr ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int run_command(const struct command *c, int argc, char **argv)
{
    int root = 2 + c->words;

    if (argc < root + 2)
        return usage(stderr);
    if (chdir(argv[root]) < 0) {
        fprintf(stderr, "clustrixfs-keeper: cannot change to %s: %s\n", argv[root],
                strerror(errno));
        return EXIT_FAILURE;
    }
    return c->run(argv + 2, argv + root + 1, argc - root - 1);
}

static int dispatch(int argc, char **argv)
{
    for (size_t i = 0; argc > 1 && i < ARRAY_SIZE(commands); i++)
        if (strcmp(argv[1], commands[i].name) == 0)
            return run_command(&commands[i], argc, argv);
    return usage(stderr);
}

int main(int argc, char **argv)
{
    if (argc == 2 && (strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "--help") == 0))
        return usage(stdout);
    if (argc == 2 && strcmp(argv[1], "serve") == 0)
        return serve(dispatch);
    start_prepare();
    return dispatch(argc, argv);
}
