/*
 * config-kubernetes.c - the keys of a cluster that is a Kubernetes
 *
 * Names are checked by Kubernetes' own rules, so that a mistake is told with its line, and not by
 * the first job.
 */
#include <cjson/cJSON.h>
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "clustrixfs/json.h"
#include "config-keys.h"

#define NAME_MAX_LEN 253 /* of an object; a namespace has 63 */
#define SPACE_MAX_LEN 63

static int keep(struct cluster_reading *r, char **where, char *owned)
{
    free(*where);
    *where = owned;
    return owned ? 0 : error_set(r->e, -ENOMEM, "out of memory");
}

static bool is_name(struct span s, size_t most, bool dots)
{
    for (size_t i = 0; i < s.len; i++) {
        bool edge = i == 0 || i + 1 == s.len;
        char c = s.data[i];

        if (!islower((unsigned char)c) && !isdigit((unsigned char)c) &&
            (edge || (c != '-' && (c != '.' || !dots))))
            return false;
    }
    return s.len > 0 && s.len <= most;
}

/* One line of text that no program takes for an option. */
static bool is_word(const char *s)
{
    if (!s || !*s || *s == '-')
        return false;
    for (; *s; s++)
        if (iscntrl((unsigned char)*s))
            return false;
    return true;
}

int take_context(struct cluster_reading *r, const struct cJSON *value)
{
    const char *name = cJSON_GetStringValue(value);

    if (!is_word(name))
        return error_set(r->e, -EINVAL, "a context is the name of one in the kubeconfig");
    return keep(r, &r->cluster->context, strdup(name));
}

int take_image(struct cluster_reading *r, const struct cJSON *value)
{
    const char *name = cJSON_GetStringValue(value);

    if (!is_word(name) || strchr(name, ' '))
        return error_set(r->e, -EINVAL, "an image is the name of one, as \"debian:12\"");
    return keep(r, &r->cluster->image, strdup(name));
}

int take_namespace(struct cluster_reading *r, const struct cJSON *value)
{
    const char *name = cJSON_GetStringValue(value);

    if (!is_name(span_str(name), SPACE_MAX_LEN, false))
        return error_set(r->e, -EINVAL, "a namespace is a name of small letters, digits and '-'");
    return keep(r, &r->cluster->kube_namespace, strdup(name));
}

int take_service_account(struct cluster_reading *r, const struct cJSON *value)
{
    const char *name = cJSON_GetStringValue(value);

    if (!is_name(span_str(name), NAME_MAX_LEN, true))
        return error_set(r->e, -EINVAL,
                         "a service_account is a name of small letters, digits, '-' and '.'");
    return keep(r, &r->cluster->service_account, strdup(name));
}

int take_node_selector(struct cluster_reading *r, const struct cJSON *value)
{
    _cleanup_(bufp) struct buf text = BUF_INIT;
    const struct cJSON        *item;
    bool                       good = cJSON_IsObject(value);

    buf_add_char(&text, '{');
    cJSON_ArrayForEach(item, value)
    {
        good = good && cJSON_IsString(item);
        json_pair_string(&text, item->string ? item->string : "", cJSON_GetStringValue(item));
    }
    buf_add_char(&text, '}');
    if (!good)
        return error_set(r->e, -EINVAL,
                         "a node_selector is labels of nodes, as {\"disk\": \"ssd\"}");
    return keep(r, &r->cluster->node_selector, buf_steal(&text));
}

/* What Kubernetes takes to mount something at. */
static bool is_mount_path(const char *path)
{
    size_t len = strlen(path);

    return path[0] == '/' && len > 1 && path[len - 1] != '/' && !strchr(path, ':') &&
           is_word(path) && !strstr(path, "//") && !strstr(path, "/../") && !strstr(path, "/./") &&
           (len < 3 || strcmp(path + len - 3, "/..") != 0);
}

int take_volume(struct cluster_reading *r, const struct cJSON *value)
{
    const char *text = cJSON_GetStringValue(value), *path = text ? strchr(text, '/') : NULL;
    struct span claim = { text, path && path > text ? (size_t)(path - text) - 1 : 0 };

    if (!path || !is_mount_path(path) ||
        (path > text && (path[-1] != ':' || !is_name(claim, NAME_MAX_LEN, true))))
        return error_set(r->e, -EINVAL, "a volume is a directory that all nodes and the host have, "
                         "as \"/shared\", or a claim and where the host has it, as "
                         "\"claim:/shared\"");
    return keep(r, &r->cluster->volume, strdup(text));
}
