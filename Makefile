# SPDX-License-Identifier: LGPL-2.1-or-later
#
# `make help` lists the targets. Everything that is made is below $(BUILD).

VERSION := 0.1
BUILD   ?= build
# `make SANITIZE=address` builds into a directory of its own; `make check-asan` does it.
ifdef SANITIZE
BUILD   := build/asan
endif
include appliance/cross.mk      # ARCH=arm64: for another processor
PREFIX  ?= /usr/local
DESTDIR ?=
ifeq ($(origin CC),default)
CC := gcc
endif

bindir        = $(PREFIX)/bin
mandir        = $(PREFIX)/share/man
completiondir = $(PREFIX)/share/bash-completion/completions
zshdir        = $(PREFIX)/share/zsh/site-functions
appliancedir  = $(PREFIX)/lib/virt-live-tools/appliance
unitdir       = $(PREFIX)/lib/systemd/system
sysusersdir   = $(PREFIX)/lib/sysusers.d

COMMANDS := virt-df-live virt-hotplug virt-ls

# A pipe that fails in its beginning has failed.
SHELL := /bin/bash
.SHELLFLAGS := -o pipefail -c
MAKEFLAGS += --no-builtin-rules
.SUFFIXES:
.DELETE_ON_ERROR:
.SECONDARY:
.DEFAULT_GOAL := all

