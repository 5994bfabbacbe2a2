#include "base/crc32c.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

/* Known answers: RFC 3720 appendix B.4, and the usual check value. */
static void known(const void *p, size_t n, uint32_t crc)
{
    ck_assert_uint_eq(crc32c(0, p, n), crc);
    ck_assert_uint_eq(crc32c_portable(0, p, n), crc);
}

START_TEST(the_known_answers_come_out_with_and_without_the_processor)
{
    unsigned char block[32];
    unsigned i;

    known("", 0, 0);
    known("123456789", 9, 0xe3069283u);
    memset(block, 0, sizeof(block));
    known(block, sizeof(block), 0x8a9136aau);
    memset(block, 0xff, sizeof(block));
    known(block, sizeof(block), 0x62a8ab43u);
    for (i = 0; i < 32; i++)
        block[i] = (unsigned char)i;
    known(block, sizeof(block), 0x46dd794eu);
    for (i = 0; i < 32; i++)
        block[i] = (unsigned char)(31 - i);
    known(block, sizeof(block), 0x113fdb5cu);
}
END_TEST

START_TEST(pieces_give_the_checksum_of_the_whole_wherever_they_are_cut)
{
    unsigned char data[100];
    uint32_t whole, a, b;
    size_t cut;

    for (cut = 0; cut < sizeof(data); cut++)
        data[cut] = (unsigned char)(cut * 37 + 11);
    whole = crc32c(0, data, sizeof(data));
    for (cut = 0; cut <= sizeof(data); cut++) {
        a = crc32c(crc32c(0, data, cut), data + cut, sizeof(data) - cut);
        b = crc32c_portable(crc32c_portable(0, data, cut), data + cut,
                            sizeof(data) - cut);
        ck_assert_uint_eq(a, whole);
        ck_assert_uint_eq(b, whole);
    }
}
END_TEST

START_TEST(long_data_give_the_same_with_and_without_the_processor)
{
    static unsigned char data[20000];
    uint32_t x = 1;
    size_t n;

    for (n = 0; n < sizeof(data); n++)
        data[n] = (unsigned char)((x = x * 1103515245u + 12345u) >> 16);
    for (n = 3000; n < sizeof(data); n += 97)
        ck_assert_uint_eq(crc32c(9, data + n % 8, n - 8),
                          crc32c_portable(9, data + n % 8, n - 8));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("crc32c");
    TCase *tc = tcase_create("crc32c");
    SRunner *runner;
    int failed;

    tcase_add_test(tc,
                   the_known_answers_come_out_with_and_without_the_processor);
    tcase_add_test(tc,
                   pieces_give_the_checksum_of_the_whole_wherever_they_are_cut);
    tcase_add_test(tc, long_data_give_the_same_with_and_without_the_processor);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
