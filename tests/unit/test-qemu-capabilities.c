/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What libvirt has found out about QEMU, carried from one root to the next. */
#include "libvirt/qemu-capabilities.h"

#include "base/cleanup.h"
#include "base/file-tree.h"
#include "base/text-format.h"
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h> /* needs the above */

static const char cache[] = "cache/qemu/capabilities";

struct fixture {
    char top[32];
    char first[64], second[64], kept[64]; /* two roots, and the directory of a template */
};

static void make_file(const char *directory, const char *name, const char *text)
{
    char path[192];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    AUTO_FILE FILE *file = fopen(path, "we");
    assert_non_null(file);
    fputs(text, file);
}

/* What is in the file, or NULL. */
static const char *read_file(const char *directory, const char *name)
{
    static char text[64];
    char path[192];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    AUTO_FILE FILE *file = fopen(path, "re");
    return file ? fgets(text, sizeof text, file) : NULL;
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    char path[192];
    strcpy(f->top, "/tmp/vlt-cap.XXXXXX");
    *state = f;
    if (!mkdtemp(f->top))
        return -1;
    snprintf(f->first, sizeof f->first, "%s/first", f->top);
    snprintf(f->second, sizeof f->second, "%s/second", f->top);
    snprintf(f->kept, sizeof f->kept, "%s/kept", f->top);
    snprintf(path, sizeof path, "mkdir -p %s/%s %s", f->first, cache, f->second);
    return system(path);
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    file_tree_remove(AT_FDCWD, f->top);
    free(f);
    return 0;
}

static void in_cache(const char *root, char *path, size_t length)
{
    snprintf(path, length, "%s/%s", root, cache);
}

static void they_go_from_root_to_root(void **state)
{
    struct fixture *f = *state;
    char place[128];
    in_cache(f->first, place, sizeof place);
    make_file(place, "1234.xml", "probed");
    assert_int_equal(qemu_capabilities_keep(f->first, f->kept, NULL), 0);
    assert_int_equal(qemu_capabilities_provide(f->kept, f->second), 0);
    in_cache(f->second, place, sizeof place);
    assert_string_equal(read_file(place, "1234.xml"), "probed");
}

/* What a domain needs of those that can be read; the others as they are. */
static void they_may_be_kept_in_part(void **state)
{
    struct fixture *f = *state;
    const struct capabilities_subset use = {"tcg", "q35"};
    char place[128];
    in_cache(f->first, place, sizeof place);
    make_file(place, "1234.xml",
              "<qemuCaps><cpu type='kvm'/><machine type='tcg' name='q35'/></qemuCaps>");
    make_file(place, "5678.xml", "of a later format");
    assert_int_equal(qemu_capabilities_keep(f->first, f->kept, &use), 0);
    assert_string_equal(read_file(f->kept, "5678.xml"), "of a later format");
    AUTO_FREE char *path = text_format("%s/1234.xml", f->kept);
    AUTO_FILE FILE *file = path ? fopen(path, "re") : NULL;
    char text[256] = "";
    assert_non_null(file);
    assert_true(fread(text, 1, sizeof text - 1, file) > 0);
    assert_non_null(strstr(text, "<qemuCaps><machine type=\"tcg\" name=\"q35\"/></qemuCaps>"));
}

static void a_root_without_any_is_an_error(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(qemu_capabilities_keep(f->second, f->kept, NULL), -ENOENT);
    assert_int_equal(qemu_capabilities_provide("/nowhere", f->second), -ENOENT);
}

static void our_note_is_not_libvirts(void **state)
{
    struct fixture *f = *state;
    char place[128];
    assert_int_equal(qemu_capabilities_keep(f->first, f->kept, NULL), 0);
    assert_false(qemu_capabilities_read_only(f->kept));
    assert_int_equal(qemu_capabilities_note_read_only(f->kept), 0);
    assert_true(qemu_capabilities_read_only(f->kept));
    assert_int_equal(qemu_capabilities_provide(f->kept, f->second), 0);
    in_cache(f->second, place, sizeof place);
    assert_null(read_file(place, "memory-read-only"));
    assert_false(qemu_capabilities_read_only("/nowhere"));
    assert_int_equal(qemu_capabilities_note_read_only("/nowhere"), -ENOENT);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(they_go_from_root_to_root),
        TEST(they_may_be_kept_in_part),
        TEST(a_root_without_any_is_an_error),
        TEST(our_note_is_not_libvirts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
