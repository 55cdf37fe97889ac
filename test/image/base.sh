#!/usr/bin/env bash
# base.sh MACHINE [ARCH]   makes what stands for the two base images, where it is not there yet: Debian trixie without documentation (mmdebstrap), and on
# it the Node.js of the npm registry in the version that the Dockerfile pins. Packages and programs are the real ones; how they were
# put together is not what an image registry would have given. Called by build.sh, which says where (CONTAINERS_STORAGE_CONF).
# ARCH is Debian's name of an architecture, by default this machine's; for another one, its programs must run here (qemu-user-static).
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")"
# shellcheck source=lib.sh
. ./lib.sh
machine=$1 arch=${2:-$(dpkg --print-architecture)}
DEBIAN_STAND_IN=$(stand_in "$DEBIAN_STAND_IN" "$arch") NODE_STAND_IN=$(stand_in "$NODE_STAND_IN" "$arch")
machine_settings "$machine"
there() { buildah inspect --type image "$1" > /dev/null 2>&1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

make_debian() {
  local keyring=/usr/share/keyrings/debian-archive-keyring.gpg words=() path container sources
  [ -f "$keyring" ] || die "Cannot verify Debian: $keyring is missing; run: apt-get install debian-archive-keyring"
  say "making $DEBIAN_STAND_IN from $debian_mirror"
  # As Debian's own build of the slim image has it: no documentation but the licences.
  for path in doc info man locale groff linda lintian; do words+=(--dpkgopt="path-exclude=/usr/share/$path/*"); done
  words+=(--dpkgopt='path-include=/usr/share/doc/*/copyright')
  for path in "$machine"/apt.conf.d/*; do [ ! -f "$path" ] || words+=(--aptopt="$path"); done
  sources=("deb $debian_mirror trixie main" "deb $debian_mirror trixie-updates main")
  [ -z "$security_mirror" ] || sources+=("deb $security_mirror trixie-security main")
  # In the image stands Debian's own address, as in the slim image, wherever its packages came from.
  debian_sources "http://$DEBIAN_HOST/debian" "http://$DEBIAN_HOST/debian-security" > "$work/debian.sources"
  # shellcheck disable=SC2016 # for the shell of the hook
  # --format, since it is not guessed from such a name.
  mmdebstrap --quiet --variant=minbase --architectures="$arch" --mode=root --format=tar --keyring="$keyring" "${words[@]}" \
    --customize-hook='rm -f "$1"/etc/apt/apt.conf.d/99mmdebstrap "$1"/etc/apt/sources.list' \
    --customize-hook="copy-in '$work/debian.sources' /etc/apt/sources.list.d" \
    trixie "$work/base.tar" "${sources[@]}"
  container=$(buildah from scratch)
  buildah add --quiet "$container" "$work/base.tar" / > /dev/null
  buildah config --arch "$arch" --cmd bash "$container"
  buildah commit --quiet --rm "$container" "$DEBIAN_STAND_IN" > /dev/null
}

make_node() {
  local package container
  package=node-linux-${arch/amd64/x64}
  say "making $NODE_STAND_IN from the npm packages $package and npm"
  echo '{ "private": true }' > "$work/package.json"
  npm install --prefix "$work" --force --no-audit --no-fund --ignore-scripts --loglevel=error "$package@$node_version" npm@11 > /dev/null
  container=$(buildah from --pull-never "$DEBIAN_STAND_IN")
  buildah copy --quiet "$container" "$work/node_modules/$package/bin/node" /usr/local/bin/node > /dev/null
  [ ! -f "$work/node_modules/$package/LICENSE" ] || buildah copy --quiet "$container" "$work/node_modules/$package/LICENSE" /usr/local/LICENSE > /dev/null
  buildah copy --quiet "$container" "$work/node_modules/npm" /usr/local/lib/node_modules/npm > /dev/null
  buildah run "$container" sh -ec 'ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm
    groupadd --gid 1000 node; useradd --uid 1000 --gid node --shell /bin/bash --create-home node; node --version > /dev/null; npm --version > /dev/null'
  buildah config --arch "$arch" --env "NODE_VERSION=$node_version" --cmd node "$container"
  buildah commit --quiet --rm "$container" "$NODE_STAND_IN" > /dev/null
}

there "$DEBIAN_STAND_IN" || make_debian
there "$NODE_STAND_IN" || make_node
