/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "appliance/slot-hotplug.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* A hypervisor that counts, and fails when told to. */
struct counter {
    hypervisor base;
    unsigned attached, detached, replaced;
    bool fail_attach, fail_detach;
    char serial[SLOT_COUNT][MAX_SERIAL + 1];
};

static int attach(hypervisor *base, const struct hypervisor_disk *disk, error **err)
{
    struct counter *self = (struct counter *)(void *)base;
    assert_true(strlen(disk->serial) <= MAX_SERIAL);
    assert_false(disk->writable);
    assert_null(disk->record);
    assert_true(disk->replaceable);
    snprintf(self->serial[disk->slot], sizeof self->serial[disk->slot], "%s", disk->serial);
    if (self->fail_attach)
        return error_set(err, ERROR_CORRUPT, "QEMU does not like it");
    self->attached++;
    return 0;
}

static int replace(hypervisor *base, const struct hypervisor_disk *disk, error **err)
{
    struct counter *self = (struct counter *)(void *)base;
    assert_string_equal(disk->serial, self->serial[disk->slot]);
    if (self->fail_attach)
        return error_set(err, ERROR_CORRUPT, "QEMU does not like it");
    self->replaced++;
    return 0;
}

static int detach(hypervisor *base, unsigned slot, error **err)
{
    struct counter *self = (struct counter *)(void *)base;
    (void)slot;
    if (self->fail_detach)
        return error_set(err, ERROR_APPLIANCE, "QEMU does not let go");
    self->detached++;
    return 0;
}

static const struct hypervisor_ops ops = {.attach = attach, .replace = replace, .detach = detach};

struct fixture {
    struct counter hv;
    slot_hotplug *disks;
    struct image_chain chain;
    struct hypervisor_disk wanted;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    f->hv.base.ops = &ops;
    f->chain = (struct image_chain){.count = 1, .size = 4096};
    f->wanted = (struct hypervisor_disk){.chain = &f->chain, .block_size = 512};
    f->disks = slot_hotplug_new(&f->hv.base, 0);
    *state = f;
    return f->disks ? 0 : -1;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    slot_hotplug_free(f->disks);
    free(f);
    return 0;
}

/* Its slot. */
static unsigned plug(struct fixture *f)
{
    disk request = {0};
    assert_int_equal(slot_hotplug_attach(f->disks, &f->wanted, &request, NULL), 0);
    unsigned slot = request.slot;
    slot_hotplug_disk_clear(&request);
    return slot;
}

static void plug_and_confirm(struct fixture *f, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        assert_int_equal(slot_hotplug_confirm(f->disks, plug(f), NULL), 0);
}

static void the_agent_is_told_what_to_expect(void **state)
{
    struct fixture *f = *state;
    disk request = {0};
    assert_int_equal(slot_hotplug_attach(f->disks, &f->wanted, &request, NULL), 0);
    assert_int_equal(request.slot, 0);
    assert_int_equal(request.size, 4096);
    assert_int_equal(request.serial.serial_len, strlen(f->hv.serial[0]));
    assert_memory_equal(request.serial.serial_val, f->hv.serial[0], request.serial.serial_len);
    slot_hotplug_disk_clear(&request);
    assert_null(request.serial.serial_val);
}

static void disks_take_the_lowest_free_slots(void **state)
{
    for (unsigned i = 0; i < SLOT_COUNT; i++)
        assert_int_equal(plug(*state), i);
}

static void a_full_appliance_takes_no_more(void **state)
{
    struct fixture *f = *state;
    AUTO_ERROR error *err = NULL;
    disk request = {0};
    for (unsigned i = 0; i < SLOT_COUNT; i++)
        plug(f);
    assert_int_equal(slot_hotplug_attach(f->disks, &f->wanted, &request, &err), -1);
    assert_non_null(err);
    assert_int_equal(f->hv.attached, SLOT_COUNT);
}

static void a_disk_that_cannot_be_attached_leaves_its_slot_free(void **state)
{
    struct fixture *f = *state;
    AUTO_ERROR error *err = NULL;
    disk request = {0};
    f->hv.fail_attach = true;
    assert_int_equal(slot_hotplug_attach(f->disks, &f->wanted, &request, &err), -1);
    assert_int_equal(error_kind(err), ERROR_CORRUPT);
    assert_null(request.serial.serial_val);
    assert_int_equal(slot_hotplug_attached(f->disks), 0);
    f->hv.fail_attach = false;
    assert_int_equal(plug(f), 0);
}

