/*
 * ssh-login.c - who we are, shown to the host
 *
 * What has to be typed is asked for while somebody is there, which is at mount time, and kept in
 * memory for the connections that come later. Where nobody is there each way in is tried once: a
 * host that keeps hearing wrong answers shuts the door for good.
 */
#include "ssh.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ASKED_MAX 3  /* times for the same thing */
#define ROUNDS_MAX 8 /* of questions by the host */

static void secretp_cleanup(char **s)
{
    if (*s)
        explicit_bzero(*s, strlen(*s));
    free(*s);
}

/*
 * What is to be said: asked for, or else what was said the last time. NULL: nobody knows. `what` is
 * the name that it is kept under.
 */
static char *answer(struct link *l, const char *what, const char *prompt, bool secret)
{
    const char *kept = secrets_find(l->cluster->secrets, what);
    char       *said;

    if (!l->ask) {
        l->unasked = l->unasked || !kept;
        return kept ? strdup(kept) : NULL;
    }
    said = l->ask(l->ask_arg, prompt, secret);
    session_more_time(l);
    l->asked = l->asked || said;
    if (said && l->cluster->secrets)
        (void)!secrets_keep(l->cluster->secrets, what, said);
    return said;
}

/* Repeat `call`, which yields a libssh result, until it is more than "later". */
#define UNTIL_DONE(l, r, call)                                                                     \
    do {                                                                                           \
        (r) = (call);                                                                              \
    } while ((r) == SSH_AUTH_AGAIN && session_wait(l) == 0)

/* libssh asks for the passphrase of the key that it is about to read. */
static int give_passphrase(const char *prompt, char *into, size_t room, int echo, int verify,
                           void *arg)
{
    struct link                *l = arg;
    char                       *current = NULL;
    const char                 *file = l->key_file;
    _cleanup_(bufp) struct buf  what = BUF_INIT;
    _cleanup_(secretp) char    *said = NULL;

    (void)prompt;
    (void)echo;
    (void)verify;
    if (!file && ssh_userauth_publickey_auto_get_current_identity(l->session, &current) == SSH_OK)
        file = current;
    if (buf_printf(&what, "passphrase of the key %s", file ? file : "") == 0) {
        _cleanup_(bufp) struct buf question = BUF_INIT;

        if (buf_printf(&question, "%s: ", what.data) == 0)
            said = answer(l, what.data, question.data, true);
    }
    ssh_string_free_char(current);
    if (!said || strlen(said) >= room)
        return -1;
    strcpy(into, said);
    return 0;
}

/* The key that the cluster's settings name. */
static int try_identity(struct link *l)
{
    ssh_key key = NULL;
    int     r;

    l->key_file = l->cluster->identity;
    r = ssh_pki_import_privkey_file(l->key_file, NULL, give_passphrase, l, &key);
    l->key_file = NULL;
    if (r != SSH_OK)
        return SSH_AUTH_DENIED;
    UNTIL_DONE(l, r, ssh_userauth_publickey(l->session, NULL, key));
    ssh_key_free(key);
    return r;
}

/* Those of the agent, and those that ~/.ssh/config names or that have the usual names. */
static int try_key(struct link *l)
{
    int r = l->cluster->identity ? try_identity(l) : SSH_AUTH_DENIED;

    if (r == SSH_AUTH_DENIED)
        UNTIL_DONE(l, r, ssh_userauth_publickey_auto(l->session, NULL, NULL));
    return r;
}

static int try_password(struct link *l)
{
    _cleanup_(bufp) struct buf prompt = BUF_INIT;
    _cleanup_(secretp) char   *said = NULL;
    int                        r;

    if (buf_printf(&prompt, "password at %s: ", l->cluster->host) < 0)
        return SSH_AUTH_ERROR;
    said = answer(l, "password", prompt.data, true);
    if (!said)
        return SSH_AUTH_DENIED;
    UNTIL_DONE(l, r, ssh_userauth_password(l->session, NULL, said));
    return r;
}

/* The host's own words stand on the terminal only as far as they are text. */
static int add_question(const struct link *l, const char *text, struct buf *out)
{
    buf_printf(out, "%s: ", l->cluster->host);
    for (; *text; text++)
        buf_add_char(out, (unsigned char)*text < 0x20 || *text == 0x7f ? ' ' : *text);
    return buf_error(out);
}

