/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libvirt is asked which guests there are. Apart from hypervisor-libvirt*.c, which run the
 * appliance: this is the user's own libvirt, which may be another host's, nothing is started or
 * changed there, and it runs in a process that does nothing else (guest-lookup.h). */
#include "lookup-libvirt.h"
#include "wire/protocol.h"

#include "base/clock.h"
#include "base/secret.h"
#include "base/text-format.h"
#include "guest/domain-disks.h"
#include "guest/hypervisor-host.h"
#include "guest/pool-volume.h"
#include "libvirt-error.h"
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

struct asking {
    const char *uri;
    virConnectPtr connection;
    virConnectPtr secrets; /* another one, not read-only, when a secret is wanted; NULL */
    guest_lookup_teller *teller;
    char *elsewhere; /* the host that it is on, if not ours */
    bool trace, live;
};

/* --- what libvirt says --- */

static void traced(const struct asking *self, const char *call, uint64_t since)
{
    double milliseconds = (double)(clock_now() - since) * 1000 / CLOCK_SECOND;

    if (!self->trace)
        return;
    AUTO_FREE char *text = text_format("libvirt: %s: %.1f ms", call, milliseconds);
    if (text)
        guest_lookup_tell_trace(self->teller, text);
}

/* Evaluates the call, and tells how long that took. */
#define TRACED(self, name, call)                                                                   \
    __extension__({                                                                                \
        uint64_t since_ = clock_now();                                                             \
        __typeof__(call) result_ = (call);                                                         \
        traced((self), (name), since_);                                                            \
        result_;                                                                                   \
    })

/* --- a guest --- */

static virStoragePoolPtr find_pool(const struct asking *self, const char *name)
{
    return TRACED(self, "virStoragePoolLookupByName",
                  virStoragePoolLookupByName(self->connection, name));
}

static char *describe_pool(const struct asking *self, virStoragePoolPtr pool)
{
    return TRACED(self, "virStoragePoolGetXMLDesc", virStoragePoolGetXMLDesc(pool, 0));
}

/* domain_sources.find_volume */
static int find_volume(void *data, const char *pool_name, const char *name, char **path,
                       char **pool_xml, error **err)
{
    const struct asking *self = data;
    virStoragePoolPtr pool = find_pool(self, pool_name);
    virStorageVolPtr volume =
        pool ? TRACED(self, "virStorageVolLookupByName", virStorageVolLookupByName(pool, name))
             : NULL;

    *path = volume ? TRACED(self, "virStorageVolGetPath", virStorageVolGetPath(volume)) : NULL;
    *pool_xml = *path ? describe_pool(self, pool) : NULL;
    int result = *pool_xml ? 0 : error_set(err, ERROR_UNREADABLE, "%s", libvirt_error_message());
    if (volume)
        virStorageVolFree(volume);
    if (pool)
        virStoragePoolFree(pool);
    return result;
}

static int usage_type(const char *type)
{
    if (strcmp(type, "ceph") == 0)
        return VIR_SECRET_USAGE_TYPE_CEPH;
    return strcmp(type, "iscsi") == 0 ? VIR_SECRET_USAGE_TYPE_ISCSI : VIR_SECRET_USAGE_TYPE_VOLUME;
}

static virSecretPtr find_named_secret(const struct asking *self, const char *uuid, const char *type,
                                      const char *usage)
{
    return uuid ? TRACED(self, "virSecretLookupByUUIDString",
                         virSecretLookupByUUIDString(self->secrets, uuid))
                : TRACED(self, "virSecretLookupByUsage",
                         virSecretLookupByUsage(self->secrets, usage_type(type), usage));
}

