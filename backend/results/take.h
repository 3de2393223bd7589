/*
 * take.h - how what is said becomes names in the mirror; under results->taking
 */
#ifndef CLUSTRIXFS_RESULTS_TAKE_H
#define CLUSTRIXFS_RESULTS_TAKE_H

#include "clustrixfs/collect.h"

#include "parts.h"

/* One file of a listing; borrows from the text. */
struct listed {
    struct span     path, target;
    struct far_attr attr;
};

struct listing {
    struct listed *v;
    size_t         n, alloc;
};

int listing_add(struct listing *l, const struct collect_item *item) must_check;
/*
 * Make `dir` (MIRROR/token/files) hold what the listing says; `whole`: and nothing else.
 * MIRROR_E_CHANGED: `only` (PATH_MAX) is the one path below MIRROR/token that is other than before,
 * "" when it is more than one; MIRROR_E_SAME; or an errno.
 */
int listing_apply(struct results *r, const char *token, int dir, struct listing *l, bool whole,
                  char *only) must_check;

/*
 * mirror_place() for `name` in `dir`, which is MIRROR/token/path: whoever is fetching it hears of
 * it.
 */
int take_place(struct results *r, const char *token, const char *path, int dir, const char *name,
               const struct far_attr *attr, const char *target) must_check;

#endif
