/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "guest/pool-volume.h"

#include "base/secret.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define KEY_UUID "0a81f5b2-8403-7b23-c8d6-21ccc2f80d6f"
#define DIRECTORY "<pool type='dir'><name>p</name></pool>"
#define AT(path) "<volume type='file'><name>v</name><target><path>" path "</path></target></volume>"

/* There is one secret, for whatever it is used. */
static int find_secret(void *data, const char *uuid, const char *type, const char *usage,
                       char **passphrase, size_t *length, error **err)
{
    (void)data;
    if (!uuid || strcmp(uuid, KEY_UUID) != 0)
        return error_set(err, ERROR_ENCRYPTED, "no %s secret %s", type, uuid ? uuid : usage);
    *passphrase = secret_copy("key/", 4);
    *length = 4;
    return 0;
}

static const struct domain_sources sources = {NULL, find_secret, NULL, NULL};

static struct guest *read_volume(const char *name, const char *pool, const char *volume)
{
    AUTO_ERROR error *err = NULL;
    struct guest *guest = guest_new(0);

    assert_int_equal(guest_set_name(guest, name, NULL), 0);
    if (pool_volume_read(guest, pool, volume, &sources, &err) != 1)
        fail_msg("%s", error_message(err));
    assert_int_equal(guest->image_count, 1);
    return guest;
}

static void assert_refused(const char *name, const char *pool, const char *volume,
                           const char *message)
{
    AUTO_ERROR error *err = NULL;
    AUTO_GUEST struct guest *guest = guest_new(0);

    assert_int_equal(guest_set_name(guest, name, NULL), 0);
    assert_int_equal(pool_volume_read(guest, pool, volume, &sources, &err), -1);
    assert_string_equal(error_message(err), message);
}

static void files_are_read_as_those_that_the_user_names(void **state)
{
    AUTO_GUEST struct guest *guest = read_volume(
        "v", DIRECTORY,
        "<volume type='file'><target><path>/p/v</path><format type='qcow2'/></target></volume>");

    (void)state;
    assert_string_equal(guest->images[0].path, "/p/v");
    assert_string_equal(guest->name, "v");
    assert_int_equal(guest->images[0].format, IMAGE_DETECT);
    assert_null(guest->images[0].encryption);
}

static void directories_are_no_disks(void **state)
{
    AUTO_GUEST struct guest *guest = guest_new(0);

    (void)state;
    assert_int_equal(guest_set_name(guest, "v", NULL), 0);
    assert_int_equal(pool_volume_read(guest, DIRECTORY, "<volume type='dir'/>", &sources, NULL), 0);
    assert_int_equal(guest->image_count, 0);
}

static void keys_of_volumes(void **state)
{
    AUTO_GUEST struct guest *known = read_volume(
        "v", DIRECTORY,
        "<volume><target><path>/v</path><encryption format='luks'><secret type='passphrase' "
        "uuid='" KEY_UUID "'/></encryption></target></volume>");
    AUTO_GUEST struct guest *unknown = read_volume(
        "v", DIRECTORY,
        "<volume><target><path>/v</path><encryption format='luks'><secret type='passphrase' "
        "uuid='other'/></encryption></target></volume>");
    /* LUKS that the guest made of its disk looks like this, too. */
    AUTO_GUEST struct guest *own =
        read_volume("v", DIRECTORY,
                    "<volume><target><path>/v</path><encryption format='luks'/></target></volume>");

    (void)state;
    assert_memory_equal(known->images[0].encryption->passphrase, "key/", 4);
    assert_string_equal(unknown->images[0].encryption->missing,
                        "libvirt's secret other: no volume secret other");
    assert_null(own->images[0].encryption);
}

#define CEPH(inner) "<pool type='rbd'><source>" inner "</source></pool>"

static void images_in_ceph(void **state)
{
    AUTO_GUEST struct guest *plain =
        read_volume("web 1", CEPH("<name>vms</name>"), AT("vms/web 1"));
    AUTO_GUEST struct guest *far =
        read_volume("web1",
                    CEPH("<host name='mon1' port='6789'/><host name='::2'/><name>vms</name>"
                         "<auth type='ceph' username='admin'><secret uuid='" KEY_UUID "'/></auth>"),
                    AT("vms/web1"));

    (void)state;
    assert_string_equal(plain->images[0].remote->text, "rbd:///vms/web%201");
    /* "key/" in base64 */
    assert_string_equal(far->images[0].remote->text,
                        "rbd://admin:a2V5Lw%3D%3D@/vms/web1?mon_host=mon1:6789,%5B::2%5D");
    assert_refused("v", CEPH(""), AT("v"), "its pool does not say which of Ceph's it is");
    assert_refused("v",
                   CEPH("<name>x</name><auth type='ceph' username='a'><secret usage='u'/></auth>"),
                   AT("v"), "libvirt's secret u: no ceph secret u");
}

#define ISCSI(inner)                                                                               \
    "<pool type='iscsi-direct'><source><host name='h' port='3260'/>" inner "</source></pool>"

static void units_behind_iscsi(void **state)
{
    AUTO_GUEST struct guest *guest = read_volume(
        "unit:0:0:12", ISCSI("<device path='iqn.x:y'/><initiator><iqn name='iqn.me'/></initiator>"),
        AT("ip-h-iscsi-iqn.x:y-lun-12"));
    AUTO_GUEST struct guest *attached =
        read_volume("unit:0:0:1", "<pool type='iscsi'><source><host name='h'/></source></pool>",
                    AT("/dev/disk/by-path/x-lun-1"));

    (void)state;
    assert_string_equal(guest->images[0].remote->text,
                        "iscsi://h:3260/iqn.x%3Ay/12?initiator=iqn.me");
    assert_string_equal(attached->images[0].path, "/dev/disk/by-path/x-lun-1");
    assert_refused("x", ISCSI("<device path='iqn.x'/>"), AT("x"),
                   "its name does not say which LUN it is");
    assert_refused("unit:0:0:x", ISCSI("<device path='iqn.x'/>"), AT("x"),
                   "its name does not say which LUN it is");
    assert_refused("unit:0:0:1", ISCSI(""), AT("x"), "its pool does not say which target it is");
}

static void what_is_not_read(void **state)
{
    (void)state;
    assert_refused("v", "<pool type='gluster'/>", AT("vol/v"),
                   "it is not a file, and pools of the type \"gluster\" are not read over the "
                   "network");
    assert_refused("v", DIRECTORY, "<volume/>",
                   "it is not a file, and pools of the type \"dir\" are not read over the network");
    assert_refused("v", "<domain/>", AT("/v"), "its pool XML cannot be read: it is no pool");
    assert_refused("v", DIRECTORY, "<vol", "its volume XML cannot be read: it is not well-formed");
    assert_refused("v", DIRECTORY, "<!DOCTYPE volume [<!ENTITY a 'b'>]><volume/>",
                   "its volume XML cannot be read: it has a DTD");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_are_read_as_those_that_the_user_names),
        cmocka_unit_test(directories_are_no_disks),
        cmocka_unit_test(keys_of_volumes),
        cmocka_unit_test(images_in_ceph),
        cmocka_unit_test(units_behind_iscsi),
        cmocka_unit_test(what_is_not_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
