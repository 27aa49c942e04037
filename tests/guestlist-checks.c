/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "guestlist-checks.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h> /* needs the above */

void assert_end(guestlist *list)
{
    struct guest *guest = NULL;
    AUTO_ERROR error *err = NULL;

    assert_int_equal(guestlist_next(list, &guest, &err), GUESTLIST_END);
    assert_null(guest);
    assert_null(err);
    assert_int_equal(guestlist_fd(list), -1);
}
