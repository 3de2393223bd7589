/*
 * ssh-window.c - how many bytes a server may have under way to us
 *
 * Too few, and a long round trip is waited for over and over. Too many, and sshd reads far ahead of
 * a client that is slower than its disk: OpenSSH keeps what is under way in a buffer of 16 MiB at
 * most, and from 8 MiB on moves all of it in memory with each packet, which was seen to slow a
 * quick link down to a tenth. So a window is two and a half times what came in one round trip: it
 * grows while it is what limits, no longer, and never to where that begins.
 *
 * The round trip is what sshd takes to answer a keepalive, for which it starts no process.
 */
#include "ssh-window.h"

#include "clustrixfs/clock.h"

#define SLOT_MIN NS_PER_MS /* to count in */

static void count_from(struct window *w, int64_t now_ns, uint64_t come)
{
    w->since_ns = now_ns;
    w->come = come;
}

void window_ask(struct window *w, int64_t now_ns, uint64_t come)
{
    count_from(w, now_ns, come);
    w->asked = true;
}

/* Of the last three: one that came with what was still on its way says too little, one that a busy
 * machine was slow to see too much. */
static int64_t middle(const int64_t v[3])
{
    int64_t low = v[0] < v[1] ? v[0] : v[1], high = v[0] < v[1] ? v[1] : v[0];

    return v[2] < low ? low : v[2] > high ? high : v[2];
}

static void take_sign(struct window *w, int64_t took_ns)
{
    if (w->n_signs == 0)
        w->signs_ns[1] = w->signs_ns[2] = took_ns;
    w->signs_ns[w->n_signs++ % 3] = took_ns;
    w->round_trip_ns = middle(w->signs_ns);
}

/* What comes in a burst was kept somewhere: only the mean is what the link carries. */
static void judge(struct window *w, int64_t took_ns, uint64_t came)
{
    double rate = (double)came / (double)took_ns, size;

    w->rate += (rate - w->rate) / 4;
    size = w->rate * (double)w->round_trip_ns * 2.5;
    size = size < WINDOW_MOST ? size : WINDOW_MOST;
    w->size = size > WINDOW_LEAST ? (size_t)size : WINDOW_LEAST;
}

size_t window_size(struct window *w, int64_t now_ns, uint64_t come)
{
    int64_t slot = w->round_trip_ns > SLOT_MIN ? w->round_trip_ns : SLOT_MIN;
    int64_t took = now_ns - w->since_ns;

    if (w->asked ? come == w->come : took < slot)
        return w->size;
    if (w->asked)
        take_sign(w, took);
    else if (took < 4 * slot) /* else nothing was read meanwhile */
        judge(w, took, come - w->come);
    w->asked = false;
    count_from(w, now_ns, come);
    return w->size;
}
