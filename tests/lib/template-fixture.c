/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "template-fixture.h"

#include "base/file-tree.h"
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

void template_fixture_write(const char *path, const char *text)
{
    AUTO_FD int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

int template_fixture_set_up(void **state)
{
    struct template_fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    f->root_below = geteuid() == 0;
    if (f->root_below &&
        (setegid(TEMPLATE_FIXTURE_NOBODY) < 0 || seteuid(TEMPLATE_FIXTURE_NOBODY) < 0))
        return -1;
    strcpy(f->base, "/tmp/vlt-template.XXXXXX");
    if (!mkdtemp(f->base))
        return -1;
    setenv("XDG_CACHE_HOME", f->base, 1);
    snprintf(f->kernel, sizeof f->kernel, "%s/kernel", f->base);
    snprintf(f->initrd, sizeof f->initrd, "%s/initrd", f->base);
    snprintf(f->root, sizeof f->root, "%s/root", f->base);
    template_fixture_write(f->kernel, "k");
    template_fixture_write(f->initrd, "i");
    template_fixture_write(f->root, "r");
    f->config = (struct appliance_config){
        .files = {f->kernel, f->initrd, f->root}, .accel = "tcg", .memory_mib = 512};
    f->box = (struct sandbox){.drop = false, .uid = geteuid(), .gid = getegid()};
    *state = f;
    return 0;
}

int template_fixture_tear_down(void **state)
{
    struct template_fixture *f = *state;
    if (f->root_below && (seteuid(0) < 0 || setegid(0) < 0))
        return -1;
    int removed = file_tree_remove(AT_FDCWD, f->base);
    free(f);
    return removed;
}

void template_fixture_write_parts(const char *directory)
{
    char path[256];
    snprintf(path, sizeof path, "%s/ram", directory);
    AUTO_FD int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, 1 << 20), 0); /* with holes */
    assert_int_equal(pwrite(fd, "memory", 6, 300000), 6);
    snprintf(path, sizeof path, "%s/state", directory);
    template_fixture_write(path, "state of devices");
}

/* A template that is good; its directory is the caller's, and what is said of one that it replaces.
 */
char *template_fixture_make_saying(struct template_fixture *f, char **said)
{
    AUTO_FREE char *why = NULL;
    bool cached = false;
    char *directory = NULL;
    AUTO_FREE char *begun = template_begin(&f->box, "/nonexistent", &cached, &why, NULL);
    assert_non_null(begun);
    assert_true(cached);
    assert_null(why);
    template_fixture_write_parts(begun);
    assert_int_equal(template_finish(begun, TEMPLATE_FIXTURE_KEY, true, &directory, &why, NULL), 0);
    if (said)
        *said = STEAL(why);
    return directory;
}

char *template_fixture_make(struct template_fixture *f)
{
    return template_fixture_make_saying(f, NULL);
}

const char *template_fixture_part(const char *directory, const char *name)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    return path;
}

void template_fixture_flip(const char *path, off_t where)
{
    char byte;
    chmod(path, 0644);
    AUTO_FD int fd = open(path, O_RDWR | O_CLOEXEC);
    assert_int_equal(pread(fd, &byte, 1, where), 1);
    byte ^= 1;
    assert_int_equal(pwrite(fd, &byte, 1, where), 1);
}
