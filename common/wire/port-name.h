/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The names of the appliance's virtio-serial ports: the host gives them to QEMU, and the agent
 * finds its ports by them in sysfs. */
#ifndef VLT_PORT_NAME_H
#define VLT_PORT_NAME_H

/* Where the agent answers (protocol.x). */
#define AGENT_PORT_NAME "org.virt-live-tools.agent"
/* Where commands in the appliance are spoken to (session.x): a number from 0 to SESSION_PORTS - 1
 * follows, which is one digit. */
#define SESSION_PORT_NAME "org.virt-live-tools.session."

#endif
