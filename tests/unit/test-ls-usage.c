/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The question that comes of virt-ls's command line. */
#include "unit/../../virt-ls/usage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static int parse(struct ls_options *options, const char *const *words, error **err)
{
    char *argv[400] = {(char *)(uintptr_t) "virt-ls"};
    int argc = 1;

    for (; words[argc - 1]; argc++)
        argv[argc] = (char *)(uintptr_t)words[argc - 1];
    return usage_parse(options, argc, argv, err);
}

#define WORDS(...)                                                                                 \
    (const char *const[])                                                                          \
    {                                                                                              \
        __VA_ARGS__, NULL                                                                          \
    }

static struct ls_options good(const char *const *words)
{
    struct ls_options options;
    AUTO_ERROR error *err = NULL;

    if (parse(&options, words, &err) < 0)
        fail_msg("%s", error_message(err));
    return options;
}

static void bad(const char *const *words, const char *why)
{
    struct ls_options options;
    AUTO_ERROR error *err = NULL;

    assert_int_equal(parse(&options, words, &err), -1);
    if (!strstr(error_message(err), why))
        fail_msg("%s: not: %s", error_message(err), why);
    usage_clear(&options);
}

static void assert_bytes(const char *bytes, u_int length, const char *expected)
{
    assert_int_equal(length, strlen(expected));
    if (length > 0)
        assert_memory_equal(bytes, expected, length);
}

static void assert_order(const char *const *words, enum ls_form form, enum ls_order order,
                         bool dots)
{
    struct ls_options options = good(words);

    assert_int_equal(options.style.form, form);
    assert_ptr_equal(options.common.config.question.ops, &question_ls);
    assert_int_equal(options.asked.args.order, order);
    assert_int_equal(options.asked.args.dots, dots);
    assert_int_equal(options.asked.args.names_only, form == FORM_NAMES);
    usage_clear(&options);
}

static void modes(void **state)
{
    (void)state;
    assert_order(WORDS("-a", "x", "/"), FORM_NAMES, LS_NAMES, false);
    assert_order(WORDS("-l", "-a", "x", "/"), FORM_LONG, LS_NAMES, true);
    assert_order(WORDS("-R", "-a", "x", "/"), FORM_NAMES, LS_PATHS, false);
    assert_order(WORDS("-lR", "-a", "x", "/"), FORM_TREE, LS_TREE, false);
    assert_order(WORDS("-R", "-a", "x", "/", "--long"), FORM_TREE, LS_TREE, false);
    assert_order(WORDS("--json", "-a", "x", "/"), FORM_JSON, LS_NAMES, false);
    assert_order(WORDS("--json", "-l", "-a", "x", "/"), FORM_JSON, LS_NAMES, false);
    assert_order(WORDS("--json", "-R", "-a", "x", "/"), FORM_JSON, LS_TREE, false);
}

static void arguments_are_directories(void **state)
{
    struct ls_options options = good(WORDS("/etc", "-a", "x", "--", "/-l", "/"));
    const ls_args *ls = &options.asked.args;
    (void)state;
    assert_int_equal(ls->directories.directories_len, 3);
    assert_bytes(ls->directories.directories_val[0].path.path_val,
                 ls->directories.directories_val[0].path.path_len, "/etc");
    assert_bytes(ls->directories.directories_val[1].path.path_val,
                 ls->directories.directories_val[1].path.path_len, "/-l");
    assert_int_equal(options.common.pending->len, 0);
    assert_false(options.style.many);
    usage_clear(&options);
    options = good(WORDS("--images-from", "list", "/"));
    assert_true(options.style.many);
    usage_clear(&options);
}

static void assert_mount(const char *word, const char *device, const char *point, const char *how,
                         const char *type)
{
    struct ls_options options = good(WORDS("-a", "x", "-m", word, "/"));
    const ls_mount *mount = options.asked.args.mounts.mounts_val;

    assert_int_equal(options.asked.args.mounts.mounts_len, 1);
    assert_bytes(mount->device.device_val, mount->device.device_len, device);
    assert_bytes(mount->mountpoint.mountpoint_val, mount->mountpoint.mountpoint_len, point);
    assert_bytes(mount->options.options_val, mount->options.options_len, how);
    assert_bytes(mount->fstype.fstype_val, mount->fstype.fstype_len, type);
    usage_clear(&options);
}

static void mounts(void **state)
{
    (void)state;
    assert_mount("/dev/sda1", "/dev/sda1", "/", "", "");
    assert_mount("/dev/sda1:/usr", "/dev/sda1", "/usr", "", "");
    assert_mount("/dev/sda1:", "/dev/sda1", "/", "", "");
    assert_mount("/dev/sda1::subvol=a,b", "/dev/sda1", "/", "subvol=a,b", "");
    assert_mount("/dev/VG/LV:/:acl:ext3", "/dev/VG/LV", "/", "acl", "ext3");
    assert_mount("/dev/sda1:/::ext3", "/dev/sda1", "/", "", "ext3");
    assert_mount("/dev/sda1:/:a:b:c", "/dev/sda1", "/", "a", "b:c");
    bad(WORDS("-a", "x", "/", "-m", ""), "-m : no device is named");
    bad(WORDS("-a", "x", "/", "-m", ":/"), "no device is named");
    bad(WORDS("-a", "x", "/", "-m", "/dev/sda:usr"), "usr does not begin with /");
    bad(WORDS("-a", "x", "/", "-m", "/dev/sda:/::0123456789012345678901234567890123"), "type");
}

static void assert_checksum(const char *word, enum ls_checksum kind)
{
    struct ls_options options = good(WORDS("-lR", word, "/", "-a", "x"));

    assert_int_equal(options.asked.args.checksum, kind);
    assert_int_equal(options.asked.args.directories.directories_len, 1);
    usage_clear(&options);
}

static void checksums(void **state)
{
    (void)state;
    assert_checksum("--checksum", LS_MD5); /* what follows is no value */
    assert_checksum("--checksums", LS_MD5);
    assert_checksum("--checksum=", LS_MD5);
    assert_checksum("--checksum=crc", LS_CRC);
    assert_checksum("--checksums=sha512", LS_SHA512);
    assert_checksum("--uid", LS_NO_CHECKSUM);
    bad(WORDS("-lR", "-a", "x", "--checksum=MD5", "/"), "\"MD5\" is none of crc, md5");
}

static void there_are_limits(void **state)
{
    static const char *words[300] = {"-a", "x"};
    static char path[MAX_PATH + 2], long_path[2000];
    (void)state;
    memset(path, 'x', sizeof path - 1);
    path[0] = '/';
    bad(WORDS("-a", "x", path), "longer than 4096 bytes");
    for (size_t i = 2; i < 2 + MAX_DIRECTORIES; i++)
        words[i] = "/etc";
    struct ls_options options = good(words);
    usage_clear(&options);
    words[2 + MAX_DIRECTORIES] = "/etc";
    bad(words, "more than 256 directories");
    memset(long_path, 'x', sizeof long_path - 1);
    long_path[0] = '/';
    for (size_t i = 2; i < 2 + MAX_DIRECTORIES; i++)
        words[i] = i < 50 ? long_path : NULL;
    words[2 + MAX_DIRECTORIES] = NULL;
    bad(words, "more than 65536 bytes together");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(modes),
        cmocka_unit_test(arguments_are_directories),
        cmocka_unit_test(mounts),
        cmocka_unit_test(checksums),
        cmocka_unit_test(there_are_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
