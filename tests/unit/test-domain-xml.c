/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "libvirt/domain-xml.h"
#include "wire/port-name.h"

#include <libxml/parser.h>
#include <libxml/xpath.h>
#include <libxml/xpathInternals.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define NASTY "/a \"b\" & <c>, 'd'"

static struct architecture architecture = {
    .name = "x86_64", .emulator = "/e", .machine = "q35", .acpi = true, .command_line = "quiet"};

static struct machine_spec plain(void)
{
    return (struct machine_spec){
        .name = "appliance",
        .accel = "tcg",
        .memory_mib = 512,
        .kernel = "/k",
        .initrd = "/i",
        .root_drive = "/r",
        .architecture = &architecture,
        .console_path = "/c",
        .port_path = "/s",
        .memory_path = "/m",
    };
}

/* The string that the XPath expression yields; new memory. The XML must be well-formed. */
static char *ask(const struct machine_spec *spec, const char *path)
{
    AUTO_FREE char *xml = domain_xml_write(spec, NULL);
    assert_non_null(xml);
    xmlDocPtr document = xmlReadMemory(xml, (int)strlen(xml), NULL, NULL, XML_PARSE_NONET);
    assert_non_null(document);
    xmlXPathContextPtr context = xmlXPathNewContext(document);
    xmlXPathRegisterNs(context, (const xmlChar *)"qemu",
                       (const xmlChar *)"http://libvirt.org/schemas/domain/qemu/1.0");
    xmlXPathObjectPtr found = xmlXPathEvalExpression((const xmlChar *)path, context);
    assert_non_null(found);
    xmlChar *text = xmlXPathCastToString(found);
    char *copy = strdup((const char *)text);
    xmlFree(text);
    xmlXPathFreeObject(found);
    xmlXPathFreeContext(context);
    xmlFreeDoc(document);
    return copy;
}

static void check(const struct machine_spec *spec, const char *path, const char *expected)
{
    AUTO_FREE char *found = ask(spec, path);
    assert_string_equal(found, expected);
}

static void what_is_asked_for_stands_there(void **state)
{
    struct machine_spec spec = plain();
    (void)state;
    check(&spec, "string(/domain/@type)", "qemu");
    check(&spec, "string(/domain/name)", "appliance");
    check(&spec, "string(/domain/memory[@unit='MiB'])", "512");
    check(&spec, "string(/domain/os/kernel)", "/k");
    check(&spec, "string(/domain/os/initrd)", "/i");
    check(&spec, "string(/domain/os/cmdline)", "quiet");
    check(&spec, "string(/domain/os/type/@arch)", "x86_64");
    check(&spec, "string(/domain/os/type/@machine)", "q35");
    check(&spec, "string(//emulator)", "/e");
    check(&spec, "count(//features/acpi)", "1");
    check(&spec, "string(//serial/source/@path)", "/c");
}

static void the_kernel_is_told_the_counters_rate_where_it_has_an_option(void **state)
{
    struct architecture with = architecture;
    struct machine_spec spec = plain();
    (void)state;
    spec.counter_khz = 2445430;
    check(&spec, "string(/domain/os/cmdline)", "quiet");
    with.counter_option = "rate=";
    spec.architecture = &with;
    check(&spec, "string(/domain/os/cmdline)", "quiet rate=2445430");
    spec.counter_khz = 0;
    check(&spec, "string(/domain/os/cmdline)", "quiet");
}

static void kvm_is_another_type_with_the_hosts_processor(void **state)
{
    struct machine_spec spec = plain();
    (void)state;
    check(&spec, "count(//cpu)", "0");
    spec.accel = "kvm";
    check(&spec, "string(/domain/@type)", "kvm");
    check(&spec, "string(//cpu/@mode)", "host-passthrough");
}

