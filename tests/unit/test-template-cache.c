/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Templates in a cache of the test's own. Root's cache is the system's: as root the tests run with
 * the effective user "nobody", and become root again where something has to belong to somebody
 * else.
 */
#include "appliance/template-cache.h"

#include "base/file-tree.h"
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#define KEY "0123456789abcdef0123456789abcdef"
#define NOBODY 65534

struct fixture {
    char base[64];
    char kernel[80], initrd[80], root[80];
    struct appliance_config config;
    struct sandbox box;
    bool root_below; /* root can be had */
};

static void write_file(const char *path, const char *text)
{
    AUTO_FD int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    f->root_below = geteuid() == 0;
    if (f->root_below && (setegid(NOBODY) < 0 || seteuid(NOBODY) < 0))
        return -1;
    strcpy(f->base, "/tmp/vlt-template.XXXXXX");
    if (!mkdtemp(f->base))
        return -1;
    setenv("XDG_CACHE_HOME", f->base, 1);
    snprintf(f->kernel, sizeof f->kernel, "%s/kernel", f->base);
    snprintf(f->initrd, sizeof f->initrd, "%s/initrd", f->base);
    snprintf(f->root, sizeof f->root, "%s/root", f->base);
    write_file(f->kernel, "k");
    write_file(f->initrd, "i");
    write_file(f->root, "r");
    f->config = (struct appliance_config){
        .files = {f->kernel, f->initrd, f->root}, .accel = "tcg", .memory_mib = 512};
    f->box = (struct sandbox){.drop = false, .uid = geteuid(), .gid = getegid()};
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    if (f->root_below && (seteuid(0) < 0 || setegid(0) < 0))
        return -1;
    int removed = file_tree_remove(AT_FDCWD, f->base);
    free(f);
    return removed;
}

/* --- the key --- */

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

static char *key_of(const struct fixture *f)
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

static void assert_other_key(struct fixture *f, const char *before)
{
    AUTO_FREE char *after = key_of(f);
    assert_string_not_equal(before, after);
}

static void every_file_changes_the_key(void **state)
{
    struct fixture *f = *state;
    char *files[] = {f->kernel, f->initrd, f->root};
    for (size_t i = 0; i < 3; i++) {
        AUTO_FREE char *before = key_of(f);
        write_file(files[i], "longer");
        assert_other_key(f, before);
    }
}

static void a_rewritten_file_of_the_same_size_changes_the_key(void **state)
{
    struct fixture *f = *state;
    AUTO_FREE char *before = key_of(f);
    usleep(10000); /* a tick of the file system's clock */
    write_file(f->kernel, "x");
    assert_other_key(f, before);
}

static void an_old_time_does_not_hide_a_change(void **state)
{
    struct fixture *f = *state;
    struct stat st;
    AUTO_FREE char *before = key_of(f);
    assert_int_equal(stat(f->kernel, &st), 0);
    usleep(10000);
    write_file(f->kernel, "x");
    utimensat(AT_FDCWD, f->kernel, (struct timespec[]){st.st_atim, st.st_mtim}, 0);
    assert_other_key(f, before);
}

static void accelerator_and_memory_change_the_key(void **state)
{
    struct fixture *f = *state;
    AUTO_FREE char *before = key_of(f);
    f->config.memory_mib = 513;
    assert_other_key(f, before);
    f->config.memory_mib = 512;
    f->config.accel = "kvm";
    assert_other_key(f, before);
}

static void the_hypervisors_program_changes_the_key(void **state)
{
    struct fixture *f = *state;
    char path[96];
    AUTO_FREE char *before = key_of(f);
    snprintf(path, sizeof path, "%s/program", f->base);
    write_file(path, "p");
    program = path;
    AUTO_FREE char *with = key_of(f);
    write_file(path, "longer");
    AUTO_FREE char *changed = key_of(f);
    program = NULL;
    assert_string_not_equal(before, with);
    assert_string_not_equal(with, changed);
}

static void another_host_has_another_key(void **state)
{
    struct fixture *f = *state;
    AUTO_FREE char *before = key_of(f);
    AUTO_FREE char *after = template_key(&f->config, &driver, "another", NULL);
    assert_string_not_equal(before, after);
}

