/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a template's key depends on. */
#include "lib/template-fixture.h"

#include "base/file-tree.h"
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

/* A driver whose machine has what the spec says, and whose program is what a test sets. */
static const char *program;

static int fingerprint(const struct machine_spec *spec, struct hypervisor_fingerprint *print,
                       error **err)
{
    (void)err;
    *print = (struct hypervisor_fingerprint){.programs = {program}};
    return asprintf(&print->machine, "%s %u %d", spec->accel, spec->memory_mib, spec->sessions) < 0
               ? -1
               : 0;
}

static const struct hypervisor_driver driver = {.name = "test", .fingerprint = fingerprint};

static char *key_of(const struct template_fixture *f)
{
    char *key = template_key(&f->config, &driver, "host", NULL);
    assert_non_null(key);
    return key;
}

static void the_same_has_the_same_key(void **state)
{
    AUTO_FREE char *a = key_of(*state), *b = key_of(*state);
    assert_string_equal(a, b);
    assert_int_equal(strlen(a), 32);
}

static void assert_other_key(struct template_fixture *f, const char *before)
{
    AUTO_FREE char *after = key_of(f);
    assert_string_not_equal(before, after);
}

static void every_file_changes_the_key(void **state)
{
    struct template_fixture *f = *state;
    char *files[] = {f->kernel, f->initrd, f->root};
    for (size_t i = 0; i < 3; i++) {
        AUTO_FREE char *before = key_of(f);
        template_fixture_write(files[i], "longer");
        assert_other_key(f, before);
    }
}

static void a_rewritten_file_of_the_same_size_changes_the_key(void **state)
{
    struct template_fixture *f = *state;
    AUTO_FREE char *before = key_of(f);
    usleep(10000); /* a tick of the file system's clock */
    template_fixture_write(f->kernel, "x");
    assert_other_key(f, before);
}

static void an_old_time_does_not_hide_a_change(void **state)
{
    struct template_fixture *f = *state;
    struct stat st;
    AUTO_FREE char *before = key_of(f);
    assert_int_equal(stat(f->kernel, &st), 0);
    usleep(10000);
    template_fixture_write(f->kernel, "x");
    utimensat(AT_FDCWD, f->kernel, (struct timespec[]){st.st_atim, st.st_mtim}, 0);
    assert_other_key(f, before);
}

static void accelerator_and_memory_change_the_key(void **state)
{
    struct template_fixture *f = *state;
    AUTO_FREE char *before = key_of(f);
    f->config.memory_mib = 513;
    assert_other_key(f, before);
    f->config.memory_mib = 512;
    f->config.accel = "kvm";
    assert_other_key(f, before);
}

static void the_hypervisors_program_changes_the_key(void **state)
{
    struct template_fixture *f = *state;
    char path[96];
    AUTO_FREE char *before = key_of(f);
    snprintf(path, sizeof path, "%s/program", f->base);
    template_fixture_write(path, "p");
    program = path;
    AUTO_FREE char *with = key_of(f);
    template_fixture_write(path, "longer");
    AUTO_FREE char *changed = key_of(f);
    program = NULL;
    assert_string_not_equal(before, with);
    assert_string_not_equal(with, changed);
}

static void another_host_has_another_key(void **state)
{
    struct template_fixture *f = *state;
    AUTO_FREE char *before = key_of(f);
    AUTO_FREE char *after = template_key(&f->config, &driver, "another", NULL);
    assert_string_not_equal(before, after);
}

static void an_appliance_that_lives_between_commands_has_another_key(void **state)
{
    struct template_fixture *f = *state;
    AUTO_FREE char *before = key_of(f);
    f->config.hotplug = true;
    assert_other_key(f, before);
}

static void a_missing_file_has_no_key(void **state)
{
    struct template_fixture *f = *state;
    AUTO_ERROR error *err = NULL;
    unlink(f->initrd);
    assert_null(template_key(&f->config, &driver, "host", &err));
    assert_non_null(strstr(error_message(err), "initrd"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEMPLATE_FIXTURE_TEST(the_same_has_the_same_key),
        TEMPLATE_FIXTURE_TEST(every_file_changes_the_key),
        TEMPLATE_FIXTURE_TEST(a_rewritten_file_of_the_same_size_changes_the_key),
        TEMPLATE_FIXTURE_TEST(an_old_time_does_not_hide_a_change),
        TEMPLATE_FIXTURE_TEST(accelerator_and_memory_change_the_key),
        TEMPLATE_FIXTURE_TEST(the_hypervisors_program_changes_the_key),
        TEMPLATE_FIXTURE_TEST(another_host_has_another_key),
        TEMPLATE_FIXTURE_TEST(an_appliance_that_lives_between_commands_has_another_key),
        TEMPLATE_FIXTURE_TEST(a_missing_file_has_no_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