static void another_architecture_has_its_machine_and_processor(void **state)
{
    struct machine_spec spec = plain();
    (void)state;
    spec.architecture = architecture_find("aarch64");
    check(&spec, "string(/domain/os/type/@arch)", "aarch64");
    check(&spec, "string(/domain/os/type/@machine)", "virt");
    check(&spec, "string(//emulator)", "/usr/bin/qemu-system-aarch64");
    check(&spec, "string(//cpu/model)", "cortex-a72");
    check(&spec, "string(//cpu/@mode)", "custom");
    check(&spec, "count(//features/acpi)", "0");
    check(&spec, "contains(/domain/os/cmdline, 'console=ttyAMA0 ')", "true");
    spec.accel = "kvm";
    check(&spec, "string(//cpu/@mode)", "host-passthrough");
    check(&spec, "count(//cpu/model)", "0");
}

static void the_root_drive_is_read_only_at_target_255(void **state)
{
    struct machine_spec spec = plain();
    (void)state;
    check(&spec, "count(//disk)", "1");
    check(&spec, "string(//disk/source/@file)", "/r");
    check(&spec, "count(//disk/readonly)", "1");
    check(&spec, "string(//disk/address/@target)", "255");
}

static void controllers_are_on_the_root_bus(void **state)
{
    struct machine_spec spec = plain();
    (void)state;
    check(&spec, "count(//controller[address/@bus='0'])", "2");
    check(&spec, "string(//controller[@type='scsi']/address/@slot)", "2");
    check(&spec, "string(//controller[@type='virtio-serial']/address/@slot)", "3");
}

static void what_a_machine_does_without_is_off(void **state)
{
    struct machine_spec spec = plain();
    (void)state;
    check(&spec, "count(//qemu:arg[@value='hpet=off,sata=off,smbus=off'])", "0");
    spec.architecture = architecture_find("x86_64");
    check(&spec,
          "string(//qemu:arg[@value='hpet=off,sata=off,smbus=off']/preceding-sibling::*[1]/@value)",
          "-machine");
}

static void there_is_no_network(void **state)
{
    struct machine_spec spec = plain();
    (void)state;
    check(&spec, "count(//interface)", "0");
}

static void special_characters_come_back_as_they_were(void **state)
{
    struct machine_spec spec = plain();
    (void)state;
    struct architecture nasty = architecture;
    nasty.command_line = NASTY;
    spec.architecture = &nasty;
    spec.kernel = spec.initrd = spec.root_drive = NASTY;
    spec.console_path = spec.port_path = NASTY;
    check(&spec, "string(/domain/os/kernel)", NASTY);
    check(&spec, "string(/domain/os/initrd)", NASTY);
    check(&spec, "string(/domain/os/cmdline)", NASTY);
    check(&spec, "string(//disk/source/@file)", NASTY);
    check(&spec, "string(//serial/source/@path)", NASTY);
    check(&spec, "string(//channel/source/@path)", NASTY);
}

static void commas_in_the_memorys_path_are_doubled(void **state)
{
    struct machine_spec spec = plain();
    (void)state;
    spec.memory_path = "/a,b,,c\"&<";
    check(&spec, "string(//qemu:arg[2]/@value)",
          "memory-backend-file,id=appliance.ram,size=512M,mem-path=/a,,b,,,,c\"&<,share=on");
}

static void a_template_is_mapped_privately(void **state)
{
    struct machine_spec spec = plain();
    (void)state;
    check(&spec, "count(//qemu:arg[@value='-incoming'])", "0");
    spec.memory_private = spec.incoming = true;
    check(&spec, "string(//qemu:arg[2]/@value)",
          "memory-backend-file,id=appliance.ram,size=512M,mem-path=/m,share=off");
    spec.memory_read_only = true;
    check(
        &spec, "string(//qemu:arg[2]/@value)",
        "memory-backend-file,id=appliance.ram,size=512M,mem-path=/m,share=off,readonly=on,rom=off");
    check(&spec, "string(//qemu:arg[@value='-incoming']/following-sibling::*[1]/@value)", "defer");
}

