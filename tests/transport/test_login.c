/*
 * test_login.c - whom we trust, and who we are: host keys, keys, passwords, and every login shell
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../unit/unit.h"
#include "clustrixfs/clock.h"
#include "clustrixfs/cluster.h"
#include "clustrixfs/transport.h"
#include "sshd.h"

static const struct transport_ops *const ops = &transport_ssh;

struct site {
    struct sshd sshd;
    struct cluster cluster;
    struct error e;
};

static void site_open(struct site *s, const char *user, const char *more)
{
    static char name[] = "far";

    *s = (struct site){.cluster = {.name = name, .host = name, .alive_s = 15}};
    sshd_start(&s->sshd, user, more);
    s->cluster.secrets = secrets_new();
    ck_assert_ptr_nonnull(s->cluster.secrets);
}

static void sitep_cleanup(struct site *s)
{
    secrets_free(s->cluster.secrets);
    sshd_stop(&s->sshd);
}

/* Connect with this transport, run a command, and go. What connect() returned. */
static int try(struct site *s, const struct transport_ops *o)
{
    _cleanup_(commandp) struct command c = COMMAND_INIT;
    _cleanup_(outcomep) struct outcome out = OUTCOME_INIT;
    struct transport *t;
    int r;

    ck_assert_msg(o->open(&t, &s->cluster, &s->e) == 0, "%s", s->e.text);
    r = o->connect(t, &s->e);
    if (r == 0) {
        ck_assert_int_eq(strv_add(&c.argv, "echo"), 0);
        ck_assert_int_eq(strv_add(&c.argv, "a 'b' $c \\ !d\n"), 0);
        ck_assert_msg(o->run(t, &c, &out, &s->e) == 0, "%s", s->e.text);
        ck_assert_str_eq(out.out.data, "a 'b' $c \\ !d\n\n");
    }
    o->close(t);
    return r;
}

static void check_refused(struct site *s, const char *says)
{
    ck_assert_int_eq(try(s, ops), TRANSPORT_E_LOGIN);
    ck_assert_msg(strstr(s->e.text, says), "\"%s\" says nothing of \"%s\"", s->e.text, says);
}

struct person {
    const char *says;
    int asked;
    char last[500];
};

static char *answer(void *arg, const char *prompt, bool secret)
{
    struct person *p = arg;

    (void)secret;
    p->asked++;
    snprintf(p->last, sizeof p->last, "%s", prompt);
    return strdup(p->says);
}

START_TEST(an_unknown_host_key_is_refused_until_somebody_accepts_it)
{
    _cleanup_(sitep) struct site s;
    struct person p = {.says = "no"};

    site_open(&s, NULL, NULL);
    must("cd %s && mv .ssh/known_hosts was", s.sshd.dir);
    check_refused(&s, "clustrixfs --accept-hostkey far");
    check_refused(&s, "ssh-ed25519 SHA256:");
    must("cd %s && [ ! -e .ssh/known_hosts ]", s.sshd.dir);
    ck_assert_int_eq(ssh_accept_hostkey(&s.cluster, answer, &p, &s.e), TRANSPORT_E_LOGIN);
    ck_assert_msg(strstr(p.last, "SHA256:"), "%s", p.last);
    must("cd %s && echo '%s' | grep -q \"$(ssh-keygen -lf host.pub | cut -d' ' -f2)\"", s.sshd.dir,
         s.e.text[0] ? strstr(p.last, "SHA256:") : "");
    check_refused(&s, "is not known");
    p.says = "yes";
    ck_assert_msg(ssh_accept_hostkey(&s.cluster, answer, &p, &s.e) == 0, "%s", s.e.text);
    ck_assert_msg(try(&s, ops) == 0, "%s", s.e.text);
    p.asked = 0;
    ck_assert_int_eq(ssh_accept_hostkey(&s.cluster, answer, &p, &s.e), 0);
    ck_assert_int_eq(p.asked, 0);
}
END_TEST

START_TEST(a_changed_host_key_is_never_accepted)
{
    _cleanup_(sitep) struct site s;
    struct person p = {.says = "yes"};

    site_open(&s, NULL, NULL);
    must("cd %s && ssh-keygen -q -t ed25519 -N '' -f other && "
         "printf '[127.0.0.1]:%u %%s\\n' \"$(cut -d' ' -f1,2 other.pub)\" >.ssh/known_hosts",
         s.sshd.dir, s.sshd.port);
    check_refused(&s, "CHANGED");
    check_refused(&s, "ssh-keygen -R '[127.0.0.1]:");
    ck_assert_int_eq(ssh_accept_hostkey(&s.cluster, answer, &p, &s.e), TRANSPORT_E_LOGIN);
    ck_assert_int_eq(p.asked, 0);
    /* Another type of key than the known one is no better. */
    must("cd %s && rm other && ssh-keygen -q -t ecdsa -N '' -f other && "
         "printf '[127.0.0.1]:%u %%s\\n' \"$(cut -d' ' -f1,2 other.pub)\" >.ssh/known_hosts",
         s.sshd.dir, s.sshd.port);
    check_refused(&s, "CHANGED");
}
END_TEST

