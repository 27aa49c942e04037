# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Tests: unit (tests/unit, cmocka), behaviour (tests/*/*.bats), fuzz targets replayed on their corpora.
# tests/run-tests.sh runs what has been built here, and counts.

unit_tests := $(patsubst tests/unit/%.c,$(BUILD)/tests/%,$(wildcard tests/unit/test-*.c))
test_support := $(patsubst %.c,$(BUILD)/test-obj/%.o,$(wildcard tests/lib/*.c))
fuzz_targets := $(patsubst tests/fuzz/fuzz-%.c,%,$(wildcard tests/fuzz/fuzz-*.c))
fuzz_replays := $(addprefix $(BUILD)/fuzz/replay-,$(fuzz_targets))

.PHONY: check check-slow check-unit check-bats check-asan check-valgrind check-programs lint fuzz
# What rpcgen makes, from rules that stand after this file is included.
test_generated := $(generated)

$(BUILD)/test-obj/%.o: %.c | $(test_generated)
	@mkdir -p $(@D)
	$(call say,CC) $(CC) $(CPPFLAGS_ALL) -Itests -I. $(CFLAGS_ALL) -MMD -MP -c -o $@ $<

# What a command is made of besides the library, for the tests of it: all but its main().
parts_of = $(filter-out %/main.o,$(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard $(1)/*.c)))
$(filter $(BUILD)/tests/test-df-%,$(unit_tests)): $(call parts_of,virt-df-live) $(BUILD)/obj/gen/report-page.o
$(filter $(BUILD)/tests/test-ls-%,$(unit_tests)): $(call parts_of,virt-ls)
# … a program of the root drive …
linear_groups := $(addprefix appliance/programs/,linear-groups.c physical-volume.c)
linear_tests  := $(BUILD)/tests/test-linear-groups $(BUILD)/fuzz/replay-linear-groups
$(linear_tests): $(linear_groups:%.c=$(BUILD)/test-obj/%.o)
$(linear_tests) $(BUILD)/fuzz/fuzz-linear-groups: test_libs := -ldevmapper -lz
# … and the agent, of which a test links what it uses.
agent_library := $(BUILD)/lib/libagent.a
$(agent_library): $(patsubst %.c,$(BUILD)/test-obj/%.o,$(filter-out %/main.c,$(agent_sources)))
	@mkdir -p $(@D)
	$(call say,AR) rm -f $@ && ar rcs $@ $^

test_libraries := $(agent_library) $(BUILD)/lib/libcommon.a

$(BUILD)/tests/%: $(BUILD)/test-obj/tests/unit/%.o $(test_support) $(test_libraries)
	@mkdir -p $(@D)
	$(call say,LD) $(CC) $(LDFLAGS) $(SANITIZER) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(agent_libs) $(pkg_libs) $(test_libs) -lcmocka -lm -lpthread

$(BUILD)/fuzz/replay-%: $(BUILD)/test-obj/tests/fuzz/fuzz-%.o $(BUILD)/test-obj/tests/fuzz/replay.o $(test_libraries)
	@mkdir -p $(@D)
	$(call say,LD) $(CC) $(LDFLAGS) $(SANITIZER) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(agent_libs) $(pkg_libs) $(test_libs) -lm -lpthread

# A make of its own after the packages are there: what is asked of pkg-config is not asked before.
# On all processors, unless the user has said on how many.
submake = $(MAKE) --no-print-directory $(if $(findstring jobserver,$(MAKEFLAGS)),,--jobs="$$(nproc)")

check: setup-check
	@$(submake) all check-programs
	@tests/run-tests.sh $(BUILD) unit fuzz docs bats-quick

# Those tagged "slow": they repeat something many times, wait for limits of time, or take what is large. More than a third of
# all the time.
check-slow: setup-check
	@$(submake) all check-programs
	@tests/run-tests.sh $(BUILD) bats-slow

check-programs: $(unit_tests) $(fuzz_replays) $(BUILD)/appliance/agent

# An appliance whose agent misbehaves on cue (tests/faults/agent-fault.c): the same but for the initrd. A sanitized agent runs
# on the host only.
fault_dir := $(BUILD)/faults/appliance
ifndef SANITIZE
check-programs: $(fault_dir)/initrd
endif

# Tries from within what the sandbox keeps out (confined-qemu.bats).
check-programs: $(BUILD)/faults/intruder
$(BUILD)/faults/intruder: $(BUILD)/test-obj/tests/faults/intruder.o $(BUILD)/test-obj/tests/lib/intruder.o
	@mkdir -p $(@D)
	$(call say,LD) $(CC) $(LDFLAGS) $(SANITIZER) -o $@ $^

$(fault_dir)/agent: $(BUILD)/test-obj/tests/faults/agent-fault.o $(BUILD)/appliance/agent
	@mkdir -p $(@D)
	$(call say,LD) $(CC) $(agent_link) -Wl,--wrap=statvfs,--wrap=volume_size_read -o $@ $(agent_objects) $< $(agent_libs) -lpthread

$(fault_dir)/initrd: $(fault_dir)/agent $(BUILD)/appliance/initrd $(BUILD)/appliance/root
	@for part in kernel root modules; do ln -sfn ../../appliance/$$part $(fault_dir)/$$part; done
	appliance/build/build-initrd.sh $(fault_dir) $(fault_dir)/agent

check-unit: setup-check
	@$(submake) check-programs
	@tests/run-tests.sh $(BUILD) unit fuzz

# TESTS='df-names df-output' are the files to run; by default all.
check-bats: setup-check
	@$(submake) all
	@tests/run-tests.sh $(BUILD) docs bats

# --- sanitizers: the host's programs and the agent; the appliance is the usual one, which is linked to ---

asan_build := build/asan
export ASAN_OPTIONS ?= detect_leaks=1:detect_stack_use_after_return=1
export LSAN_OPTIONS ?= suppressions=$(CURDIR)/tests/suppressions/lsan.supp:print_suppressions=0
export UBSAN_OPTIONS ?= print_stacktrace=1

check-asan: setup-check
	@$(submake) all $(fault_dir)/initrd
	@$(submake) SANITIZE=address,undefined BUILD=$(asan_build) check-sanitized-programs
	@tests/run-tests.sh $(asan_build) unit fuzz bats


# Where there are threads: the worker has one for libvirt's events, and libvirt its own. These tests have most of what the
# two do together; the rest is what check-asan is for. What is found is written by processes that the tests do not see the
# status of, so the reports are gathered.
tsan_build := build/tsan
tsan_tests := df-waves df-domains df-kills hotplug-slots hotplug-life
export TSAN_OPTIONS ?= suppressions=$(CURDIR)/tests/suppressions/tsan.supp:history_size=4

check-tsan: setup-check
	@$(submake) all
	@$(submake) SANITIZE=thread BUILD=$(tsan_build) check-sanitized-programs
	@reports=$$(mktemp -d); chmod 1777 "$$reports"; status=0; \
		TSAN_OPTIONS="$$TSAN_OPTIONS:log_path=$$reports/race" TESTS='$(or $(TESTS),$(tsan_tests))' \
		tests/run-tests.sh $(tsan_build) bats || status=$$?; \
		if [ "$$(ls "$$reports")" ]; then cat "$$reports"/*; status=1; fi; rm -rf "$$reports"; exit $$status

.PHONY: check-tsan check-sanitized-programs
check-sanitized-programs: $(addprefix $(BUILD)/bin/,$(COMMANDS)) check-programs
	@for file in kernel initrd root tools debs; do ln -sfn ../../appliance/$$file $(BUILD)/appliance/$$file; done
	@ln -sfn ../faults $(BUILD)/faults

# --- valgrind ---

# valgrind follows children that do not exec; the agent, which is another program, runs as it is
# here, and under the sanitizers in check-asan.
valgrind_skip := test-image-backing test-image-chain-named test-image-chain-parts test-remote test-roots test-supervisor test-supervisor-alone test-supervisor-culprits test-supervisor-faults test-supervisor-kills \
	test-supervisor-list test-supervisor-ls test-supervisor-remote
VALGRIND := valgrind --quiet --error-exitcode=99 --leak-check=full --show-leak-kinds=definite,indirect \
	--errors-for-leak-kinds=definite,indirect --child-silent-after-fork=yes

# What the commands do without an appliance; with one they are several processes, most of them not ours.
valgrind_build := build/valgrind
valgrind_tests := df-usage ls-usage hotplug-usage

$(valgrind_build)/bin/%: $(BUILD)/bin/%
	@mkdir -p $(@D)
	@printf '#!/bin/sh\nexec %s --suppressions=%s %s "$$@"\n' '$(VALGRIND)' $(CURDIR)/tests/suppressions/valgrind.supp $(CURDIR)/$< > $@ && chmod +x $@

check-valgrind: setup-lint
	@$(submake) all check-programs $(addprefix $(valgrind_build)/bin/,$(COMMANDS))
	@UNIT_WRAPPER='$(VALGRIND) --suppressions=tests/suppressions/valgrind.supp' UNIT_SKIP='$(valgrind_skip)' \
		UNIT_SKIP_WHY='valgrind 3.19 has no openat2 and no pidfd_open' tests/run-tests.sh $(BUILD) unit
	@TESTS='$(valgrind_tests)' tests/run-tests.sh $(valgrind_build) bats

# --- sample images of libblkid and e2fsck, which are fetched: not part of `make check` ---

.PHONY: check-samples
check-samples: all
	@tests/samples/check-samples.sh $(BUILD)

# --- other hosts: HOSTS='trixie forky'; tests/hosts/check-hosts.sh ---

HOSTS ?= bookworm trixie forky sid
.PHONY: check-hosts
check-hosts: setup-check
	@tests/hosts/check-hosts.sh $(BUILD) '$(or $(TESTS),df-waves df-filter ls-guest hotplug-life)' $(HOSTS)

HOST ?= trixie
.PHONY: check-kvm
check-kvm: setup-check
	@tests/hosts/check-kvm.sh $(BUILD) $(HOST)

# Without those packages these tests are skipped in `make check`.
.PHONY: check-distributions
check-distributions: setup-distributions
	@$(submake) all
	@TESTS=appliance-distributions tests/run-tests.sh $(BUILD) bats

.PHONY: check-arm64
check-arm64: setup-arm64
	@$(submake) all
	@$(submake) ARCH=arm64 appliance $(patsubst $(BUILD)/%,build/arm64/%,$(unit_tests))
	@tests/hosts/check-arm64.sh $(BUILD) build/arm64

# --- what a fleet is run with; without their packages these tests are skipped in `make check` ---

.PHONY: check-prometheus
check-prometheus: setup-prometheus
	@$(submake) all
	@TESTS=fleet-prometheus tests/run-tests.sh $(BUILD) bats

# The npm packages read the manifest; they are kept below BUILD, and nothing of them is in what we build.
.PHONY: check-kubernetes
check-kubernetes: setup-kubernetes
	@mkdir -p $(BUILD)/kubernetes
	npm install --silent --no-save --no-package-lock --prefix $(BUILD)/kubernetes kubernetes-models@4 js-yaml@5 typescript@7
	@$(submake) all
	@TESTS=fleet-kubernetes tests/run-tests.sh $(BUILD) bats

.PHONY: check-slurm
check-slurm: setup-slurm
	@$(submake) all
	@TESTS=fleet-slurm tests/run-tests.sh $(BUILD) bats

# A list of N entries, by one command and by four at once, a shard each: 100000 take an hour.
.PHONY: check-shards
check-shards: N := 2000
check-shards: setup-check
	@$(submake) all
	@tests/fleet/check_shards.py $(BUILD) --entries $(N) $(if $(SEED),--seed $(SEED))

# --- lint: tests/lint/; .clang-tidy has the checks; tests/suppressions/cppcheck.supp what is not reported, and why ---

# clang-tidy takes a file at a time, so one of them runs on each processor.
tidy := clang-tidy --quiet -p .
lint: setup-lint
	@$(submake) $(generated) compile_commands.json
	clang-format --dry-run --Werror $(sources)
	@echo '$(tidy) …'
	@printf '%s\n' $(filter %.c,$(sources)) | xargs -P "$$(nproc)" -n 8 $(tidy) 2>&1 | \
		sed '/warnings\{0,1\} generated/d; /^Suppressed/d; /^Use -header-filter/d'
	cppcheck --quiet -j "$$(nproc)" --error-exitcode=1 --std=c11 --enable=warning,performance,portability \
		--inline-suppr --suppressions-list=tests/suppressions/cppcheck.supp -D_GNU_SOURCE -Icommon -I$(BUILD)/gen \
		-Iappliance -Itests -I. $(filter %.c,$(sources))
	shellcheck -x $(scripts)
	tests/lint/check-layers.sh
	tests/lint/check-names.sh
	tests/lint/check-architecture.sh
	@for file in $(filter-out tests/%,$(filter %.c,$(sources))); do grep -qwF "$$(basename "$$file" .c)" docs/architecture.md || \
		{ echo "docs/architecture.md does not say what $$file is for" >&2; exit 1; }; done

# --- fuzzing: make fuzz FUZZ_SECONDS=600. What is found is left in build/fuzz/; a file worth keeping goes to the corpus ---

FUZZ_SECONDS ?= 60
fuzzers := $(addprefix $(BUILD)/fuzz/fuzz-,$(fuzz_targets))

fuzz_flags = $(CPPFLAGS_ALL) -Itests -I. -std=gnu11 -g -O1 -w -fsanitize=fuzzer-no-link,address,undefined
fuzz_objects = $(patsubst %.c,$(BUILD)/fuzz-obj/%.o,$(1))

$(BUILD)/fuzz/fuzz-linear-groups: $(call fuzz_objects,$(linear_groups))

$(BUILD)/fuzz-obj/%.o: %.c | $(test_generated)
	@mkdir -p $(@D)
	$(call say,CC) clang $(fuzz_flags) -MMD -MP -c -o $@ $<

$(BUILD)/fuzz/fuzz-%: $(BUILD)/fuzz-obj/tests/fuzz/fuzz-%.o $(call fuzz_objects,$(wildcard common/*/*.c) $(filter-out %/main.c,$(agent_sources)) $(filter %-xdr.c,$(test_generated)))
	@mkdir -p $(@D)
	$(call say,LD) clang -fsanitize=fuzzer,address,undefined -o $@ $(filter %.o,$^) $(agent_libs) $(pkg_libs) $(test_libs) -lm -lpthread

