/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Stands in for a QEMU that was taken over (confined-qemu.bats): tries what the sandbox is to keep
 * out, says what worked, and fails if anything did. intruder FILE */
#include "lib/intruder.h"

#include <unistd.h>

int main(int argc, char **argv)
{
    unsigned count = argc == 2 ? intruder_try(argv[1], geteuid() == 65534, stderr) : 1;
    return count > 0;
}
