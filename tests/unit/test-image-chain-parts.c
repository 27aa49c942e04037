/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* image_chain_open() on images that keep their data in other files: a qcow2's data file, a VMDK's
 * extents. They are named, so the policy is asked. */
#include "lib/image-files.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#define DESCRIPTOR "# Disk DescriptorFile\n"

static void a_data_file_follows_its_image(void **state)
{
    (void)state;
    make_raw("data.raw", 1 << 20);
    make_qcow2_with_data_file("data.qcow2", "data.raw");
    AUTO_IMAGE_CHAIN struct image_chain *chain = open_chain("data.qcow2", BACKING_SAME_DIR);
    assert_int_equal(chain->count, 2);
    assert_int_equal(chain->size, 1 << 20);
    assert_string_equal(chain->layers[1].path, "data.raw");
    assert_int_equal(chain->layers[1].role, IMAGE_ROLE_DATA);
    assert_int_equal(chain->layers[1].format, IMAGE_RAW);
    assert_int_equal(fcntl(chain->layers[1].fd, F_GETFL) & O_ACCMODE, O_RDONLY);
}

static void a_data_file_is_not_probed(void **state)
{
    (void)state;
    make_qcow2_file("guest.raw", "/etc/shadow", "raw");
    make_qcow2_with_data_file("data.qcow2", "guest.raw");
    AUTO_IMAGE_CHAIN struct image_chain *chain = open_chain("data.qcow2", BACKING_SAME_DIR);
    assert_int_equal(chain->count, 2);
}

static void a_data_file_follows_the_policy(void **state)
{
    (void)state;
    make_raw("outside.raw", 512);
    make_qcow2_with_data_file("sub/data.qcow2", "../outside.raw");
    assert_policy_refuses("sub/data.qcow2", BACKING_DENY, ERROR_REFUSED,
                          "the image names a data file, \"../outside.raw\"");
    assert_policy_refuses("sub/data.qcow2", BACKING_SAME_DIR, ERROR_REFUSED,
                          "the image names a data file, \"../outside.raw\", outside its directory");
    AUTO_IMAGE_CHAIN struct image_chain *chain = open_chain("sub/data.qcow2", BACKING_ALLOW);
    assert_int_equal(chain->count, 2);
    make_qcow2_with_data_file("sub/data.qcow2", "/etc/shadow");
    assert_policy_refuses("sub/data.qcow2", BACKING_SAME_DIR, ERROR_REFUSED,
                          "\"/etc/shadow\", outside its directory");
    make_qcow2_with_data_file("sub/data.qcow2", "nbd://host/x");
    assert_refused("sub/data.qcow2", ERROR_UNSUPPORTED, "a data file, \"nbd://host/x\"");
}

static void an_image_that_is_its_own_data_file_is_corrupt(void **state)
{
    (void)state;
    make_qcow2_with_data_file("self.qcow2", "self.qcow2");
    assert_policy_refuses("self.qcow2", BACKING_SAME_DIR, ERROR_CORRUPT, "names itself");
}

static void what_an_image_names_is_never_written(void **state)
{
    AUTO_ERROR error *err = NULL;

    (void)state;
    make_raw("data.raw", 512);
    make_qcow2_with_data_file("data.qcow2", "data.raw");
    AUTO_IMAGE_CHAIN struct image_chain *chain = open_chain("data.qcow2", BACKING_SAME_DIR);
    assert_int_equal(image_chain_make_writable(chain, &err), -1);
    assert_non_null(strstr(error_message(err), "another file, data.raw"));
}

static void names_behind_a_part_are_relative_to_the_image(void **state)
{
    (void)state;
    make_raw("sub/base.raw", 512);
    make_raw("sub/far.raw", 512);
    assert_true(mkdir("sub/deeper", 0755) == 0);
    make_raw("sub/deeper/data.raw", 512);
    make_qcow2_with_data_file("sub/lower.qcow2", "deeper/data.raw");
    make_qcow2_file("upper.qcow2", "sub/lower.qcow2", "qcow2");
    AUTO_IMAGE_CHAIN struct image_chain *chain = open_chain("upper.qcow2", BACKING_SAME_DIR);
    assert_int_equal(chain->count, 3);
    assert_string_equal(chain->layers[2].path, "sub/deeper/data.raw");
    assert_int_equal(chain->layers[2].role, IMAGE_ROLE_DATA);
}

