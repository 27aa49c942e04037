# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Tests: unit (tests/unit, cmocka), behaviour (tests/*.bats), fuzz targets replayed on their corpora.

unit_tests := $(patsubst tests/unit/%.c,$(BUILD)/tests/%,$(wildcard tests/unit/test-*.c))
test_support := $(patsubst %.c,$(BUILD)/test-obj/%.o,$(wildcard tests/*.c))

.PHONY: check check-unit check-bats
$(BUILD)/test-obj/%.o: %.c | $(generated)
	@mkdir -p $(@D)
	$(call say,CC) $(CC) $(CPPFLAGS_ALL) -Itests -Iappliance/agent -Ivirt-df-live $(CFLAGS_ALL) -MMD -MP -c -o $@ $<

# What a command is made of besides the library, for the tests of it: all but its main().
df_parts := $(filter-out %/main.o,$(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard virt-df-live/*.c)))
$(BUILD)/tests/test-df-rows: $(df_parts)

$(BUILD)/tests/%: $(BUILD)/test-obj/tests/unit/%.o $(test_support) $(BUILD)/lib/libcommon.a
	@mkdir -p $(@D)
	$(call say,LD) $(CC) $(LDFLAGS) $(SANITIZER) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(pkg_libs) -lcmocka -lm -lpthread
