/*
 * site.h - a place where real jobs run: a ROOT of its own, the real keeper, nothing in between
 */
#ifndef CLUSTRIXFS_TESTS_SITE_H
#define CLUSTRIXFS_TESTS_SITE_H

#include "clustrixfs/record.h"
#include "clustrixfs/transport.h"

#define TOKEN "cfxabcdefghijkl"
#define RUN TOKEN "/attempt1"

struct site {
    char              root[64];
    const char       *keeper;
    struct transport *transport;
    struct buf        plan;
};

#define SITE_INIT { .plan = BUF_INIT }

/* $KEEPER is the keeper. Makes ROOT/TOKEN/files. */
void site_open(struct site *s);
/* Ends every job that still runs, and removes everything. */
void sitep_cleanup(struct site *s);

/* A file of the job, as a printf() would make it. "script" is executable. */
void site_write(struct site *s, const char *name, const char *fmt, ...) printf_like(3, 4);
/* The whole of a file below ROOT. */
void site_read(struct site *s, const char *path, struct buf *out);

/* The plan of a script: argv is `script`, and what site_plan() adds ("time=1"). */
void site_script(struct site *s, const char *script);
void site_plan(struct site *s, const char *key, const char *value);

/* "KEEPER start ROOT RUN" and so on; `word` NULL or what goes before ROOT. The answer, whole. */
void site_ask(struct site *s, const char *verb, const char *word, const char *run, struct buf *out);
/* The word that `look` has for the run. */
void site_look(struct site *s, const char *run, char word[32]);

void site_put_plan(struct site *s);

/* Write the plan, start the run and see it started. */
void site_start(struct site *s, const char *run);
/* Wait until a file below ROOT is there. */
void site_await(struct site *s, const char *path);
/* Wait for the run's end. */
void site_end(struct site *s, const char *run, struct record *r);
/* site_start() and site_end(). */
void site_run(struct site *s, const char *run, struct record *r);
void site_record(struct site *s, const char *run, const char *which, struct record *r);

#endif
