/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "guest/domain-disks.h"

#include "base/secret.h"
#include "guest/xml-tree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define DOMAIN(devices) "<domain type='kvm'><name>n</name><devices>" devices "</devices></domain>"
#define FILE_DISK(inner)                                                                           \
    DOMAIN("<disk type='file' device='disk'><source file='/a.img'/><target dev='vda'/>" inner      \
           "</disk>")

/* Every volume of the pool "here" is at /pool/NAME; other pools are of the type of their name. */
static int find_volume(void *data, const char *pool, const char *volume, char **path,
                       char **pool_xml, error **err)
{
    (void)data;
    if (strcmp(pool, "gone") == 0)
        return error_set(err, ERROR_UNREADABLE, "no such pool");
    assert_true(asprintf(path, "%s/%s", strcmp(pool, "here") == 0 ? "/pool" : pool, volume) > 0);
    assert_true(asprintf(pool_xml,
                         "<pool type='%s'><source><host name='h'/><device path='iqn.x'/>"
                         "<name>p</name></source></pool>",
                         strcmp(pool, "here") == 0 ? "dir" : pool) > 0);
    return 0;
}

/* Of a secret that has a UUID the value is that. */
static int find_secret(void *data, const char *uuid, const char *type, const char *usage,
                       char **passphrase, size_t *length, error **err)
{
    (void)data;
    (void)type;
    if (!uuid)
        return error_set(err, ERROR_ENCRYPTED, "no secret of the usage %s", usage);
    *passphrase = secret_copy(uuid, strlen(uuid));
    *length = strlen(uuid);
    return 0;
}

static const struct domain_sources sources = {find_volume, find_secret, NULL, NULL};

static struct guest *read_domain(const char *xml)
{
    AUTO_ERROR error *err = NULL;
    struct guest *guest = guest_new(0);

    assert_int_equal(guest_set_name(guest, "web", NULL), 0);
    if (domain_disks(guest, xml, strlen(xml), &sources, &err) < 0)
        fail_msg("%s", error_message(err));
    return guest;
}

static void assert_refused(const char *xml, enum error_kind status, const char *message)
{
    AUTO_ERROR error *err = NULL;
    AUTO_GUEST struct guest *guest = guest_new(0);

    assert_int_equal(domain_disks(guest, xml, strlen(xml), &sources, &err), -1);
    assert_string_equal(error_message(err), message);
    assert_int_equal(error_kind(err), status);
}

static void files_devices_and_volumes_in_their_order(void **state)
{
    AUTO_GUEST struct guest *guest = read_domain(
        DOMAIN("<disk type='file'><source file='/b.img'/><target dev='vdb'/></disk>"
               "<interface type='network'><source network='default'/></interface>"
               "<disk type='block' device='disk'><driver name='qemu' type='raw'/>"
               "<source dev='/dev/vg/lv'/><target dev='vda'/><shareable/></disk>"
               "<disk type='volume' device='lun'><driver type='qcow2'/>"
               "<source pool='here' volume='v'/><target dev='sda'/><transient/></disk>"));

    (void)state;
    assert_int_equal(guest->image_count, 3);
    assert_string_equal(guest->images[0].path, "/b.img");
    assert_string_equal(guest->images[1].path, "/dev/vg/lv");
    assert_string_equal(guest->images[2].path, "/pool/v");
    assert_int_equal(guest->images[2].format, IMAGE_QCOW2);
    assert_string_equal(guest->name, "web");
}

static void removable_drives_are_left_out(void **state)
{
    AUTO_GUEST struct guest *guest = read_domain(
        DOMAIN("<disk type='file' device='cdrom'><target dev='hda'/></disk>"
               "<disk type='network' device='cdrom'><source protocol='https' name='x'/></disk>"
               "<disk type='file' device='floppy'><source file='/f'/></disk>"
               "<disk type='file'><source file='/a.img'/></disk>"));

    (void)state;
    assert_int_equal(guest->image_count, 1);
}

static void formats_are_what_libvirt_says(void **state)
{
    AUTO_GUEST struct guest *silent = read_domain(FILE_DISK(""));
    AUTO_GUEST struct guest *vague = read_domain(FILE_DISK("<driver name='qemu'/>"));
    AUTO_GUEST struct guest *clear = read_domain(FILE_DISK("<driver type='vmdk'/>"));

    (void)state;
    assert_int_equal(silent->images[0].format, IMAGE_RAW);
    assert_int_equal(vague->images[0].format, IMAGE_RAW);
    assert_int_equal(clear->images[0].format, IMAGE_VMDK);
    assert_refused(FILE_DISK("<driver type='dmg'/>"), ERROR_UNSUPPORTED,
                   "disk vda: the format \"dmg\" is not supported");
    /* It is the word for "look" elsewhere. */
    assert_refused(FILE_DISK("<driver type='auto'/>"), ERROR_UNSUPPORTED,
                   "disk vda: the format \"auto\" is not supported");
}

