/*
 * ssh-secrets.c - what was typed at mount time, for the connections that come later
 *
 * One block of pages that is never written to a disk (no swap, no core dump) and is wiped when it
 * goes. Pairs of strings stand in it one behind the other; the last one of a name counts. Filled
 * before there are threads, only read after.
 */
#include "ssh.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define SECRETS_SIZE 65536

struct secrets {
    size_t used;
    char   pairs[SECRETS_SIZE - sizeof(size_t)];
};

struct secrets *secrets_new(void)
{
    struct secrets *s = mmap(NULL, sizeof *s, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
                             -1, 0);

    if (s == MAP_FAILED)
        return NULL;
    (void)madvise(s, sizeof *s, MADV_DONTDUMP);
    return s;
}

void secrets_free(struct secrets *s)
{
    if (!s)
        return;
    explicit_bzero(s, sizeof *s);
    munmap(s, sizeof *s);
}

int secrets_keep(struct secrets *s, const char *what, const char *value)
{
    size_t name = strlen(what) + 1, len = strlen(value) + 1;

    if (name + len > sizeof s->pairs - s->used)
        return -ENOSPC;
    (void)mlock(s, sizeof *s);
    memcpy(s->pairs + s->used, what, name);
    memcpy(s->pairs + s->used + name, value, len);
    s->used += name + len;
    return 0;
}

const char *secrets_find(struct secrets *s, const char *what)
{
    const char *found = NULL;

    if (!s)
        return NULL;
    /* A lock is not inherited by the daemon that was forked since. */
    (void)mlock(s, sizeof *s);
    for (const char *p = s->pairs; p < s->pairs + s->used;) {
        const char *value = p + strlen(p) + 1;

        if (strcmp(p, what) == 0)
            found = value;
        p = value + strlen(value) + 1;
    }
    return found;
}