static void the_next_in_a_slot_has_another_serial(void **state)
{
    struct fixture *f = *state;
    char serial[MAX_SERIAL + 1];
    disk request = {0};
    f->hv.fail_attach = true;
    slot_hotplug_attach(f->disks, &f->wanted, &request, NULL);
    strcpy(serial, f->hv.serial[0]);
    f->hv.fail_attach = false;
    plug(f);
    assert_string_not_equal(f->hv.serial[0], serial);
}

static void a_disk_is_confirmed_once(void **state)
{
    struct fixture *f = *state;
    unsigned slot = plug(f);
    assert_int_equal(slot_hotplug_confirm(f->disks, slot, NULL), 0);
    assert_int_equal(slot_hotplug_confirm(f->disks, slot, NULL), -1);
    assert_int_equal(slot_hotplug_confirm(f->disks, slot + 1, NULL), -1);
    assert_int_equal(slot_hotplug_attached(f->disks), 1);
}

static void nothing_attached_is_nothing_to_detach(void **state)
{
    struct fixture *f = *state;
    unsigned slots[SLOT_COUNT];
    assert_int_equal(slot_hotplug_detach_all(f->disks, slots, NULL), 0);
    assert_int_equal(f->hv.detached, 0);
}

static void slots_are_free_when_both_sides_have_let_go(void **state)
{
    struct fixture *f = *state;
    unsigned slots[SLOT_COUNT];
    plug_and_confirm(f, 3);
    assert_int_equal(slot_hotplug_detach_all(f->disks, slots, NULL), 3);
    assert_int_equal(slots[2], 2);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(slot_hotplug_removed(f->disks, 2 - i, NULL), 0);
    assert_int_equal(slot_hotplug_attached(f->disks), 3);
    assert_int_equal(slot_hotplug_gone(f->disks, NULL), 0);
    assert_int_equal(slot_hotplug_attached(f->disks), 0);
    assert_int_equal(plug(f), 0);
}

static void the_agent_may_let_go_first(void **state)
{
    struct fixture *f = *state;
    unsigned slots[SLOT_COUNT];
    plug_and_confirm(f, 2);
    slot_hotplug_detach_all(f->disks, slots, NULL);
    assert_int_equal(slot_hotplug_gone(f->disks, NULL), 0);
    assert_int_equal(slot_hotplug_attached(f->disks), 2);
    assert_int_equal(slot_hotplug_removed(f->disks, 0, NULL), 0);
    assert_int_equal(slot_hotplug_attached(f->disks), 1);
    assert_int_equal(slot_hotplug_removed(f->disks, 1, NULL), 0);
    assert_int_equal(slot_hotplug_attached(f->disks), 0);
}

static void a_second_wave_waits_for_its_own_goodbyes(void **state)
{
    struct fixture *f = *state;
    unsigned slots[SLOT_COUNT];
    for (int wave = 0; wave < 3; wave++) {
        plug_and_confirm(f, 2);
        slot_hotplug_detach_all(f->disks, slots, NULL);
        assert_int_equal(slot_hotplug_removed(f->disks, 0, NULL), 0);
        assert_int_equal(slot_hotplug_removed(f->disks, 1, NULL), 0);
        assert_int_equal(slot_hotplug_attached(f->disks),
                         2); /* an old slot_hotplug_gone() does not count */
        slot_hotplug_gone(f->disks, NULL);
        assert_int_equal(slot_hotplug_attached(f->disks), 0);
    }
}

static void a_disk_that_was_never_confirmed_goes_as_well(void **state)
{
    struct fixture *f = *state;
    unsigned slots[SLOT_COUNT];
    plug_and_confirm(f, 1);
    plug(f);
    assert_int_equal(slot_hotplug_detach_all(f->disks, slots, NULL), 2);
}

static void a_disk_that_goes_away_by_itself_is_an_error(void **state)
{
    struct fixture *f = *state;
    AUTO_ERROR error *err = NULL;
    plug_and_confirm(f, 1);
    assert_int_equal(slot_hotplug_removed(f->disks, 0, &err), -1);
    assert_non_null(strstr(error_message(err), "by itself"));
}

static void a_slot_that_does_not_exist_cannot_go_away(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(slot_hotplug_removed(f->disks, 0, NULL), -1);
    assert_int_equal(slot_hotplug_removed(f->disks, ROOT_DRIVE_TARGET, NULL), -1);
    assert_int_equal(slot_hotplug_removed(f->disks, 1000000, NULL), -1);
}