static void sectors(void **state)
{
    AUTO_GUEST struct guest *plain = read_domain(FILE_DISK("<blockio/>"));
    AUTO_GUEST struct guest *large =
        read_domain(FILE_DISK("<blockio logical_block_size='4096' physical_block_size='4096'/>"));

    (void)state;
    assert_int_equal(plain->images[0].block_size, 0);
    assert_int_equal(large->images[0].block_size, 4096);
    assert_refused(FILE_DISK("<blockio logical_block_size='2048'/>"), ERROR_UNSUPPORTED,
                   "disk vda: its logical sectors have \"2048\" bytes");
    assert_refused(FILE_DISK("<blockio logical_block_size='-512'/>"), ERROR_UNSUPPORTED,
                   "disk vda: its logical sectors have \"-512\" bytes");
}

static void volumes_of_the_network(void **state)
{
    AUTO_GUEST struct guest *guest = read_domain(
        DOMAIN("<disk type='volume'><source pool='rbd' volume='v'/><target dev='vda'/></disk>"
               "<disk type='volume'><source pool='iscsi' volume='unit:0:0:3' mode='direct'/>"
               "<target dev='vdb'/></disk>"));

    (void)state;
    assert_string_equal(guest->images[0].path, "rbd:///p/v?mon_host=h");
    assert_string_equal(guest->images[1].path, "iscsi://h/iqn.x/3");
}

static void optional_disks(void **state)
{
    AUTO_GUEST struct guest *guest =
        read_domain(DOMAIN("<disk type='file'><source file='/a' startupPolicy='optional'/></disk>"
                           "<disk type='file'><source file='/b' startupPolicy='requisite'/></disk>"
                           "<disk type='file'><source file='/c' startupPolicy='mandatory'/></disk>"
                           "<disk type='file'><source file='/d'/></disk>"));

    (void)state;
    assert_true(guest->images[0].optional);
    assert_true(guest->images[1].optional);
    assert_false(guest->images[2].optional);
    assert_false(guest->images[3].optional);
    guest_drop_image(guest, 1);
    assert_int_equal(guest->image_count, 3);
    assert_string_equal(guest->images[1].path, "/c");
    guest_drop_image(guest, 2);
    assert_int_equal(guest->image_count, 2);
}

static void assert_elsewhere(const char *xml, const char *message)
{
    const struct domain_sources far = {find_volume, find_secret, NULL, "far"};
    AUTO_ERROR error *err = NULL;
    AUTO_GUEST struct guest *guest = guest_new(0);

    assert_int_equal(domain_disks(guest, xml, strlen(xml), &far, &err), message ? -1 : 0);
    if (message)
        assert_string_equal(error_message(err), message);
}

static void files_of_another_host_are_not_ours(void **state)
{
    (void)state;
    assert_elsewhere(FILE_DISK(""), "disk vda: its source, /a.img, is a file of the host far, "
                                    "where libvirt is, and not of this one");
    assert_elsewhere(DOMAIN("<disk type='volume'><source pool='here' volume='v'/></disk>"),
                     "disk ?: volume v of the pool here: its source, /pool/v, is a file of the "
                     "host far, where libvirt is, and not of this one");
    assert_elsewhere(DOMAIN("<disk type='network'><source protocol='nbd' name='x'>"
                            "<host name='h'/></source></disk>"),
                     NULL);
    assert_elsewhere(DOMAIN("<disk type='network'><source protocol='nbd' name='x'>"
                            "<host name='localhost'/></source></disk>"),
                     "disk ?: its server can be reached only from the host far, where libvirt is");
    assert_elsewhere(DOMAIN("<disk type='network'><source protocol='nbd'>"
                            "<host transport='unix' socket='/s'/></source></disk>"),
                     "disk ?: its server can be reached only from the host far, where libvirt is");
}

#define LAYER(path, format, below)                                                                 \
    "<backingStore type='file'><format type='" format "'/><source file='" path "'/>" below         \
    "</backingStore>"