static void what_is_not_asked_for_is_not_there(void **state)
{
    struct machine_spec spec = plain();
    (void)state;
    spec.console_path = spec.port_path = spec.memory_path = NULL;
    check(&spec, "string(//serial/@type)", "null");
    check(&spec, "count(//serial/source)", "0");
    check(&spec, "count(//channel/source/@path)", "0");
    check(&spec, "count(//channel/target)", "1");
    check(&spec, "count(//qemu:arg[@value='-object'])", "0");
}

static void reserved_slots_have_a_device_on_a_node_of_their_name(void **state)
{
    struct machine_spec spec = plain();
    (void)state;
    check(&spec, "count(//qemu:arg[@value='-device'])", "0");
    spec.reserved = 2;
    check(&spec, "count(//qemu:arg[@value='-blockdev'])", "2");
    check(&spec, "count(//qemu:arg[@value='-device'])", "2");
    AUTO_FREE char *device =
        ask(&spec, "string(//qemu:arg[@value='-device'][2]/following-sibling::*[1]/@value)");
    AUTO_FREE char *node =
        ask(&spec, "string(//qemu:arg[@value='-blockdev'][2]/following-sibling::*[1]/@value)");
    assert_non_null(strstr(device, "\"scsi-id\":1,"));
    assert_non_null(strstr(device, "\"drive\":\"s1\""));
    assert_non_null(strstr(device, "\"ver\":\"" RESERVED_SERIAL "\""));
    assert_non_null(strstr(node, "\"node-name\":\"s1\""));
    assert_non_null(strstr(node, "\"read-only\":true"));
}

/* Nobody may be there to end it. */
static void a_guest_that_ends_ends_its_qemu(void **state)
{
    struct machine_spec spec = plain();
    (void)state;
    check(&spec, "string(//qemu:arg[@value='-action']/following-sibling::*[1]/@value)",
          "reboot=shutdown,shutdown=poweroff");
}

static void qemus_heap_is_in_huge_pages(void **state)
{
    struct machine_spec spec = plain();
    (void)state;
    check(&spec, "string(//qemu:env[@name='GLIBC_TUNABLES']/@value)", "glibc.malloc.hugetlb=1");
}

static void the_channels_path_is_read_back(void **state)
{
    struct machine_spec spec = plain();
    (void)state;
    spec.port_path = NASTY;
    AUTO_FREE char *xml = domain_xml_write(&spec, NULL);
    AUTO_FREE char *path = domain_xml_port_path(xml, AGENT_PORT_NAME, NULL);
    assert_string_equal(path, NASTY);
}

static void session_ports_stand_beside_the_agents(void **state)
{
    struct machine_spec spec = plain();
    (void)state;
    spec.sessions = true;
    check(&spec, "count(//channel)", "9");
    check(&spec, "string(//channel[1]/target/@name)", AGENT_PORT_NAME);
    check(&spec, "string(//channel[2]/target/@name)", SESSION_PORT_NAME "0");
    check(&spec, "string(//channel[2]/source/@path)", "/s-0");
    check(&spec, "string(//channel[9]/target/@name)", SESSION_PORT_NAME "7");
    AUTO_FREE char *xml = domain_xml_write(&spec, NULL);
    AUTO_FREE char *path = domain_xml_port_path(xml, SESSION_PORT_NAME "7", NULL);
    assert_string_equal(path, "/s-7");
    spec.port_path = NULL;
    check(&spec, "count(//channel/source)", "9");
    check(&spec, "count(//channel/source/@path)", "0");
}

static void assert_no_such_port(const char *port)
{
    AUTO_ERROR error *err = NULL;
    struct machine_spec spec = plain();
    AUTO_FREE char *xml = domain_xml_write(&spec, NULL);
    AUTO_FREE char *path = domain_xml_port_path(xml, port, &err);
    assert_null(path);
    assert_non_null(strstr(error_message(err), port));
}

