/*
 * command.h - one command for a transport, and what came of it
 */
#ifndef CLUSTRIXFS_COMMAND_H
#define CLUSTRIXFS_COMMAND_H

#include "clustrixfs/buf.h"

#define COMMAND_OUTPUT_MAX (16 * 1024 * 1024)

struct command {
    struct strv argv;       /* quoted by the transport where it has to be, nowhere else */
    struct buf  input;      /* its standard input                                       */
    unsigned    timeout_ms; /* 0: the transport's own                                   */
};

#define COMMAND_INIT { .input = BUF_INIT }

struct outcome {
    int        status; /* exit status, or 128 + signal */
    struct buf out, err;
};

#define OUTCOME_INIT { .out = BUF_INIT, .err = BUF_INIT }

static inline unused_arg void commandp_cleanup(struct command *c)
{
    strv_release(&c->argv);
    buf_release(&c->input);
}

static inline unused_arg void outcomep_cleanup(struct outcome *o)
{
    buf_release(&o->out);
    buf_release(&o->err);
}

#endif
