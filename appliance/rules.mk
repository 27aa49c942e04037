# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The appliance: $(BUILD)/appliance/{kernel,initrd,root,tools,manifest}. $(BUILD)/appliance/agent is made by the agent's own rules.
#
#   make appliance APPLIANCE_KERNEL=/boot/vmlinuz-X [APPLIANCE_MODULES=/lib/modules/X]
#   make appliance APPLIANCE_KERNEL=          the package's kernel again
#   make appliance APPLIANCE_DISTRIBUTION=ubuntu   of that distribution's packages, not of the host's: a directory beside this file

BUILD ?= build

appliance_dir := $(BUILD)/appliance
# What was chosen the last time still is where no kernel, or no distribution, is given: what has been tested is what is installed.
appliance_chosen := $(shell cat $(appliance_dir)/choice 2>/dev/null)
ifeq ($(origin APPLIANCE_KERNEL),undefined)
APPLIANCE_KERNEL := $(patsubst kernel=%,%,$(filter kernel=%,$(appliance_chosen)))
APPLIANCE_MODULES ?= $(patsubst modules=%,%,$(filter modules=%,$(appliance_chosen)))
endif
ifeq ($(origin APPLIANCE_DISTRIBUTION),undefined)
APPLIANCE_DISTRIBUTION := $(patsubst distribution=%,%,$(filter distribution=%,$(appliance_chosen)))
endif
export APPLIANCE_DISTRIBUTION
appliance_common := $(addprefix appliance/build/,lists.sh architecture.sh distribution.sh fetched.sh unpack.sh) \
	$(wildcard appliance/*/packages appliance/*/fetch-*.sh)
appliance_choice := $(strip kernel=$(APPLIANCE_KERNEL) modules=$(APPLIANCE_MODULES) $(APPLIANCE_DISTRIBUTION:%=distribution=%))

.PHONY: appliance kernel initrd root tools FORCE
appliance: $(appliance_dir)/manifest
kernel: $(appliance_dir)/kernel
initrd: $(appliance_dir)/initrd
root: $(appliance_dir)/root
tools: $(appliance_dir)/tools

# Rewritten only when another kernel is chosen, so that the choice is a dependency.
$(appliance_dir)/choice: FORCE
	@mkdir -p $(@D)
	@[ "$$(cat $@ 2>/dev/null)" = '$(appliance_choice)' ] || echo '$(appliance_choice)' > $@

$(appliance_dir)/kernel: $(appliance_common) $(appliance_dir)/choice $(APPLIANCE_KERNEL) \
		appliance/debian/modules $(addprefix appliance/build/,build-kernel.sh resolve-modules.sh settle-modules.pl extract-vmlinux.sh)
	appliance/build/build-kernel.sh $(@D) $(@D)/debs '$(APPLIANCE_KERNEL)' '$(APPLIANCE_MODULES)'

$(appliance_dir)/initrd: appliance/build/build-initrd.sh appliance/build/lists.sh $(appliance_dir)/kernel $(appliance_dir)/agent
	appliance/build/build-initrd.sh $(@D) $(@D)/agent

# Of ours; the Makefile says how they are compiled.
root_programs := volume-groups dynamic-disks

$(addprefix $(appliance_dir)/,root tools): $(appliance_dir)/%: $(addprefix appliance/build/,build-root.sh add-libraries.sh) appliance/root/lvm.conf appliance/root/lvm-scan.conf \
		$(appliance_common) $(appliance_dir)/kernel $(addprefix $(appliance_dir)/,$(root_programs))
	appliance/build/build-root.sh $(@D) $(@D)/debs $*

# One after the other: what both are made of is downloaded once.
$(appliance_dir)/tools: | $(appliance_dir)/root

$(appliance_dir)/manifest: appliance/build/build-manifest.sh $(addprefix $(appliance_dir)/,kernel initrd root tools)
	appliance/build/build-manifest.sh $(@D)