static void chains_that_libvirt_knows(void **state)
{
    AUTO_GUEST struct guest *unknown = read_domain(FILE_DISK("<driver type='qcow2'/>"));
    AUTO_GUEST struct guest *none = read_domain(FILE_DISK("<driver type='qcow2'/><backingStore/>"));
    AUTO_GUEST struct guest *open =
        read_domain(FILE_DISK("<driver type='qcow2'/>" LAYER("/m", "qcow2", "")));
    AUTO_GUEST struct guest *whole = read_domain(FILE_DISK(
        "<driver type='qcow2'/>" LAYER("/m", "qcow2", LAYER("/b", "raw", "<backingStore/>"))));

    (void)state;
    assert_null(unknown->images[0].backing);
    assert_int_equal(none->images[0].backing->count, 0);
    assert_true(none->images[0].backing->complete);
    assert_int_equal(open->images[0].backing->count, 1);
    assert_false(open->images[0].backing->complete);
    assert_int_equal(whole->images[0].backing->count, 2);
    assert_string_equal(whole->images[0].backing->layers[0].path, "/m");
    assert_int_equal(whole->images[0].backing->layers[0].format, IMAGE_QCOW2);
    assert_string_equal(whole->images[0].backing->layers[1].path, "/b");
    assert_int_equal(whole->images[0].backing->layers[1].format, IMAGE_RAW);
    assert_true(whole->images[0].backing->complete);
    assert_refused(FILE_DISK("<driver type='qcow2'/>" LAYER("rel", "raw", "")), ERROR_UNSUPPORTED,
                   "disk vda: what backs it: its source, \"rel\", is not an absolute path");
}

static char *repeat(const char *before, const char *each, unsigned times, const char *after)
{
    char *text = NULL;
    size_t length;
    FILE *to = open_memstream(&text, &length);

    fputs(before, to);
    for (unsigned i = 0; i < times; i++)
        fputs(each, to);
    fputs(after, to);
    fclose(to);
    return text;
}

static void bounds(void **state)
{
    static const char disk[] = "<disk><source file='/a'/><target dev='vda'/></disk>";
    AUTO_FREE char *most = repeat("<domain><devices>", disk, 255, "</devices></domain>");
    AUTO_FREE char *more = repeat("<domain><devices>", disk, 256, "</devices></domain>");
    AUTO_FREE char *deep = repeat("<domain><devices><disk><source file='/a'/><target dev='vda'/>",
                                  "<backingStore type='file'><source file='/a'/>", 64, "");
    AUTO_FREE char *ends = repeat("", "</backingStore>", 64, "</disk></devices></domain>");
    AUTO_FREE char *path = repeat("<domain><devices><disk><target dev='vda'/><source file='", "/",
                                  4096, "'/></disk></devices></domain>");
    AUTO_FREE char *chain = NULL;
    AUTO_GUEST struct guest *guest = read_domain(most);

    (void)state;
    assert_int_equal(guest->image_count, 255);
    assert_refused(more, ERROR_REFUSED, "it has more than 255 disks");
    assert_true(asprintf(&chain, "%s%s", deep, ends) > 0);
    assert_refused(chain, ERROR_REFUSED,
                   "disk vda: its chain of backing files has more than 64 layers");
    assert_refused(path, ERROR_REFUSED, "disk vda: its source's path has more than 4096 bytes");
}

static void what_is_no_file_is_named(void **state)
{
    (void)state;
    assert_refused(DOMAIN("<disk type='network'/>"), ERROR_UNSUPPORTED,
                   "disk ?: a network disk over no protocol is not supported");
    assert_refused(
        DOMAIN("<disk type='nvme'><target dev='vda'/></disk>"), ERROR_UNSUPPORTED,
        "disk vda: it is of the type \"nvme\"; only files and network disks are supported");
    assert_refused(DOMAIN("<disk type='file'><source file='[store] a.vmdk'/></disk>"),
                   ERROR_UNSUPPORTED,
                   "disk ?: its source, \"[store] a.vmdk\", is not an absolute path");
    assert_refused(
        DOMAIN("<disk type='file'><source file='/a'><slices><slice type='storage' offset='1'"
               " size='2'/></slices></source><target dev='vda'/></disk>"),
        ERROR_UNSUPPORTED, "disk vda: it is a slice of its source");
}

#define NETWORK_DISK(inner)                                                                        \
    DOMAIN("<disk type='network'><source protocol='nbd' name='x'><host name='h' port='1'/>"        \
           "</source><target dev='vda'/>" inner "</disk>")

