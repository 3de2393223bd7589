/*
 * spec.h - what the user asked for
 *
 * spec_parse() turns bytes that may hold anything into a struct spec or a sentence with line and
 * column. It is pure: no file, no clock (but `now` for begin), no global. A spec is a value; who
 * has it owns all that hangs from it and gives it back with spec_free().
 */
#ifndef CLUSTRIXFS_SPEC_H
#define CLUSTRIXFS_SPEC_H

#include <stdbool.h>
#include <stdint.h>

#include "clustrixfs/buf.h"
#include "clustrixfs/error.h"

#define SPEC_SIZE_MAX (1024 * 1024)

/* One bit for each key of the spec, in the order of the manual. */
enum spec_key {
    KEY_COMMAND, KEY_SCRIPT, KEY_ARGS, KEY_STDIN, KEY_NAME, KEY_CLUSTER, KEY_CORES, KEY_NODES,
    KEY_TASKS, KEY_MEMORY, KEY_TIME, KEY_GPUS, KEY_PARTITION, KEY_ACCOUNT, KEY_QOS, KEY_PRIORITY,
    KEY_BEGIN, KEY_EXCLUSIVE, KEY_CONSTRAINT, KEY_ARRAY, KEY_AFTER, KEY_ENV, KEY_MODULES,
    KEY_BEFORE, KEY_INPUTS, KEY_OUTPUTS, KEY_WORKDIR, KEY_IMAGE, KEY_RETRIES, KEY_NATIVE,
    SPEC_KEY_COUNT
};
#define KEY_BIT(k) (UINT64_C(1) << (k))

enum spec_form { SPEC_SCRIPT, SPEC_JSON };

/* Whose directive or option a native one is, so that only that scheduler gets it. */
enum spec_language { LANG_ANY, LANG_SLURM, LANG_PBS, LANG_SGE, LANG_COUNT };

enum after_when { AFTER_COMPLETED, AFTER_ANY, AFTER_FAILED, AFTER_WHEN_COUNT };

struct spec_after {
    enum after_when when;
    char           *job; /* a job number or a job name */
};

struct spec_pair {
    char *key, *value;
};

struct spec_output {
    char *glob, *to; /* to: NULL keeps it with the job */
};

struct spec_native {
    enum spec_language language; /* LANG_ANY: from "native", for whatever scheduler it is */
    char              *option;   /* "--reservation=x", one option with its value          */
};

/* Array elements as inclusive ranges with a step, ascending and disjoint. */
struct spec_range {
    uint32_t first, last, step;
};

struct spec {
    enum spec_form form;
    uint64_t       given; /* KEY_BIT of every key that was there */

    char       *command;     /* for /bin/sh -c; or NULL                              */
    struct strv argv;        /* the command as an array; or empty                    */
    char       *script;      /* the script's text with its #! line; or NULL          */
    size_t      script_len;
    char       *script_file; /* "file:NAME": NAME among the staged inputs; or NULL   */
    struct strv args;
    char       *input;       /* bytes for standard input; NULL: /dev/null            */
    size_t      input_len;

    char *name, *cluster; /* NULL: not said */

    uint32_t cores, nodes, tasks, gpus; /* 0: not said; cores is for each task */
    uint64_t memory;                    /* bytes on each node, 0: not said     */
    uint64_t time_s;                    /* seconds of wall clock, 0: no limit  */

    char   *partition, *account, *qos, *constraint;
    int32_t priority;
    int64_t begin_s; /* seconds since the epoch, 0: at once */
    bool    exclusive;

    struct spec_range *ranges; /* NULL: not an array */
    size_t             n_ranges;
    uint32_t           throttle; /* how many elements at a time, 0: no limit */

    struct spec_after  *after;
    size_t              n_after;
    struct spec_pair   *env;
    size_t              n_env;
    struct strv         modules, before, inputs;
    struct spec_output *outputs;
    size_t              n_outputs;
    char               *workdir, *image;
    uint32_t            retries;
    struct spec_native *native;
    size_t              n_native;

    struct strv warnings; /* sentences for check/: what was understood only in part */
};

/* Where a sentence points: both count from 1; 0 when it is about the whole. Columns are bytes. */
struct spec_place {
    unsigned line, column;
};

enum {
    SPEC_E_INCOMPLETE = 1, /* it may become a spec if more is written: not a job yet, no error */
};

/*
 * Parse what was written. `now_s` turns "begin": "+2h" into a time.
 *
 * Returns 0 and a spec in *sp; SPEC_E_INCOMPLETE (JSON that is not closed, a script with no
 * command yet, nothing at all), with the sentence in e; or -EINVAL (-E2BIG over SPEC_SIZE_MAX,
 * -ENOMEM) with a sentence in e that carries "line L, column C: " and the nearest valid key, and
 * the place in *at. `at` may be NULL.
 */
int  spec_parse(struct spec **sp, struct span text, int64_t now_s, struct spec_place *at,
                struct error *e) must_check;
void spec_free(struct spec *spec);
DEFINE_CLEANUP(specp, struct spec *, spec_free);

/*
 * For a document that arrives in pieces: 0 while it may still become a spec, else the error that
 * spec_parse() would give and its sentence. Cheap: called in every write().
 */
int spec_scan(struct span text, struct spec_place *at, struct error *e) must_check;

/* "memory" for KEY_MEMORY. */
const char *spec_key_name(enum spec_key key);

/* How many elements; 0 when it is not an array. And the i-th index. */
uint32_t spec_array_size(const struct spec *spec);
uint32_t spec_array_index(const struct spec *spec, uint32_t i);

#endif
