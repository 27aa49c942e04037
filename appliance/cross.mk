# SPDX-License-Identifier: LGPL-2.1-or-later
#
# For another processor than this host's: `make ARCH=arm64 appliance` (or all, or check-programs) builds into build/arm64. The compiler
# is Debian's for that processor; headers and libraries are those of Debian's packages for it, which are fetched as the appliance's
# are, and unpacked into a directory. Nothing of that processor is installed.

HOST_ARCH := $(shell dpkg --print-architecture 2>/dev/null || uname -m | sed 's/^x86_64$$/amd64/; s/^aarch64$$/arm64/')
# One in the environment is not meant for this.
ifneq ($(origin ARCH),command line)
ARCH := $(HOST_ARCH)
endif
export APPLIANCE_ARCH := $(ARCH)
pkg_config := pkg-config

triplet_amd64 := x86_64-linux-gnu
triplet_arm64 := aarch64-linux-gnu
# Against jumps to where no jump should lead.
branches_amd64 := -fcf-protection
branches_arm64 := -mbranch-protection=standard

ifneq ($(ARCH),$(HOST_ARCH))
triplet := $(or $(triplet_$(ARCH)),$(error ARCH=$(ARCH): amd64 and arm64 are known))
BUILD   := build/$(ARCH)
sysroot := $(CURDIR)/$(BUILD)/sysroot
CC      := $(triplet)-gcc --sysroot=$(sysroot)
pkg_config := PKG_CONFIG_LIBDIR=$(sysroot)/usr/lib/$(triplet)/pkgconfig:$(sysroot)/usr/share/pkgconfig PKG_CONFIG_SYSROOT_DIR=$(sysroot) pkg-config
sysroot_made := $(BUILD)/sysroot.made

$(sysroot_made): appliance/build/build-sysroot.sh $(wildcard appliance/*/fetch-*.sh)
	appliance/build/build-sysroot.sh $(sysroot) $(BUILD)/sysroot-debs $(filter %-dev,$(packages_build) $(packages_check))
	@touch $@
endif
