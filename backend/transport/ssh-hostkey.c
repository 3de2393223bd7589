/*
 * ssh-hostkey.c - is it the machine that it was?
 *
 * Only a key that is in known_hosts will do. Nothing is ever added to it but by a person who was
 * shown the fingerprint; and what stands there already is changed by nobody but that person.
 */
#include "ssh.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define REVOKED "@revoked"

static void key_cleanup(ssh_key *k)
{
    ssh_key_free(*k);
}

/* "ssh-ed25519 SHA256:..." */
static int add_fingerprint(ssh_key key, struct buf *out)
{
    unsigned char *hash = NULL;
    size_t         len = 0;
    char          *text = NULL;

    if (ssh_get_publickey_hash(key, SSH_PUBLICKEY_HASH_SHA256, &hash, &len) == 0)
        text = ssh_get_fingerprint_hash(SSH_PUBLICKEY_HASH_SHA256, hash, len);
    buf_printf(out, "%s %s", ssh_key_type_to_char(ssh_key_type(key)), text ? text : "?");
    ssh_clean_pubkey_hash(&hash);
    ssh_string_free_char(text);
    return buf_error(out);
}

/* "host" or "[host]:port", as it is called in known_hosts. */
static int add_host(const struct link *l, struct buf *out)
{
    char    *host = NULL;
    unsigned port = 22;

    (void)ssh_options_get(l->session, SSH_OPTIONS_HOST, &host);
    (void)ssh_options_get_port(l->session, &port);
    buf_printf(out, port == 22 ? "%s" : "[%s]:%u", host ? host : l->cluster->host, port);
    ssh_string_free_char(host);
    return buf_error(out);
}

static bool line_revokes(const char *line, const char *host, ssh_key key)
{
    struct ssh_knownhosts_entry *entry = NULL;
    bool                         same;

    if (strncmp(line, REVOKED, strlen(REVOKED)) != 0)
        return false;
    line += strlen(REVOKED);
    line += strspn(line, " \t");
    if (ssh_known_hosts_parse_line(host, line, &entry) != SSH_OK)
        return false;
    same = ssh_key_cmp(entry->publickey, key, SSH_KEY_CMP_PUBLIC) == 0;
    ssh_knownhosts_entry_free(entry);
    return same;
}

/* libssh passes over lines with @revoked. */
static bool file_revokes(const char *path, const char *host, ssh_key key)
{
    _cleanup_(freep) char *line = NULL;
    size_t                 alloc = 0;
    bool                   found = false;
    FILE                  *f = fopen(path, "re");

    while (f && !found && getline(&line, &alloc, f) > 0)
        found = line_revokes(line, host, key);
    if (f)
        fclose(f);
    return found;
}

static bool is_revoked(const struct link *l, const char *host, ssh_key key)
{
    static const enum ssh_options_e files[] = { SSH_OPTIONS_KNOWNHOSTS,
                                                SSH_OPTIONS_GLOBAL_KNOWNHOSTS };
    bool found = false;

    for (size_t i = 0; i < ARRAY_SIZE(files) && !found; i++) {
        char *path = NULL;

        if (ssh_options_get(l->session, files[i], &path) == SSH_OK && path)
            found = file_revokes(path, host, key);
        ssh_string_free_char(path);
    }
    return found;
}

/* What a person needs to judge a key, and how it stands with it. */
struct host {
    struct buf              name, key;
    enum ssh_known_hosts_e  known;
    bool                    revoked;
};

static void hostp_cleanup(struct host *h)
{
    buf_release(&h->name);
    buf_release(&h->key);
}

static int look(struct link *l, struct host *h, struct error *e)
{
    __attribute__((cleanup(key_cleanup))) ssh_key key = NULL;

    if (ssh_get_server_publickey(l->session, &key) != SSH_OK || add_host(l, &h->name) < 0 ||
        add_fingerprint(key, &h->key) < 0)
        return session_failed(l, TRANSPORT_E_NOT_RUN, -EIO, "see the key of", e);
    h->known = ssh_session_is_known_server(l->session);
    h->revoked = is_revoked(l, h->name.data, key);
    return 0;
}

static int refuse_changed(const struct link *l, const struct host *h, struct error *e)
{
    return error_set(e, TRANSPORT_E_LOGIN,
                     "the key of %s has CHANGED: it shows %s now. Somebody may be listening in. Ask "
                     "those who run it; if that key is right, remove the old one with: "
                     "ssh-keygen -R '%s'", l->cluster->host, h->key.data, h->name.data);
}

static int judge(const struct link *l, const struct host *h, struct error *e)
{
    if (h->revoked)
        return error_set(e, TRANSPORT_E_LOGIN, "the key of %s, %s, is marked @revoked in known_hosts",
                         l->cluster->host, h->key.data);
    switch (h->known) {
    case SSH_KNOWN_HOSTS_OK:
        return 0;
    case SSH_KNOWN_HOSTS_CHANGED:
    case SSH_KNOWN_HOSTS_OTHER:
        return refuse_changed(l, h, e);
    default:
        return error_set(e, TRANSPORT_E_LOGIN,
                         "the host key of %s is not known: %s. If that is the right one, accept it "
                         "with: clustrixfs --accept-hostkey %s (or add what ssh-keyscan prints to "
                         "known_hosts)", h->name.data, h->key.data, l->cluster->host);
    }
}

int session_check_host(struct link *l, struct error *e)
{
    _cleanup_(hostp) struct host h = { .name = BUF_INIT, .key = BUF_INIT };
    int                          r = look(l, &h, e);

    return r == 0 ? judge(l, &h, e) : r;
}

static bool says_yes(const struct host *h, transport_asker *ask, void *arg)
{
    _cleanup_(bufp) struct buf prompt = BUF_INIT;
    char                      *said;
    bool                       yes;

    if (buf_printf(&prompt, "%s shows the key %s\nIs that the right one (yes/no)? ", h->name.data,
                   h->key.data) < 0)
        return false;
    said = ask(arg, prompt.data, false);
    yes = said && strcasecmp(said, "yes") == 0;
    free(said);
    return yes;
}

static int accept_key(struct link *l, transport_asker *ask, void *arg, struct error *e)
{
    _cleanup_(hostp) struct host h = { .name = BUF_INIT, .key = BUF_INIT };
    int                          r = session_meet(l, e);

    if (r == 0)
        r = look(l, &h, e);
    if (r != 0)
        return r;
    r = judge(l, &h, e);
    if (r == 0 || h.revoked || h.known == SSH_KNOWN_HOSTS_CHANGED ||
        h.known == SSH_KNOWN_HOSTS_OTHER)
        return r;
    if (!says_yes(&h, ask, arg))
        return error_set(e, TRANSPORT_E_LOGIN, "the key of %s was not accepted", h.name.data);
    if (ssh_session_update_known_hosts(l->session) != SSH_OK)
        return session_failed(l, TRANSPORT_E_LOGIN, -EIO, "write down the key of", e);
    return 0;
}

int ssh_accept_hostkey(const struct cluster *c, transport_asker *ask, void *arg, struct error *e)
{
    struct link *l = NULL;
    int          r = link_check_names(c, e);

    r = r < 0 ? r : link_ssh.open(&l, c, -1, e);
    if (r < 0)
        return r;
    r = accept_key(l, ask, arg, e);
    link_ssh.close(l);
    return r;
}
