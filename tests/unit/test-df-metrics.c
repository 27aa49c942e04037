/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit/../../virt-df-live/metrics.h"

#include <glib.h>
#include <glib/gstdio.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static char path[] = "/srv/web1.img";
static struct guest_image image = {.path = path};
static struct guest guest = {.name = (char *)"web1.img", .image_count = 1, .images = &image};

static void add(metrics *self, unsigned partition, uint64_t inodes)
{
    static char fstype[] = "ext4", uuid[] = "1234-abcd";
    const volume v = {
        .kind = VOLUME_PARTITION, .partition = partition, .fstype = {4, fstype}, .uuid = {9, uuid}};
    const struct row row = {.guest = &guest,
                            .volume = &v,
                            .filled = true,
                            .figures = {.size = 4096,
                                        .used = 1024,
                                        .available = 2048,
                                        .inodes = inodes,
                                        .inodes_used = 1,
                                        .inodes_free = inodes - 1}};

    metrics_add_filesystem(self, &row);
}

static void add_guest(metrics *self, enum status status)
{
    const struct question_answer answer = {.status = status};
    const struct guest_answer answered = {.guest = &guest, .answer = &answer, .elapsed = 41999};

    metrics_add_guest(self, &answered, 1795429570);
}

static void each_metric_stands_together(void **state)
{
    metrics *self = metrics_new();

    (void)state;
    add(self, 1, 10);
    add_guest(self, STATUS_OK);
    add(self, 2, 0);
    g_autofree char *text = metrics_text(self);
#define LABELS(n)                                                                                  \
    "{guest=\"web1.img\",image=\"/srv/web1.img\",uuid=\"1234-abcd\",device=\"/dev/sda" n           \
    "\",fstype=\"ext4\"} "
#define GUEST "{guest=\"web1.img\",image=\"/srv/web1.img\""
#define HEADING(name, help) "# HELP " name " " help "\n# TYPE " name " gauge\n"
    assert_string_equal(text, HEADING(
                                  "virt_filesystem_size_bytes", "Size of a filesystem.") "virt_"
                                                                                         "filesyste"
                                                                                         "m_size_"
                                                                                         "byte"
                                                                                         "s" LABELS(
                                                                                             "1") "4"
                                                                                                  "0"
                                                                                                  "9"
                                                                                                  "6"
                                                                                                  "\n"
                                                                                                  "v"
                                                                                                  "i"
                                                                                                  "r"
                                                                                                  "t"
                                                                                                  "_"
                                                                                                  "f"
                                                                                                  "i"
                                                                                                  "l"
                                                                                                  "e"
                                                                                                  "s"
                                                                                                  "y"
                                                                                                  "s"
                                                                                                  "t"
                                                                                                  "e"
                                                                                                  "m"
                                                                                                  "_"
                                                                                                  "s"
                                                                                                  "i"
                                                                                                  "z"
                                                                                                  "e"
                                                                                                  "_"
                                                                                                  "b"
                                                                                                  "y"
                                                                                                  "t"
                                                                                                  "e"
                                                                                                  "s" LABELS("2") "4096\n" HEADING("virt_filesystem_free_bytes", "What is free in it.") "virt_filesystem_free_bytes" LABELS("1") "3072\n"
                                                                                                                                                                                                                                 "virt_filesystem_free_bytes" LABELS("2") "3072\n" HEADING("virt_filesystem_avail_bytes", "What ordinary users may still use.") "virt_filesystem_avail_bytes" LABELS("1") "2048\n"
                                                                                                                                                                                                                                                                                                                                                                                                          "virt_filesystem_avail_bytes" LABELS("2") "2048\n" HEADING("virt_filesystem_files",
                                                                                                                                                                                                                                                                                                                                                                                                                                                                     "Its inodes, where their number is fixed.") "virt_filesystem_files" LABELS("1") "10\n" HEADING("virt_filesystem_files_free",
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                    "Its free inodes.") "virt_filesystem_files_free" LABELS("1") "9\n" HEADING("virt_guest_scan_status",
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                               "1; the label status says how the scan ended.") "virt_guest_scan_status" GUEST
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                               ",status=\"ok\"} 1\n" HEADING("virt_guest_scan_duration_seconds", "From its turn to its answer.") "virt_guest_scan_duration_seconds" GUEST
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                 "} 0.042\n" HEADING(
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                     "virt_guest_last_scan_timestamp_seconds",
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                     "When it was answered for.") "virt_guest_last_scan_timestamp_seconds" GUEST
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                  "} 1795429570\n" HEADING(
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                      "virt_scan_omitted",
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                      "Filesystems and guests that are not in this file.") "virt_scan_omitted 0\n");
    metrics_free(self);
}