static void network_disks_are_their_uris(void **state)
{
    AUTO_GUEST struct guest *guest = read_domain(
        DOMAIN("<disk type='network'><driver name='qemu' type='qcow2'/>"
               "<source protocol='nbd'><host transport='unix' socket='/s'/></source>"
               "<blockio logical_block_size='4096'/></disk>"
               "<disk type='file'><source file='/nbd://h/x'/></disk>"
               "<disk type='network'><source protocol='https' name='d/a b.img' query='token=1'>"
               "<host name='h'/></source></disk>"));
    AUTO_GUEST struct guest *ended = read_domain(NETWORK_DISK("<backingStore/>"));

    (void)state;
    assert_int_equal(guest->image_count, 3);
    assert_string_equal(guest->images[0].path, "nbd+unix:///?socket=/s");
    assert_string_equal(guest->images[0].remote->socket, "/s");
    assert_int_equal(guest->images[0].format, IMAGE_QCOW2);
    assert_int_equal(guest->images[0].block_size, 4096);
    assert_null(guest->images[1].remote);
    assert_string_equal(guest->images[2].path, "https://h/d/a%20b.img?***");
    assert_string_equal(guest->images[2].remote->text, "https://h/d/a%20b.img?token=1");
    assert_int_equal(guest->images[2].format, IMAGE_RAW);
    assert_true(ended->images[0].backing->complete);
}

static void network_disks_that_cannot_be_read(void **state)
{
    AUTO_FREE char *long_one =
        repeat("<domain><devices><disk type='network'><target dev='vda'/><source protocol='nbd' "
               "name='",
               "%", 3000, "'><host name='h'/></source></disk></devices></domain>");

    (void)state;
    assert_refused(NETWORK_DISK(LAYER("/b", "raw", "")), ERROR_UNSUPPORTED,
                   "disk vda: it is a network disk, and another image backs it");
    assert_refused(
        FILE_DISK("<driver type='qcow2'/><backingStore type='network'><format type='raw'/>"
                  "<source protocol='nbd' name='x'><host name='h'/></source></backingStore>"),
        ERROR_UNSUPPORTED,
        "disk vda: what backs it: it is a network disk; only files can back a disk");
    assert_refused(DOMAIN("<disk type='network'><target dev='vda'/>"
                          "<source protocol='gluster' name='pool/volume'/></disk>"),
                   ERROR_UNSUPPORTED, "disk vda: a network disk over gluster is not supported");
    assert_refused(DOMAIN("<disk type='network'><target dev='vda'/>"
                          "<source protocol='ssh' name='/a'><host name='-o'/></source></disk>"),
                   ERROR_REFUSED, "disk vda: the URI's host begins with a dash");
    assert_refused(long_one, ERROR_REFUSED, "disk vda: its source's URI has more than 8192 bytes");
}

#define SECRET(format, attributes)                                                                 \
    "<encryption format='" format "'><secret type='passphrase' " attributes "/></encryption>"

static void how_a_disk_is_encrypted(void **state)
{
    AUTO_GUEST struct guest *old = read_domain(FILE_DISK(SECRET("luks", "uuid='one'")));
    AUTO_GUEST struct guest *now = read_domain(DOMAIN(
        "<disk><source file='/a'>" SECRET("luks", "usage='two'") "</source>"
                                                                 "<driver type='qcow2'/></disk>"));
    AUTO_GUEST struct guest *none = read_domain(FILE_DISK("<encryption format='luks'/>"));
    AUTO_GUEST struct guest *plain = read_domain(FILE_DISK(""));

    (void)state;
    assert_int_equal(old->images[0].encryption->length, 3);
    assert_memory_equal(old->images[0].encryption->passphrase, "one", 3);
    assert_null(old->images[0].encryption->missing);
    assert_null(now->images[0].encryption->passphrase);
    assert_string_equal(now->images[0].encryption->missing,
                        "libvirt's secret two: no secret of the usage two");
    assert_string_equal(none->images[0].encryption->missing, "libvirt names no secret for it");
    assert_null(plain->images[0].encryption);
    assert_refused(FILE_DISK(SECRET("luks2", "uuid='x'")), ERROR_UNSUPPORTED,
                   "disk vda: its encryption, \"luks2\", is not supported");
    assert_refused(NETWORK_DISK(SECRET("luks", "uuid='x'")), ERROR_ENCRYPTED,
                   "disk vda: it is encrypted, and keys are not used for network disks");
}

