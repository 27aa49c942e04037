# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Packages: $(BUILD)/deb/*.deb, $(BUILD)/rpm/RPMS. Each is built of a copy of the sources.

.PHONY: deb check-deb rpm check-rpm check-container
deb: setup-deb
	docs/packaging/build-deb.sh $(BUILD) $(VERSION)

# In a fresh chroot of each: installed, run, run by systemd, upgraded, removed.
DEB_HOSTS ?= bookworm trixie
check-deb: deb
	tests/hosts/check-deb.sh $(BUILD) $(DEB_HOSTS)

# On a host without RPM packages for what is needed to build, that is not asked for.
rpm: setup-deb
	@$(submake) all
	docs/packaging/build-rpm.sh $(BUILD) $(VERSION)

# Their files are those of `make install`; unpacked, they run.
check-rpm: rpm
	tests/hosts/check-rpm.sh $(BUILD)

# The image of docs/packaging/container, without a registry, by podman without root: images on a directory that is mounted read-only, and
# pods of the Kubernetes manifest. 77 says that podman cannot run containers here.
check-container: deb setup-container
	tests/hosts/check-container.sh $(BUILD) || { status=$$?; [ $$status = 77 ] || exit $$status; }
