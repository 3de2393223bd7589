/*
 * test_mailbox.c - letters arrive once, in order, and wake the one who sleeps on the descriptor
 */
#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#include "clustrixfs/mailbox.h"
#include "unit.h"

#define LETTERS 100000
#define SENDERS 2

struct note {
    struct letter letter;
    unsigned      sender, number;
};

struct sender {
    struct mailbox *mailbox;
    unsigned        who;
    pthread_t       thread;
};

static struct note *note_new(unsigned sender, unsigned number)
{
    struct note *n = calloc(1, sizeof(*n));

    ck_assert_ptr_nonnull(n);
    n->sender = sender;
    n->number = number;
    return n;
}

static struct mailbox *mailbox_new(void)
{
    struct mailbox *m;

    ck_assert_int_eq(mailbox_create(&m), 0);
    return m;
}

static int readable(const struct mailbox *m, int timeout_ms)
{
    struct pollfd p = { .fd = mailbox_fd(m), .events = POLLIN };

    return poll(&p, 1, timeout_ms);
}

START_TEST(readable_exactly_while_there_is_a_letter)
{
    struct mailbox *m = mailbox_new();

    ck_assert_ptr_null(mailbox_take(m));
    ck_assert_int_eq(readable(m, 0), 0);
    for (unsigned i = 0; i < 3; i++) {
        mailbox_post(m, &note_new(0, i)->letter);
        ck_assert_int_eq(readable(m, 0), 1);
    }
    struct letter *l = mailbox_take(m);
    ck_assert_int_eq(readable(m, 0), 0);
    ck_assert_ptr_null(mailbox_take(m));
    for (unsigned i = 0; i < 3; i++) {
        struct note *n = container_of(l, struct note, letter);
        ck_assert_uint_eq(n->number, i);
        l = l->next;
        free(n);
    }
    ck_assert_ptr_null(l);
    mailbox_destroy(m);
    mailbox_destroy(NULL);
}
END_TEST

static void *send_all(void *arg)
{
    const struct sender *s = arg;

    for (unsigned i = 0; i < LETTERS; i++)
        mailbox_post(s->mailbox, &note_new(s->who, i)->letter);
    return NULL;
}

/* Sleeps on the descriptor before each take: a wake-up that got lost would be a time-out here. */
START_TEST(two_senders_one_receiver)
{
    struct mailbox *m = mailbox_new();
    struct sender   senders[SENDERS];
    unsigned        next[SENDERS] = { 0 }, seen = 0;

    for (unsigned i = 0; i < SENDERS; i++) {
        senders[i] = (struct sender){ .mailbox = m, .who = i };
        ck_assert_int_eq(pthread_create(&senders[i].thread, NULL, send_all, &senders[i]), 0);
    }
    while (seen < SENDERS * LETTERS) {
        ck_assert_int_eq(readable(m, 10000), 1);
        struct letter *l = mailbox_take(m);
        ck_assert_ptr_nonnull(l);
        while (l) {
            struct note *n = container_of(l, struct note, letter);
            l = l->next;
            if (n->number != next[n->sender]++)
                ck_abort_msg("letter %u of sender %u came too early", n->number, n->sender);
            seen++;
            free(n);
        }
    }
    ck_assert_int_eq(readable(m, 0), 0);
    for (unsigned i = 0; i < SENDERS; i++)
        pthread_join(senders[i].thread, NULL);
    mailbox_destroy(m);
}
END_TEST

static void *post_one(void *arg)
{
    mailbox_post(arg, &note_new(0, 0)->letter);
    return NULL;
}

/* Who has the letter may destroy the mailbox: the sender does not touch it any more. */
START_TEST(the_receiver_may_destroy_it)
{
    for (int i = 0; i < 300; i++) {
        struct mailbox *m = mailbox_new();
        struct letter  *l;
        pthread_t       thread;

        ck_assert_int_eq(pthread_create(&thread, NULL, post_one, m), 0);
        while (!(l = mailbox_take(m)))
            ck_assert_int_eq(readable(m, 10000), 1);
        mailbox_destroy(m);
        pthread_join(thread, NULL);
        free(container_of(l, struct note, letter));
    }
}
END_TEST

UNIT_MAIN("mailbox", { readable_exactly_while_there_is_a_letter, two_senders_one_receiver,
                       the_receiver_may_destroy_it })
