#include "app/log.h"

#include "support/suite.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct {
    const char *text, *shown;
} cases[] = {
    { "exited with code 1", "exited with code 1" },
    { "Zoë läuft, 再起動", "Zoë läuft, 再起動" },
    { "web\n2026-11-27 info all is well",
      "web\\u{a}2026-11-27 info all is well" },
    { "\x1b[2J\x7f\t", "\\u{1b}[2J\\u{7f}\\u{9}" },
    { "a\xc2\x85\xc2\x9b"
      "31m",
      "a\\u{85}\\u{9b}31m" },
    { "\xe2\x80\xaa\xe2\x80\xae"
      "bew\xe2\x80\xac",
      "\\u{202a}\\u{202e}bew\\u{202c}" },
    { "\xe2\x81\xa6x\xe2\x81\xa9", "\\u{2066}x\\u{2069}" },
    { "\xe2\x80\x8f\xd8\x9c\xe2\x80\xa8", "\\u{200f}\\u{61c}\\u{2028}" },
    { "\xe2\x80\xaf\xe2\x81\xa5\xc2\xa0", "\xe2\x80\xaf\xe2\x81\xa5\xc2\xa0" },
    { "cut \xe2\x80", "cut \xef\xbf\xbd" },
};

START_TEST(what_acts_on_a_terminal_is_shown_and_nothing_else)
{
    struct buf out;

    buf_init(&out, BUF_NO_CAP);
    log_plain(slice_str(cases[_i].text), &out);
    ck_assert_str_eq(buf_cstr(&out), cases[_i].shown);
    buf_release(&out);
}
END_TEST

START_TEST(a_sentence_is_one_line_whatever_was_named)
{
    char line[256] = "";
    FILE *file = tmpfile();
    int kept = dup(STDERR_FILENO);

    ck_assert_ptr_nonnull(file);
    dup2(fileno(file), STDERR_FILENO);
    log_warn(0, "probe: container %s: x", "a\nb\xe2\x80\xae");
    dup2(kept, STDERR_FILENO);
    close(kept);
    rewind(file);
    ck_assert_ptr_nonnull(fgets(line, sizeof(line), file));
    ck_assert_str_eq(line, "1970-01-01T00:00:00.000Z warn probe: container "
                           "a\\u{a}b\\u{202e}: x\n");
    ck_assert_ptr_null(fgets(line, sizeof(line), file));
    fclose(file);
}
END_TEST

int main(void)
{
    static const TTest **const tests[] = {
        &a_sentence_is_one_line_whatever_was_named,
    };
    const struct suite_table tables[] = {
        { &what_acts_on_a_terminal_is_shown_and_nothing_else,
          sizeof(cases) / sizeof(*cases) },
    };

    return RUN_SUITE_WITH("app_log", NULL, NULL, tests, tables);
}
