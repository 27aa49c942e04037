/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "guest-list-checks.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h> /* needs the above */

void assert_end(guest_list *list)
{
    struct guest *guest = NULL;
    AUTO_ERROR error *err = NULL;

    assert_int_equal(guest_list_next(list, &guest, &err), GUEST_LIST_END);
    assert_null(guest);
    assert_null(err);
    assert_int_equal(guest_list_fd(list), -1);
}
