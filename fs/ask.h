/*
 * ask.h - a question to the person who mounts
 */
#ifndef CLUSTRIXFS_FS_ASK_H
#define CLUSTRIXFS_FS_ASK_H

#include <stdbool.h>

/*
 * On the terminal; without one, or where $SSH_ASKPASS_REQUIRE wants it so, through the program
 * $SSH_ASKPASS, as ssh does it. `secret`: what is typed is not shown. Returns a malloc'ed answer,
 * or NULL when there is nobody to ask. Before the daemon leaves the terminal, on the main thread.
 */
char *ask_person(void *arg, const char *prompt, bool secret);

/* Tell the same person, on standard error. */
void tell_person(void *arg, const char *sentence);

#endif
