/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fake-persistent.h"

#include "base/clock.h"
#include "wire/port-name.h"
#include <string.h>
#include <sys/mman.h>

#define UUID "living"
#define PATIENCE (5 * CLOCK_SECOND)

/* --- the appliance --- */

static int ask(agent_client *agent, int asked, error **err)
{
    answer reply = {0};
    if (asked < 0 || agent_client_wait(agent, clock_now() + PATIENCE, &reply, err) < 0)
        return -1;
    agent_client_answer_clear(&reply);
    return 0;
}

static int greet(struct fake_persistent *self, error **err)
{
    int port = self->hv->ops->open_port(self->hv, AGENT_PORT_NAME, err);
    self->agent = port < 0 ? NULL : agent_client_new(port, err);
    return self->agent ? agent_client_greet(self->agent, clock_now() + PATIENCE, err) : -1;
}

int fake_persistent_launch(unsigned slots)
{
    struct launch_settings settings = {slots, 0};
    struct machine_spec spec = {
        .name = "living",
        .uuid = UUID,
        .accel = "tcg",
        .memory_mib = 512,
        .kernel = "/k",
        .initrd = "/i",
        .root_drive = "/r",
        .architecture = architecture_native(),
        .sessions = true,
        .settings = &settings,
    };
    AUTO_FAKE_PERSISTENT struct fake_persistent launched = {0};
    fake_script = fake_script_new();
    if (!fake_script)
        return -1;
    fake_persistent_script(FAKE_END, FAKE_FAIL, 0); /* to free a hypervisor does not end it */
    launched.hv = fake_hypervisor_create(NULL);
    if (!launched.hv || launched.hv->ops->launch(launched.hv, &spec, -1, NULL) < 0)
        return -1;
    return greet(&launched, NULL) < 0
               ? -1
               : ask(launched.agent, agent_client_keep(launched.agent, 0, NULL), NULL);
}

unsigned fake_persistent_end(void)
{
    unsigned mistakes = atomic_load(&fake_script->mistakes);
    fake_machines_end();
    fake_script_free(fake_script);
    fake_script = NULL;
    return mistakes;
}

struct fake_machine *fake_persistent_machine(void)
{
    return fake_machine_find(UUID);
}

void fake_persistent_script(enum fake_point point, enum fake_act what, unsigned count)
{
    fake_script->steps[point] = (struct fake_step){
        .act = what, .first = atomic_load(&fake_script->calls[point]), .count = count};
}

/* --- commands --- */

int fake_persistent_find(struct fake_persistent *self, error **err)
{
    *self = (struct fake_persistent){.hv = fake_hypervisor_create(err)};
    if (!self->hv)
        return -1;
    int found = self->hv->ops->find(self->hv, UUID, err);
    return found > 0 ? error_set(err, ERROR_APPLIANCE, "there is no appliance") : found;
}

int fake_persistent_open(struct fake_persistent *self, error **err)
{
    if ((!self->hv && fake_persistent_find(self, err) < 0) || greet(self, err) < 0)
        return -1;
    self->disks = persistent_slots_new(self->hv, self->agent, err);
    return self->disks ? 0 : -1;
}

void fake_persistent_close(struct fake_persistent *self)
{
    persistent_slots_free(self->disks);
    agent_client_free(self->agent);
    if (self->hv)
        self->hv->ops->free(self->hv);
    *self = (struct fake_persistent){0};
}

struct persistent_slots_request fake_persistent_request(const char *image)
{
    static struct image_layer layer = {.fd = -1, .format = IMAGE_RAW};
    static struct image_chain chain = {.count = 1, .layers = &layer, .size = 4096};
    if (layer.fd < 0)
        layer.fd = memfd_create("image", MFD_CLOEXEC);
    return (struct persistent_slots_request){
        .chain = &chain, .image = image, .block_size = 512, .slot = -1};
}

/* --- the truth --- */

static bool is_text(const char *bytes, u_int length, const char *text)
{
    return length == strlen(text) && (length == 0 || memcmp(bytes, text, length) == 0);
}

static bool is_same(const struct disk_record *believed, const struct hypervisor_slot *held,
                    const listed *seen)
{
    if (!believed)
        return !held->device && !held->files && !held->record && !seen;
    AUTO_FREE char *note = disk_record_write(believed);
    return held->device && held->files && held->record && strcmp(held->record, note) == 0 && seen &&
           seen->named &&
           is_text(seen->disk.serial.serial_val, seen->disk.serial.serial_len, believed->serial) &&
           is_text(seen->label.label_val, seen->label.label_len, believed->label);
}

static bool compare(const struct fake_persistent *self, const struct hypervisor_slot table[],
                    const list_ret *list)
{
    bool same = true;
    for (unsigned slot = 0, next = 0; slot < SLOT_COUNT; slot++) {
        const listed *seen = next < list->disks.disks_len ? &list->disks.disks_val[next] : NULL;
        if (seen && seen->disk.slot != slot)
            seen = NULL;
        next += seen != NULL;
        if (is_same(persistent_slots_disk(self->disks, slot), &table[slot], seen))
            continue;
        fprintf(stderr, "slot %u: believed %s, device %d, files %d, note \"%s\", seen %s\n", slot,
                persistent_slots_disk(self->disks, slot) ? "ready" : "free", table[slot].device,
                table[slot].files, table[slot].record ? table[slot].record : "",
                !seen         ? "no"
                : seen->named ? "named"
                              : "without a name");
        same = false;
    }
    return same;
}

bool fake_persistent_is_true(struct fake_persistent *self)
{
    struct hypervisor_slot table[SLOT_COUNT];
    answer reply = {0};
    if (self->hv->ops->inspect(self->hv, table, NULL) < 0)
        return false;
    bool same = agent_client_list(self->agent, NULL) == 0 &&
                agent_client_wait(self->agent, clock_now() + PATIENCE, &reply, NULL) == 0 &&
                compare(self, table, &reply.body.answer_body_u.list);
    agent_client_answer_clear(&reply);
    for (unsigned slot = 0; slot < SLOT_COUNT; slot++)
        free(table[slot].record);
    return same;
}
