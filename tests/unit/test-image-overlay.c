/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is put in front of an image that is only read. */
#define _GNU_SOURCE 1 /* memfd_create */
#include "image/image-overlay.h"

#include "base/cleanup.h"
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h> /* needs the above */

#define MIB (UINT64_C(1) << 20)

static int new_file(void)
{
    int fd = memfd_create("overlay", MFD_CLOEXEC);
    assert_true(fd >= 0);
    return fd;
}

/* A chain of one raw file, of which the guest sees so many bytes. */
static struct image_chain *new_chain(uint64_t size)
{
    struct image_chain *chain = image_chain_null(NULL);
    assert_non_null(chain);
    chain->size = size;
    return chain;
}

static void it_is_a_qcow2_of_the_disks_size_in_front(void **state)
{
    static const uint64_t sizes[] = {512, MIB + 512, 512 * MIB, 512 * MIB + 512, UINT64_C(1) << 50};
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        AUTO_IMAGE_CHAIN struct image_chain *chain = new_chain(sizes[i]);
        CLEANUP(image_info_clear) struct image_info info = {0};
        unsigned char header[4096];
        int image = chain->layers[0].fd;
        struct stat st;
        assert_int_equal(image_overlay_add(chain, new_file(), 64 * MIB, NULL), 0);
        assert_true(chain->overlay);
        assert_int_equal(chain->count, 2);
        assert_int_equal(chain->layers[1].fd, image);
        assert_int_equal(image_overlay_below(chain), IMAGE_RAW);
        assert_int_equal(chain->layers[0].size, 64 * MIB);
        assert_int_equal(fstat(chain->layers[0].fd, &st), 0);
        assert_int_equal(st.st_size, 64 * MIB);
        assert_int_equal(pread(chain->layers[0].fd, header, sizeof header, 0), sizeof header);
        assert_int_equal(image_probe(header, sizeof header, 64 * MIB, IMAGE_DETECT, &info, NULL),
                         0);
        assert_int_equal(info.format, IMAGE_QCOW2);
        assert_int_equal(info.virtual_size, sizes[i]);
        assert_null(info.backing);
    }
}

static void assert_refused(struct image_chain *chain, uint64_t room, const char *why)
{
    AUTO_ERROR error *err = NULL;
    size_t count = chain->count;
    assert_int_equal(image_overlay_add(chain, new_file(), room, &err), -1);
    assert_int_equal(error_kind(err), ERROR_REFUSED);
    assert_non_null(strstr(error_message(err), why));
    assert_int_equal(chain->count, count);
    assert_false(chain->overlay);
}

static void what_does_not_fit_is_refused(void **state)
{
    AUTO_IMAGE_CHAIN struct image_chain *unknown = new_chain(0), *large = new_chain(512 * MIB),
                                        *huge = new_chain(UINT64_C(1) << 61);
    (void)state;
    assert_refused(unknown, 64 * MIB, "only QEMU can tell how large");
    assert_refused(large, 256 * 1024, "too large");
    assert_refused(huge, UINT64_C(1) << 40, "too large");
}

static void a_chain_that_is_full_is_refused(void **state)
{
    struct image_layer layers[IMAGE_CHAIN_MAX] = {{.format = IMAGE_QCOW2}};
    struct image_chain chain = {.count = IMAGE_CHAIN_MAX, .layers = layers, .size = MIB};
    (void)state;
    assert_refused(&chain, 64 * MIB, "already 64 files");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_a_qcow2_of_the_disks_size_in_front),
        cmocka_unit_test(what_does_not_fit_is_refused),
        cmocka_unit_test(a_chain_that_is_full_is_refused),
    };
    return cmocka_run_group_tests_name("image-overlay", tests, NULL, NULL);
}