static void a_port_that_is_not_there_is_named(void **state)
{
    (void)state;
    assert_no_such_port(SESSION_PORT_NAME "0");
    assert_no_such_port("' or @name='" AGENT_PORT_NAME);
}

static void what_was_settled_is_read_back(void **state)
{
    static const struct launch_settings ends[] = {{1, 0}, {255, UINT_MAX}, {4, 600}};
    (void)state;
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        struct machine_spec spec = plain();
        struct launch_settings settings = {0};
        spec.settings = &ends[i];
        AUTO_FREE char *xml = domain_xml_write(&spec, NULL);
        assert_int_equal(domain_xml_settings(xml, &settings, NULL), 0);
        assert_int_equal(settings.slots, ends[i].slots);
        assert_int_equal(settings.idle, ends[i].idle);
    }
}

static void assert_no_settings(const char *xml)
{
    AUTO_ERROR error *err = NULL;
    struct launch_settings settings;
    assert_int_equal(domain_xml_settings(xml, &settings, &err), -1);
    assert_non_null(err);
}

#define SETTINGS(attributes)                                                                       \
    "<domain><metadata><x:appliance xmlns:x='http://virt-live-tools.org/appliance/1' " attributes  \
    "/></metadata></domain>"

static void another_domain_has_no_settings(void **state)
{
    struct launch_settings settings;
    struct machine_spec spec = plain();
    (void)state;
    AUTO_FREE char *plain_xml = domain_xml_write(&spec, NULL);
    assert_no_settings(plain_xml);
    assert_int_equal(domain_xml_settings(SETTINGS("slots='1' idle='0'"), &settings, NULL), 0);
    assert_no_settings("");
    assert_no_settings("<domain/>");
    assert_no_settings("<domain><metadata><appliance slots='1' idle='0'/></metadata></domain>");
    assert_no_settings(SETTINGS("idle='0'"));
    assert_no_settings(SETTINGS("slots='1'"));
    assert_no_settings(SETTINGS("slots='0' idle='0'"));
    assert_no_settings(SETTINGS("slots='256' idle='0'"));
    assert_no_settings(SETTINGS("slots='1' idle='4294967296'"));
    assert_no_settings(SETTINGS("slots='1' idle='-1'"));
    assert_no_settings(SETTINGS("slots='1' idle=' 1'"));
    assert_no_settings(SETTINGS("slots='' idle='1'"));
    assert_no_settings(SETTINGS("slots='18446744073709551617' idle='1'"));
}

static void a_daemon_is_told_the_user(void **state)
{
    struct machine_spec spec = plain();
    (void)state;
    check(&spec, "count(//seclabel)", "0");
    spec.uid = 65534;
    spec.gid = 100;
    check(&spec, "string(/domain/seclabel/label)", "+65534:+100");
    check(&spec, "string(/domain/seclabel/@type)", "static");
    check(&spec, "string(/domain/seclabel/@model)", "dac");
    check(&spec, "string(/domain/seclabel/@relabel)", "no");
}

static void assert_refused(const char *xml)
{
    AUTO_ERROR error *err = NULL;
    AUTO_FREE char *path = domain_xml_port_path(xml, AGENT_PORT_NAME, &err);
    assert_null(path);
    assert_non_null(err);
}

#define CHANNEL(source, name)                                                                      \
    "<domain><devices><channel>" source "<target name='" name "'/></channel></devices></domain>"

static void xml_without_our_channel_is_an_error(void **state)
{
    (void)state;
    assert_refused("");
    assert_refused("not XML");
    assert_refused("<domain>");
    assert_refused("<domain/>");
    assert_refused(CHANNEL("<source path='/x'/>", "org.qemu.guest_agent.0"));
    assert_refused(CHANNEL("", AGENT_PORT_NAME));
    assert_refused(CHANNEL("<source/>", AGENT_PORT_NAME));
    assert_refused(CHANNEL("<source path='/x'/><source path='/y'/>", AGENT_PORT_NAME));
}

