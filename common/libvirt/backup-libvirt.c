/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Backups of libvirt's running guests: virDomainBackupBegin() in pull mode. QEMU keeps what the
 * guest overwrites meanwhile in a scratch file, serves the disks as they were, and writes nothing
 * into the images. */
#include "remote/backup.h"

#include "base/clock.h"
#include "base/text-format.h"
#include "guest/xml-tree.h"
#include "libvirt-error.h"
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <libxml/parser.h>
#include <libxml/xmlwriter.h>
#include <time.h>

#define END_TIMEOUT (10 * CLOCK_SECOND)
#define STEP 10000000 /* nanoseconds */

static int failed(const char *what, error **err)
{
    int code = virGetLastErrorCode();
    bool cannot = code == VIR_ERR_NO_SUPPORT || code == VIR_ERR_OPERATION_UNSUPPORTED ||
                  code == VIR_ERR_CONFIG_UNSUPPORTED;

    return error_set(err, cannot ? ERROR_UNSUPPORTED : ERROR_UNREADABLE, "%s: %s", what,
                     libvirt_error_message());
}

/* --- XML --- */

static void cleanup_writer(xmlTextWriterPtr *writer)
{
    xmlFreeTextWriter(*writer);
}

static void cleanup_buffer(xmlBufferPtr *buffer)
{
    xmlBufferFree(*buffer);
}

static int write_element(xmlTextWriterPtr to, const char *name, const char *const *attributes)
{
    int result = xmlTextWriterStartElement(to, (const xmlChar *)name);

    for (; result >= 0 && *attributes; attributes += 2)
        result = xmlTextWriterWriteAttribute(to, (const xmlChar *)attributes[0],
                                             (const xmlChar *)attributes[1]);
    return result;
}

static int write_disk(xmlTextWriterPtr to, const struct backup_wish *wish, size_t index)
{
    /* Not called as the disk is: that could be any path. */
    AUTO_FREE char *scratch = text_format("%s/scratch%zu", wish->directory, index);
    if (!scratch)
        return -1;
    const char *const disk[] = {"name", wish->targets[index], "backup", "yes", "type", "file",
                                NULL};
    const char *const file[] = {"file", scratch, NULL};
    if (write_element(to, "disk", disk) < 0 || write_element(to, "scratch", file) < 0 ||
        xmlTextWriterEndElement(to) < 0)
        return -1;
    return xmlTextWriterEndElement(to);
}

/* <domainbackup>; new memory, NULL: none. */
static char *describe(const struct backup_wish *wish)
{
    CLEANUP(cleanup_buffer) xmlBufferPtr buffer = xmlBufferCreate();
    CLEANUP(cleanup_writer)
    xmlTextWriterPtr to = buffer ? xmlNewTextWriterMemory(buffer, 0) : NULL;
    const char *const pull[] = {"mode", "pull", NULL};
    const char *const server[] = {"transport", "unix", "socket", wish->socket, NULL};
    const char *const nothing[] = {NULL};

    if (!to || write_element(to, "domainbackup", pull) < 0 ||
        write_element(to, "server", server) < 0 || xmlTextWriterEndElement(to) < 0 ||
        write_element(to, "disks", nothing) < 0)
        return NULL;
    for (size_t i = 0; i < wish->count; i++)
        if (write_disk(to, wish, i) < 0)
            return NULL;
    return xmlTextWriterEndDocument(to) < 0 ? NULL : strdup((const char *)buffer->content);
}

