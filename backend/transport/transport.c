/*
 * transport.c - which transports there are
 */
#include "clustrixfs/transport.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

const struct transport_ops *const transports[] = {
    &transport_local,
    &transport_ssh,
    &transport_openssh,
    NULL,
};

const struct transport_ops *transport_named(const char *name)
{
    for (size_t i = 0; transports[i]; i++)
        if (strcmp(transports[i]->name, name) == 0)
            return transports[i];
    return NULL;
}

int far_files_add(struct far_files *f, const char *path, mode_t mode, struct span data)
{
    struct far_file *more = reallocarray(f->v, f->n + 1, sizeof *more);
    struct far_file  file = { .mode = mode, .data = BUF_INIT };

    if (!more)
        return -ENOMEM;
    f->v = more;
    file.path = strdup(path);
    if (!file.path || buf_add_span(&file.data, data) < 0) {
        free(file.path);
        return -ENOMEM;
    }
    f->v[f->n++] = file;
    return 0;
}

void far_files_release(struct far_files *f)
{
    for (size_t i = 0; i < f->n; i++) {
        free(f->v[i].path);
        buf_release(&f->v[i].data);
    }
    free(f->v);
    *f = (struct far_files)FAR_FILES_INIT;
}
