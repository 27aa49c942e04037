# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Debian packages, by why they are needed. `make setup` installs what is missing and nothing else;
# when all are there it asks no network and no root. One with a ? is a part that not every release of Debian has as a package of
# its own: it is installed where apt knows it.

packages_build := gcc make pkg-config libc6-dev rpcsvc-proto libtirpc-dev libvirt-dev libxml2-dev \
	libpopt-dev libjansson-dev libsmartcols-dev libblkid-dev libnbd-dev libglib2.0-dev libxxhash-dev libseccomp-dev nettle-dev \
	liblvm2-dev libldm-dev zlib1g-dev perl
packages_run := libvirt0 libvirt-daemon-driver-qemu qemu-system-x86
packages_appliance := cpio kmod xz-utils zstd binutils e2fsprogs
packages_images := qemu-utils xfsprogs btrfs-progs dosfstools exfatprogs ntfs-3g xorriso udftools \
	squashfs-tools erofs-utils f2fs-tools fdisk mtools util-linux-extra
packages_check := bats parallel bzip2 libcmocka-dev jq python3 procps attr libvirt-daemon uuid-runtime strace nbdkit mmdebstrap uidmap ldmtool bubblewrap locales sudo \
	libvirt-daemon-driver-secret? libvirt-daemon-driver-storage? jfsutils? nilfs-tools? reiserfsprogs? hfsutils? genromfs? makefs?
packages_lint := clang-tidy clang-format clang cppcheck shellcheck universal-ctags valgrind
# openssh-server is a service that starts itself. For the comparison with virt-df, which is skipped where it is not installed: 100 packages, and it upgrades others.
# chromium and its driver are for tests of the report, zsh for that of its completion, tgt and qemu-block-extra for those of iSCSI, which are skipped likewise.
packages_ci := guestfs-tools openssh-server tgt qemu-block-extra chromium chromium-driver zsh

# A cluster of Ceph, for make check-ceph.
packages_ceph := ceph-mon ceph-mgr ceph-osd ceph-common qemu-block-extra

# What a fleet is run with: make check-prometheus, check-slurm, check-deb, check-container. The daemons are started by the tests only.
packages_prometheus := prometheus prometheus-node-exporter
packages_slurm := munge slurmctld slurmd slurm-client
packages_container := podman crun catatonit uidmap slirp4netns netavark mmdebstrap jq e2fsprogs python3-yaml
packages_deb := debhelper dpkg-dev lintian rpm git mmdebstrap systemd-container

# For make check-distributions: dnf, and what makes packages and repositories for it and for apt.
packages_distributions := dnf dnf-plugins-core rpm createrepo-c libarchive-tools gnupg dpkg-dev

# For make check-arm64: a compiler for that processor, and what runs its programs and its machines.
packages_arm64 := gcc-aarch64-linux-gnu qemu-user-static qemu-system-arm

packages_demo  := $(packages_build) $(packages_run) $(packages_appliance) $(packages_images)

# $(call install_missing,PACKAGES)
define install_missing
	@missing() { for package in $(1); do \
		name=$${package%\?}; \
		if dpkg-query -W -f='$${Status}' $$name 2>/dev/null | grep -q 'ok installed'; then continue; fi; \
		if [ $$name != $$package ] && [ -z "$$(apt-cache show $$name 2> /dev/null)" ]; then continue; fi; \
		echo $$name; done; }; \
	[ -z "$$(missing)" ] || { \
		echo "Installing Debian packages:" $$(missing); \
		sudo=; [ "$$(id -u)" = 0 ] || sudo=sudo; \
		$$sudo apt-get update -qq && \
		DEBIAN_FRONTEND=noninteractive $$sudo apt-get install -y -qq --no-install-recommends $$(missing); }
endef

.PHONY: setup-distributions
.PHONY: setup setup-check setup-lint setup-ci setup-prometheus setup-slurm setup-deb setup-container setup-kubernetes setup-ceph setup-arm64
setup:
	$(call install_missing,$(packages_demo))
setup-check:
	$(call install_missing,$(packages_demo) $(packages_check))
setup-lint:
	$(call install_missing,$(packages_demo) $(packages_check) $(packages_lint))
setup-prometheus:
	$(call install_missing,$(packages_demo) $(packages_check) $(packages_prometheus))
setup-kubernetes: setup-check
	@command -v npm > /dev/null || { echo "npm is not installed: packages nodejs and npm, or those of another source" >&2; exit 1; }
setup-slurm:
	$(call install_missing,$(packages_demo) $(packages_check) $(packages_slurm))
setup-deb:
	$(call install_missing,$(packages_demo) $(packages_deb))
setup-container:
	$(call install_missing,$(packages_container))
setup-distributions:
	$(call install_missing,$(packages_demo) $(packages_check) $(packages_distributions))
setup-arm64:
	$(call install_missing,$(packages_demo) $(packages_check) $(packages_arm64))
setup-ceph:
	$(call install_missing,$(packages_demo) $(packages_check) $(packages_ceph))
setup-ci:
	$(call install_missing,$(packages_demo) $(packages_check) $(packages_lint) $(packages_prometheus) $(packages_slurm) $(packages_ci))
