/*
 * test_spec_script.c - specs that are scripts: each directive of each language, and where they end
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "spec_text.h"
#include "unit.h"

#define SH(directives) "#!/bin/sh\n" directives "\ntrue\n"
#define CX(text) SH("#CLUSTRIX " text)
#define SB(text) SH("#SBATCH " text)
#define PBS(text) SH("#PBS " text)
#define GE(text) SH("#$ " text)

#define MB "1048576"
#define GB "1073741824"
#define GB4 "4294967296"
#define OUTPUT "the output is in jobs/<id>/stdout and jobs/<id>/stderr instead"

// clang-format off
static const struct good clustrix[] = {
    { SH(""), "" },
    { "#! /usr/bin/env python3\n\nprint(1)", "" },
    { "#!/bin/sh\necho \xff\xfe\n", "" },
    { CX("cores=4"), "cores=4" },
    { CX("  cores = 4\t"), "cores=4" },
    { SH("#CLUSTRIX\tname=\"my job\""), "name=my job" },
    { CX("cluster=hpc"), "cluster=hpc" },
    { CX("nodes=2") , "nodes=2" },
    { CX("memory=4GB"), "memory=" GB4 },
    { CX("time=90"), "time=90" },
    { CX("time=1-12:00"), "time=129600" },
    { CX("queue=long"), "partition=long" },
    { CX("default_cores=2"), "cores=2" },
    { CX("priority=-5"), "priority=-5" },
    { CX("begin=+2h"), "begin=1764597600" },
    { CX("exclusive=yes"), "exclusive=1" },
    { CX("exclusive=false"), "" },
    { CX("array=0-9%2"), "0-9:1 throttle=2" },
    { CX("after=17, prepare"), "completed(17) completed(prepare)" },
    { CX("after.any=1,2"), "any(1) any(2)" },
    { CX("after=1") "#CLUSTRIX after=2\n",
      "completed(1) warn[line 4: this directive has no effect, since it comes after "
      "the first command; move it up]" },
    { SH("#CLUSTRIX after=1\n#CLUSTRIX after.failed=2"), "completed(1) failed(2)" },
    { CX("env.A=1, 2 # 3"), "env.A=1, 2 # 3" },
    { CX("env=A=1"), "env.A=1" },
    { SH("#CLUSTRIX env.A=\n#CLUSTRIX env.B=x=y"), "env.A= env.B=x=y" },
    { CX("modules=gcc/12,mpi"), "module[gcc/12] module[mpi]" },
    { SH("#CLUSTRIX before=a, b\n#CLUSTRIX before=c"), "before[a, b] before[c]" },
    { CX("inputs=a,b"), "input[a] input[b]" },
    { CX("outputs=*.csv,log/*"), "output[*.csv -> ] output[log/* -> ]" },
    { CX("args=--a,b c"), "arg[--a] arg[b c]" },
    { CX("stdin=hello"), "stdin=hello" },
    { CX("workdir=/scratch"), "workdir=/scratch" },
    { CX("image=python:3.12"), "image=python:3.12" },
    { CX("retries=3"), "retries=3" },
    { CX("native=--reservation=x"), "any{--reservation=x}" },
    { SH("# comment\n\n  \n#CLUSTRIX cores=1\n#\n#CLUSTRIX gpus=2"), "cores=1 gpus=2" },
    { SH("##CLUSTRIX cores=x\n# CLUSTRIX cores=x\n#CLUSTRIXFS is good\n #CLUSTRIX cores=x"), "" },
    { "#!/bin/sh\ntrue\n#PBS looks like prose\n#$ echo\n#$HOME\n", "" },
    { "#!/bin/sh\ntrue\n#$ -N late\n#$ -N later\n",
      "warn[line 3: this directive has no effect, since it comes after the first command; "
      "move it up]" },
};

static const struct good slurm[] = {
    { SB("--job-name=train"), "name=train" },
    { SB("-J train"), "name=train" },
    { SB("-Jtrain"), "name=train" },
    { SB("--job-name \"my job\""), "name=my job" },
    { SB("--job-name='a \\b'"), "name=a \\b" },
    { SB("--job-name=a\\ b"), "name=a b" },
    { SB("--partition=a,b"), "partition=a,b" },
    { SB("-p debug -A phys --qos=high -q low"), "partition=debug account=phys qos=low "
      "warn[line 2: -q replaces what line 2 says]" },
    { SB("--time=30"), "time=1800" },
    { SB("-t 1-12:00:00"), "time=129600" },
    { SB("-t 10:30"), "time=630" },
    { SB("-t UNLIMITED"), "" },
    { SB("--nodes=2"), "nodes=2" },
    { SB("-N2-4"), "slurm{-N2-4}" },
    { SB("-n 8 -c 4"), "cores=4 tasks=8" },
    { SB("-c4"), "cores=4" },
    { SB("--nodes=2 --ntasks-per-node=4"), "nodes=2 tasks=8 slurm{--ntasks-per-node=4}" },
    { SB("--ntasks-per-node=4 --ntasks=6"), "tasks=6 slurm{--ntasks-per-node=4}" },
    { SB("--mem=4G"), "memory=" GB4 },
    { SB("--mem=1"), "memory=" MB },
    { SB("--mem=0"), "slurm{--mem=0}" },
    { SB("--mem-per-cpu=1G"), "memory=" GB },
    { SH("#SBATCH --mem-per-cpu=1G\n#SBATCH -c 2\n#SBATCH -n 5\n#SBATCH -N 3"),
      "cores=2 nodes=3 tasks=5 memory=" GB4 },
    { SB("--gpus=2"), "gpus=2" },
    { SB("-G a100:2"), "gpus=2 slurm{-G a100:2}" },
    { SB("--gpus=a100:1,v100:1"), "slurm{--gpus=a100:1,v100:1}" },
    { SB("--gres=gpu:1 -N 2"), "nodes=2 gpus=2" },
    { SB("--gres=gpu"), "gpus=1" },
    { SB("--gres=gpu:v100:2"), "gpus=2 slurm{--gres=gpu:v100:2}" },
    { SB("--gres=scratch:10"), "slurm{--gres=scratch:10}" },
    { SB("--gpus-per-node=2 --nodes=2"), "nodes=2 gpus=4" },
    { SB("--gpus-per-task=1 -n 3"), "tasks=3 gpus=3" },
    { SB("--array=0-15:5%2"), "0-15:5 throttle=2" },
    { SB("-a 1,3,5"), "1-5:2" },
    { SB("--dependency=afterok:20:21,afterany:22"), "completed(20) completed(21) any(22)" },
    { SB("-d afternotok:7"), "failed(7)" },
    { SB("-d singleton"), "slurm{-d singleton}" },
    { SB("-d afterok:1?afterok:2"), "slurm{-d afterok:1?afterok:2}" },
    { SB("-d aftercorr:1,afterok:2"), "slurm{-d aftercorr:1,afterok:2}" },
    { SB("--begin=2026-12-01T08:00:00"), "begin=1796112000" },
    { SB("-b now+1hour"), "begin=1764594000" },
    { SB("-b 18:30"), "begin=1764613800" },
    { SB("--exclusive"), "exclusive=1" },
    { SB("--exclusive=user"), "slurm{--exclusive=user}" },
    { SB("-C \"a&b\" --priority=10 -D /tmp"), "constraint=a&b priority=10 workdir=/tmp" },
    { SB("--export=A=1,B=x=y"), "env.A=1 env.B=x=y" },
    { SB("--export=ALL"), "slurm{--export=ALL}" },
    { SB("--export=ALL,A=1"), "env.A=1 slurm{--export=ALL}" },
    { SB("--export=A=1,HOME"), "env.A=1 warn[line 2: --export: HOME has no value here, since "
      "the environment of a shell that submits is not known; write HOME=VALUE]" },
    { SB("--requeue"), "slurm{--requeue}" },
    { SB("--mail-type=END --mail-user=me@x"), "slurm{--mail-type=END} slurm{--mail-user=me@x}" },
    { SB("--comment \"a b\" # why"), "slurm{--comment \"a b\"}" },
    { SB("--output=%j.out"), "warn[line 2: --output: " OUTPUT "]" },
    { SB("-e err"), "warn[line 2: -e: " OUTPUT "]" },
    { SB("--tiem=5"), "slurm{--tiem=5} warn[line 2: --tiem is no option of sbatch that is known "
      "here (did you mean --time?); it is passed on as it is]" },
    { SB("--frobnicate a b -c 2"),
      "cores=2 slurm{--frobnicate a b} warn[line 2: --frobnicate is no option of sbatch "
      "that is known here; it is passed on as it is]" },
    { SH("#SBATCH -c 2\n#SBATCH -c 4"), "cores=4 warn[line 3: -c replaces what line 2 says]" },
    { SH("#SBATCH -c 2\n#CLUSTRIX cores=4"), "cores=4" },
    { SH("#CLUSTRIX cores=4\n#SBATCH -c 2"),
      "cores=4 warn[line 3: -c has no effect: \"cores\" is given by a #CLUSTRIX line]" },
    { SH("#SBATCH --mem-per-cpu=1G\n#SBATCH -c 4\n#CLUSTRIX memory=1G"), "cores=4 memory=" GB },
};

static const struct good pbs[] = {
    { PBS("-N train"), "name=train" },
    { PBS("-Ntrain -q batch -A phys -p 5"), "name=train partition=batch account=phys priority=5" },
    { PBS("-l walltime=01:30:00"), "time=5400" },
    { PBS("-l walltime=3600,mem=4gb"), "memory=" GB4 " time=3600" },
    { PBS("-l ncpus=4,ngpus=1"), "cores=4 gpus=1" },
    { PBS("-l nodes=2:ppn=4"), "nodes=2 tasks=8" },
    { PBS("-l nodes=1:ppn=4:gpus=1"), "nodes=1 tasks=4 gpus=1" },
    { PBS("-l nodes=1:ppn=4:bigmem"), "nodes=1 tasks=4 pbs{-l nodes=1:ppn=4:bigmem}" },
    { PBS("-l nodes=n01+n02"), "pbs{-l nodes=n01+n02}" },
    { PBS("-l nodes=n01:ppn=4"), "pbs{-l nodes=n01:ppn=4}" },
    { PBS("-l select=1:ncpus=8:mem=16gb:ngpus=2"), "cores=8 nodes=1 memory=17179869184 gpus=2" },
    { PBS("-l select=2:ncpus=8:mpiprocs=4:mem=1gb"), "cores=2 nodes=2 tasks=8 memory=" GB },
    { PBS("-l select=4:ncpus=8"), "cores=8 nodes=4 tasks=4" },
    { PBS("-l select=ncpus=2"), "cores=2 nodes=1" },
    { PBS("-l select=1:ncpus=2:host=a"), "cores=2 nodes=1 pbs{-l select=1:ncpus=2:host=a}" },
    { PBS("-l select=1:ncpus=2+1:ncpus=4"), "pbs{-l select=1:ncpus=2+1:ncpus=4}" },
    { PBS("-l nodes=2,mem=8gb"), "nodes=2 tasks=2 memory=" GB4 },
    { PBS("-l place=scatter,file=1gb"), "pbs{-l place=scatter} pbs{-l file=1gb}" },
    { PBS("-J 0-9:3"), "0-9:3" },
    { PBS("-t 1,2,3"), "1-3:1" },
    { PBS("-W depend=afterok:17:18"), "completed(17) completed(18)" },
    { PBS("-W umask=022"), "pbs{-W umask=022}" },
    { PBS("-a 12020800"), "begin=1764662400" },
    { PBS("-a 1301"), "begin=1764594060" },
    { PBS("-a 202612010800.30"), "begin=1796112030" },
    { PBS("-v A=1,B=2"), "env.A=1 env.B=2" },
    { PBS("-V"), "warn[line 2: -V: the environment of a shell that submits is not known here; "
      "use -v NAME=VALUE]" },
    { PBS("-j oe"), "warn[line 2: -j: " OUTPUT "]" },
    { PBS("-o out"), "warn[line 2: -o: " OUTPUT "]" },
    { PBS("-m abe -M me@x"), "pbs{-m abe} pbs{-M me@x}" },
    { PBS("-y x"), "pbs{-y x} warn[line 2: -y is no option of qsub that is known here; it is "
      "passed on as it is]" },
};

static const struct good sge[] = {
    { GE("-N train -q all.q -P phys"), "name=train partition=all.q account=phys" },
    { GE("-l h_rt=01:00:00"), "time=3600" },
    { GE("-l h_rt=3600,h_vmem=1G"), "memory=" GB " time=3600" },
    { GE("-l mem_free=1G -pe smp 4"), "cores=4 memory=" GB4 " sge{-pe smp 4}" },
    { GE("-pe mpi 4-8"), "sge{-pe mpi 4-8}" },
    { GE("-l gpu=2,s_rt=60"), "gpus=2 sge{-l s_rt=60}" },
    { GE("-tc 3 -t 1-10:2"), "1-9:2 throttle=3" },
    { GE("-hold_jid 17,prepare"), "any(17) any(prepare)" },
    { GE("-p -10 -a 12020800"), "priority=-10 begin=1764662400" },
    { GE("-cwd"), "warn[line 2: -cwd: a job runs in its own directory; see \"workdir\"]" },
    { GE("-V -S /bin/bash"),
      "warn[line 2: -V: the environment of a shell that submits is not known here; "
      "use -v NAME=VALUE] warn[line 2: -S: the first line of the script says what runs it]" },
    { GE("-v A=1"), "env.A=1" },
    { GE("-j y -o out"), "warn[line 2: -j: " OUTPUT "] warn[line 2: -o: " OUTPUT "]" },
    { GE("-notify -m e"), "sge{-notify} sge{-m e}" },
    { GE("-wd /scratch"), "workdir=/scratch" },
    { GE("-Ntrain"),
      "sge{-Ntrain} warn[line 2: -Ntrain is no option of qsub that is known here; "
      "it is passed on as it is]" },
    { GE("-hold_jd 5"), "sge{-hold_jd 5} warn[line 2: -hold_jd is no option of qsub that is known "
      "here (did you mean -hold_jid?); it is passed on as it is]" },
};

static const struct bad bads[] = {
    { "#!/bin/sh\r\necho\r\n", 1, 10, "sed -i 's/\\r$//' FILE" },
    { "#!/bin/sh\ntrue\r\n", 2, 5, "CR LF" },
    { "#!\ntrue\n", 1, 3, "interpreter" },
    { "#!python3\ntrue\n", 1, 3, "full path" },
    { CX("cores"), 2, 1, "key=value" },
    { CX(""), 2, 1, "key=value" },
    { CX("memmory=4G"), 2, 11, "\"memmory\" is not a key (did you mean \"memory\"?)" },
    { CX("cores=four"), 2, 17, "\"cores\" has to be a whole number" },
    { CX("cores="), 2, 11, "\"cores\" has to be a whole number" },
    { CX("cores=4 memory=8G"), 2, 17, "there is another key in its value" },
    { CX("name=a/b"), 2, 16, "1 to 200 bytes" },
    { CX("command=ls"), 2, 11, "cannot be given in a script" },
    { CX("script=ls"), 2, 11, "cannot be given in a script" },
    { CX("name.x=1"), 2, 11, "has no members" },
    { CX("env.1A=x"), 2, 18, "no name of a variable" },
    { CX("env=A"), 2, 15, "NAME=VALUE" },
    { CX("after.later=1"), 2, 23, "no condition" },
    { SH("#CLUSTRIX cores=1\n#CLUSTRIX cores=2"), 3, 11, "is given twice" },
    { SH("#CLUSTRIX env.A=1\n#CLUSTRIX env.A=2"), 3, 17, "A is given twice" },
    { CX("name=\xff"), 2, 1, "UTF-8" },
    { SB("--job-name=\xc3"), 2, 1, "UTF-8" },
    { SB("hetjob"), 2, 9, "\"hetjob\" is not an option" },
    { SB("--job-name=\"a"), 2, 9, "a quote is opened" },
    { SB("-c 4 --time"), 2, 14, "--time needs a value" },
    { SB("--requeue=yes"), 2, 9, "--requeue takes no value" },
    { SB("--time=soon"), 2, 16, "--time has to be a time" },
    { SB("-t soon"), 2, 12, "-t has to be a time" },
    { SB("--nodes=x-y"), 2, 17, "--nodes has to be a whole number" },
    { SB("--nodes=0"), 2, 17, "--nodes has to be" },
    { SB("-cfour"), 2, 11, "-c has to be a whole number" },
    { SB("--mem=lots"), 2, 15, "--mem has to be an amount" },
    { SB("--gres=gpu:x"), 2, 16, "--gres has to be a whole number" },
    { SB("-d afterok"), 2, 12, "afterok needs the number of a job" },
    { SB("--begin=later"), 2, 17, "--begin has to be a time" },
    { SB("--array=x"), 2, 17, "--array has to be" },
    { SB("--wrap=\"ls -l\""), 2, 16, "--wrap: is for sbatch's command line" },
    { SB("--chdir=here"), 2, 17, "--chdir has to be an absolute path" },
    { SB("--ntasks-per-node=1000000 -N 1000000"), 2, 27, "\"tasks\" would be more" },
    { SB("--mem-per-cpu=9000000T -c 1000000"), 2, 23, "--mem-per-cpu has to be" },
    { SB("--mem-per-cpu=8000T -c 1000000"), 2, 23, "\"memory\" would be more" },
    { PBS("-l walltime=x"), 2, 9, "walltime has to be a time" },
    { PBS("-q a -l ncpus=x"), 2, 14, "ncpus has to be a whole number" },
    { PBS("-l ncpus=1,,mem=1"), 2, 17, "an empty item" },
    { PBS("-l select=1:ncpus=x"), 2, 9, "select has to be a whole number" },
    { PBS("-l select=2:ncpus=4:mpiprocs=0"), 2, 9, "select has to be" },
    { PBS("-I"), 2, 6, "interactive" },
    { PBS("-a tomorrow"), 2, 9, "MMDDhhmm" },
    { GE("-pe smp"), 2, 4, "-pe needs a value" },
    { GE("-pe smp x"), 2, 12, "-pe has to be a whole number" },
    { GE("-tc 0"), 2, 8, "-tc has to be" },
    { GE("-l h_vmem=x"), 2, 7, "h_vmem has to be an amount" },
};

static const char *const incompletes[] = {
    "", "#", "#!", "#!/bin/sh", "#!/bin/sh\n", "#!/bin/sh\n# only\n\n#CLUSTRIX cores=4\n",
    "#!/bin/sh\n#SBATCH --ti", " \n\t", "#!/bin/sh\n#SBATCH -c x",
};
// clang-format on

static void expect_goods(const struct good *rows, size_t n)
{
    for (size_t i = 0; i < n; i++)
        expect_good(&rows[i]);
}

START_TEST(clustrix_rows)
{
    expect_goods(clustrix, ARRAY_SIZE(clustrix));
}
END_TEST

START_TEST(slurm_rows)
{
    expect_goods(slurm, ARRAY_SIZE(slurm));
}
END_TEST

START_TEST(pbs_rows)
{
    expect_goods(pbs, ARRAY_SIZE(pbs));
}
END_TEST

START_TEST(sge_rows)
{
    expect_goods(sge, ARRAY_SIZE(sge));
}
END_TEST

START_TEST(bad_rows)
{
    for (size_t i = 0; i < ARRAY_SIZE(bads); i++)
        expect_bad(&bads[i], -EINVAL);
}
END_TEST

START_TEST(not_a_job_yet)
{
    for (size_t i = 0; i < ARRAY_SIZE(incompletes); i++) {
        const struct bad row = { incompletes[i], 0, 0, "" };
        expect_bad(&row, SPEC_E_INCOMPLETE);
        ck_assert_int_eq(spec_scan(span_str(incompletes[i]), NULL, NULL), 0);
    }
}
END_TEST

START_TEST(no_beginning_fails_the_scan)
{
    static const char text[] = "#!/bin/bash\n#SBATCH -J \"a b\"\n\n#CLUSTRIX env.A=1\n"
                               "srun \xff ./a\n";

    for (size_t len = 0; len < sizeof(text); len++) {
        struct span beginning = { text, len };
        ck_assert_int_eq(spec_scan(beginning, NULL, NULL), 0);
    }
}
END_TEST

START_TEST(bytes_are_kept)
{
    static const char text[] = "#!/bin/sh\n#SBATCH -c 2\n  echo \xff \t\n\n";
    struct spec *spec = NULL;

    ck_assert_int_eq(spec_parse(&spec, SPAN_LIT(text), 0, NULL, NULL), 0);
    ck_assert_int_eq(spec->form, SPEC_SCRIPT);
    ck_assert_uint_eq(spec->script_len, sizeof(text) - 1);
    ck_assert_mem_eq(spec->script, text, sizeof(text));
    ck_assert_uint_eq(spec->given, KEY_BIT(KEY_SCRIPT) | KEY_BIT(KEY_CORES));
    spec_free(spec);
}
END_TEST

START_TEST(nul_is_refused)
{
    struct spec *spec = NULL;
    struct spec_place at;
    struct error e = ERROR_INIT;

    ck_assert_int_eq(spec_parse(&spec, SPAN_LIT("#!/bin/sh\necho \0\n"), 0, &at, &e), -EINVAL);
    ck_assert_uint_eq(at.line, 2);
    ck_assert_uint_eq(at.column, 6);
    ck_assert_int_eq(spec_scan(SPAN_LIT("#!/bin/sh\necho \0"), &at, &e), -EINVAL);
}
END_TEST

/* Whatever a mebibyte of directives asks for has to be over soon; the limit is Check's. */
static int parse_many(const char *first, const char *each, const char *last, struct spec **spec,
                      struct error *e)
{
    _cleanup_(bufp) struct buf text = BUF_INIT;

