/*
 * parse.h - what the files of the spec parser share; nobody outside of words/ includes it
 *
 * A spec arrives in several voices: the keys of a JSON object, #CLUSTRIX lines, and the options
 * of three schedulers. All of them end in the same table of keys (spec-keys.c), whose rows know
 * how to take a value, as JSON or as text. struct parse is what travels along: the spec so far,
 * the place that is looked at, and who said what.
 */
#ifndef CLUSTRIXFS_WORDS_PARSE_H
#define CLUSTRIXFS_WORDS_PARSE_H

#include <stdbool.h>
#include <stdint.h>

#include "clustrixfs/buf.h"
#include "clustrixfs/error.h"
#include "clustrixfs/spec.h"

struct cJSON;

/* Who speaks. Of two that disagree the later one in this list counts. */
enum voice { VOICE_NONE, VOICE_FOREIGN, VOICE_CLUSTRIX, VOICE_JSON };

/* What an amount is for, where a scheduler counts otherwise than a spec: directives_settle(). */
enum per { PER_AS_IT_IS, PER_CORE, PER_TASK, PER_NODE, PER_JOB };

/* Who gave a key, and where. */
struct said {
    enum voice voice;
    unsigned   line;
    size_t     at;
    enum per   per; /* not PER_AS_IT_IS: `amount` has yet to be converted */
    uint64_t   amount;
};

#define AT_WHOLE SIZE_MAX /* the sentence is about the document, not about a place in it */

struct parse {
    struct spec  *spec;
    struct span   text;   /* the document; places are offsets into it                   */
    const char   *within; /* put before "line 3" in warnings: "" or "\"script\", "      */
    size_t        at;     /* what is being looked at, or AT_WHOLE                       */
    unsigned      line;   /* of a script's directive, counted along; 0: look it up      */
    const char   *what;   /* what it is called there: "queue", --time; for the sentences */
    enum voice    voice;
    int64_t       now_s;
    unsigned      n_options;      /* in all directives so far                           */
    uint32_t      throttle;       /* of -tc, which may come before the array; 0: none   */
    uint32_t      tasks_per_node; /* counts where nobody says "tasks"; 0: not said      */
    size_t        tasks_per_node_at;
    struct said   said[SPEC_KEY_COUNT];
    struct error *e;
};

enum {
    PARSE_E_SKIP = 1,   /* somebody whose word counts for more has said this already */
    PARSE_E_NATIVE = 2, /* what was said has no translation, or not a complete one   */
};

/* ---- parse.c: sentences and growing things ---- */

/* Write the sentence, without a place; -EINVAL. */
int parse_fail(struct parse *p, const char *fmt, ...) printf_like(2, 3) must_check;
/* Add "line L: " and a sentence to spec->warnings, up to a hundred of them. 0 or -ENOMEM. */
int parse_warn(struct parse *p, const char *fmt, ...) printf_like(2, 3) must_check;

/*
 * Before a key is set: 0, and it is noted as given; PARSE_E_SKIP (with a warning); or -EINVAL,
 * given twice. Keys that are lists grow with each directive instead.
 */
int parse_claim(struct parse *p, enum spec_key key) must_check;

/* A piece of the user's text, cut and made printable for a sentence. */
struct shown {
    char text[64];
};
struct shown shown(struct span s);

/* Copy `s` to *slot, freeing what was there. 0 or -ENOMEM. */
int set_string(char **slot, struct span s) must_check;
/* Room for one more element of `size` behind the `n` in *array. 0 or -ENOMEM. */
int grow(void *array, size_t n, size_t size) must_check;

bool utf8_valid(struct span s);
bool has_control(struct span s); /* a byte below blank, or DEL */
struct span span_trim(struct span s);
struct span span_from(struct span s, size_t start);
bool        span_starts(struct span s, const char *prefix);
/* Cut `*rest` at the next `separator`; false when nothing is left. "a,," gives "a", "", "". */
bool span_cut(struct span *rest, char separator, struct span *item);

/* ---- spec-keys.c: the table ---- */

struct key;

/* How the values of a kind of key are taken; spec-values.c, spec-lists.c and others. */
struct kind {
    int (*json)(struct parse *p, const struct key *key, const struct cJSON *j);
    /* NULL: cannot be said in a script */
    int (*text)(struct parse *p, const struct key *key, struct span text);
    /* `key.member=text`; NULL: has none */
    int (*member)(struct parse *p, const struct key *key, struct span member, struct span text);
    bool adds; /* each directive adds to what is there */
};

struct key {
    const char        *name;
    const struct kind *kind;
    size_t             field; /* where in struct spec */
    int64_t            least, most;
    bool (*check)(struct span text); /* of strings; NULL: any that is not empty */
    const char *wants;               /* completes `"cores" has to be ...`       */
    bool        may_default;         /* "default_cores" is another name for it  */
};

