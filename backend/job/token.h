/*
 * token.h - the name of a job at the far side, and the number it stands for
 */
#ifndef CLUSTRIXFS_TOKEN_H
#define CLUSTRIXFS_TOKEN_H

#include <stdint.h>

#include "clustrixfs/buf.h"
#include "clustrixfs/job.h"

/* Sixty random bits as a token. 0, or a negative errno when the kernel has no randomness. */
int token_make(char out[JOB_TOKEN_LEN + 1]) must_check;
/* The bits back, so that a token can be a key; 0 when it is not a token. */
uint64_t token_bits(struct span token);

#endif
