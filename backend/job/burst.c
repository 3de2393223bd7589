/*
 * burst.c - starts that wait while one submission follows the other
 */
#include "burst.h"

#define QUICK_NS (60 * NS_PER_MS) /* a loop of cp on a slow machine is quicker */
#define BURST_MIN 8

void burst_add(struct burst *b, int64_t now_ns)
{
    b->n = now_ns - b->last_ns <= QUICK_NS ? b->n + 1 : 1;
    b->last_ns = now_ns;
}

int64_t burst_gathers(struct burst *b, int64_t now_ns)
{
    if (b->n < BURST_MIN)
        return 0;
    if (now_ns - b->last_ns > QUICK_NS) {
        b->n = 0;
        return 0;
    }
    if (now_ns < b->next_ns)
        return b->next_ns < b->last_ns + QUICK_NS ? b->next_ns : b->last_ns + QUICK_NS;
    b->next_ns = now_ns + BURST_GATHER_NS;
    return 0;
}