static int answer_question(struct link *l, unsigned i)
{
    char                       echo = 0;
    const char                *text = ssh_userauth_kbdint_getprompt(l->session, i, &echo);
    _cleanup_(bufp) struct buf question = BUF_INIT;
    _cleanup_(secretp) char   *said = NULL;

    if (!text || add_question(l, text, &question) < 0)
        return -1;
    said = answer(l, question.data, question.data, !echo);
    return said ? ssh_userauth_kbdint_setanswer(l->session, i, said) : -1;
}

static int try_questions(struct link *l)
{
    int r = SSH_AUTH_ERROR;

    for (int round = 0; round < ROUNDS_MAX; round++) {
        UNTIL_DONE(l, r, ssh_userauth_kbdint(l->session, NULL, NULL));
        if (r != SSH_AUTH_INFO)
            return r;
        for (int i = 0; i < ssh_userauth_kbdint_getnprompts(l->session); i++)
            if (answer_question(l, (unsigned)i) < 0)
                return SSH_AUTH_DENIED;
    }
    return r;
}

static const struct way {
    int         bit;
    const char *name;
    int (*try)(struct link *l);
} ways[] = {
    { SSH_AUTH_METHOD_PUBLICKEY, "publickey", try_key },
    { SSH_AUTH_METHOD_INTERACTIVE, "keyboard-interactive", try_questions },
    { SSH_AUTH_METHOD_PASSWORD, "password", try_password },
};

/* Once; and again while a person has typed something, and mistyped it. */
static int try_way(struct link *l, const struct way *w)
{
    int r = SSH_AUTH_DENIED;

    for (int i = 0; i < ASKED_MAX; i++) {
        l->asked = false;
        r = w->try(l);
        if (r != SSH_AUTH_DENIED || !l->asked)
            break;
    }
    return r;
}

/* With the ways that the host takes, until it is content. A part of what it wants leads to others. */
static int try_all(struct link *l)
{
    int    r;
    size_t i = 0;

    UNTIL_DONE(l, r, ssh_userauth_none(l->session, NULL));
    while ((r == SSH_AUTH_DENIED || r == SSH_AUTH_PARTIAL) && i < ARRAY_SIZE(ways)) {
        const struct way *w = &ways[i++];

        if (!(ssh_userauth_list(l->session, NULL) & w->bit))
            continue;
        r = try_way(l, w);
    }
    return r;
}

static int say_refused(const struct link *l, struct error *e)
{
    _cleanup_(bufp) struct buf takes = BUF_INIT;
    int                        list = ssh_userauth_list(l->session, NULL);

    for (size_t i = 0; i < ARRAY_SIZE(ways); i++)
        if (list & ways[i].bit)
            buf_printf(&takes, "%s%s", takes.len ? ", " : "", ways[i].name);
    if (l->unasked)
        return error_set(e, TRANSPORT_E_LOGIN,
                         "%s wants something typed (%s): mount again from a terminal, load the key "
                         "into ssh-agent, or start a master with ssh -M -S PATH %s and use the "
                         "transport openssh", l->cluster->host, takes.data, l->cluster->host);
    return error_set(e, TRANSPORT_E_LOGIN, "%s does not let us in; it would take: %s. Try: ssh %s",
                     l->cluster->host, takes.data, l->cluster->host);
}

int session_login(struct link *l, struct error *e)
{
    int r;

    l->unasked = false;
    l->callbacks = (struct ssh_callbacks_struct){ .userdata = l, .auth_function = give_passphrase };
    ssh_callbacks_init(&l->callbacks);
    ssh_set_callbacks(l->session, &l->callbacks);
    session_more_time(l);
    r = try_all(l);
    if (r == SSH_AUTH_SUCCESS)
        return 0;
    if (r == SSH_AUTH_AGAIN)
        return error_set(e, TRANSPORT_E_NOT_RUN, "%s did not answer the login within %u s",
                         l->cluster->host, l->cluster->alive_s);
    if (r == SSH_AUTH_ERROR && !ssh_is_connected(l->session) && !l->unasked)
        return session_failed(l, TRANSPORT_E_NOT_RUN, -EIO, "log in at", e);
    return say_refused(l, e);
}
