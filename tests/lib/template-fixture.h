/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* For tests of the saved appliance: a cache of the test's own, and templates in it. Root's cache is
 * the system's: as root the tests run with the effective user "nobody", and become root again where
 * a file has to belong to another user. The functions are cmocka's kind: they do not return
 * where they fail. */
#ifndef VLT_TEST_TEMPLATE_FIXTURE_H
#define VLT_TEST_TEMPLATE_FIXTURE_H

#include "appliance/template-cache.h"

#define TEMPLATE_FIXTURE_KEY "0123456789abcdef0123456789abcdef"
#define TEMPLATE_FIXTURE_NOBODY 65534

struct template_fixture {
    char base[64];
    char kernel[80], initrd[80], root[80];
    struct appliance_config config;
    struct sandbox box;
    bool root_below; /* root can be had */
};

int template_fixture_set_up(void **state);
int template_fixture_tear_down(void **state);
#define TEMPLATE_FIXTURE_TEST(test)                                                                \
    cmocka_unit_test_setup_teardown(test, template_fixture_set_up, template_fixture_tear_down)

void template_fixture_write(const char *path, const char *text);
/* A template's memory, with holes, and its state. */
void template_fixture_write_parts(const char *directory);
/* A template that is good; its directory is the caller's, and what is said of one that it replaces.
 */
char *template_fixture_make_saying(struct template_fixture *f, char **said);
char *template_fixture_make(struct template_fixture *f);
/* directory/name, until the next call. */
const char *template_fixture_part(const char *directory, const char *name);
/* Changes a byte of the file. */
void template_fixture_flip(const char *path, off_t where);

#endif