static void volumes_that_there_are_not(void **state)
{
    (void)state;
    assert_refused(DOMAIN("<disk type='volume'><source pool='gone' volume='v'/></disk>"),
                   ERROR_UNREADABLE, "disk ?: volume v of the pool gone: no such pool");
    assert_refused(DOMAIN("<disk type='volume'><source pool='gluster' volume='v'/></disk>"),
                   ERROR_UNSUPPORTED,
                   "disk ?: volume v of the pool gluster: it is not a file, and pools of the type "
                   "\"gluster\" are not read over the network");
    assert_refused(DOMAIN("<disk type='volume'><source pool='here'/></disk>"), ERROR_UNREADABLE,
                   "disk ?: it has no source");
}

static void guests_without_disks(void **state)
{
    (void)state;
    assert_refused(DOMAIN(""), ERROR_EMPTY, "it has no disks");
    assert_refused("<domain/>", ERROR_EMPTY, "it has no disks");
    assert_refused(DOMAIN("<disk device='cdrom'/>"), ERROR_EMPTY, "it has no disks");
    assert_refused(DOMAIN("<disk><target dev='vda'/></disk>"), ERROR_UNREADABLE,
                   "disk vda: it has no source");
    assert_refused(DOMAIN("<disk><source file=''/></disk>"), ERROR_UNREADABLE,
                   "disk ?: it has no source");
    /* Elements of somebody else's are not libvirt's. */
    assert_refused(DOMAIN("<x:disk xmlns:x='urn:x'><source file='/a'/></x:disk>"), ERROR_EMPTY,
                   "it has no disks");
}

static void what_is_no_domain(void **state)
{
    AUTO_FREE char *long_one = repeat("<domain>", " ", XML_TREE_MAX, "</domain>");

    (void)state;
    assert_refused("", ERROR_REFUSED, "its domain XML cannot be read: it is not well-formed");
    assert_refused("<domain>", ERROR_REFUSED,
                   "its domain XML cannot be read: it is not well-formed");
    assert_refused("<node/>", ERROR_REFUSED, "its domain XML cannot be read: it is no domain");
    assert_refused(long_one, ERROR_REFUSED, "its domain XML cannot be read: it is too long");
}

static void nothing_is_read_but_what_is_there(void **state)
{
    (void)state;
    assert_refused("<!DOCTYPE domain [<!ENTITY e SYSTEM 'file:///etc/passwd'>]>" DOMAIN(
                       "<disk><source file='/&e;'/></disk>"),
                   ERROR_REFUSED, "its domain XML cannot be read: it is not well-formed");
    assert_refused(
        "<!DOCTYPE domain [<!ENTITY e '/a'>]>" DOMAIN("<disk><source file='&e;'/></disk>"),
        ERROR_REFUSED, "its domain XML cannot be read: it has a DTD");
    assert_refused("<!DOCTYPE domain SYSTEM 'file:///etc/passwd'>" DOMAIN(""), ERROR_REFUSED,
                   "its domain XML cannot be read: it has a DTD");
}

static void names_with_escapes(void **state)
{
    AUTO_GUEST struct guest *guest =
        read_domain(DOMAIN("<disk><source file='/a &amp; &lt;b&gt; &#10;&#xe9;'/></disk>"));

    (void)state;
    assert_string_equal(guest->images[0].path, "/a & <b> \n\xc3\xa9");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_devices_and_volumes_in_their_order),
        cmocka_unit_test(removable_drives_are_left_out),
        cmocka_unit_test(formats_are_what_libvirt_says),
        cmocka_unit_test(sectors),
        cmocka_unit_test(volumes_of_the_network),
        cmocka_unit_test(optional_disks),
        cmocka_unit_test(files_of_another_host_are_not_ours),
        cmocka_unit_test(chains_that_libvirt_knows),
        cmocka_unit_test(bounds),
        cmocka_unit_test(what_is_no_file_is_named),
        cmocka_unit_test(network_disks_are_their_uris),
        cmocka_unit_test(network_disks_that_cannot_be_read),
        cmocka_unit_test(how_a_disk_is_encrypted),
        cmocka_unit_test(volumes_that_there_are_not),
        cmocka_unit_test(guests_without_disks),
        cmocka_unit_test(what_is_no_domain),
        cmocka_unit_test(nothing_is_read_but_what_is_there),
        cmocka_unit_test(names_with_escapes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