static xmlDocPtr parse(const char *xml)
{
    return xmlReadMemory(xml, (int)strlen(xml), "libvirt.xml", NULL,
                         XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
}

/* As whom QEMU runs: <seclabel model='dac'><label>+UID:+GID. false: as the daemon, it seems. */
static bool find_owner(virDomainPtr domain, uid_t *uid, gid_t *gid)
{
    AUTO_FREE char *xml = virDomainGetXMLDesc(domain, 0);
    AUTO_XML_DOCUMENT xmlDocPtr document = xml ? parse(xml) : NULL;
    const xmlNode *root = document ? xmlDocGetRootElement(document) : NULL;

    for (xmlNode *label = xml_child(root, "seclabel"); label;
         label = xml_element(label->next, "seclabel")) {
        AUTO_XML char *model = xml_attribute(label, "model");
        const xmlNode *held = xml_child(label, "label");
        AUTO_XML char *text = held ? (char *)xmlNodeGetContent(held) : NULL;
        if (xml_equal(model, "dac") && text && sscanf(text, "+%u:+%u", uid, gid) == 2)
            return true;
    }
    return false;
}

/* --- operations --- */

/* The sockets are files here. */
static int check_host(virConnectPtr connection, error **err)
{
    AUTO_FREE char *uri = virConnectGetURI(connection);
    const char *authority = uri ? strstr(uri, "://") : NULL;

    if (authority && authority[3] != '/' && authority[3] != '\0')
        return error_set(err, ERROR_UNSUPPORTED, "%s is another host's hypervisor", uri);
    return 0;
}

static void *connect_to(const char *uri, error **err)
{
    libvirt_error_silence();
    virConnectPtr connection = virInitialize() < 0 ? NULL : virConnectOpen(uri);

    if (!connection) {
        failed("cannot connect to libvirt with the right to change something", err);
        return NULL;
    }
    if (check_host(connection, err) < 0) {
        virConnectClose(connection);
        return NULL;
    }
    return connection;
}

/* libvirt returns before QEMU has ended it, and says so by an event, for which a thread would have
 * to run. It takes some milliseconds. */
static void end_job(virDomainPtr domain)
{
    uint64_t deadline = clock_now() + END_TIMEOUT;

    if (virDomainAbortJob(domain) < 0)
        return;
    while (clock_now() < deadline) {
        AUTO_FREE char *xml = virDomainBackupGetXMLDesc(domain, 0);
        if (!xml)
            return;
        nanosleep(&(struct timespec){.tv_nsec = STEP}, NULL);
    }
}

/* Of the guest's backup, if it has one: where it is served. */
static char *find_socket(virDomainPtr domain)
{
    AUTO_FREE char *xml = virDomainBackupGetXMLDesc(domain, 0);
    AUTO_XML_DOCUMENT xmlDocPtr document = xml ? parse(xml) : NULL;
    const xmlNode *root = document ? xmlDocGetRootElement(document) : NULL;

    return xml_attribute(xml_child(root, "server"), "socket");
}

/* One that a keeper of ours left, which was killed. */
static void end_stale(virDomainPtr domain, bool (*is_stale)(const char *socket))
{
    AUTO_XML char *socket = find_socket(domain);

    if (socket && is_stale(socket))
        end_job(domain);
}

static int begin_at(virDomainPtr domain, const struct backup_wish *wish,
                    bool (*is_stale)(const char *socket), error **err)
{
    AUTO_FREE char *xml = describe(wish);
    uid_t uid;
    gid_t gid;

    if (!xml)
        return error_no_memory(err);
    end_stale(domain, is_stale);
    /* Its own directory is QEMU's, which makes the socket in it; as root we get at it, too. */
    if (geteuid() == 0 && find_owner(domain, &uid, &gid) && chown(wish->directory, uid, gid) < 0)
        return error_set_errno(err, ERROR_HOST, errno, "cannot give %s away", wish->directory);
    if (virDomainBackupBegin(domain, xml, NULL, 0) < 0)
        return failed("libvirt cannot begin a backup", err);
    return 0;
}

static int begin(void *connection, const struct backup_wish *wish,
                 bool (*is_stale)(const char *socket), error **err)
{
    virDomainPtr domain = virDomainLookupByUUIDString(connection, wish->uuid);

    if (!domain)
        return failed("libvirt does not find the guest any more", err);
    int result = begin_at(domain, wish, is_stale, err);
    virDomainFree(domain);
    return result;
}

static void end(void *connection, const char *uuid, const char *socket)
{
    virDomainPtr domain = virDomainLookupByUUIDString(connection, uuid);

    if (!domain)
        return;
    AUTO_XML char *served = find_socket(domain);
    if (xml_equal(served, socket))
        end_job(domain);
    virDomainFree(domain);
}

const struct backup_ops backup_libvirt = {connect_to, begin, end};