/* domain_sources.find_secret. libvirt tells no secret over a read-only connection. */
static int find_secret(void *data, const char *uuid, const char *type, const char *usage,
                       char **passphrase, size_t *length, error **err)
{
    struct asking *self = data;
    if (!self->secrets)
        self->secrets = TRACED(self, "virConnectOpen", virConnectOpen(self->uri));
    virSecretPtr secret = self->secrets ? find_named_secret(self, uuid, type, usage) : NULL;
    unsigned char *value =
        secret ? TRACED(self, "virSecretGetValue", virSecretGetValue(secret, length, 0)) : NULL;
    int result = 0;

    if (!value)
        result = error_set(err, ERROR_ENCRYPTED, "%s", libvirt_error_message());
    else if (*length == 0 || *length > MAX_PASSPHRASE)
        result = error_set(err, ERROR_ENCRYPTED, "it does not have 1 to %d bytes", MAX_PASSPHRASE);
    if (secret)
        virSecretFree(secret);
    if (result == 0 && !(*passphrase = secret_copy(value, *length)))
        result = error_no_memory(err);
    if (value)
        explicit_bzero(value, *length);
    free(value);
    return result;
}

static struct domain_sources sources_of(struct asking *self)
{
    return (struct domain_sources){find_volume, find_secret, self, self->elsewhere};
}

static int read_disks(struct asking *self, virDomainPtr domain, struct guest *guest, error **err)
{
    const struct domain_sources sources = sources_of(self);
    /* As it is now where it runs, as it will be where it does not. */
    AUTO_FREE char *xml = TRACED(self, "virDomainGetXMLDesc", virDomainGetXMLDesc(domain, 0));

    if (!xml)
        return error_set(err, ERROR_UNREADABLE, "libvirt cannot say which disks it has: %s",
                         libvirt_error_message());
    if (domain_disks(guest, xml, strlen(xml), &sources, err) < 0)
        return -1;
    guest->live = self->live && virDomainIsActive(domain) == 1;
    return 0;
}

/* The rest cannot be had where the connection is gone. */
static int check_connection(const struct asking *self, error **err)
{
    AUTO_FREE char *why = strdup(libvirt_error_message()); /* the next call forgets it */

    if (virConnectIsAlive(self->connection) > 0)
        return 0;
    return error_set(err, ERROR_UNREADABLE, "the connection to libvirt is lost: %s",
                     why ? why : "out of memory");
}

static int reader_gone(error **err)
{
    return error_set(err, ERROR_HOST, "the reader of the guests has gone");
}

static int tell_domain(struct asking *self, virDomainPtr domain, error **err)
{
    AUTO_GUEST struct guest *guest = guest_new(0);
    const char *name = virDomainGetName(domain);

    if (!guest || !name)
        return error_no_memory(err);
    if (guest_set_name(guest, name, err) < 0)
        return -1;
    if (virDomainGetUUIDString(domain, guest->uuid) < 0)
        guest->uuid[0] = '\0';
    if (read_disks(self, domain, guest, &guest->refused) < 0 &&
        error_kind(guest->refused) == ERROR_UNREADABLE && check_connection(self, err) < 0)
        return -1;
    return guest_lookup_tell_guest(self->teller, guest) < 0 ? reader_gone(err) : 0;
}

/* --- by name --- */

static bool may_be_uuid(const char *name)
{
    return strlen(name) >= 32 && name[strspn(name, "0123456789abcdefABCDEF-")] == '\0';
}

static virDomainPtr find_domain(struct asking *self, const char *name)
{
    virDomainPtr domain = NULL;

    if (may_be_uuid(name))
        domain = TRACED(self, "virDomainLookupByUUIDString",
                        virDomainLookupByUUIDString(self->connection, name));
    return domain ? domain
                  : TRACED(self, "virDomainLookupByName",
                           virDomainLookupByName(self->connection, name));
}