static void extents_follow_their_descriptor(void **state)
{
    (void)state;
    make_raw("f1.vmdk", 4096);
    make_raw("f2.vmdk", 8192);
    make_text("flat.vmdk", DESCRIPTOR "RW 8 FLAT \"f1.vmdk\" 0\nRW 4 FLAT \"f2.vmdk\" 12\n"
                                      "RW 4 FLAT \"f2.vmdk\" 0\n");
    AUTO_IMAGE_CHAIN struct image_chain *chain = open_chain("flat.vmdk", BACKING_SAME_DIR);
    assert_int_equal(chain->count, 4);
    assert_int_equal(chain->size, 16 * 512);
    assert_int_equal(chain->layers[0].format, IMAGE_VMDK);
    assert_int_equal(chain->layers[2].role, IMAGE_ROLE_EXTENT);
    assert_int_equal(chain->layers[2].format, IMAGE_RAW);
    assert_int_equal(chain->layers[2].offset, 12 * 512);
    assert_int_equal(chain->layers[2].size, 4 * 512);
}

static void extents_follow_the_policy(void **state)
{
    (void)state;
    make_text("over.vmdk", DESCRIPTOR "RW 1 FLAT \"/etc/passwd\" 0\n");
    assert_policy_refuses("over.vmdk", BACKING_DENY, ERROR_REFUSED,
                          "the image names an extent, \"/etc/passwd\"");
    assert_policy_refuses("over.vmdk", BACKING_SAME_DIR, ERROR_REFUSED,
                          "\"/etc/passwd\", outside its directory");
    make_text("over.vmdk", DESCRIPTOR "RW 1 FLAT \"\\\\.\\PhysicalDrive0\" 0\n");
    assert_policy_refuses("over.vmdk", BACKING_SAME_DIR, ERROR_UNREADABLE, "extent ");
}

static void an_extent_has_what_the_descriptor_claims(void **state)
{
    (void)state;
    make_raw("f.vmdk", 4096);
    make_text("over.vmdk", DESCRIPTOR "RW 9 FLAT \"f.vmdk\" 0\n");
    assert_policy_refuses("over.vmdk", BACKING_SAME_DIR, ERROR_CORRUPT, "extent f.vmdk: truncated");
    make_text("over.vmdk", DESCRIPTOR "RW 1 FLAT \"f.vmdk\" 8\n");
    assert_policy_refuses("over.vmdk", BACKING_SAME_DIR, ERROR_CORRUPT, "truncated");
    make_text("over.vmdk", DESCRIPTOR "RW 8 SPARSE \"f.vmdk\"\n");
    assert_policy_refuses("over.vmdk", BACKING_SAME_DIR, ERROR_CORRUPT, "extent f.vmdk: ");
}

static void an_extent_is_no_descriptor_and_not_itself(void **state)
{
    (void)state;
    make_raw("f.vmdk", 4096);
    make_text("inner.vmdk", DESCRIPTOR "RW 8 FLAT \"f.vmdk\" 0\n");
    make_text("outer.vmdk", DESCRIPTOR "RW 8 SPARSE \"inner.vmdk\"\n");
    assert_policy_refuses("outer.vmdk", BACKING_SAME_DIR, ERROR_CORRUPT, "itself a descriptor");
    make_text("self.vmdk", DESCRIPTOR "RW 1 SPARSE \"self.vmdk\"\n");
    assert_policy_refuses("self.vmdk", BACKING_SAME_DIR, ERROR_CORRUPT, "names itself");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test(name)
        T(a_data_file_follows_its_image),
        T(a_data_file_is_not_probed),
        T(a_data_file_follows_the_policy),
        T(an_image_that_is_its_own_data_file_is_corrupt),
        T(what_an_image_names_is_never_written),
        T(names_behind_a_part_are_relative_to_the_image),
        T(extents_follow_their_descriptor),
        T(extents_follow_the_policy),
        T(an_extent_has_what_the_descriptor_claims),
        T(an_extent_is_no_descriptor_and_not_itself),
    };
    return cmocka_run_group_tests(tests, enter_image_directory, leave_image_directory);
}
