/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* In a cache of the test's own; root's is the system's, so as root these run as another user. */
#include "appliance/accelerator.h"

#include "base/file-tree.h"
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

static char base[] = "/tmp/vlt-accel.XXXXXX";
static bool was_root;

static int set_up(void **state)
{
    (void)state;
    was_root = geteuid() == 0;
    if (was_root && (setegid(65534) < 0 || seteuid(65534) < 0))
        return -1;
    strcpy(strrchr(base, '.'), ".XXXXXX");
    return mkdtemp(base) && setenv("XDG_CACHE_HOME", base, 1) == 0 ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    file_tree_remove(AT_FDCWD, base);
    return was_root && (seteuid(0) < 0 || setegid(0) < 0) ? -1 : 0;
}

static struct sandbox own(void)
{
    return (struct sandbox){.drop = false, .uid = geteuid(), .gid = getegid()};
}

static bool kvm_is_here(void)
{
    return access("/dev/kvm", R_OK | W_OK) == 0;
}

static void make_cache(void)
{
    char path[64];
    snprintf(path, sizeof path, "%s/virt-live-tools", base);
    assert_int_equal(mkdir(path, 0755), 0);
}

static void write_verdict(const char *text)
{
    char path[64];
    snprintf(path, sizeof path, "%s/virt-live-tools/accel", base);
    AUTO_FILE FILE *file = fopen(path, "we");
    assert_non_null(file);
    fputs(text, file);
}

static void without_the_device_it_is_tcg(void **state)
{
    struct sandbox box = own();
    (void)state;
    if (kvm_is_here())
        skip();
    assert_string_equal(accelerator_known(&box), "tcg");
    accelerator_remember("kvm"); /* even where somebody says otherwise */
    assert_string_equal(accelerator_known(&box), "tcg");
}

static void with_the_device_it_is_not_known_until_it_has_been_seen(void **state)
{
    struct sandbox box = own();
    (void)state;
    if (!kvm_is_here())
        skip();
    assert_null(accelerator_known(&box));
    make_cache();
    accelerator_remember("kvm");
    assert_string_equal(accelerator_known(&box), "kvm");
    accelerator_remember("tcg");
    assert_string_equal(accelerator_known(&box), "tcg");
}

static void a_verdict_of_another_boot_does_not_count(void **state)
{
    struct sandbox box = own();
    (void)state;
    if (!kvm_is_here())
        skip();
    make_cache();
    write_verdict("00000000-0000-0000-0000-000000000000 6.1.0 kvm\n");
    assert_null(accelerator_known(&box));
    write_verdict("");
    assert_null(accelerator_known(&box));
}

static void a_verdict_names_the_boot(void **state)
{
    char path[64], text[256] = "";
    (void)state;
    make_cache();
    accelerator_remember("tcg");
    snprintf(path, sizeof path, "%s/virt-live-tools/accel", base);
    AUTO_FILE FILE *file = fopen(path, "re");
    assert_non_null(file);
    assert_non_null(fgets(text, sizeof text, file));
    assert_true(strlen(text) > 40);
    assert_string_equal(text + strlen(text) - 5, " tcg\n");
}

static void a_verdict_that_cannot_be_kept_is_no_failure(void **state)
{
    (void)state;
    setenv("XDG_CACHE_HOME", "/proc/nonexistent", 1);
    accelerator_remember("tcg");
}

static void a_verdict_that_is_forgotten_is_not_there(void **state)
{
    char path[64];
    (void)state;
    make_cache();
    accelerator_remember("kvm");
    snprintf(path, sizeof path, "%s/virt-live-tools/accel", base);
    assert_int_equal(access(path, F_OK), 0);
    accelerator_forget();
    assert_int_equal(access(path, F_OK), -1);
    accelerator_forget();
}

static void set_nested(const char *module, const char *value)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", base, module);
    mkdir(path, 0755);
    snprintf(path, sizeof path, "%s/%s/parameters", base, module);
    mkdir(path, 0755);
    snprintf(path, sizeof path, "%s/%s/parameters/nested", base, module);
    AUTO_FILE FILE *file = fopen(path, "we");
    assert_non_null(file);
    fprintf(file, "%s\n", value);
}

/* What the host was before, and is now. */
static void assert_another_host(char **before, bool usable)
{
    char *now = accelerator_host(usable, base);
    assert_non_null(now);
    assert_string_not_equal(*before, now);
    free(*before);
    *before = now;
}

static void kvm_that_appears_or_is_set_otherwise_is_another_host(void **state)
{
    AUTO_FREE char *host = accelerator_host(false, base);
    (void)state;
    assert_another_host(&host, true);
    set_nested("kvm_intel", "N");
    assert_another_host(&host, true);
    set_nested("kvm_intel", "Y");
    assert_another_host(&host, true);
    set_nested("kvm_amd", "1");
    assert_another_host(&host, true);
    AUTO_FREE char *again = accelerator_host(true, base);
    assert_string_equal(host, again);
    assert_another_host(&host, false);
}

static void only_kvm_needs_the_device(void **state)
{
    const struct sandbox box = {.drop = true, .uid = 61234, .gid = 61235};
    struct sandbox kvm = accelerator_sandbox(&box, "kvm"), tcg = accelerator_sandbox(&box, "tcg");
    struct stat st;
    (void)state;
    assert_false(kvm.without_kvm);
    assert_true(tcg.without_kvm);
    assert_int_equal(tcg.uid, box.uid);
    if (stat("/dev/kvm", &st) < 0)
        skip();
    bool of_group = st.st_gid != 0 && (st.st_mode & 060) == 060, of_all = (st.st_mode & 06) == 06;
    assert_int_equal(accelerator_kvm_usable(&kvm), of_group || of_all);
    assert_int_equal(accelerator_kvm_usable(&tcg), of_all);
}

int main(void)
{
#define CACHE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CACHE(without_the_device_it_is_tcg),
        CACHE(with_the_device_it_is_not_known_until_it_has_been_seen),
        CACHE(a_verdict_of_another_boot_does_not_count),
        CACHE(a_verdict_names_the_boot),
        CACHE(a_verdict_that_cannot_be_kept_is_no_failure),
        CACHE(a_verdict_that_is_forgotten_is_not_there),
        CACHE(kvm_that_appears_or_is_set_otherwise_is_another_host),
        CACHE(only_kvm_needs_the_device),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
