/*
 * fuzz_collect.c - any bytes, taken for what a far machine says of its jobs
 *
 * Besides not crashing: it comes to an end, what it gives lies within the text, and no path leads
 * out of where it begins.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "clustrixfs/collect.h"
#include "fuzz.h"

static void check_path(struct span path)
{
    char  text[COLLECT_PATH_MAX + 1], *rest = text, *name;

    MUST(path.len <= COLLECT_PATH_MAX);
    memcpy(text, path.data, path.len);
    text[path.len] = '\0';
    MUST(strlen(text) == path.len);
    while (path.len > 0 && (name = strsep(&rest, "/")))
        MUST(*name && strcmp(name, ".") != 0 && strcmp(name, "..") != 0);
}

static void check_item(struct span all, const struct collect_item *item)
{
    MUST(strchr("JTXOEoeZDFL", item->kind) && item->kind);
    MUST(item->size <= INT64_MAX);
    if (item->text.len > 0)
        MUST(item->text.data >= all.data && item->text.data + item->text.len < all.data + all.len);
    if (item->kind == 'F') {
        check_path(item->text);
        MUST(S_ISREG(item->mode) || S_ISDIR(item->mode) || S_ISLNK(item->mode) ||
             S_ISFIFO(item->mode) || S_ISSOCK(item->mode));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span all = { (const char *)data, size }, rest = all;
    struct collect_item item;
    int r;

    for (;;) {
        size_t before = rest.len;

        r = collect_next(&rest, &item);
        if (r != 0)
            break;
        MUST(rest.len < before);
        check_item(all, &item);
    }
    MUST(r == -EPROTO || (r == COLLECT_E_END && rest.len == 0));
    return 0;
}