static void entities_of_files_are_not_read(void **state)
{
    (void)state;
    AUTO_FREE char *path = domain_xml_port_path(
        "<!DOCTYPE d [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><domain><devices><channel>"
        "<source path='/x'/><target name='" AGENT_PORT_NAME "'/>&e;</channel></devices></domain>",
        AGENT_PORT_NAME, NULL);
    if (path)
        assert_string_equal(path, "/x");
}

static void entities_that_multiply_are_refused(void **state)
{
    char xml[4096] = "<!DOCTYPE d [<!ENTITY a0 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'>";
    (void)state;
    for (int i = 1; i < 10; i++) {
        size_t length = strlen(xml);
        snprintf(xml + length, sizeof xml - length,
                 "<!ENTITY a%d '&a%d;&a%d;&a%d;&a%d;&a%d;&a%d;&a%d;&a%d;&a%d;&a%d;'>", i, i - 1,
                 i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1);
    }
    strcat(xml, "]>" CHANNEL("<source path='&a9;'/>", AGENT_PORT_NAME));
    assert_refused(xml);
}

static void a_name_of_20_megabytes_is_refused(void **state)
{
    size_t length = 20 << 20;
    AUTO_FREE char *xml = malloc(length + 256);
    (void)state;
    assert_non_null(xml);
    strcpy(xml, "<domain><devices><channel><source path='");
    memset(xml + strlen(xml), 'x', length);
    strcpy(xml + 40 + length,
           "'/><target name='" AGENT_PORT_NAME "'/></channel></devices></domain>");
    assert_refused(xml);
}

static void a_domain_nested_too_deeply_is_refused(void **state)
{
    size_t levels = 100000;
    AUTO_FREE char *xml = malloc(3 * levels + 1);
    (void)state;
    assert_non_null(xml);
    for (size_t i = 0; i < levels; i++)
        memcpy(xml + 3 * i, "<a>", 3);
    xml[3 * levels] = 0;
    assert_refused(xml);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_asked_for_stands_there),
        cmocka_unit_test(the_kernel_is_told_the_counters_rate_where_it_has_an_option),
        cmocka_unit_test(kvm_is_another_type_with_the_hosts_processor),
        cmocka_unit_test(another_architecture_has_its_machine_and_processor),
        cmocka_unit_test(the_root_drive_is_read_only_at_target_255),
        cmocka_unit_test(controllers_are_on_the_root_bus),
        cmocka_unit_test(what_a_machine_does_without_is_off),
        cmocka_unit_test(there_is_no_network),
        cmocka_unit_test(special_characters_come_back_as_they_were),
        cmocka_unit_test(commas_in_the_memorys_path_are_doubled),
        cmocka_unit_test(a_template_is_mapped_privately),
        cmocka_unit_test(what_is_not_asked_for_is_not_there),
        cmocka_unit_test(reserved_slots_have_a_device_on_a_node_of_their_name),
        cmocka_unit_test(a_guest_that_ends_ends_its_qemu),
        cmocka_unit_test(qemus_heap_is_in_huge_pages),
        cmocka_unit_test(the_channels_path_is_read_back),
        cmocka_unit_test(session_ports_stand_beside_the_agents),
        cmocka_unit_test(a_port_that_is_not_there_is_named),
        cmocka_unit_test(what_was_settled_is_read_back),
        cmocka_unit_test(another_domain_has_no_settings),
        cmocka_unit_test(a_daemon_is_told_the_user),
        cmocka_unit_test(xml_without_our_channel_is_an_error),
        cmocka_unit_test(entities_of_files_are_not_read),
        cmocka_unit_test(entities_that_multiply_are_refused),
        cmocka_unit_test(a_name_of_20_megabytes_is_refused),
        cmocka_unit_test(a_domain_nested_too_deeply_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