static void a_disk_is_removed_once(void **state)
{
    struct fixture *f = *state;
    unsigned slots[SLOT_COUNT];
    plug_and_confirm(f, 1);
    slot_hotplug_detach_all(f->disks, slots, NULL);
    slot_hotplug_gone(f->disks, NULL);
    assert_int_equal(slot_hotplug_removed(f->disks, 0, NULL), 0);
    assert_int_equal(slot_hotplug_removed(f->disks, 0, NULL), -1);
}

static void a_failing_detach_is_an_error(void **state)
{
    struct fixture *f = *state;
    AUTO_ERROR error *err = NULL;
    unsigned slots[SLOT_COUNT];
    plug_and_confirm(f, 2);
    f->hv.fail_detach = true;
    assert_int_equal(slot_hotplug_detach_all(f->disks, slots, &err), -1);
    assert_int_equal(slot_hotplug_attached(f->disks), 2);
}

/* Its request; the slot is vacant again. */
static disk read_one(struct fixture *f)
{
    disk request = {0};
    assert_int_equal(slot_hotplug_attach(f->disks, &f->wanted, &request, NULL), 0);
    assert_int_equal(slot_hotplug_confirm(f->disks, request.slot, NULL), 0);
    assert_int_equal(slot_hotplug_vacate(f->disks, request.slot, NULL), 0);
    disk plain = request;
    slot_hotplug_disk_clear(&request);
    return plain;
}

static void a_disk_takes_the_place_of_one_that_has_been_read(void **state)
{
    struct fixture *f = *state;
    for (unsigned i = 0; i < 3; i++) {
        f->chain.size = 4096 * (i + 1);
        disk request = read_one(f);
        assert_int_equal(request.slot, 0);
        assert_int_equal(request.replaced, i);
        assert_int_equal(request.size, 4096 * (i + 1));
    }
    assert_int_equal(f->hv.attached, 1);
    assert_int_equal(f->hv.replaced, 2);
}

static void a_disk_that_is_being_read_keeps_its_place(void **state)
{
    struct fixture *f = *state;
    read_one(f);
    assert_int_equal(plug(f), 0); /* and is not confirmed yet */
    assert_int_equal(plug(f), 1);
    assert_int_equal(slot_hotplug_vacate(f->disks, 1, NULL), -1);
    assert_int_equal(slot_hotplug_confirm(f->disks, 0, NULL), 0);
    assert_int_equal(plug(f), 2);
    assert_int_equal(slot_hotplug_vacate(f->disks, 0, NULL), 0);
    assert_int_equal(plug(f), 0);
}

static void other_blocks_need_another_device(void **state)
{
    struct fixture *f = *state;
    read_one(f);
    f->wanted.block_size = 4096;
    assert_int_equal(read_one(f).slot, 1);
    assert_int_equal(read_one(f).slot, 1);
    f->wanted.block_size = 512;
    assert_int_equal(read_one(f).slot, 0);
    assert_int_equal(f->hv.attached, 2);
}

static void a_disk_that_cannot_take_the_place_leaves_it_vacant(void **state)
{
    struct fixture *f = *state;
    disk request = {0};
    read_one(f);
    f->hv.fail_attach = true;
    assert_int_equal(slot_hotplug_attach(f->disks, &f->wanted, &request, NULL), -1);
    assert_null(request.serial.serial_val);
    f->hv.fail_attach = false;
    request = read_one(f);
    assert_int_equal(request.slot, 0);
    assert_int_equal(request.replaced, 1);
}

static void vacant_slots_are_detached_too(void **state)
{
    struct fixture *f = *state;
    unsigned slots[SLOT_COUNT];
    read_one(f);
    read_one(f);
    assert_int_equal(slot_hotplug_detach_all(f->disks, slots, NULL), 1);
    assert_int_equal(slot_hotplug_removed(f->disks, 0, NULL), 0);
    assert_int_equal(slot_hotplug_gone(f->disks, NULL), 0);
    assert_int_equal(slot_hotplug_attached(f->disks), 0);
    assert_int_equal(read_one(f).replaced, 0); /* a new device */
    assert_int_equal(f->hv.attached, 2);
}

/* In the place of the fixture's. */
static void reserve(struct fixture *f, unsigned count)
{
    slot_hotplug_free(f->disks);
    f->disks = slot_hotplug_new(&f->hv.base, count);
    assert_non_null(f->disks);
    for (unsigned slot = 0; slot < count; slot++)
        strcpy(f->hv.serial[slot], RESERVED_SERIAL);
}