static void an_appliance_that_lives_between_commands_has_another_key(void **state)
{
    struct fixture *f = *state;
    AUTO_FREE char *before = key_of(f);
    f->config.hotplug = true;
    assert_other_key(f, before);
}

static void a_missing_file_has_no_key(void **state)
{
    struct fixture *f = *state;
    AUTO_ERROR error *err = NULL;
    unlink(f->initrd);
    assert_null(template_key(&f->config, &driver, "host", &err));
    assert_non_null(strstr(error_message(err), "initrd"));
}

/* --- making and finding --- */

static void write_parts(const char *directory)
{
    char path[256];
    snprintf(path, sizeof path, "%s/ram", directory);
    AUTO_FD int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, 1 << 20), 0); /* with holes */
    assert_int_equal(pwrite(fd, "memory", 6, 300000), 6);
    snprintf(path, sizeof path, "%s/state", directory);
    write_file(path, "state of devices");
}

/* A template that is good; its directory is the caller's, and what is said of one that it replaces.
 */
static char *make_saying(struct fixture *f, char **said)
{
    AUTO_FREE char *why = NULL;
    bool cached = false;
    char *directory = NULL;
    AUTO_FREE char *begun = template_begin(&f->box, "/nonexistent", &cached, &why, NULL);
    assert_non_null(begun);
    assert_true(cached);
    assert_null(why);
    write_parts(begun);
    assert_int_equal(template_finish(begun, KEY, true, &directory, &why, NULL), 0);
    if (said)
        *said = STEAL(why);
    return directory;
}

static char *make(struct fixture *f)
{
    return make_saying(f, NULL);
}

static void what_was_made_is_found(void **state)
{
    AUTO_FREE char *made = make(*state), *found = NULL, *why = NULL;
    assert_int_equal(template_find(KEY, &found, &why), 1);
    assert_string_equal(found, made);
    assert_null(why);
}

static void another_key_is_not_found(void **state)
{
    AUTO_FREE char *made = make(*state), *found = NULL, *why = NULL;
    (void)made;
    assert_int_equal(template_find("fedcba", &found, &why), 0);
    assert_null(found);
    assert_null(why);
}

/* The run that could not restore it may have been the one with too little memory. */
static void one_that_cannot_be_restored_comes_back_unless_there_is_a_new_one(void **state)
{
    AUTO_FREE char *made = make(*state), *found = NULL, *why = NULL, *aside = NULL;
    assert_true(asprintf(&aside, "%s.aside", made) > 0);
    template_discard(made);
    assert_int_equal(template_find(KEY, &found, &why), 0);
    template_put_back(KEY);
    assert_int_equal(template_find(KEY, &found, &why), 1);

    template_discard(made);
    AUTO_FREE char *again = make(*state);
    assert_string_equal(again, made);
    assert_int_not_equal(access(aside, F_OK), 0);
    template_put_back(KEY); /* there is none */
    assert_int_equal(access(made, F_OK), 0);
}

static const char *part(const char *directory, const char *name)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    return path;
}

/* It is refused, and removed, so that it will be made anew. */
static void assert_refused(const char *made, const char *reason)
{
    AUTO_FREE char *found = NULL, *why = NULL;
    assert_int_equal(template_find(KEY, &found, &why), 0);
    assert_null(found);
    assert_non_null(why);
    if (!strstr(why, reason))
        fail_msg("%s", why);
    assert_int_not_equal(access(made, F_OK), 0);
}

static void flip(const char *path, off_t where)
{
    char byte;
    chmod(path, 0644);
    AUTO_FD int fd = open(path, O_RDWR | O_CLOEXEC);
    assert_int_equal(pread(fd, &byte, 1, where), 1);
    byte ^= 1;
    assert_int_equal(pwrite(fd, &byte, 1, where), 1);
}

static void a_flipped_byte_of_memory_is_noticed(void **state)
{
    AUTO_FREE char *made = make(*state);
    flip(part(made, "ram"), 300001);
    assert_refused(made, "damaged");
}

static void a_byte_in_a_hole_is_noticed(void **state)
{
    AUTO_FREE char *made = make(*state);
    flip(part(made, "ram"), 900000);
    assert_refused(made, "damaged");
}

static void a_flipped_byte_of_state_is_noticed(void **state)
{
    AUTO_FREE char *made = make(*state);
    flip(part(made, "state"), 3);
    assert_refused(made, "damaged");
}