# Each target by itself, so that -j runs several.
fuzz_runs := $(addprefix fuzz-run-,$(fuzz_targets))
.PHONY: $(fuzz_runs)
$(fuzz_runs): fuzz-run-%: $(BUILD)/fuzz/fuzz-%
	@mkdir -p $(BUILD)/fuzz/found-$*
	@$(BUILD)/fuzz/fuzz-$* -max_total_time=$(FUZZ_SECONDS) -artifact_prefix=$(BUILD)/fuzz/ \
		$(BUILD)/fuzz/found-$* tests/fuzz/corpus/$* > $(BUILD)/fuzz/$*.log 2>&1 || { cat $(BUILD)/fuzz/$*.log; exit 1; }
	@echo "fuzz-$*: no finding; $$(tail -n 1 $(BUILD)/fuzz/$*.log)"

fuzz: setup-lint
	@$(submake) $(fuzz_runs)

# --- measuring ---

BENCH_IMAGES ?= 1000
BENCH ?= df volumes recovery hotplug ls kinds host
# What the supervisor costs, over scripted appliances.
supervisor_rate := $(BUILD)/bench/supervisor-rate
$(supervisor_rate): $(BUILD)/test-obj/tests/bench/supervisor-rate.o $(test_support) $(test_libraries)
	@mkdir -p $(@D)
	$(call say,LD) $(CC) $(LDFLAGS) $(SANITIZER) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(agent_libs) $(pkg_libs) -lcmocka -lm -lpthread

