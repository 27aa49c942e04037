/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Checks that tests of lists of guests share. */
#ifndef VLT_TEST_GUEST_LIST_CHECKS_H
#define VLT_TEST_GUEST_LIST_CHECKS_H

#include "guest/guest-list.h"

/* There is no further guest, nothing to wait for, and no error. */
void assert_end(guest_list *list);

#endif