START_TEST(a_revoked_host_key_is_refused)
{
    _cleanup_(sitep) struct site s;
    struct person p = {.says = "yes"};

    site_open(&s, NULL, NULL);
    must("cd %s && printf '@revoked * %%s\\n' \"$(cut -d' ' -f1,2 host.pub)\" >>.ssh/known_hosts",
         s.sshd.dir);
    check_refused(&s, "@revoked");
    ck_assert_int_eq(ssh_accept_hostkey(&s.cluster, answer, &p, &s.e), TRANSPORT_E_LOGIN);
    must("cd %s && mv .ssh/known_hosts global && printf '[127.0.0.1]:%u %%s\\n' "
         "\"$(cut -d' ' -f1,2 host.pub)\" >.ssh/known_hosts",
         s.sshd.dir, s.sshd.port);
    check_refused(&s, "@revoked");
}
END_TEST

START_TEST(a_wrong_key_is_refused)
{
    _cleanup_(sitep) struct site s;
    char identity[100];

    site_open(&s, NULL, NULL);
    must("cd %s && ssh-keygen -q -t ed25519 -N '' -f wrong && mv id right && mv wrong id",
         s.sshd.dir);
    check_refused(&s, "does not let us in");
    check_refused(&s, "publickey");
    ck_assert_msg(try(&s, &transport_openssh) == TRANSPORT_E_LOGIN, "%s", s.e.text);
    ck_assert_msg(strstr(s.e.text, "Permission denied"), "%s", s.e.text);

    /* The key in the cluster's own settings. */
    snprintf(identity, sizeof identity, "%s/right", s.sshd.dir);
    s.cluster.identity = identity;
    ck_assert_msg(try(&s, ops) == 0, "%s", s.e.text);
    ck_assert_msg(try(&s, &transport_openssh) == 0, "%s", s.e.text);
}
END_TEST

START_TEST(a_passphrase_is_asked_for_once)
{
    _cleanup_(sitep) struct site s;
    struct person p = {.says = "sesame"};

    site_open(&s, NULL, NULL);
    must("cd %s && ssh-keygen -q -p -P '' -N sesame -f id", s.sshd.dir);
    check_refused(&s, "wants something typed");
    ck_assert_msg(ops->login(&s.cluster, answer, &p, &s.e) == 0, "%s", s.e.text);
    ck_assert_int_eq(p.asked, 1);
    ck_assert_msg(strstr(p.last, "/id"), "%s", p.last);
    ck_assert_msg(try(&s, ops) == 0, "%s", s.e.text);
    ck_assert_msg(try(&s, ops) == 0, "%s", s.e.text);
    p = (struct person){.says = "wrong"};
    ck_assert_int_eq(ops->login(&s.cluster, answer, &p, &s.e), TRANSPORT_E_LOGIN);
    ck_assert_int_le(p.asked, 3);
}
END_TEST

START_TEST(a_password_is_asked_for_once)
{
    _cleanup_(sitep) struct site s;
    struct person p = {.says = "wrong"};

    if (geteuid() != 0)
        return; /* only root can make an account */
    must("useradd --create-home --shell /bin/sh -p \"$(openssl passwd -6 opensesame)\" "
         "cfx-password");
    site_open(&s, "cfx-password", "PasswordAuthentication yes\nPubkeyAuthentication no");
    check_refused(&s, "wants something typed (password)");
    ck_assert_int_eq(ops->login(&s.cluster, answer, &p, &s.e), TRANSPORT_E_LOGIN);
    p = (struct person){.says = "opensesame"};
    ck_assert_msg(ops->login(&s.cluster, answer, &p, &s.e) == 0, "%s", s.e.text);
    ck_assert_int_eq(p.asked, 1);
    ck_assert_msg(try(&s, ops) == 0, "%s", s.e.text);
    /* Nowhere on the disk. */
    must("! grep -rq opensesame %s", s.sshd.dir);
}
END_TEST

