/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether a mounted filesystem is the root of an operating system. */
#ifndef VLT_AGENT_DETECT_OS_H
#define VLT_AGENT_DETECT_OS_H

enum root_kind { ROOT_NONE, ROOT_LINUX, ROOT_WINDOWS };

/* `directory` is its topmost one, and may be O_PATH.
 *
 * Linux: there is /etc; in it or in /usr/lib something that says which system it is, or an fstab;
 * and /bin, /sbin or /usr/bin: a directory, or a link into a /usr that is a filesystem of its own.
 * Windows, on NTFS and FAT: a directory windows/system32 or winnt/system32, in any case. */
enum root_kind detect_os(int directory, const char *fstype);

#endif
