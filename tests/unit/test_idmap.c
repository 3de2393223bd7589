/*
 * test_idmap.c - the map against a plain array, through many random puts and takes
 */
#include "unit.h"

#include "idmap.h"

#define KEYS 4096

START_TEST(it_agrees_with_an_array)
{
    static char    *plain[KEYS];
    static char     values[KEYS];
    struct idmap    m = IDMAP_INIT;
    size_t          n = 0;
    unsigned        seed = 17;

    for (int i = 0; i < 200000; i++) {
        unsigned k = (unsigned)rand_r(&seed) % (KEYS - 1) + 1;
        uint64_t key = (uint64_t)k << 20;

        if (rand_r(&seed) % 2) {
            n += !plain[k];
            plain[k] = &values[(unsigned)rand_r(&seed) % KEYS];
            ck_assert_int_eq(idmap_put(&m, key, plain[k]), 0);
        } else {
            n -= plain[k] != NULL;
            ck_assert_ptr_eq(idmap_take(&m, key), plain[k]);
            plain[k] = NULL;
        }
        ck_assert_uint_eq(m.n, n);
    }
    for (unsigned k = 1; k < KEYS; k++)
        ck_assert_ptr_eq(idmap_get(&m, (uint64_t)k << 20), plain[k]);
    idmap_release(&m);
}
END_TEST

START_TEST(an_emptied_map_is_small_again)
{
    struct idmap m = IDMAP_INIT;
    char         c;

    for (uint64_t k = 1; k <= 100000; k++)
        ck_assert_int_eq(idmap_put(&m, k, &c), 0);
    for (uint64_t k = 1; k <= 100000; k++)
        ck_assert_ptr_eq(idmap_take(&m, k), &c);
    ck_assert_uint_le(m.alloc, 16);
    idmap_release(&m);
}
END_TEST

START_TEST(sorted_it_has_all_in_order)
{
    struct idmap m = IDMAP_INIT;
    char         values[1000];

    for (uint64_t k = 1000; k >= 1; k--)
        ck_assert_int_eq(idmap_put(&m, k * k, &values[k - 1]), 0);
    idmap_sort(&m);
    ck_assert_uint_eq(m.n, 1000);
    for (uint64_t k = 1; k <= 1000; k++) {
        ck_assert_uint_eq(m.v[k - 1].key, k * k);
        ck_assert_ptr_eq(m.v[k - 1].value, &values[k - 1]);
    }
    idmap_release(&m);
    idmap_sort(&m);
    ck_assert_uint_eq(m.n, 0);
}
END_TEST

UNIT_MAIN("idmap", {
    it_agrees_with_an_array,
    an_emptied_map_is_small_again,
    sorted_it_has_all_in_order,
})
