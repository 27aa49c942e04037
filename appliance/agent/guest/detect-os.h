/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether a mounted filesystem is the root of an operating system. */
#ifndef VLT_AGENT_DETECT_OS_H
#define VLT_AGENT_DETECT_OS_H

enum root_kind { ROOT_NONE, ROOT_LINUX, ROOT_WINDOWS, ROOT_OSTREE };

/* `directory` is the filesystem's topmost one, and may be O_PATH.
 *
 * Linux: /etc exists; in it or in /usr/lib a file that names the system, or an fstab; and /bin,
 * /sbin or /usr/bin is a directory, or a link into a /usr that is a filesystem of its own. Windows,
 * on NTFS and FAT: a directory windows/system32 or winnt/system32, in any case. OSTree: the roots
 * are further down (ostree-deployment.h). */
enum root_kind detect_os(int directory, const char *fstype);

#endif
