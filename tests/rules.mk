# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Tests: unit (tests/unit, cmocka), behaviour (tests/*.bats), fuzz targets replayed on their corpora.

unit_tests := $(patsubst tests/unit/%.c,$(BUILD)/tests/%,$(wildcard tests/unit/test-*.c))
test_support := $(patsubst %.c,$(BUILD)/test-obj/%.o,$(wildcard tests/*.c))

.PHONY: check check-unit check-bats
$(BUILD)/test-obj/%.o: %.c | $(generated)
	@mkdir -p $(@D)
	$(call say,CC) $(CC) $(CPPFLAGS_ALL) -Itests -Iappliance/agent $(CFLAGS_ALL) -MMD -MP -c -o $@ $<

$(BUILD)/tests/%: $(BUILD)/test-obj/tests/unit/%.o $(test_support) $(BUILD)/lib/libcommon.a
	@mkdir -p $(@D)
	$(call say,LD) $(CC) $(LDFLAGS) $(SANITIZER) -o $@ $^ $(pkg_libs) -lcmocka -lpthread