# What rpcgen makes of the wires; everything that is compiled waits for it.
wires := $(patsubst common/%.x,%,$(wildcard common/wire/*.x))
generated := $(foreach x,$(wires),$(BUILD)/gen/$(x).h $(BUILD)/gen/$(x)-xdr.c) $(sysroot_made)

# The agent's own; of common/ it has the two lowest rooms.
agent_sources := $(wildcard appliance/agent/*.c appliance/agent/*/*.c)
agent_libs := -lblkid -lnettle -ltirpc

include tests/setup.mk      # the packages that are needed, and `setup`
include appliance/rules.mk
include tests/rules.mk
include docs/packaging/rules.mk

.PHONY: all help demo install format lint clean
all: $(addprefix $(BUILD)/bin/,$(COMMANDS)) appliance $(if $(triplet),,compile_commands.json)

help:
	@echo 'make               build the commands and the appliance (packages: see `make setup`)'
	@echo 'make demo          set up, build, make some images and scan them'
	@echo "make demo IMAGES='/path/*.img'   … scan these"
	@echo 'make check         set up, build, run the tests'
	@echo 'make check-slow    the tests that take long: many rounds, limits of time, large things'
	@echo 'make check-asan    the tests with AddressSanitizer and UBSan'
	@echo 'make check-tsan    those where threads meet, with ThreadSanitizer'
	@echo 'make check-valgrind  the unit tests, and what needs no appliance, under valgrind'
	@echo 'make check-hosts   make demo and some tests on other releases of Debian, in chroots (HOSTS="trixie forky", TESTS=…)'
	@echo 'make check-kvm     the commands with KVM, in a guest whose processor is emulated (HOST=trixie; half an hour)'
	@echo 'make check-arm64   an appliance for arm64 under this host'"'"'s commands; theirs, cross-compiled, by unit tests'
	@echo 'make check-distributions  packages for the appliance as Fedora and Ubuntu have them, from repositories made here'
	@echo 'make check-samples libblkid'"'"'s and e2fsck'"'"'s sample images, which apt-get fetches'
	@echo 'make check-renewal RENEWALS=50 appliances of one template: each draws other random numbers'
	@echo 'make check-prometheus  metrics, alerts and dashboard with Prometheus'
	@echo 'make check-kubernetes  the manifest of a Job, with packages of npm'
	@echo 'make check-shards  N=2000 entries by one command, and by four at once (--shard)'
	@echo 'make check-rpm     the RPM packages: their files, and do they run'
	@echo 'make check-container  the image of a container, by podman, and pods of the Kubernetes manifest'
	@echo 'make check-slurm   an array of jobs, one of which is requeued, with Slurm'
	@echo 'make check-ceph    images in Ceph RBD, by a cluster on loopback'
	@echo 'make soak          N=10000 images with faults among them, under fire (SEED=…)'
	@echo 'make fuzz-images   images with changed metadata (FUZZ_IMAGES=1000 of each kind, SEED=…, KINDS=…)'
	@echo 'make bench-check   is an image as cheap as it was? Counts, not times'
	@echo 'make bench         measure (BENCH=ls: a part of it; BENCH_IMAGES=1000)'
	@echo 'make lint          clang-tidy, cppcheck, shellcheck'
	@echo 'make format        clang-format'
	@echo 'make install       PREFIX=$(PREFIX) DESTDIR='
	@echo 'make deb, make rpm packages in $(BUILD)/deb, $(BUILD)/rpm'
	@echo 'make check-deb     the Debian packages in fresh chroots (DEB_HOSTS="bookworm trixie")'
	@echo 'make appliance     only the appliance (ARCH=arm64: for that processor, in build/arm64); '
	@echo '                   APPLIANCE_KERNEL=/boot/vmlinuz-… uses an installed kernel; APPLIANCE_DISTRIBUTION=debian|fedora|ubuntu: of whose packages'
	@echo 'make setup         install the Debian packages that are missing'
	@echo 'make clean         remove what was built; downloads are kept'

# Short lines by default, whole commands with V=1.
ifdef V
say =
else
say = @printf '  %-5s %s\n' $(1) $@ &&
endif

# --- flags ---

WARNINGS := -Wall -Wextra -Wstrict-prototypes -Wmissing-prototypes -Wwrite-strings \
	-Wpointer-arith -Wformat=2 -Wundef -Wvla -Wnull-dereference \
	-Werror=implicit -Werror=int-conversion -Werror=incompatible-pointer-types -Werror=enum-conversion
CFLAGS   ?= -O2 -g
HARDEN   := -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fPIE $(branches_$(ARCH))
LDFLAGS  += -pie -Wl,-z,relro,-z,now -Wl,--as-needed

ifdef SANITIZE
HARDEN   := -fPIE
SANITIZER := -fsanitize=$(SANITIZE) -fno-sanitize-recover=undefined -fno-omit-frame-pointer
endif

# Recursive on purpose: pkg-config is asked only when something is compiled, after `setup`.
packages_of_host := libnbd libvirt libvirt-qemu libxml-2.0 popt jansson smartcols glib-2.0 libtirpc libxxhash libseccomp
# Filters of rows, which older releases of the library do not have (common/cli/row-filter.c).
pkg_cflags = $(eval pkg_cflags := $(shell $(pkg_config) --cflags $(packages_of_host)) $(shell $(pkg_config) --atleast-version=2.40 smartcols && echo -DHAVE_SCOLS_FILTER))$(pkg_cflags)
pkg_libs   = $(eval pkg_libs := $(shell $(pkg_config) --libs $(packages_of_host)))$(pkg_libs)

CPPFLAGS_ALL = -D_GNU_SOURCE -DPACKAGE_VERSION='"$(VERSION)"' -Icommon -Iappliance -I$(BUILD)/gen $(pkg_cflags) $(CPPFLAGS)
CFLAGS_ALL   = -std=gnu11 $(WARNINGS) $(HARDEN) $(SANITIZER) $(CFLAGS)

# --- the wire: one source, both ends ---

$(BUILD)/gen/%.h: common/%.x
	@mkdir -p $(@D)
	$(call say,GEN) rpcgen -h $< > $@

$(BUILD)/gen/%-xdr.c: common/%.x
	@mkdir -p $(@D)
	$(call say,GEN) rpcgen -c $< | sed 's|"common/$*\.h"|"$*.h"|' > $@

# --- the static library and the commands ---

common_objects := $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard common/*/*.c)) $(wires:%=$(BUILD)/obj/gen/%-xdr.o)

$(BUILD)/obj/%.o: %.c | $(generated)
	@mkdir -p $(@D)
	$(call say,CC) $(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -MMD -MP -c -o $@ $<

# What rpcgen writes is not held to our warnings.
$(BUILD)/obj/gen/%.o: $(BUILD)/gen/%.c | $(generated)
	@mkdir -p $(@D)
	$(call say,CC) $(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -w -MMD -MP -c -o $@ $<

$(BUILD)/lib/libcommon.a: $(common_objects)
	@mkdir -p $(@D)
	$(call say,AR) rm -f $@ && ar rcs $@ $^

define command_rules
$(1)_objects := $$(patsubst %.c,$$(BUILD)/obj/%.o,$$(wildcard $(1)/*.c))
$$(BUILD)/bin/$(1): $$($(1)_objects) $$(BUILD)/lib/libcommon.a
	@mkdir -p $$(@D)
	$$(call say,LD) $$(CC) $$(LDFLAGS) $$(SANITIZER) -o $$@ $$^ $$(pkg_libs) -lm -lpthread
endef
$(foreach command,$(COMMANDS),$(eval $(call command_rules,$(command))))

# The page of virt-df-live --html.
report_page := $(addprefix virt-df-live/report/,page.html page.css page.js)
virt-df-live_made := $(BUILD)/obj/gen/report-page.o
$(BUILD)/bin/virt-df-live: $(virt-df-live_made)

$(BUILD)/gen/report-page.c: virt-df-live/report/embed.pl $(report_page)
	@mkdir -p $(@D)
	$(call say,GEN) $^ > $@

# --- the agent: static, for the initrd ---

agent_objects := $(agent_sources:%.c=$(BUILD)/agent/%.o) $(BUILD)/lib/libagent-common.a

$(BUILD)/lib/libagent-common.a: $(patsubst %.c,$(BUILD)/agent/%.o,$(wildcard common/base/*.c common/wire/*.c)) \
		$(wires:%=$(BUILD)/agent/gen/%-xdr.o)
	@mkdir -p $(@D)
	$(call say,AR) rm -f $@ && ar rcs $@ $^

$(BUILD)/agent/%.o: %.c | $(generated)
	@mkdir -p $(@D)
	$(call say,CC) $(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -MMD -MP -c -o $@ $<

$(BUILD)/agent/gen/%.o: $(BUILD)/gen/%.c | $(generated)
	@mkdir -p $(@D)
	$(call say,CC) $(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -w -MMD -MP -c -o $@ $<

ifdef SANITIZE
agent_link = $(LDFLAGS) $(SANITIZER)
else
agent_link = -static-pie -Wl,-z,relro,-z,now
endif

$(BUILD)/appliance/agent: $(agent_objects)
	@mkdir -p $(@D)
	$(call say,LD) $(CC) $(agent_link) -o $@ $^ $(agent_libs) -lpthread

# Programs of the root drive, with the libraries that are there: LVM and Windows dynamic disks for the agent.
root_program_cc = $(CC) -Iappliance -std=gnu11 $(WARNINGS) -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fPIE -O2 -pie -Wl,-z,relro,-z,now

volume_groups_sources := $(addprefix appliance/programs/,volume-groups.c lvm-groups.c linear-groups.c physical-volume.c)
$(BUILD)/appliance/volume-groups: $(volume_groups_sources) $(wildcard appliance/programs/*-groups.h appliance/programs/physical-volume.h) | $(sysroot_made)
	@mkdir -p $(@D)
	$(call say,CC) $(root_program_cc) -o $@ $(volume_groups_sources) -llvm2cmd -ldevmapper -lz

# Not by the library's own pkg-config file: that asks for json-glib, which the library does not use.
$(BUILD)/appliance/dynamic-disks: appliance/programs/dynamic-disks.c appliance/agent/volume/ldm-record.h | $(sysroot_made)
	@mkdir -p $(@D)
	$(call say,CC) $(root_program_cc) $$($(pkg_config) --cflags gobject-2.0) -o $@ $< -lldm-1.0 $$($(pkg_config) --libs gobject-2.0)

-include $(shell find $(BUILD)/obj $(BUILD)/agent $(BUILD)/test-obj $(BUILD)/fuzz-obj -name '*.d' 2>/dev/null)

# --- all that is ours, for format, lint and editors ---

rooms := common/* appliance/agent appliance/agent/* appliance/programs $(COMMANDS) tests/lib tests/unit tests/fuzz tests/faults
sources := $(wildcard $(foreach room,$(rooms),$(room)/*.c $(room)/*.h))
scripts := $(wildcard appliance/*/*.sh tests/*.sh tests/*/*.sh tests/*.bash tests/*/*.bash tests/*/*.bats .ci/run)

# For editors and clang-tidy: written from the same variables that compile.
compile_commands.json: Makefile tests/rules.mk | $(generated)
	@printf '[\n' > $@; separator=; \
	for file in $(filter %.c,$(sources)); do \
		printf '%s{"directory": "%s", "file": "%s", "arguments": ["cc"%s, "-c", "%s"]}' \
			"$$separator" "$(CURDIR)" "$$file" "$$(for word in $(CPPFLAGS_ALL) -Itests -I. $(CFLAGS_ALL); do \
				printf ', "%s"' "$$(printf '%s' "$$word" | sed 's/"/\\"/g')"; done)" "$$file"; \
		separator=$$(printf ',\n'); \
	done >> $@; printf '\n]\n' >> $@

# --- using it ---

demo: setup
	@$(submake) all
	tests/demo.sh $(BUILD) $(IMAGES)

$(BUILD)/man/%.1: 
	@mkdir -p $(@D)
	pod2man --section=1 --center='virt-live-tools' --release='$(VERSION)' --name=$(shell echo $* | tr a-z A-Z) $< $@
$(foreach command,$(COMMANDS),$(eval $(BUILD)/man/$(command).1: $(command)/$(command).pod))

# zsh's completion, of what --help says.
$(BUILD)/zsh/_%: $(BUILD)/bin/% common/cli/zsh-completion.pl
	@mkdir -p $(@D)
	$(call say,GEN) common/cli/zsh-completion.pl $< > $@

systemd := docs/packaging/systemd
install: all $(foreach command,$(COMMANDS),$(BUILD)/man/$(command).1 $(BUILD)/zsh/_$(command))
	install -d $(DESTDIR)$(bindir) $(DESTDIR)$(mandir)/man1 $(DESTDIR)$(completiondir) $(DESTDIR)$(zshdir) $(DESTDIR)$(appliancedir)
	for command in $(COMMANDS); do \
		install -m 755 $(BUILD)/bin/$$command $(DESTDIR)$(bindir)/ && \
		install -m 644 $(BUILD)/man/$$command.1 $(DESTDIR)$(mandir)/man1/ && \
		install -m 644 $$command/$$command.bash-completion $(DESTDIR)$(completiondir)/$$command && \
		install -m 644 $(BUILD)/zsh/_$$command $(DESTDIR)$(zshdir)/ || exit 1; \
	done
	install -m 644 $(addprefix $(BUILD)/appliance/,kernel initrd root tools manifest) $(DESTDIR)$(appliancedir)/
	install -d $(DESTDIR)$(unitdir) $(DESTDIR)$(sysusersdir)
	sed 's|@bindir@|$(bindir)|' $(systemd)/virt-df-live.service.in > $(DESTDIR)$(unitdir)/virt-df-live.service
	chmod 644 $(DESTDIR)$(unitdir)/virt-df-live.service
	install -m 644 $(systemd)/virt-df-live.timer $(DESTDIR)$(unitdir)/
	install -m 644 $(systemd)/virt-live-tools.sysusers $(DESTDIR)$(sysusersdir)/virt-live-tools.conf

format:
	clang-format -i $(sources)

clean:
	rm -rf $(filter-out $(BUILD)/appliance,$(wildcard $(BUILD)/*)) compile_commands.json
	rm -rf $(filter-out $(BUILD)/appliance/debs,$(wildcard $(BUILD)/appliance/*))