    buf_add_str(&text, first);
    while (text.len < SPEC_SIZE_MAX - 100)
        buf_add_str(&text, each);
    buf_add_str(&text, last);
    ck_assert_int_eq(buf_error(&text), 0);
    return spec_parse(spec, buf_span(&text), 0, NULL, e);
}

START_TEST(hostile_sizes)
{
    struct spec *spec = NULL;
    struct error e = ERROR_INIT;

    ck_assert_int_eq(parse_many("#!/bin/sh\n", "#SBATCH --tiem\n", "true\n", &spec, &e), -EINVAL);
    ck_assert_ptr_nonnull(strstr(e.text, "more than 1000 directives"));
    ck_assert_int_eq(parse_many("#!/bin/sh\n#SBATCH", " -c1", "\ntrue\n", &spec, &e), -EINVAL);
    ck_assert_int_eq(parse_many("#!/bin/sh\n", "#CLUSTRIX after=1\n", "x\n", &spec, &e), -EINVAL);
    ck_assert_int_eq(parse_many("#!/bin/sh\n#PBS -v A=1", ",B", "\ntrue\n", &spec, &e), 0);
    ck_assert_uint_eq(spec->warnings.n, 101);
    spec_free(spec);
    spec = NULL;
    ck_assert_int_eq(parse_many("#!/bin/sh\n#PBS -l a", ",b", "\ntrue\n", &spec, &e), 0);
    ck_assert_uint_gt(spec->n_native, 100000);
    spec_free(spec);
}
END_TEST

UNIT_MAIN("spec_script", { clustrix_rows, slurm_rows, pbs_rows, sge_rows, bad_rows, not_a_job_yet,
                           no_beginning_fails_the_scan, bytes_are_kept, nul_is_refused,
                           hostile_sizes })
