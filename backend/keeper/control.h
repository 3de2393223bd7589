/*
 * control.h - what is asked of jobs that were started before
 */
#ifndef CLUSTRIXFS_KEEPER_CONTROL_H
#define CLUSTRIXFS_KEEPER_CONTROL_H

#include <signal.h>

/* How the words reach a keeper: one queued signal with the word as its value, so that they arrive
 * in the order in which they were said. */
#define CONTROL_SIGNAL SIGRTMAX

enum control_word { CONTROL_CANCEL = 1, CONTROL_SUSPEND, CONTROL_RESUME };

/* `word`: cancel, suspend, resume, or a signal's name or number. The answers go to stdout, one line
 * for each run. Returns an exit status. */
int control_signal(const char *word, char *const *runs, int n);

/* What became of each run; likewise. */
int control_look(char *const *runs, int n);

#endif