static int tell_unknown(struct asking *self, const char *name, error **err)
{
    AUTO_GUEST struct guest *guest = guest_new(0);
    AUTO_FREE char *why = strdup(libvirt_error_message()); /* the next call forgets it */

    if (virGetLastErrorCode() != VIR_ERR_NO_DOMAIN && check_connection(self, err) < 0)
        return -1;
    if (!guest || !why)
        return error_no_memory(err);
    if (guest_set_name(guest, name, err) < 0)
        return -1;
    AUTO_FREE char *uri = virConnectGetURI(self->connection);
    error_set(&guest->refused, ERROR_UNREADABLE,
              "libvirt does not find it at %s: %s; -c URI names another hypervisor",
              uri ? uri : "this hypervisor", why);
    return guest_lookup_tell_guest(self->teller, guest) < 0 ? reader_gone(err) : 0;
}

static int tell_named(struct asking *self, const struct guest_lookup_query *query, error **err)
{
    for (size_t i = 0; i < query->count; i++) {
        virDomainPtr domain = find_domain(self, query->names[i]);
        int result =
            domain ? tell_domain(self, domain, err) : tell_unknown(self, query->names[i], err);
        if (domain)
            virDomainFree(domain);
        if (result < 0)
            return -1;
    }
    return 0;
}

/* --- all --- */

static int by_name(const void *a, const void *b)
{
    const virDomainPtr *first = a, *second = b;

    return strcmp(virDomainGetName(*first), virDomainGetName(*second));
}

static int tell_all(struct asking *self, error **err)
{
    virDomainPtr *domains = NULL;
    int count = TRACED(self, "virConnectListAllDomains",
                       virConnectListAllDomains(self->connection, &domains, 0));
    int result = 0;

    if (count < 0)
        return error_set(err, ERROR_UNREADABLE, "libvirt cannot list its guests: %s",
                         libvirt_error_message());
    if (domains) /* libvirt's order is a hash's */
        qsort(domains, (size_t)count, sizeof *domains, by_name);
    for (int i = 0; i < count; i++) {
        /* Xen's own host is a domain too, the one with the number 0. */
        if (result == 0 && virDomainGetID(domains[i]) != 0)
            result = tell_domain(self, domains[i], err);
        virDomainFree(domains[i]);
    }
    free(domains);
    return result;
}

/* --- storage pools --- */

/* 0, also where it cannot be read, which is its answer; -1 and *err. */
static int tell_volume(struct asking *self, const char *pool_xml, virStorageVolPtr volume,
                       error **err)
{
    const struct domain_sources sources = sources_of(self);
    AUTO_GUEST struct guest *guest = guest_new(0);
    const char *name = virStorageVolGetName(volume);
    AUTO_FREE char *xml =
        TRACED(self, "virStorageVolGetXMLDesc", virStorageVolGetXMLDesc(volume, 0));

    if (!guest || !name)
        return error_no_memory(err);
    if (guest_set_name(guest, name, err) < 0)
        return -1;
    int result = xml ? pool_volume_read(guest, pool_xml, xml, &sources, &guest->refused)
                     : error_set(&guest->refused, ERROR_UNREADABLE,
                                 "libvirt cannot say where it is: %s", libvirt_error_message());
    if (!xml && check_connection(self, err) < 0)
        return -1;
    return result != 0 && guest_lookup_tell_guest(self->teller, guest) < 0 ? reader_gone(err) : 0;
}

static int by_volume_name(const void *a, const void *b)
{
    const virStorageVolPtr *first = a, *second = b;

    return strcmp(virStorageVolGetName(*first), virStorageVolGetName(*second));
}

/* *why: the pool cannot be read. -1 and *err: nothing can. */
static int tell_volumes(struct asking *self, virStoragePoolPtr pool, error **why, error **err)
{
    virStorageVolPtr *volumes = NULL;
    AUTO_FREE char *xml = describe_pool(self, pool);
    int result = 0, count = xml ? TRACED(self, "virStoragePoolListAllVolumes",
                                         virStoragePoolListAllVolumes(pool, &volumes, 0))
                                : -1;

    if (count < 0) {
        error_set(why, ERROR_UNREADABLE, "libvirt cannot list the volumes of this storage pool: %s",
                  libvirt_error_message());
        return check_connection(self, err);
    }
    if (volumes) /* libvirt's order is a hash's */
        qsort(volumes, (size_t)count, sizeof(virStorageVolPtr), by_volume_name);
    for (int i = 0; i < count; i++) {
        if (result == 0)
            result = tell_volume(self, xml, volumes[i], err);
        virStorageVolFree(volumes[i]);
    }
    free(volumes);
    return result;
}

