/*
 * message.h - a letter to the engine that knows what is to be done with it
 */
#ifndef CLUSTRIXFS_MESSAGE_H
#define CLUSTRIXFS_MESSAGE_H

#include "clustrixfs/mailbox.h"

struct engine;
struct message;

/* Runs in the engine's thread and frees the message. */
typedef void message_fn(struct engine *en, struct message *m);

struct message {
    struct letter letter; /* first */
    message_fn   *act;
    uint64_t      ticket; /* 0: nobody asks whether it is settled */
};

#endif
