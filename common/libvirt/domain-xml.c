/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "domain-xml.h"

#include "appliance/qmp-blockdev.h"
#include "base/text-format.h"
#include "base/text.h"
#include "wire/port-name.h"
#include "wire/session.h"
#include <libxml/parser.h>
#include <libxml/xmlwriter.h>
#include <libxml/xpathInternals.h>
#include <limits.h>
#include <stdint.h>
#include <string.h>

#define X(string) ((const xmlChar *)(string))
#define QEMU_NAMESPACE "http://libvirt.org/schemas/domain/qemu/1.0"
#define SETTINGS_NAMESPACE "http://virt-live-tools.org/appliance/1"

/* libxml2's writer returns -1 when it has no memory, and goes on safely after that:
 * one look at the end is enough. */
struct writer {
    xmlTextWriterPtr xml;
    bool failed;
};

static void check(struct writer *w, int result)
{
    if (result < 0)
        w->failed = true;
}

static void begin(struct writer *w, const char *name)
{
    check(w, xmlTextWriterStartElement(w->xml, X(name)));
}

static void end(struct writer *w)
{
    check(w, xmlTextWriterEndElement(w->xml));
}

static void attribute(struct writer *w, const char *name, const char *value)
{
    check(w, xmlTextWriterWriteAttribute(w->xml, X(name), X(value)));
}

static void text(struct writer *w, const char *name, const char *value)
{
    check(w, xmlTextWriterWriteElement(w->xml, X(name), X(value)));
}

/* <name a="b"/>, with as many attributes as there are pairs before the NULL. */
static void leaf(struct writer *w, const char *name, const char *const *pairs)
{
    begin(w, name);
    for (; *pairs; pairs += 2)
        attribute(w, pairs[0], pairs[1]);
    end(w);
}
#define LEAF(w, name, ...) leaf(w, name, (const char *const[]){__VA_ARGS__, NULL})

static void write_kernel_command_line(struct writer *w, const struct machine_spec *spec)
{
    const struct architecture *architecture = spec->architecture;
    begin(w, "cmdline");
    check(w, xmlTextWriterWriteString(w->xml, X(architecture->command_line)));
    if (spec->counter_khz && architecture->counter_option)
        check(w, xmlTextWriterWriteFormatString(w->xml, " %s%u", architecture->counter_option,
                                                spec->counter_khz));
    end(w);
}

static void write_os(struct writer *w, const struct machine_spec *spec)
{
    begin(w, "os");
    begin(w, "type");
    attribute(w, "arch", spec->architecture->name);
    attribute(w, "machine", spec->architecture->machine);
    check(w, xmlTextWriterWriteString(w->xml, X("hvm")));
    end(w);
    text(w, "kernel", spec->kernel);
    text(w, "initrd", spec->initrd);
    write_kernel_command_line(w, spec);
    end(w);
}

/* The hidden drive. libvirt runs without rights (sandbox.h), so it cannot change the file's owner,
 * as root's libvirt would. */
static void write_root_drive(struct writer *w, const struct machine_spec *spec)
{
    char target[16];
    snprintf(target, sizeof target, "%d", ROOT_DRIVE_TARGET);
    begin(w, "disk");
    attribute(w, "type", "file");
    attribute(w, "device", "disk");
    LEAF(w, "driver", "name", "qemu", "type", "raw");
    LEAF(w, "source", "file", spec->root_drive);
    begin(w, "backingStore"); /* empty: the chain ends here */
    end(w);
    LEAF(w, "target", "dev", "sda", "bus", "scsi");
    begin(w, "readonly");
    end(w);
    begin(w, "shareable");
    end(w);
    LEAF(w, "address", "type", "drive", "controller", "0", "bus", "0", "target", target, "unit",
         "0");
    end(w);
}

/* path NULL: libvirt chooses. */
static void write_port(struct writer *w, const char *name, const char *path)
{
    begin(w, "channel");
    attribute(w, "type", "unix");
    begin(w, "source");
    attribute(w, "mode", "bind");
    if (path)
        attribute(w, "path", path);
    end(w);
    LEAF(w, "target", "type", "virtio", "name", name);
    end(w);
}

static void write_session_port(struct writer *w, const struct machine_spec *spec, unsigned number)
{
    AUTO_FREE char *path = NULL;
    char name[sizeof SESSION_PORT_NAME + 12];
    snprintf(name, sizeof name, SESSION_PORT_NAME "%u", number);
    if (spec->port_path && !(path = text_format("%s-%u", spec->port_path, number))) {
        w->failed = true;
        return;
    }
    write_port(w, name, path);
}