/* What a host asks goes to the person as it is: a password here, a code of one time elsewhere. */
START_TEST(questions_are_asked_in_the_words_of_the_host)
{
    _cleanup_(sitep) struct site s;
    struct person p = {.says = "wrong"};

    if (geteuid() != 0)
        return; /* only root can make an account, and have it asked by PAM */
    must("useradd --create-home --shell /bin/sh -p \"$(openssl passwd -6 opensesame)\" "
         "cfx-password");
    site_open(&s, "cfx-password", "UsePAM yes\nKbdInteractiveAuthentication yes\n"
                                  "PubkeyAuthentication no");
    check_refused(&s, "wants something typed (keyboard-interactive)");
    ck_assert_int_eq(ops->login(&s.cluster, answer, &p, &s.e), TRANSPORT_E_LOGIN);
    p = (struct person){.says = "opensesame"};
    ck_assert_msg(ops->login(&s.cluster, answer, &p, &s.e) == 0, "%s", s.e.text);
    ck_assert_int_eq(p.asked, 1);
    ck_assert_msg(strstr(p.last, "assword"), "%s", p.last);
    ck_assert_msg(try(&s, ops) == 0, "%s", s.e.text);
    must("grep -q 'Accepted keyboard-interactive' %s/sshd.log", s.sshd.dir);
    must("! grep -rq opensesame %s", s.sshd.dir);
}
END_TEST

static void remove_accounts(void)
{
    if (geteuid() == 0)
        (void)may("userdel -r cfx-password 2>/dev/null; userdel -r cfx-shell 2>/dev/null");
}

START_TEST(names_are_only_names)
{
    static const char *const bad[] = {
        "-oProxyCommand=touch evil", "a b", "$(id)", "a;b", "a\nb", "", "../x", "h`id`"};
    char good[] = "good";
    struct cluster c = {.name = good, .alive_s = 15};
    struct transport *t;
    struct error e;

    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        char name[64];

        snprintf(name, sizeof name, "%s", bad[i]);
        c.host = name;
        c.user = NULL;
        ck_assert_int_eq(ops->open(&t, &c, &e), -EINVAL);
        ck_assert_int_eq(transport_openssh.open(&t, &c, &e), -EINVAL);
        c.host = c.name;
        c.user = name;
        ck_assert_int_eq(ops->open(&t, &c, &e), -EINVAL);
        ck_assert_msg(strstr(e.text, "is no user name"), "%s", e.text);
    }
}
END_TEST

START_TEST(without_a_master_openssh_says_how_to_start_one)
{
    _cleanup_(sitep) struct site s;
    char path[100];

    site_open(&s, NULL, NULL);
    snprintf(path, sizeof path, "%s/master", s.sshd.dir);
    s.cluster.control_path = path;
    ck_assert_int_eq(try(&s, &transport_openssh), TRANSPORT_E_LOGIN);
    ck_assert_msg(strstr(s.e.text, "ssh -M -S"), "%s", s.e.text);
    must("! grep -q Accepted %s/sshd.log", s.sshd.dir);
}
END_TEST

START_TEST(a_jump_host_is_gone_through)
{
    _cleanup_(sitep) struct site s;

    site_open(&s, NULL, NULL);
    must("cd %s && printf 'ProxyCommand ssh -F %s/.ssh/config -W %%%%h:%%%%p jump\\n' "
         ">>.ssh/config && "
         "printf 'Host jump\\n HostName 127.0.0.1\\n Port %u\\n User %s\\n IdentityFile %s/id\\n"
         " UserKnownHostsFile %s/.ssh/known_hosts\\n' >>.ssh/config",
         s.sshd.dir, s.sshd.dir, s.sshd.port, s.sshd.user, s.sshd.dir, s.sshd.dir);
    ck_assert_msg(try(&s, ops) == 0, "%s", s.e.text);
    must("[ $(grep -c 'Accepted publickey' %s/sshd.log) = 2 ]", s.sshd.dir);
}
END_TEST

START_TEST(a_silent_host_is_given_up)
{
    _cleanup_(sitep) struct site s;
    int64_t begin;

    site_open(&s, NULL, NULL);
    s.cluster.alive_s = 1;
    kill(s.sshd.pid, SIGSTOP);
    begin = clock_mono_ns();
    ck_assert_int_eq(try(&s, ops), TRANSPORT_E_NOT_RUN);
    ck_assert_int_lt(clock_mono_ns() - begin, 4 * NS_PER_S);
    begin = clock_mono_ns();
    ck_assert_int_eq(try(&s, &transport_openssh), TRANSPORT_E_NOT_RUN);
    ck_assert_int_lt(clock_mono_ns() - begin, 4 * NS_PER_S);
    kill(s.sshd.pid, SIGCONT);
    sshd_end(&s.sshd);
    ck_assert_int_eq(try(&s, ops), TRANSPORT_E_NOT_RUN);
    ck_assert_msg(strstr(s.e.text, "refused"), "%s", s.e.text);
    sshd_begin(&s.sshd);
    s.cluster.alive_s = 15;
    ck_assert_msg(try(&s, ops) == 0, "%s", s.e.text);
}
END_TEST