/* One that cannot be read is a guest of its own, which is refused. */
static int tell_refused_pool(struct asking *self, const char *name, error *why, error **err)
{
    AUTO_GUEST struct guest *guest = guest_new(0);

    if (guest)
        guest->refused = why;
    else
        error_free(why);
    if (!guest)
        return error_no_memory(err);
    if (guest_set_name(guest, name, err) < 0)
        return -1;
    return guest_lookup_tell_guest(self->teller, guest) < 0 ? reader_gone(err) : 0;
}

static int tell_pool(struct asking *self, const char *name, error **err)
{
    virStoragePoolPtr pool = find_pool(self, name);
    error *why = NULL;
    int result = 0;

    if (pool) {
        result = tell_volumes(self, pool, &why, err);
        virStoragePoolFree(pool);
    } else {
        AUTO_FREE char *said = strdup(libvirt_error_message()); /* the next call forgets it */
        result = virGetLastErrorCode() == VIR_ERR_NO_STORAGE_POOL ? 0 : check_connection(self, err);
        AUTO_FREE char *uri = virConnectGetURI(self->connection);
        error_set(&why, ERROR_UNREADABLE,
                  "libvirt does not find this storage pool at %s: %s; -c URI names another "
                  "hypervisor",
                  uri ? uri : "this hypervisor", said ? said : "out of memory");
    }
    if (result == 0 && why)
        return tell_refused_pool(self, name, why, err);
    error_free(why);
    return result;
}

static int tell_pools(struct asking *self, const struct guest_lookup_query *query, error **err)
{
    for (size_t i = 0; i < query->pool_count; i++) {
        if (tell_pool(self, query->pools[i], err) < 0)
            return -1;
        if (guest_lookup_tell_pool_end(self->teller) < 0)
            return reader_gone(err);
    }
    return 0;
}

/* --- */

/* Files of another host are not ours, whatever stands at their names here. */
static int find_host(struct asking *self, error **err)
{
    AUTO_FREE char *uri = TRACED(self, "virConnectGetURI", virConnectGetURI(self->connection));
    char own[HOST_NAME_MAX + 1] = "";

    gethostname(own, sizeof own - 1);
    return hypervisor_host_elsewhere(uri ? uri : self->uri, own, &self->elsewhere, err);
}

static int tell_guests(struct asking *self, const struct guest_lookup_query *query, error **err)
{
    if (query->count == 0 && query->pool_count == 0)
        return tell_all(self, err);
    return tell_named(self, query, err) < 0 ? -1 : tell_pools(self, query, err);
}

int lookup_libvirt(const struct guest_lookup_query *query, guest_lookup_teller *teller, error **err)
{
    struct asking self = {
        .uri = query->uri, .teller = teller, .trace = query->trace, .live = query->live};
    const char *place = query->uri ? query->uri : "its default hypervisor";

    if (virInitialize() < 0)
        return error_set(err, ERROR_UNREADABLE, "libvirt cannot be used: %s",
                         libvirt_error_message());
    libvirt_error_silence();
    self.connection = TRACED(&self, "virConnectOpenReadOnly", virConnectOpenReadOnly(query->uri));
    if (!self.connection)
        return error_set(err, ERROR_UNREADABLE,
                         "cannot connect to libvirt at %s: %s; -c URI names another hypervisor",
                         place, libvirt_error_message());
    int result = find_host(&self, err) < 0 ? -1 : tell_guests(&self, query, err);
    free(self.elsewhere);
    if (self.secrets)
        virConnectClose(self.secrets);
    virConnectClose(self.connection);
    return result;
}
