/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Commands that follow each other in the test's own process, on a scripted appliance that lives
 * between commands. Anything unexpected fails the test. */
#ifndef VLT_TEST_PERSISTENT_SLOTS_CHECKS_H
#define VLT_TEST_PERSISTENT_SLOTS_CHECKS_H

#include "fake-persistent.h"

/* The present one. */
extern struct fake_persistent command;

/* An appliance with so many slots, and the first command on it. For set-up and tear-down: 0 or -1.
 */
int persistent_checks_begin(unsigned slots);
int persistent_checks_end(void);

/* The present one, if any, ends, and another begins. */
void next_command(void);

/* Label: or NULL. */
struct persistent_slots_request asked(int slot, const char *label, const char *image);
struct persistent_slots_request null_drive(int slot);
struct persistent_slots_request
instead(struct persistent_slots_request request); /* with `replace` */

unsigned attach_disk(struct persistent_slots_request request); /* its slot */
void detach_disk(unsigned slot);
void assert_not_attached(struct persistent_slots_request request, enum error_kind kind,
                         const char *why);
void assert_not_detached(unsigned slot, bool force, enum error_kind kind, const char *why);

/* Checks the slot in the present command and in the next one, and that both agree with the fakes.
 * image: its path, or NULL: free. */
void assert_image(unsigned slot, const char *image);

void assert_found(const char *word, int slot);
void assert_not_found(const char *word, const char *why);
/* That no slot, device or label has that name. */
void assert_nameless(const char *word);

#endif
