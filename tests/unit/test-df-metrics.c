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

/* Of two filesystems, the second without a fixed number of inodes, and their guest. */
static const char expected[] =
    "# HELP virt_filesystem_size_bytes Size of a filesystem.\n"
    "# TYPE virt_filesystem_size_bytes gauge\n"
    "virt_filesystem_size_bytes{guest=\"web1.img\",image=\"/srv/"
    "web1.img\",uuid=\"1234-abcd\",device=\"/dev/sda1\",fstype=\"ext4\"} 4096\n"
    "virt_filesystem_size_bytes{guest=\"web1.img\",image=\"/srv/"
    "web1.img\",uuid=\"1234-abcd\",device=\"/dev/sda2\",fstype=\"ext4\"} 4096\n"
    "# HELP virt_filesystem_free_bytes What is free in it.\n"
    "# TYPE virt_filesystem_free_bytes gauge\n"
    "virt_filesystem_free_bytes{guest=\"web1.img\",image=\"/srv/"
    "web1.img\",uuid=\"1234-abcd\",device=\"/dev/sda1\",fstype=\"ext4\"} 3072\n"
    "virt_filesystem_free_bytes{guest=\"web1.img\",image=\"/srv/"
    "web1.img\",uuid=\"1234-abcd\",device=\"/dev/sda2\",fstype=\"ext4\"} 3072\n"
    "# HELP virt_filesystem_avail_bytes What ordinary users may still use.\n"
    "# TYPE virt_filesystem_avail_bytes gauge\n"
    "virt_filesystem_avail_bytes{guest=\"web1.img\",image=\"/srv/"
    "web1.img\",uuid=\"1234-abcd\",device=\"/dev/sda1\",fstype=\"ext4\"} 2048\n"
    "virt_filesystem_avail_bytes{guest=\"web1.img\",image=\"/srv/"
    "web1.img\",uuid=\"1234-abcd\",device=\"/dev/sda2\",fstype=\"ext4\"} 2048\n"
    "# HELP virt_filesystem_files Its inodes, where their number is fixed.\n"
    "# TYPE virt_filesystem_files gauge\n"
    "virt_filesystem_files{guest=\"web1.img\",image=\"/srv/web1.img\",uuid=\"1234-abcd\",device=\"/"
    "dev/sda1\",fstype=\"ext4\"} 10\n"
    "# HELP virt_filesystem_files_free Its free inodes.\n"
    "# TYPE virt_filesystem_files_free gauge\n"
    "virt_filesystem_files_free{guest=\"web1.img\",image=\"/srv/"
    "web1.img\",uuid=\"1234-abcd\",device=\"/dev/sda1\",fstype=\"ext4\"} 9\n"
    "# HELP virt_guest_scan_status 1; the label status says how the scan ended.\n"
    "# TYPE virt_guest_scan_status gauge\n"
    "virt_guest_scan_status{guest=\"web1.img\",image=\"/srv/web1.img\",status=\"ok\"} 1\n"
    "# HELP virt_guest_scan_duration_seconds From its turn to its answer.\n"
    "# TYPE virt_guest_scan_duration_seconds gauge\n"
    "virt_guest_scan_duration_seconds{guest=\"web1.img\",image=\"/srv/web1.img\"} 0.042\n"
    "# HELP virt_guest_last_scan_timestamp_seconds When it was answered for.\n"
    "# TYPE virt_guest_last_scan_timestamp_seconds gauge\n"
    "virt_guest_last_scan_timestamp_seconds{guest=\"web1.img\",image=\"/srv/web1.img\"} "
    "1795429570\n"
    "# HELP virt_scan_omitted Filesystems and guests that are not in this file.\n"
    "# TYPE virt_scan_omitted gauge\n"
    "virt_scan_omitted 0\n";

static void each_metric_stands_together(void **state)
{
    metrics *self = metrics_new();

    (void)state;
    add(self, 1, 10);
    add_guest(self, STATUS_OK);
    add(self, 2, 0);
    g_autofree char *text = metrics_text(self);
    assert_string_equal(text, expected);
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
