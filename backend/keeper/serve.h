/*
 * serve.h - many commands, one after the other, without a new process for each
 */
#ifndef CLUSTRIXFS_KEEPER_SERVE_H
#define CLUSTRIXFS_KEEPER_SERVE_H

/*
 * Until the end of standard input: read the words of a command, each ended by a NUL and the last
 * followed by one more, run it, and end its answer with a NUL, its exit status and a newline. The
 * words are as on the command line, without the program's name.
 */
int serve(int (*run)(int argc, char **argv));

#endif