/* A name must neither end its label nor its line, and the file must be UTF-8. */
static void names_stay_within_their_labels(void **state)
{
    metrics *self = metrics_new();

    (void)state;
    guest.name = (char *)"a\"} 1\nb\\\xff\xc3\xa9";
    add_guest(self, STATUS_CORRUPT);
    guest.name = (char *)"web1.img";
    g_autofree char *text = metrics_text(self);
    assert_non_null(strstr(text,
                           "virt_guest_scan_status{guest=\"a\\\"} 1\\nb\\\\\xef\xbf\xbd\xc3\xa9\","
                           "image=\"/srv/web1.img\",status=\"corrupt\"} 1\n"));
    assert_true(g_utf8_validate(text, -1, NULL));
    metrics_free(self);
}

static unsigned count(const char *text, const char *what)
{
    unsigned found = 0;

    for (const char *at = text; (at = strstr(at, what)); at++)
        found++;
    return found;
}

static void labels_never_stand_twice(void **state)
{
    metrics *self = metrics_new();

    (void)state;
    add(self, 1, 10);
    add(self, 1, 10);
    add_guest(self, STATUS_OK);
    add_guest(self, STATUS_CRASHED);
    g_autofree char *text = metrics_text(self);
    assert_int_equal(count(text, "virt_filesystem_size_bytes{"), 1);
    assert_int_equal(count(text, "virt_guest_scan_status{"), 1);
    assert_int_equal(metrics_omitted(self), 2);
    assert_non_null(strstr(text, "\nvirt_scan_omitted 2\n"));
    metrics_free(self);
}

static void there_is_a_bound(void **state)
{
    metrics *self = metrics_new();

    (void)state;
    for (unsigned i = 1; i <= METRICS_MAX + 3; i++)
        add(self, i, 0);
    add_guest(self, STATUS_OK); /* has a bound of its own */
    g_autofree char *text = metrics_text(self);
    assert_int_equal(count(text, "virt_filesystem_size_bytes{"), METRICS_MAX);
    assert_int_equal(count(text, "virt_guest_scan_status{"), 1);
    assert_int_equal(metrics_omitted(self), 3);
    metrics_free(self);
}

static void a_file_is_replaced_as_a_whole_or_not_at_all(void **state)
{
    g_autofree char *directory = g_dir_make_tmp("test-metrics.XXXXXX", NULL);
    g_autofree char *file = g_build_filename(directory, "virt.prom", NULL);
    g_autofree char *nowhere = g_build_filename(directory, "none", "virt.prom", NULL);
    g_autofree char *content = NULL;
    AUTO_ERROR error *err = NULL;
    metrics *self = metrics_new();
    GStatBuf st;

    (void)state;
    assert_true(g_file_set_contents(file, "old", -1, NULL));
    g_autofree char *text = metrics_text(self);
    assert_int_equal(metrics_write(self, file, NULL), 0);
    assert_true(g_file_get_contents(file, &content, NULL, NULL));
    assert_string_equal(content, text);
    assert_int_equal(g_stat(file, &st), 0);
    assert_int_equal(metrics_write(self, nowhere, &err), -1);
    assert_non_null(strstr(error_message(err), "--metrics: "));
    assert_int_equal(g_unlink(file), 0);
    assert_int_equal(g_rmdir(directory), 0); /* nothing else was left in it */
    metrics_free(self);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_metric_stands_together),
        cmocka_unit_test(names_stay_within_their_labels),
        cmocka_unit_test(labels_never_stand_twice),
        cmocka_unit_test(there_is_a_bound),
        cmocka_unit_test(a_file_is_replaced_as_a_whole_or_not_at_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