static void write_ports(struct writer *w, const struct machine_spec *spec)
{
    write_port(w, AGENT_PORT_NAME, spec->port_path);
    for (unsigned i = 0; spec->sessions && i < SESSION_PORTS; i++)
        write_session_port(w, spec, i);
}

static void write_console(struct writer *w, const struct machine_spec *spec)
{
    begin(w, "serial");
    attribute(w, "type", spec->console_path ? "file" : "null");
    if (spec->console_path)
        LEAF(w, "source", "path", spec->console_path);
    end(w);
}

/* On the root bus itself: for each device libvirt would make a port, and one more. */
static void write_place(struct writer *w, const char *slot)
{
    LEAF(w, "address", "type", "pci", "domain", "0", "bus", "0", "slot", slot, "function", "0");
}

static void write_controllers(struct writer *w)
{
    begin(w, "controller");
    attribute(w, "type", "scsi");
    attribute(w, "index", "0");
    attribute(w, "model", "virtio-scsi");
    /* Most commands are answered from memory: the virtual processor does that itself, sooner than
     * it could wake another thread (docs/performance.md). */
    LEAF(w, "driver", "ioeventfd", "off");
    write_place(w, "2");
    end(w);
    begin(w, "controller");
    attribute(w, "type", "virtio-serial");
    attribute(w, "index", "0");
    write_place(w, "3");
    end(w);
    LEAF(w, "controller", "type", "usb", "model", "none");
}

static void write_devices(struct writer *w, const struct machine_spec *spec)
{
    begin(w, "devices");
    text(w, "emulator", spec->architecture->emulator);
    write_controllers(w);
    write_root_drive(w, spec);
    write_ports(w, spec);
    write_console(w, spec);
    LEAF(w, "memballoon", "model", "none");
    end(w);
}

static void qemu_argument(struct writer *w, const char *value)
{
    LEAF(w, "qemu:arg", "value", value);
}

/* QEMU reads commas in an option as separators; a doubled comma is a comma. */
static char *double_commas(const char *path)
{
    char *out = malloc(2 * strlen(path) + 1);
    if (!out)
        return NULL;
    char *to = out;
    for (const char *from = path; *from; from++) {
        *to++ = *from;
        if (*from == ',')
            *to++ = ',';
    }
    *to = 0;
    return out;
}

/* Memory in a file of ours, mapped privately when it is a template's. */
static void write_memory_backend(struct writer *w, const struct machine_spec *spec)
{
    if (!spec->memory_path)
        return;
    AUTO_FREE char *path = double_commas(spec->memory_path);
    AUTO_FREE char *object = NULL;
    if (!path || !(object = text_format(
                       "memory-backend-file,id=appliance.ram,size=%uM,mem-path=%s,share=%s%s",
                       spec->memory_mib, path, spec->memory_private ? "off" : "on",
                       spec->memory_read_only ? ",readonly=on,rom=off" : ""))) {
        w->failed = true;
        return;
    }
    qemu_argument(w, "-object");
    qemu_argument(w, object);
    qemu_argument(w, "-machine");
    qemu_argument(w, "memory-backend=appliance.ram");
}

#define MONITOR "appliance.monitor"

/* A monitor besides libvirt's: see hypervisor-libvirt-monitor.c. */
static void write_monitor(struct writer *w, const struct machine_spec *spec)
{
    if (!spec->monitor_path)
        return;
    AUTO_FREE char *path = double_commas(spec->monitor_path);
    AUTO_FREE char *device =
        path ? text_format("socket,id=" MONITOR ",path=%s,server=on,wait=off", path) : NULL;
    if (!device) {
        w->failed = true;
        return;
    }
    qemu_argument(w, "-chardev");
    qemu_argument(w, device);
    qemu_argument(w, "-mon");
    qemu_argument(w, "chardev=" MONITOR ",mode=control");
}

/* Takes the object over. */
static void qemu_object(struct writer *w, const char *option, json_t *object)
{
    AUTO_FREE char *value = object ? json_dumps(object, JSON_COMPACT) : NULL;
    json_decref(object);
    if (!value) {
        w->failed = true;
        return;
    }
    qemu_argument(w, option);
    qemu_argument(w, value);
}