extern const struct key spec_keys[SPEC_KEY_COUNT];

enum spec_key key_of(const struct key *key);
/* By name or by another name for the same; NULL. */
const struct key *key_named(struct span name);
/* `"memmory" is not a key (did you mean "memory"?)`; -EINVAL. */
int key_unknown(struct parse *p, struct span name) must_check;
/* `"cores" has to be a whole number ...`; -EINVAL. */
int key_wants(struct parse *p, const struct key *key) must_check;

static inline unused_arg void *key_field(struct parse *p, const struct key *key)
{
    return (char *)p->spec + key->field;
}

extern const struct kind kind_string, kind_count, kind_signed, kind_memory, kind_time, kind_flag;
extern const struct kind kind_args, kind_list, kind_lines, kind_env, kind_outputs, kind_native;
extern const struct kind kind_command, kind_script, kind_stdin;
extern const struct kind kind_array, kind_after, kind_begin;

/* ---- one file each ---- */

bool check_name(struct span s);
bool check_env_name(struct span s);

int env_add(struct parse *p, struct span name, struct span value) must_check;
int after_add(struct parse *p, enum after_when when, struct span job) must_check;
int native_add(struct parse *p, enum spec_language language, struct span option) must_check;
/* Seconds since the epoch out of "[[CC]YY]MMDDhhmm[.SS]" or "hhmm[.SS]", local time; -EINVAL. */
int begin_compact(struct span text, int64_t now_s, int64_t *out) must_check;

/* The document as JSON object; as script; and the directives of any script's text. */
int  json_read(struct parse *p) must_check;
int  script_read(struct parse *p) must_check;
int  script_directives(struct parse *p) must_check;
int  script_scan(struct span text, size_t *at, struct error *e) must_check;
bool script_has_command(struct span text);

/* ---- directives.c: the languages of scripts ---- */

/* One word of a directive line, without its quotes, and where it stands in the document. */
struct word {
    struct span text;
    size_t      at, end;
};

struct option {
    const char *name;  /* "--time"                          */
    const char *brief; /* "-t", or NULL                     */
    int         takes; /* how many words; OPTION_INLINE_ONLY: `--name` or `--name=value` */
    /*
     * NULL: it has no translation and is kept as it is. Returns 0, PARSE_E_SKIP, PARSE_E_NATIVE
     * (keep it as it is, too) or an error. `value` has `takes` elements; NULL when there is none.
     */
    int (*read)(struct parse *p, const struct option *o, const struct word *value);
    enum spec_key key;  /* for read_key()                 */
    const char   *note; /* for read_noted() and the like  */
};
#define OPTION_INLINE_ONLY (-1)

struct dialect {
    enum spec_language   language;
    const char          *sign;    /* "#SBATCH"       */
    const char          *program; /* whose options   */
    bool                 glues;   /* -c4 is -c 4     */
    const struct option *options;
    size_t               n;
};

extern const struct dialect dialect_slurm, dialect_pbs, dialect_sge;

/* One more option: 0, or -EINVAL when there are more than any script has. */
int count_option(struct parse *p) must_check;
/* One line that begins with `d->sign`; `line` is part of p->text. */
int directive_line(struct parse *p, const struct dialect *d, struct span line) must_check;
int directive_clustrix(struct parse *p, struct span line) must_check;
/* After the last line: amounts per core, per node and per job become what a spec counts in. */
int directives_settle(struct parse *p) must_check;

/* Readers that several dialects share. */
int read_key(struct parse *p, const struct option *o, const struct word *value) must_check;
int read_noted(struct parse *p, const struct option *o, const struct word *value) must_check;
int read_refused(struct parse *p, const struct option *o, const struct word *value) must_check;
int read_env(struct parse *p, const struct option *o, const struct word *value) must_check;
int read_dependency(struct parse *p, const struct option *o, const struct word *value) must_check;
int read_compact_time(struct parse *p, const struct option *o, const struct word *value) must_check;

/* Set a key from a piece of an option's value. */
int take_text(struct parse *p, enum spec_key key, struct span text) must_check;
int take_count(struct parse *p, enum spec_key key, uint64_t n, enum per per) must_check;
int take_amount(struct parse *p, enum spec_key key, struct span text, enum per per) must_check;
int take_memory(struct parse *p, struct span text, uint64_t unit, enum per per) must_check;
int take_time(struct parse *p, struct span text, bool minutes) must_check;

/* "walltime=1:00:00,mem=4gb" of -l: each is looked up; the others are kept, one by one. */
struct resource {
    const char *name;
    int (*read)(struct parse *p, struct span value);
};
int take_resources(struct parse *p, const struct dialect *d, const struct resource *table, size_t n,
                   const struct word *value) must_check;

#endif
