#!/usr/bin/env bash
# release.sh [PLATFORMS]   runs `make release` for this checkout without a registry of images: on the stand-ins of base.sh, for
# linux/amd64,linux/arm64 where this machine runs programs of both (scripts/install.sh release), else for its own platform, loudly.
# What is written is in release/VERSION, as docs/release.md says; its base images are not those that the Dockerfile pins. Environment: as
# scripts/release.sh has it, and KKV_IMAGE_CACHE. Root; Debian packages: scripts/install.sh image.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")"
# shellcheck source=lib.sh
. ./lib.sh
[ "$(id -u)" = 0 ] || die "Cannot build: root is wanted, for mounts and owners; run: sudo $PWD/release.sh"
exec 9> "$cache/.lock"
flock 9
own=$(dpkg --print-architecture) platforms=${1:-linux/amd64,linux/arm64}
if [ $# = 0 ]; then
  for arch in amd64 arm64; do
    if [ "$arch" != "$own" ] && [ ! -e "/proc/sys/fs/binfmt_misc/qemu-${arch/arm64/aarch64}" ]; then
      say "NOT for $arch: this machine does not run its programs (scripts/install.sh release)"
      platforms=linux/$own
    fi
  done
fi
work=$(mktemp -d /tmp/kkv-release.XXXXXX)
trap 'rm -rf "$work"' EXIT
store_of_images "$work/store"

# One name for the stand-ins of all platforms, as a registry has it.
all() { echo "$1-all"; }
for name in "$DEBIAN_STAND_IN" "$NODE_STAND_IN"; do
  buildah manifest rm "$(all "$name")" > /dev/null 2>&1 || true
  buildah manifest create "$(all "$name")" > /dev/null
done
for platform in ${platforms//,/ }; do
  arch=${platform#*/}
  ./base.sh "$work/machine-$arch" "$arch" 9>&-
  for name in "$DEBIAN_STAND_IN" "$NODE_STAND_IN"; do
    buildah manifest add --arch "$arch" --os linux "$(all "$name")" "containers-storage:$(stand_in "$name" "$arch")" > /dev/null
  done
done
mounts=$(machine_mounts "$work/machine-$own")

export RELEASE_PLATFORMS=$platforms RELEASE_BASES="$DEBIAN_STAND_IN $NODE_STAND_IN"
export IMAGE_FLAGS="--pull-never --build-arg NODE_IMAGE=$(all "$NODE_STAND_IN") --build-arg DEBIAN_IMAGE=$(all "$DEBIAN_STAND_IN") $mounts"
version=$(node -p 'require("../../package.json").version')
"$checkout/scripts/release.sh" "$version" 9>&-

# Each image starts on its own platform, by emulation where that is another one.
for platform in ${platforms//,/ }; do
  for image in kkv-sync kkv-sidecar; do
    container=$(buildah from --pull-never --platform "$platform" "$image:$version")
    ran=$(buildah run "$container" -- /usr/local/bin/node -p 'process.platform + "/" + process.arch')
    buildah rm "$container" > /dev/null
    [ "${ran/x64/amd64}" = "$platform" ] || die "$image for $platform runs as $ran"
    say "$image for $platform runs its Node.js"
  done
done