/* What the account's shell is told; sshd hands it to that shell as it would to a login shell. */
static const char *const shells[] = {
    "/bin/sh -c \"$SSH_ORIGINAL_COMMAND\"",
    "/bin/bash -c \"$SSH_ORIGINAL_COMMAND\"",
    "/usr/bin/tcsh -c \"$SSH_ORIGINAL_COMMAND\"",
    "/usr/bin/fish -c \"$SSH_ORIGINAL_COMMAND\"",
    "printf 'Welcome!\\n\\0\\377 no newline'; echo bad >&2; "
    "exec /bin/sh -c \"$SSH_ORIGINAL_COMMAND\"",
    "head -c 300000 /dev/zero; head -c 100000 /dev/zero >&2; "
    "exec /bin/sh -c \"$SSH_ORIGINAL_COMMAND\"",
    "exec /usr/bin/busybox sh -c \"$SSH_ORIGINAL_COMMAND\"",
};

START_TEST(no_login_shell_does_any_harm)
{
    _cleanup_(sitep) struct site s;
    char force[300];

    snprintf(force, sizeof force, "ForceCommand %s", shells[_i]);
    site_open(&s, NULL, force);
    ck_assert_msg(try(&s, ops) == 0, "%s", s.e.text);
    ck_assert_msg(try(&s, &transport_openssh) == 0, "%s", s.e.text);
}
END_TEST

/* The real thing: an account whose shell it is, with start-up files that are noisy. */
START_TEST(an_account_may_have_any_shell)
{
    static const char *const real[] = {"/usr/bin/tcsh", "/usr/bin/fish", "/bin/bash"};
    _cleanup_(sitep) struct site s;

    if (geteuid() != 0)
        return;
    must("useradd --create-home --shell %s -p '*' cfx-shell", real[_i]);
    must("cd /home/cfx-shell && echo 'echo hello; echo bad >&2 ' >.bashrc && echo 'echo hello' "
         ">.cshrc "
         "&& mkdir -p .config/fish && echo 'echo hello' >.config/fish/config.fish && "
         "chown -R cfx-shell .");
    site_open(&s, "cfx-shell", "");
    ck_assert_msg(try(&s, ops) == 0, "%s", s.e.text);
    ck_assert_msg(try(&s, &transport_openssh) == 0, "%s", s.e.text);
}
END_TEST

START_TEST(an_account_without_a_shell_says_so)
{
    _cleanup_(sitep) struct site s;

    site_open(&s, NULL, "ForceCommand echo This account is closed.; exit 1");
    ck_assert_int_eq(try(&s, ops), TRANSPORT_E_NOT_RUN);
    ck_assert_msg(strstr(s.e.text, "This account is closed."), "%s", s.e.text);
    ck_assert_int_eq(try(&s, &transport_openssh), TRANSPORT_E_NOT_RUN);
    ck_assert_msg(strstr(s.e.text, "This account is closed."), "%s", s.e.text);
}
END_TEST

static void add(Suite *suite, const TTest *test, int n)
{
    TCase *one = tcase_create(test->name);

    tcase_set_timeout(one, 60);
    tcase_add_checked_fixture(one, remove_accounts, remove_accounts);
    tcase_add_loop_test(one, test, 0, n);
    suite_add_tcase(suite, one);
}

int main(void)
{
    const TTest *tests[] = {
        an_unknown_host_key_is_refused_until_somebody_accepts_it,
        a_changed_host_key_is_never_accepted,
        a_revoked_host_key_is_refused,
        a_wrong_key_is_refused,
        a_passphrase_is_asked_for_once,
        a_password_is_asked_for_once,
        questions_are_asked_in_the_words_of_the_host,
        names_are_only_names,
        without_a_master_openssh_says_how_to_start_one,
        a_jump_host_is_gone_through,
        a_silent_host_is_given_up,
        an_account_without_a_shell_says_so,
    };
    Suite *suite = suite_create("login");
    SRunner *runner = srunner_create(suite);
    int failed;

    for (size_t i = 0; i < ARRAY_SIZE(tests); i++)
        add(suite, tests[i], 1);
    add(suite, no_login_shell_does_any_harm, (int)ARRAY_SIZE(shells));
    add(suite, an_account_may_have_any_shell, 3);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