.PHONY: bench
bench: setup setup-check
	@$(submake) all $(supervisor_rate)
	tests/bench/bench.sh $(BUILD) $(BENCH_IMAGES) $(BENCH)

.PHONY: bench-check
bench-check: setup setup-check
	@$(submake) all $(supervisor_rate)
	tests/bench/check.sh $(BUILD)

# --- N images with faults among them, under fire: tests/faults/soak.py; make soak N=10000 SEED=… repeats a run ---

N ?= 10000
.PHONY: soak
soak: setup-check
	@$(submake) all $(fault_dir)/initrd
	@[ -e $(BUILD)/test-images/zeros.img ] || tests/images/make-images.sh $(BUILD)/test-images
	@tests/faults/soak.py $(BUILD) --images $(N) $(if $(SEED),--seed $(SEED))

# --- images in Ceph RBD, by a cluster of its own on loopback ---

.PHONY: check-ceph
check-ceph: setup-ceph
	@$(submake) all
	@CHECK_CEPH=1 TESTS=df-ceph tests/run-tests.sh $(BUILD) bats

# --- many appliances of one template, none of which draws what another one has drawn ---

RENEWALS ?= 50
.PHONY: check-renewal
check-renewal: setup-check
	@$(submake) all $(fault_dir)/initrd
	@RENEWALS=$(RENEWALS) TESTS='hotplug-renewal faults-renewal' tests/run-tests.sh $(BUILD) bats

# --- a guest that writes all the time is asked for more often than in check ---

BUSY ?= 200
.PHONY: check-busy
check-busy: setup-check
	@$(submake) all
	@BUSY=$(BUSY) TESTS='df-busy ls-busy' BATS_SECONDS=14400 tests/run-tests.sh $(BUILD) bats

# --- images with changed metadata: tests/faults/fuzz_images.py; make fuzz-images FUZZ_IMAGES=1000 SEED=… KINDS='xfs.img qcow2' ---

FUZZ_IMAGES ?= 1000
.PHONY: fuzz-images
fuzz-images: setup-check
	@$(submake) all
	@[ -e $(BUILD)/test-images/zeros.img ] || tests/images/make-images.sh $(BUILD)/test-images
	@[ -e $(BUILD)/test-volumes/ldm.img ] || tests/images/make-volumes.sh $(BUILD) $(BUILD)/test-volumes lvm.img luks1.img luks2.img ldm.img
	@mkdir -p $(BUILD)/hostile
	@tests/faults/fuzz_images.py $(BUILD) $(KINDS) --images $(FUZZ_IMAGES) --keep $(BUILD)/hostile $(if $(SEED),--seed $(SEED))