static void the_first_disks_are_put_behind_reserved_devices(void **state)
{
    struct fixture *f = *state;
    reserve(f, 2);
    disk request = {0};
    assert_int_equal(slot_hotplug_attach(f->disks, &f->wanted, &request, NULL), 0);
    assert_int_equal(request.slot, 0);
    assert_int_equal(request.replaced, 1);
    assert_int_equal(request.serial.serial_len, strlen(RESERVED_SERIAL));
    assert_memory_equal(request.serial.serial_val, RESERVED_SERIAL, strlen(RESERVED_SERIAL));
    slot_hotplug_disk_clear(&request);
    assert_int_equal(plug(f), 1);
    assert_int_equal(f->hv.attached, 0);
    assert_int_equal(plug(f), 2);
    assert_int_equal(f->hv.replaced, 2);
    assert_int_equal(f->hv.attached, 1);
    assert_string_not_equal(f->hv.serial[2], RESERVED_SERIAL);
}

static void a_reserved_device_has_blocks_of_512_bytes(void **state)
{
    struct fixture *f = *state;
    reserve(f, 2);
    f->wanted.block_size = 4096;
    assert_int_equal(plug(f), 2);
    assert_int_equal(f->hv.replaced, 0);
}

static void a_reserved_device_that_had_no_disk_stays(void **state)
{
    struct fixture *f = *state;
    unsigned slots[SLOT_COUNT];
    reserve(f, 3);
    assert_int_equal(slot_hotplug_attached(f->disks), 0);
    assert_int_equal(slot_hotplug_detach_all(f->disks, slots, NULL), 0);
    read_one(f);
    assert_int_equal(slot_hotplug_attached(f->disks), 1);
    assert_int_equal(slot_hotplug_detach_all(f->disks, slots, NULL), 1);
    assert_int_equal(slots[0], 0);
    assert_int_equal(slot_hotplug_removed(f->disks, 0, NULL), 0);
    assert_int_equal(slot_hotplug_gone(f->disks, NULL), 0);
    assert_int_equal(slot_hotplug_attached(f->disks), 0);
    disk request = read_one(f);
    assert_int_equal(request.slot, 1);
    assert_int_equal(request.replaced, 1);
}

static void a_device_in_the_place_of_a_reserved_one_has_another_serial(void **state)
{
    struct fixture *f = *state;
    unsigned slots[SLOT_COUNT];
    reserve(f, 1);
    assert_int_equal(read_one(f).replaced, 1);
    assert_int_equal(slot_hotplug_attached(f->disks), 1);
    assert_int_equal(slot_hotplug_detach_all(f->disks, slots, NULL), 1);
    assert_int_equal(slot_hotplug_removed(f->disks, 0, NULL), 0);
    assert_int_equal(slot_hotplug_gone(f->disks, NULL), 0);
    disk request = read_one(f);
    assert_int_equal(request.slot, 0);
    assert_int_equal(request.replaced, 0);
    assert_string_not_equal(f->hv.serial[0], RESERVED_SERIAL);
}

int main(void)
{
#define PLUG(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        PLUG(the_agent_is_told_what_to_expect),
        PLUG(disks_take_the_lowest_free_slots),
        PLUG(a_full_appliance_takes_no_more),
        PLUG(a_disk_that_cannot_be_attached_leaves_its_slot_free),
        PLUG(the_next_in_a_slot_has_another_serial),
        PLUG(a_disk_is_confirmed_once),
        PLUG(nothing_attached_is_nothing_to_detach),
        PLUG(slots_are_free_when_both_sides_have_let_go),
        PLUG(the_agent_may_let_go_first),
        PLUG(a_second_wave_waits_for_its_own_goodbyes),
        PLUG(a_disk_that_was_never_confirmed_goes_as_well),
        PLUG(a_disk_that_goes_away_by_itself_is_an_error),
        PLUG(a_slot_that_does_not_exist_cannot_go_away),
        PLUG(a_disk_is_removed_once),
        PLUG(a_failing_detach_is_an_error),
        PLUG(a_disk_takes_the_place_of_one_that_has_been_read),
        PLUG(a_disk_that_is_being_read_keeps_its_place),
        PLUG(other_blocks_need_another_device),
        PLUG(a_disk_that_cannot_take_the_place_leaves_it_vacant),
        PLUG(vacant_slots_are_detached_too),
        PLUG(the_first_disks_are_put_behind_reserved_devices),
        PLUG(a_reserved_device_has_blocks_of_512_bytes),
        PLUG(a_reserved_device_that_had_no_disk_stays),
        PLUG(a_device_in_the_place_of_a_reserved_one_has_another_serial),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
