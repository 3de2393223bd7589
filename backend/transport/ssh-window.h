/*
 * ssh-window.h - how many bytes a server may have under way to us
 */
#ifndef CLUSTRIXFS_TRANSPORT_SSH_WINDOW_H
#define CLUSTRIXFS_TRANSPORT_SSH_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What libssh 0.10 announces by itself, half of it again when that was used up. */
#define WINDOW_LEAST (1280 * 1000)
/* Far enough below where sshd begins to move it all; see ssh-window.c. */
#define WINDOW_MOST (6 * 1024 * 1024)

/* What a read of many bytes should offer; see ssh-window.c. Zeros to begin with. */
struct window {
    bool asked;            /* sshd was, for a sign of life, and it has not come */
    unsigned n_signs;      /* that came                                         */
    int64_t signs_ns[3];   /* how long the last ones took                       */
    int64_t round_trip_ns; /* the middle one of them; 0: none came              */
    double rate;           /* bytes per nanosecond, while so many came as could */
    int64_t since_ns;      /* mono: counted from there */
    uint64_t come;         /* what had come by then    */
    size_t size;           /* 0: not known yet         */
};

/* sshd was asked for a sign of life now, and nothing else is on its way; so many bytes had come. */
void window_ask(struct window *w, int64_t now_ns, uint64_t come);
/* Bytes, when so many have come by now. */
size_t window_size(struct window *w, int64_t now_ns, uint64_t come);

#endif
