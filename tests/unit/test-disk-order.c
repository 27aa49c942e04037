/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A disk as the supervisor describes it, and as a worker reads it from the order. */
#include "scan/disk-order.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define GUEST 7

/* Over the real encoding, not only over the struct. */
struct wire {
    char bytes[16384];
    order arrived;
};

static const disk_order *carry(struct wire *wire, struct disk_order_message *sent)
{
    XDR xdr;
    xdrmem_create(&xdr, wire->bytes, sizeof wire->bytes, XDR_ENCODE);
    assert_true(xdr_order(&xdr, &sent->order));
    xdr_destroy(&xdr);
    memset(&wire->arrived, 0, sizeof wire->arrived);
    xdrmem_create(&xdr, wire->bytes, sizeof wire->bytes, XDR_DECODE);
    assert_true(xdr_order(&xdr, &wire->arrived));
    xdr_destroy(&xdr);
    assert_int_equal(wire->arrived.kind, ORDER_DISK);
    return &wire->arrived.order_u.disk;
}

static void drop(struct wire *wire)
{
    xdr_free((xdrproc_t)xdr_order, &wire->arrived);
}

static void assert_same_layer(const struct image_layer *sent, const struct image_layer *got)
{
    assert_int_equal(got->fd, sent->fd);
    assert_int_equal(got->format, sent->format);
    assert_int_equal(got->block_device, sent->block_device);
    assert_int_equal(got->encrypted, sent->encrypted);
    assert_int_equal(got->role, sent->role);
    assert_true(got->offset == sent->offset);
    assert_true(got->size == sent->size);
}

/* Each field of some layer has another value than in the layer before. */
static void a_chain_arrives_as_it_was(void **state)
{
    struct image_layer layers[] = {
        {.fd = 3, .format = IMAGE_QCOW2, .encrypted = true},
        {.fd = 4, .format = IMAGE_RAW, .role = IMAGE_ROLE_DATA, .block_device = true},
        {.fd = 5, .format = IMAGE_VMDK},
        {.fd = 6, .format = IMAGE_RAW, .role = IMAGE_ROLE_EXTENT, .offset = 512, .size = 1 << 20},
    };
    struct image_chain chain = {.count = 4, .layers = layers, .size = (uint64_t)5 << 40};
    struct hypervisor_disk disk = {.chain = &chain, .block_size = 4096};
    struct disk_order_message message;
    AUTO_DISK_ORDER_DISK struct disk_order_disk read = {0};
    struct wire wire;
    (void)state;
    disk_order_encode(&disk, GUEST, &message);
    const disk_order *order = carry(&wire, &message);
    assert_int_equal(order->guest, GUEST);
    assert_int_equal(disk_order_decode(order, message.fds, message.fd_count, &read, NULL), 0);
    assert_ptr_equal(read.disk.chain, &read.chain);
    assert_int_equal(read.disk.block_size, 4096);
    assert_int_equal(read.disk.key_count, 0);
    assert_true(read.chain.size == chain.size);
    assert_null(read.chain.nbd_export);
    assert_int_equal(read.chain.count, 4);
    for (size_t i = 0; i < 4; i++)
        assert_same_layer(&layers[i], &read.chain.layers[i]);
    drop(&wire);
}

static struct hypervisor_disk remote_disk(const char *export_name)
{
    static struct image_layer layer;
    static struct image_chain chain;
    layer = (struct image_layer){.fd = 3, .format = IMAGE_RAW};
    chain = (struct image_chain){
        .count = 1, .layers = &layer, .size = 512, .nbd_export = (char *)export_name};
    return (struct hypervisor_disk){.chain = &chain, .block_size = 512};
}

/* The empty name is NBD's default export: not the same as no export. */
static void an_exports_name_arrives(void **state)
{
    static const char *const names[] = {"", "vda", "a b\xff"};
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct hypervisor_disk disk = remote_disk(names[i]);
        struct disk_order_message message;
        AUTO_DISK_ORDER_DISK struct disk_order_disk read = {0};
        struct wire wire;
        disk_order_encode(&disk, GUEST, &message);
        assert_int_equal(disk_order_decode(carry(&wire, &message), message.fds, 1, &read, NULL), 0);
        assert_string_equal(read.chain.nbd_export, names[i]);
        drop(&wire);
    }
}

static void a_disks_own_key_arrives_first(void **state)
{
    key own = {.passphrase = {6, (char *)"se\0ret"}};
    const key *const keys[] = {&own};
    struct hypervisor_disk disk = remote_disk(NULL);
    struct disk_order_message message;
    AUTO_DISK_ORDER_DISK struct disk_order_disk read = {0};
    struct wire wire;
    (void)state;
    disk.keys = keys;
    disk.key_count = 1;
    disk_order_encode(&disk, GUEST, &message);
    assert_int_equal(disk_order_decode(carry(&wire, &message), message.fds, 1, &read, NULL), 0);
    assert_int_equal(read.disk.key_count, 1);
    assert_int_equal(read.disk.keys[0]->passphrase.passphrase_len, 6);
    assert_memory_equal(read.disk.keys[0]->passphrase.passphrase_val, "se\0ret", 6);
    drop(&wire);
}

/* The longest chain: it fits, with a descriptor for each layer. */
static void the_longest_chain_fits(void **state)
{
    struct image_layer layers[IMAGE_CHAIN_MAX];
    struct image_chain chain = {.count = IMAGE_CHAIN_MAX, .layers = layers, .size = 512};
    struct hypervisor_disk disk = {.chain = &chain, .block_size = 512};
    struct disk_order_message message;
    AUTO_DISK_ORDER_DISK struct disk_order_disk read = {0};
    struct wire wire;
    (void)state;
    for (int i = 0; i < IMAGE_CHAIN_MAX; i++)
        layers[i] = (struct image_layer){.fd = 100 + i, .format = IMAGE_QCOW2};
    disk_order_encode(&disk, GUEST, &message);
    assert_int_equal(
        disk_order_decode(carry(&wire, &message), message.fds, message.fd_count, &read, NULL), 0);
    assert_int_equal(read.chain.count, IMAGE_CHAIN_MAX);
    assert_int_equal(read.chain.layers[IMAGE_CHAIN_MAX - 1].fd, 100 + IMAGE_CHAIN_MAX - 1);
    drop(&wire);
}

static void descriptors_that_do_not_match_are_refused(void **state)
{
    struct hypervisor_disk disk = remote_disk(NULL);
    struct disk_order_message message;
    (void)state;
    disk_order_encode(&disk, GUEST, &message);
    for (size_t count = 0; count < 3; count += 2) {
        AUTO_ERROR error *err = NULL;
        AUTO_DISK_ORDER_DISK struct disk_order_disk read = {0};
        int fds[] = {3, 4};
        assert_int_equal(disk_order_decode(&message.order.order_u.disk, fds, count, &read, &err),
                         -1);
        assert_int_equal(error_kind(err), ERROR_APPLIANCE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_chain_arrives_as_it_was),
        cmocka_unit_test(an_exports_name_arrives),
        cmocka_unit_test(a_disks_own_key_arrives_first),
        cmocka_unit_test(the_longest_chain_fits),
        cmocka_unit_test(descriptors_that_do_not_match_are_refused),
    };
    return cmocka_run_group_tests_name("disk-order", tests, NULL, NULL);
}
