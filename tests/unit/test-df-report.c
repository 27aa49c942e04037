/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* With arguments FILE ROWS: writes a page of so many filesystems instead, for tests in a browser.
 */
#include "unit/../../virt-df-live/report.h"

#include <glib.h>
#include <glib/gstdio.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static char *page_of(report *self)
{
    const struct report_run run = {.took = 61500000, .accel = "tcg", .appliances = 2};
    g_autofree char *directory = g_dir_make_tmp("test-report.XXXXXX", NULL);
    g_autofree char *path = g_build_filename(directory, "report.html", NULL);
    char *text = NULL;

    assert_int_equal(report_write(self, &run, path, NULL), 0);
    assert_true(g_file_get_contents(path, &text, NULL, NULL));
    assert_int_equal(g_unlink(path), 0);
    assert_int_equal(g_rmdir(directory), 0); /* nothing else was left in it */
    return text;
}

/* A partition of 1000 MiB, so much of which is used. */
static void add_volume(report *self, const struct guest *guest, unsigned partition,
                       const char *label, unsigned percent)
{
    static char fstype[] = "ext4";
    static const char *const points[] = {"", "/boot", "/", "/var/lib/postgresql"};
    const char *mountpoint = points[partition % 4];
    const uint64_t mib = 1 << 20;
    const volume v = {.kind = VOLUME_PARTITION,
                      .partition = partition,
                      .fstype = {4, fstype},
                      .mountpoint = {(u_int)strlen(mountpoint), (char *)(uintptr_t)mountpoint},
                      .label = {(u_int)strlen(label), (char *)(uintptr_t)label}};
    const struct row row = {.guest = guest,
                            .volume = &v,
                            .filled = true,
                            .figures = {.size = 1000 * mib,
                                        .used = percent * 10 * mib,
                                        .available = (100 - percent) * 9 * mib,
                                        .inodes = 1000,
                                        .inodes_used = percent}};

    assert_int_equal(report_add_volume(self, &row), 0);
}

/* A guest with so many, all alike. failure: it failed. */
static void add_guest(report *self, const char *name, unsigned volumes, const char *label,
                      unsigned percent, const char *failure)
{
    AUTO_FREE char *own = strdup(name), *path = g_strdup_printf("/srv/%s", name);
    struct guest_image image = {.path = path};
    struct guest guest = {.name = own, .image_count = 1, .images = &image};
    const struct row failed = {.guest = &guest,
                               .status = STATUS_UNREADABLE,
                               .message = failure,
                               .message_length = failure ? strlen(failure) : 0};
    const struct question_answer answer = {.status = failure ? STATUS_UNREADABLE : STATUS_OK};
    const struct guest_answer answered = {.guest = &guest, .answer = &answer};

    for (unsigned i = 1; i <= volumes; i++)
        add_volume(self, &guest, i, label, percent);
    assert_int_equal(report_add_guest(self, &answered, failure ? &failed : NULL, failure != NULL),
                     0);
}

static void add(report *self, const char *name, const char *label, unsigned percent,
                const char *failure)
{
    add_guest(self, name, failure ? 0 : 1, label, percent, failure);
}

static unsigned count(const char *text, const char *what)
{
    unsigned found = 0;

    for (const char *at = text; (at = strstr(at, what)); at++)
        found++;
    return found;
}

static void the_fullest_is_first_and_failures_have_reasons(void **state)
{
    report *self = report_new(NULL);

    (void)state;
    add(self, "half.img", "", 50, NULL);
    add(self, "full.img", "", 95, NULL);
    add(self, "much.img", "", 85, NULL);
    add(self, "gone.img", "", 0, "open: No such file or directory");
    g_autofree char *page = page_of(self);
    report_free(self);

    const char *full = strstr(page, ">full.img<td>"), *much = strstr(page, ">much.img<td>"),
               *half = strstr(page, ">half.img<td>");
    assert_true(full && much && half && full < much && much < half);
    assert_non_null(strstr(page, "<tr class=\"crit\"><td title=\"/srv/full.img&#10;\">full.img<td>"
                                 "/dev/sda1<td>/boot<td>ext4<td><td data-key=\"1024000\">1000M<td "
                                 "data-key=\"972800\">950M<td data-key=\"46080\">45M<td "
                                 "data-key=\"95.0\">"));
    assert_int_equal(count(page, "<tr class=\"warn\">"), 2); /* of the filesystem, of the guest */
    assert_non_null(strstr(page, "<td>unreadable<td>open: No such file or directory</td>"));
    assert_non_null(strstr(page, "data-count=\"1\"><dt>Guests that failed</dt><dd>1</dd>"));
    assert_non_null(strstr(page, "<title>Filesystems of 4 guests, "));
    assert_non_null(strstr(page, "took 1 min 1 s. 2 appliances (tcg). Journals were replayed"));
}