/* A device of libvirt's would be known to it, and what is behind it replaced without it. */
static void write_reserved(struct writer *w, const struct machine_spec *spec)
{
    for (unsigned slot = 0; slot < spec->reserved; slot++) {
        qemu_object(w, "-blockdev", qmp_blockdev_reserved(slot));
        qemu_object(w, "-device",
                    qmp_blockdev_device(slot, RESERVED_SERIAL, RESERVED_BLOCK_SIZE, false));
    }
}

/* What libvirt has no element for. */
static void write_commandline(struct writer *w, const struct machine_spec *spec)
{
    begin(w, "qemu:commandline");
    if (spec->architecture->machine_options) {
        qemu_argument(w, "-machine");
        qemu_argument(w, spec->architecture->machine_options);
    }
    write_memory_backend(w, spec);
    write_monitor(w, spec);
    write_reserved(w, spec);
    if (spec->incoming) {
        qemu_argument(w, "-incoming");
        qemu_argument(w, "defer");
    }
    /* libvirt starts QEMU with -no-shutdown and ends it when it hears of the end of the guest.
     * Without a listener, between two commands or after a kill, it ends by itself. */
    qemu_argument(w, "-action");
    qemu_argument(w, "reboot=shutdown,shutdown=poweroff");
    /* Its heap in huge pages, where the kernel has them on request: 2,400 page faults less of the
     * 8,200 of an appliance (glibc's manual, "Memory Allocation Tunables"). */
    LEAF(w, "qemu:env", "name", "GLIBC_TUNABLES", "value", "glibc.malloc.hugetlb=1");
    end(w);
}

/* libvirt 9.0 reads each of the processor's 350 properties with a monitor command of its own, 0.3 s
 * in all, unless it believes that QEMU cannot name those which it lacks: then it takes two words of
 * flags, as it does with older ones. (qemu:capabilities: libvirt's documentation of its QEMU
 * driver.) */
static void write_capabilities(struct writer *w)
{
    begin(w, "qemu:capabilities");
    LEAF(w, "qemu:del", "capability", "cpu-unavailable-features");
    end(w);
}

/* MiB of translated code, which QEMU would let grow to 1 GiB, though a wave needs about 100. */
#define TRANSLATED "256"

static void write_features(struct writer *w, const struct machine_spec *spec)
{
    begin(w, "features");
    if (spec->architecture->acpi) {
        begin(w, "acpi");
        end(w);
    }
    if (strcmp(spec->accel, "tcg") == 0) {
        begin(w, "tcg");
        begin(w, "tb-cache");
        attribute(w, "unit", "MiB");
        check(w, xmlTextWriterWriteString(w->xml, X(TRANSLATED)));
        end(w);
        end(w);
    }
    end(w);
}

static void write_settings(struct writer *w, const struct launch_settings *settings)
{
    char slots[16], idle[16];
    if (!settings)
        return;
    snprintf(slots, sizeof slots, "%u", settings->slots);
    snprintf(idle, sizeof idle, "%u", settings->idle);
    begin(w, "metadata");
    LEAF(w, "vlt:appliance", "xmlns:vlt", SETTINGS_NAMESPACE, "slots", slots, "idle", idle);
    end(w);
}

/* Numbers with "+", because libvirt looks up names first. */
static void write_owner(struct writer *w, const struct machine_spec *spec)
{
    char label[40];
    if (spec->uid == 0)
        return;
    snprintf(label, sizeof label, "+%ju:+%ju", (uintmax_t)spec->uid, (uintmax_t)spec->gid);
    begin(w, "seclabel");
    attribute(w, "type", "static");
    attribute(w, "model", "dac");
    attribute(w, "relabel", "no");
    text(w, "label", label);
    end(w);
}

/* KVM's is the host's. */
static void write_processor(struct writer *w, const struct machine_spec *spec)
{
    bool kvm = strcmp(spec->accel, "kvm") == 0;
    if (!kvm && !spec->architecture->processor)
        return;
    begin(w, "cpu");
    attribute(w, "mode", kvm ? "host-passthrough" : "custom");
    attribute(w, kvm ? "migratable" : "match", kvm ? "on" : "exact");
    if (!kvm)
        text(w, "model", spec->architecture->processor);
    end(w);
}