static void cut_memory_is_noticed(void **state)
{
    AUTO_FREE char *made = make(*state);
    chmod(part(made, "ram"), 0644);
    assert_int_equal(truncate(part(made, "ram"), 500000), 0);
    assert_refused(made, "damaged");
}

static void emptied_memory_is_noticed(void **state)
{
    AUTO_FREE char *made = make(*state);
    chmod(part(made, "ram"), 0644);
    assert_int_equal(truncate(part(made, "ram"), 0), 0);
    assert_refused(made, "damaged");
}

static void missing_parts_are_noticed(void **state)
{
    static const char *const parts[] = {"ram", "state", "info"};
    for (size_t i = 0; i < 3; i++) {
        AUTO_FREE char *made = make(*state);
        unlink(part(made, parts[i]));
        assert_refused(made, "");
    }
}

static void an_empty_description_is_noticed(void **state)
{
    AUTO_FREE char *made = make(*state);
    chmod(part(made, "info"), 0644);
    assert_int_equal(truncate(part(made, "info"), 0), 0);
    assert_refused(made, "not complete");
}

static void what_others_can_write_is_not_used(void **state)
{
    static const char *const parts[] = {".", "ram", "state", "info"};
    for (size_t i = 0; i < 8; i++) {
        AUTO_FREE char *made = make(*state);
        chmod(part(made, parts[i / 2]), i % 2 ? 0777 : 0775);
        assert_refused(made, "others could have written");
    }
}

static void what_belongs_to_somebody_else_is_not_used(void **state)
{
    static const char *const parts[] = {"ram", "state", "info"};
    struct fixture *f = *state;
    if (!f->root_below)
        skip(); /* only root can give files away */
    for (size_t i = 0; i < 3; i++) {
        AUTO_FREE char *made = make(f);
        assert_int_equal(seteuid(0), 0);
        assert_int_equal(chown(part(made, parts[i]), 1234, 1234), 0);
        assert_int_equal(seteuid(NOBODY), 0);
        assert_refused(made, "others could have written");
    }
}

static void links_instead_of_parts_are_not_followed(void **state)
{
    static const char *const parts[] = {"ram", "state", "info"};
    struct fixture *f = *state;
    for (size_t i = 0; i < 3; i++) {
        char elsewhere[128];
        AUTO_FREE char *made = make(f);
        snprintf(elsewhere, sizeof elsewhere, "%s/%s", f->base, parts[i]);
        unlink(elsewhere);
        assert_int_equal(rename(part(made, parts[i]), elsewhere), 0);
        assert_int_equal(symlink(elsewhere, part(made, parts[i])), 0);
        assert_refused(made, "others could have written");
        assert_int_equal(access(elsewhere, F_OK), 0);
    }
}

static void a_link_instead_of_the_directory_is_not_followed(void **state)
{
    struct fixture *f = *state;
    char elsewhere[128];
    AUTO_FREE char *made = make(f), *found = NULL, *why = NULL;
    snprintf(elsewhere, sizeof elsewhere, "%s/elsewhere", f->base);
    assert_int_equal(rename(made, elsewhere), 0);
    assert_int_equal(symlink(elsewhere, made), 0);
    assert_int_equal(template_find(KEY, &found, &why), 0);
    assert_int_equal(access(part(elsewhere, "ram"), F_OK), 0);
}