static void limits_are_those_of_the_check(void **state)
{
    const struct check_limits limits = {.warn = 30, .crit = 96};
    report *self = report_new(&limits);

    (void)state;
    add(self, "half.img", "", 50, NULL);
    add(self, "full.img", "", 96, NULL);
    g_autofree char *page = page_of(self);
    report_free(self);
    assert_int_equal(count(page, "<tr class=\"crit\">"), 0);
    assert_int_equal(count(page, "<tr class=\"warn\">"), 4);
    assert_non_null(strstr(page, "<dt>Above 30%</dt><dd>2</dd>"));
}

static void names_stay_text(void **state)
{
    static const char nasty[] = "</script><script>alert(1)</script>\"'<img src=x onerror=alert(2)>";
    report *self = report_new(NULL);

    (void)state;
    g_autofree char *clean = page_of(self);
    add(self, nasty, nasty, 10, NULL);
    add(self, nasty, nasty, 0, nasty);
    g_autofree char *page = page_of(self);
    report_free(self);
    assert_int_equal(count(page, "<script"), count(clean, "<script"));
    assert_int_equal(count(page, "<img"), 0);
    assert_int_equal(count(page, "&lt;img src=x onerror=alert(2)&gt;"), 10);
}

/* In the head, before anything that it would hold for; no word that would weaken it. */
static void the_policy_lets_nothing_else_in(void **state)
{
    report *self = report_new(NULL);

    (void)state;
    g_autofree char *page = page_of(self);
    report_free(self);
    const char *policy = strstr(page, "<meta http-equiv=\"Content-Security-Policy\" "
                                      "content=\"default-src 'none'; style-src 'sha256-");
    assert_non_null(policy);
    assert_true(policy < strstr(page, "<style"));
    assert_int_equal(count(page, "unsafe"), 0);
    assert_int_equal(count(page, "style=\""), 0);
    assert_int_equal(count(page, "http://") + count(page, "https://"), 0);
}

static void there_is_a_bound_and_the_fullest_are_kept(void **state)
{
    report *self = report_new(NULL);

    (void)state;
    for (unsigned i = 0; i < REPORT_MAX + 2; i++)
        add(self, "some.img", "", 50, NULL);
    add(self, "full.img", "", 99, NULL);
    g_autofree char *page = page_of(self);
    report_free(self);
    assert_int_equal(count(page, "<tr class=\"fine\">"), 2 * (REPORT_MAX - 1));
    assert_int_equal(count(page, "<tr class=\"crit\">"), 2);
    assert_non_null(strstr(page, "data-count=\"3\">; 3 less full ones are left out"));
}

static void what_was_there_stays_where_it_cannot_be_written(void **state)
{
    const struct report_run run = {.accel = ""};
    AUTO_ERROR error *err = NULL;
    report *self = report_new(NULL);

    (void)state;
    assert_int_equal(report_write(self, &run, "/proc/none/report.html", &err), -1);
    assert_non_null(strstr(error_message(err), "--html: "));
    report_free(self);
}

/* Of every fullness, four of a guest, and some guests that failed. */
static int write_page(const char *path, unsigned rows)
{
    const struct report_run run = {.took = 123400000, .accel = "tcg", .appliances = 40};
    static const char *const labels[] = {"root", "", "data", "boot", "a label of some length"};
    report *self = report_new(NULL);

    for (unsigned i = 0; i < rows / 4; i++) {
        g_autofree char *name = g_strdup_printf("host%02u/web%05u.qcow2", i % 20, i);
        add_guest(self, strchr(name, '/') + 1, 4, labels[i % 5], i * 7919 % 101, NULL);
        if (i % 100 == 99)
            add(self, name, "", 0, "open: Permission denied");
    }
    add(self, "<img src=x onerror=\"document.title='owned'\">", "<b>bold</b>", 97, NULL);
    add(self, "right-to-left \xe2\x80\xae gmi.\xe2\x80\xac end", "", 96, NULL);
    add(self,
        "a name of a length that no column has, so that one sees what becomes of it, in the "
        "table and on a phone.qcow2",
        "", 91, NULL);
    int result = report_write(self, &run, path, NULL);
    report_free(self);
    return result < 0 ? 1 : 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_fullest_is_first_and_failures_have_reasons),
        cmocka_unit_test(limits_are_those_of_the_check),
        cmocka_unit_test(names_stay_text),
        cmocka_unit_test(the_policy_lets_nothing_else_in),
        cmocka_unit_test(there_is_a_bound_and_the_fullest_are_kept),
        cmocka_unit_test(what_was_there_stays_where_it_cannot_be_written),
    };
    if (argc == 3)
        return write_page(argv[1], (unsigned)strtoul(argv[2], NULL, 10));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