static void write_domain(struct writer *w, const struct machine_spec *spec)
{
    char memory[16];
    snprintf(memory, sizeof memory, "%u", spec->memory_mib);
    begin(w, "domain");
    attribute(w, "type", strcmp(spec->accel, "kvm") == 0 ? "kvm" : "qemu");
    attribute(w, "xmlns:qemu", QEMU_NAMESPACE);
    text(w, "name", spec->name ? spec->name : DOMAIN_XML_NAME);
    if (spec->uuid)
        text(w, "uuid", spec->uuid);
    write_settings(w, spec->settings);
    begin(w, "memory");
    attribute(w, "unit", "MiB");
    check(w, xmlTextWriterWriteString(w->xml, X(memory)));
    end(w);
    text(w, "vcpu", "1"); /* a second one made attaching slower, not faster (docs/performance.md) */
    write_os(w, spec);
    write_features(w, spec);
    write_processor(w, spec);
    text(w, "on_poweroff", "destroy");
    text(w, "on_reboot", "destroy");
    text(w, "on_crash", "destroy");
    write_devices(w, spec);
    write_owner(w, spec);
    write_commandline(w, spec);
    write_capabilities(w);
    end(w);
}

char *domain_xml_write(const struct machine_spec *spec, error **err)
{
    xmlBufferPtr buffer = xmlBufferCreate();
    struct writer w = {.xml = buffer ? xmlNewTextWriterMemory(buffer, 0) : NULL};
    char *xml = NULL;
    if (w.xml) {
        write_domain(&w, spec);
        check(&w, xmlTextWriterEndDocument(w.xml));
        xmlFreeTextWriter(w.xml);
        if (!w.failed)
            xml = strdup((const char *)xmlBufferContent(buffer));
    }
    if (buffer)
        xmlBufferFree(buffer);
    if (!xml)
        error_set(err, ERROR_HOST, "cannot write the appliance's domain XML: no memory");
    return xml;
}

static xmlDocPtr parse(const char *xml, error **err)
{
    xmlDocPtr document = xmlReadMemory(xml, (int)strlen(xml), "domain.xml", NULL,
                                       XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
    if (!document)
        error_set(err, ERROR_HOST, "libvirt's domain XML cannot be parsed");
    return document;
}

/* What the XPath expression finds, if that is one node; NULL otherwise. `port` stands for $port,
 * vlt: for our namespace. */
static char *find_text(xmlDocPtr document, const char *path, const char *port)
{
    xmlXPathContextPtr context = xmlXPathNewContext(document);
    char *value = NULL;
    if (!context)
        return NULL;
    if (xmlXPathRegisterNs(context, X("vlt"), X(SETTINGS_NAMESPACE)) == 0 &&
        (!port || xmlXPathRegisterVariable(context, X("port"), xmlXPathNewCString(port)) == 0)) {
        xmlXPathObjectPtr found = xmlXPathEvalExpression(X(path), context);
        if (found && found->nodesetval && found->nodesetval->nodeNr == 1) {
            xmlChar *content = xmlNodeGetContent(found->nodesetval->nodeTab[0]);
            value = content ? strdup((const char *)content) : NULL;
            xmlFree(content);
        }
        xmlXPathFreeObject(found);
    }
    xmlXPathFreeContext(context);
    return value;
}

char *domain_xml_port_path(const char *xml, const char *port, error **err)
{
    xmlDocPtr document = parse(xml, err);
    if (!document)
        return NULL;
    char *path =
        find_text(document, "/domain/devices/channel[target/@name=$port]/source/@path", port);
    xmlFreeDoc(document);
    if (!path)
        error_set(err, ERROR_HOST, "the domain has no channel %s", port);
    return path;
}

static int read_number(xmlDocPtr document, const char *path, unsigned minimum, unsigned maximum,
                       unsigned *number)
{
    AUTO_FREE char *word = find_text(document, path, NULL);
    uint64_t value;
    if (!word || text_parse_number(word, path, minimum, maximum, &value, NULL) < 0)
        return -1;
    *number = (unsigned)value;
    return 0;
}

int domain_xml_settings(const char *xml, struct launch_settings *settings, error **err)
{
    xmlDocPtr document = parse(xml, err);
    if (!document)
        return -1;
    int slots = read_number(document, "/domain/metadata/vlt:appliance/@slots", 1, SLOT_COUNT,
                            &settings->slots);
    int idle =
        read_number(document, "/domain/metadata/vlt:appliance/@idle", 0, UINT_MAX, &settings->idle);
    xmlFreeDoc(document);
    return slots == 0 && idle == 0
               ? 0
               : error_set(err, ERROR_REFUSED,
                           "the domain is not an appliance that virt-live-tools keeps");
}