static void a_finished_one_cannot_be_written(void **state)
{
    struct stat st;
    AUTO_FREE char *made = make(*state);
    assert_int_equal(stat(made, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0755);
    assert_int_equal(stat(part(made, "ram"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0444);
}

static void assert_nothing_unfinished(const struct fixture *f)
{
    char path[128];
    snprintf(path, sizeof path, "%s/virt-live-tools", f->base);
    AUTO_DIR DIR *cache = opendir(path);
    assert_non_null(cache);
    for (struct dirent *entry; (entry = readdir(cache));)
        assert_null(strstr(entry->d_name, "building"));
}

static void one_that_was_faster_is_taken(void **state)
{
    struct fixture *f = *state;
    struct stat before, after;
    AUTO_FREE char *first = make(f);
    assert_int_equal(stat(part(first, "ram"), &before), 0);
    AUTO_FREE char *second = make(f);
    assert_string_equal(first, second);
    assert_int_equal(stat(part(second, "ram"), &after), 0);
    assert_int_equal(before.st_ino, after.st_ino);
    assert_nothing_unfinished(f);
}

/* It was not looked for where the accelerator was not known. */
static void a_bad_one_that_is_there_is_replaced(void **state)
{
    struct fixture *f = *state;
    static const char *const reasons[] = {"damaged", "not complete", "others could have written"};
    for (size_t i = 0; i < 3; i++) {
        AUTO_FREE char *first = make(f), *said = NULL, *found = NULL, *why = NULL;
        if (i == 0)
            flip(part(first, "ram"), 300001);
        else if (i == 1)
            assert_int_equal(chmod(part(first, "info"), 0600) | truncate(part(first, "info"), 0),
                             0);
        else
            chmod(part(first, "state"), 0666);
        AUTO_FREE char *second = make_saying(f, &said);
        assert_string_equal(first, second);
        assert_non_null(said);
        assert_non_null(strstr(said, reasons[i]));
        assert_int_equal(template_find(KEY, &found, &why), 1);
        assert_null(why);
        assert_nothing_unfinished(f);
    }
}

static void what_is_there_and_no_template_is_replaced(void **state)
{
    struct fixture *f = *state;
    AUTO_FREE char *first = make(f), *found = NULL, *why = NULL;
    assert_int_equal(file_tree_remove(AT_FDCWD, first), 0);
    assert_int_equal(symlink("/nonexistent", first), 0);
    AUTO_FREE char *second = make(f);
    assert_string_equal(first, second);
    assert_int_equal(template_find(KEY, &found, &why), 1);
}

static void one_without_its_parts_is_not_finished(void **state)
{
    struct fixture *f = *state;
    AUTO_ERROR error *err = NULL;
    bool cached;
    AUTO_FREE char *why = NULL, *directory = NULL;
    AUTO_FREE char *begun = template_begin(&f->box, "/nonexistent", &cached, &why, NULL);
    assert_int_equal(template_finish(begun, KEY, cached, &directory, &why, &err), -1);
    assert_non_null(err);
    assert_null(directory);
}

static void a_cache_that_cannot_be_written_is_done_without(void **state)
{
    struct fixture *f = *state;
    bool cached = true;
    AUTO_FREE char *why = NULL, *directory = NULL;
    setenv("XDG_CACHE_HOME", "/proc/nonexistent", 1);
    AUTO_FREE char *begun = template_begin(&f->box, f->base, &cached, &why, NULL);
    AUTO_FREE char *unused = NULL;
    assert_non_null(begun);
    assert_false(cached);
    assert_non_null(strstr(why, "/proc/nonexistent"));
    assert_memory_equal(begun, f->base, strlen(f->base));
    write_parts(begun);
    assert_int_equal(template_finish(begun, KEY, cached, &directory, &unused, NULL), 0);
    assert_string_equal(directory, begun);
}

/* The caller's. */
static char *cache_of(const struct fixture *f)
{
    char *path;
    return asprintf(&path, "%s/virt-live-tools", f->base) < 0 ? NULL : path;
}

/* It is passed over: nothing is found in it, and nothing is made there. */
static void assert_cache_is_passed_over(const struct fixture *f, bool said)
{
    bool cached = true;
    AUTO_FREE char *found = NULL, *why = NULL, *other = NULL;
    assert_int_equal(template_find(KEY, &found, &why), 0);
    assert_null(found);
    assert_true(!said || strstr(why, "others may write it"));
    AUTO_FREE char *begun = template_begin(&f->box, f->base, &cached, &other, NULL);
    assert_non_null(begun);
    assert_false(cached);
    assert_non_null(other);
}

static void a_cache_that_others_can_write_is_passed_over(void **state)
{
    AUTO_FREE char *cache = cache_of(*state), *made = make(*state);
    (void)made;
    assert_int_equal(chmod(cache, 0777), 0);
    assert_cache_is_passed_over(*state, true);
    assert_int_equal(chmod(cache, 0700), 0);
}

static void a_cache_of_another_user_is_passed_over(void **state)
{
    struct fixture *f = *state;
    if (!f->root_below)
        skip(); /* only root can give it away */
    AUTO_FREE char *cache = cache_of(f), *made = make(f);
    (void)made;
    assert_int_equal(seteuid(0), 0);
    assert_int_equal(chown(cache, 1234, 1234), 0);
    assert_int_equal(chmod(cache, 0755), 0);
    assert_int_equal(seteuid(NOBODY), 0);
    assert_cache_is_passed_over(f, true);
    assert_int_equal(seteuid(0), 0);
    assert_int_equal(chown(cache, NOBODY, NOBODY), 0);
    assert_int_equal(seteuid(NOBODY), 0);
}

static void a_link_instead_of_the_cache_is_passed_over(void **state)
{
    struct fixture *f = *state;
    char moved[128];
    AUTO_FREE char *cache = cache_of(f), *made = make(f);
    (void)made;
    snprintf(moved, sizeof moved, "%s/moved", f->base);
    assert_int_equal(rename(cache, moved), 0);
    assert_int_equal(symlink(moved, cache), 0);
    assert_cache_is_passed_over(f, false);
}

static void assert_not_sealed(struct fixture *f, const char *begun)
{
    AUTO_ERROR error *err = NULL;
    AUTO_FREE char *directory = NULL, *why = NULL;
    (void)f;
    assert_int_equal(template_finish(begun, KEY, true, &directory, &why, &err), -1);
    assert_int_equal(error_errno(err), EPERM);
    assert_null(directory);
}

/* It would get our owner and a mode that lets everybody read it. */
static void another_name_of_a_file_is_not_sealed(void **state)
{
    struct fixture *f = *state;
    char elsewhere[128];
    struct stat st;
    bool cached;
    AUTO_FREE char *why = NULL, *begun = template_begin(&f->box, "/", &cached, &why, NULL);
    write_parts(begun);
    snprintf(elsewhere, sizeof elsewhere, "%s/secret", f->base);
    write_file(elsewhere, "secret");
    assert_int_equal(chmod(elsewhere, 0600), 0);
    assert_int_equal(unlink(part(begun, "state")), 0);
    assert_int_equal(link(elsewhere, part(begun, "state")), 0);
    assert_not_sealed(f, begun);
    assert_int_equal(stat(elsewhere, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
}

static void a_file_of_another_user_is_not_sealed(void **state)
{
    struct fixture *f = *state;
    bool cached;
    if (!f->root_below)
        skip();
    AUTO_FREE char *why = NULL, *begun = template_begin(&f->box, "/", &cached, &why, NULL);
    write_parts(begun);
    assert_int_equal(seteuid(0), 0);
    assert_int_equal(chown(part(begun, "ram"), 1234, 1234), 0);
    assert_int_equal(chmod(part(begun, "ram"), 0644), 0);
    assert_int_equal(seteuid(NOBODY), 0);
    assert_not_sealed(f, begun);
}

static void without_cache_and_without_fallback_there_is_none(void **state)
{
    struct fixture *f = *state;
    AUTO_ERROR error *err = NULL;
    bool cached = true;
    AUTO_FREE char *why = NULL;
    setenv("XDG_CACHE_HOME", "/proc/nonexistent", 1);
    assert_null(template_begin(&f->box, "/proc/nonexistent", &cached, &why, &err));
    assert_non_null(err);
}

static void the_cache_is_where_the_environment_says(void **state)
{
    struct fixture *f = *state;
    char expected[128];
    snprintf(expected, sizeof expected, "%s/virt-live-tools", f->base);
    AUTO_FREE char *cache = template_cache_directory();
    assert_string_equal(cache, expected);
    setenv("XDG_CACHE_HOME", "relative", 1);
    setenv("HOME", f->base, 1);
    snprintf(expected, sizeof expected, "%s/.cache/virt-live-tools", f->base);
    AUTO_FREE char *home = template_cache_directory();
    assert_string_equal(home, expected);
    unsetenv("HOME");
    assert_null(template_cache_directory());
}

static void a_copy_of_the_memory_is_as_sparse(void **state)
{
    struct fixture *f = *state;
    char to[128], bytes[6];
    struct stat st;
    AUTO_FREE char *made = make(f);
    snprintf(to, sizeof to, "%s/copy", f->base);
    assert_int_equal(template_copy_memory(made, to, &f->box, NULL), 0);
    AUTO_FD int fd = open(to, O_RDONLY | O_CLOEXEC);
    assert_int_equal(fstat(fd, &st), 0);
    assert_int_equal(st.st_size, 1 << 20);
    assert_true(st.st_blocks < 256);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(pread(fd, bytes, 6, 300000), 6);
    assert_memory_equal(bytes, "memory", 6);
}

/* /tmp is often a tmpfs, the cache never is. */
static void a_copy_may_be_on_another_filesystem(void **state)
{
    struct fixture *f = *state;
    char directory[] = "/dev/shm/vlt-test.XXXXXX", to[64], bytes[6];
    struct stat here, there;
    AUTO_FREE char *made = make(f);
    if (!mkdtemp(directory))
        skip();
    snprintf(to, sizeof to, "%s/copy", directory);
    int result = stat(made, &here) < 0 || stat(directory, &there) < 0 || here.st_dev == there.st_dev
                     ? 1
                     : template_copy_memory(made, to, &f->box, NULL);
    AUTO_FD int fd = open(to, O_RDONLY | O_CLOEXEC);
    unlink(to);
    rmdir(directory);
    if (result > 0)
        skip();
    assert_int_equal(result, 0);
    assert_int_equal(fstat(fd, &there), 0);
    assert_int_equal(there.st_size, 1 << 20);
    assert_true(there.st_blocks < 256);
    assert_int_equal(pread(fd, bytes, 6, 300000), 6);
    assert_memory_equal(bytes, "memory", 6);
}

static void a_copy_does_not_replace_what_is_there(void **state)
{
    struct fixture *f = *state;
    AUTO_ERROR error *err = NULL;
    AUTO_FREE char *made = make(f);
    assert_int_equal(template_copy_memory(made, f->kernel, &f->box, &err), -1);
    assert_int_equal(error_errno(err), EEXIST);
}

int main(void)
{
#define CACHE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CACHE(the_same_has_the_same_key),
        CACHE(every_file_changes_the_key),
        CACHE(a_rewritten_file_of_the_same_size_changes_the_key),
        CACHE(an_old_time_does_not_hide_a_change),
        CACHE(accelerator_and_memory_change_the_key),
        CACHE(the_hypervisors_program_changes_the_key),
        CACHE(another_host_has_another_key),
        CACHE(an_appliance_that_lives_between_commands_has_another_key),
        CACHE(a_missing_file_has_no_key),
        CACHE(what_was_made_is_found),
        CACHE(another_key_is_not_found),
        CACHE(one_that_cannot_be_restored_comes_back_unless_there_is_a_new_one),
        CACHE(a_flipped_byte_of_memory_is_noticed),
        CACHE(a_byte_in_a_hole_is_noticed),
        CACHE(a_flipped_byte_of_state_is_noticed),
        CACHE(cut_memory_is_noticed),
        CACHE(emptied_memory_is_noticed),
        CACHE(missing_parts_are_noticed),
        CACHE(an_empty_description_is_noticed),
        CACHE(what_others_can_write_is_not_used),
        CACHE(what_belongs_to_somebody_else_is_not_used),
        CACHE(links_instead_of_parts_are_not_followed),
        CACHE(a_link_instead_of_the_directory_is_not_followed),
        CACHE(a_finished_one_cannot_be_written),
        CACHE(one_that_was_faster_is_taken),
        CACHE(a_bad_one_that_is_there_is_replaced),
        CACHE(what_is_there_and_no_template_is_replaced),
        CACHE(one_without_its_parts_is_not_finished),
        CACHE(a_cache_that_cannot_be_written_is_done_without),
        CACHE(a_cache_that_others_can_write_is_passed_over),
        CACHE(a_cache_of_another_user_is_passed_over),
        CACHE(a_link_instead_of_the_cache_is_passed_over),
        CACHE(another_name_of_a_file_is_not_sealed),
        CACHE(a_file_of_another_user_is_not_sealed),
        CACHE(without_cache_and_without_fallback_there_is_none),
        CACHE(the_cache_is_where_the_environment_says),
        CACHE(a_copy_of_the_memory_is_as_sparse),
        CACHE(a_copy_may_be_on_another_filesystem),
        CACHE(a_copy_does_not_replace_what_is_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
