#include "app/zones.h"
#include "support/suite.h"

#include <stdio.h>
#include <sys/stat.h>

static struct zones zones;

static void setup(void)
{
    zones_init(&zones);
}

static void teardown(void)
{
    zones_release(&zones);
}

static struct slice tzif(const char *name)
{
    return zones.port.tzif(zones.port.self, slice_str(name));
}

static bool has_zones(void)
{
    struct stat about;

    return stat("/usr/share/zoneinfo/Europe/Berlin", &about) == 0;
}

START_TEST(a_zone_of_the_system_is_read_once_and_kept)
{
    struct slice file;

    if (!has_zones())
        return;
    file = tzif("Europe/Berlin");
    ck_assert_uint_gt(file.n, 44);
    ck_assert_mem_eq(file.p, "TZif", 4);
    ck_assert_ptr_eq(tzif("Europe/Berlin").p, file.p);
    ck_assert_ptr_ne(tzif("UTC").p, file.p);
    ck_assert_ptr_eq(tzif("Europe/Berlin").p, file.p);
}
END_TEST

static const char *const no_zones[] = {
    "",
    "Mars/Olympus",
    "Europe", /* a directory */
    "A name of more than two hundred bytes: "
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    "A",
};

START_TEST(what_is_no_zone_has_no_data)
{
    ck_assert_ptr_null(tzif(no_zones[_i]).p);
    ck_assert_ptr_null(tzif(no_zones[_i]).p);
}
END_TEST

START_TEST(names_that_strangers_make_up_are_in_nobodys_way)
{
    char name[32];
    int i;

    for (i = 0; i < 5000; i++) {
        snprintf(name, sizeof(name), "Made/Up%d", i);
        ck_assert_ptr_null(tzif(name).p);
    }
    ck_assert_ptr_null(zones.zone);
    if (has_zones())
        ck_assert_ptr_nonnull(tzif("Europe/Berlin").p);
}
END_TEST

START_TEST(the_version_is_that_of_the_systems_data)
{
    char version[40];

    zones_version(version, sizeof(version));
    if (version[0]) {
        ck_assert_uint_ge(strlen(version), 5);
        ck_assert_int_eq(strncmp(version, "20", 2), 0);
    }
}
END_TEST

static const TTest **const tests[] = {
    &a_zone_of_the_system_is_read_once_and_kept,
    &names_that_strangers_make_up_are_in_nobodys_way,
    &the_version_is_that_of_the_systems_data,
};

static const struct suite_table tables[] = {
    { &what_is_no_zone_has_no_data, sizeof(no_zones) / sizeof(*no_zones) },
};

int main(void)
{
    return RUN_SUITE_WITH("zones", setup, teardown, tests, tables);
}
