/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The hypervisor's driver for libvirt. Without a URI, libvirt's QEMU driver runs inside this
 * process, with all its files below the root; with one, a libvirt daemon has the machines. */
#ifndef VLT_HYPERVISOR_LIBVIRT_H
#define VLT_HYPERVISOR_LIBVIRT_H

#include "appliance/hypervisor.h"

extern const struct hypervisor_driver hypervisor_libvirt;

#endif
