/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "persistent-slots-checks.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

struct fake_persistent command;

void next_command(void)
{
    AUTO_ERROR error *err = NULL;
    fake_persistent_close(&command);
    if (fake_persistent_open(&command, &err) < 0)
        fail_msg("%s", error_message(err));
}

int persistent_checks_begin(unsigned slots)
{
    signal(SIGPIPE, SIG_IGN); /* as commands do */
    return fake_persistent_launch(slots) < 0 ? -1 : fake_persistent_open(&command, NULL);
}

int persistent_checks_end(void)
{
    fake_persistent_close(&command);
    return fake_persistent_end() == 0 ? 0 : -1;
}

struct persistent_slots_request asked(int slot, const char *label, const char *image)
{
    struct persistent_slots_request request = fake_persistent_request(image);
    request.slot = slot;
    request.label = label;
    return request;
}

struct persistent_slots_request null_drive(int slot)
{
    return asked(slot, NULL, "/dev/null");
}

struct persistent_slots_request instead(struct persistent_slots_request request)
{
    request.replace = true;
    return request;
}

unsigned attach_disk(struct persistent_slots_request request)
{
    AUTO_ERROR error *err = NULL;
    unsigned slot = SLOT_COUNT;
    if (persistent_slots_attach(command.disks, &request, &slot, &err) < 0)
        fail_msg("%s", error_message(err));
    return slot;
}

void assert_not_attached(struct persistent_slots_request request, enum error_kind kind,
                         const char *why)
{
    AUTO_ERROR error *err = NULL;
    unsigned slot;
    assert_int_equal(persistent_slots_attach(command.disks, &request, &slot, &err), -1);
    assert_string_equal(error_message(err), why);
    assert_int_equal(error_kind(err), kind);
}

void detach_disk(unsigned slot)
{
    AUTO_ERROR error *err = NULL;
    if (persistent_slots_detach(command.disks, slot, false, &err) < 0)
        fail_msg("%s", error_message(err));
}

void assert_not_detached(unsigned slot, bool force, enum error_kind kind, const char *why)
{
    AUTO_ERROR error *err = NULL;
    assert_int_equal(persistent_slots_detach(command.disks, slot, force, &err), -1);
    assert_string_equal(error_message(err), why);
    assert_int_equal(error_kind(err), kind);
}

void assert_image(unsigned slot, const char *image)
{
    for (int i = 0; i < 2; i++) {
        const struct disk_record *note = persistent_slots_disk(command.disks, slot);
        if (!image)
            assert_null(note);
        else if (!note)
            fail_msg("nothing is at slot %u", slot);
        else
            assert_string_equal(note->image, image);
        if (i == 0)
            next_command();
    }
    assert_true(fake_persistent_is_true(&command));
}

void assert_found(const char *word, int slot)
{
    assert_int_equal(persistent_slots_find(command.disks, word, NULL), slot);
}

void assert_not_found(const char *word, const char *why)
{
    AUTO_ERROR error *err = NULL;
    assert_int_equal(persistent_slots_find(command.disks, word, &err), -1);
    assert_string_equal(error_message(err), why);
    assert_int_equal(error_kind(err), ERROR_REFUSED);
}

void assert_nameless(const char *word)
{
    AUTO_FREE char *why = NULL;
    assert_true(asprintf(&why, "\"%s\" is no slot, no device of one, and no disk's label", word) >
                0);
    assert_not_found(word, why);
}
