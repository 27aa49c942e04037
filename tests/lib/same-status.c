/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "same-status.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h> /* needs the above */

static void assert_same_time(struct statx_timestamp a, struct statx_timestamp b)
{
    assert_int_equal(a.tv_sec, b.tv_sec);
    assert_int_equal(a.tv_nsec, b.tv_nsec);
}

void same_status_assert(const struct statx *got, const struct statx *wanted)
{
    assert_int_equal(got->stx_mode, wanted->stx_mode);
    assert_int_equal(got->stx_uid, wanted->stx_uid);
    assert_int_equal(got->stx_gid, wanted->stx_gid);
    assert_int_equal(got->stx_nlink, wanted->stx_nlink);
    assert_int_equal(got->stx_size, wanted->stx_size);
    assert_int_equal(got->stx_blocks, wanted->stx_blocks);
    assert_int_equal(got->stx_ino, wanted->stx_ino);
    assert_int_equal(got->stx_rdev_major, wanted->stx_rdev_major);
    assert_int_equal(got->stx_rdev_minor, wanted->stx_rdev_minor);
    assert_same_time(got->stx_atime, wanted->stx_atime);
    assert_same_time(got->stx_mtime, wanted->stx_mtime);
    assert_same_time(got->stx_ctime, wanted->stx_ctime);
}
