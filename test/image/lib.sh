# shellcheck shell=bash
# Sourced by the others: where everything lies, and how this machine reaches its packages.
#   KKV_IMAGE_CACHE  default .cache/image in the checkout
checkout=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../.." && pwd)
cache=${KKV_IMAGE_CACHE:-$checkout/.cache/image}
mkdir -p "$cache"
cache=$(cd "$cache" && pwd)
# What the Dockerfile asks for, and what stands for it here: no registry of images is needed.
node_version=$(sed -n 's/^ARG NODE_IMAGE=node:\([0-9.]*\)-trixie-slim.*/\1/p' "$checkout/Dockerfile")
export DEBIAN_HOST=deb.debian.org
export DEBIAN_STAND_IN=localhost/stand-in/debian:trixie-slim NODE_STAND_IN=localhost/stand-in/node:$node_version-trixie-slim

# The stand-in for an architecture: this machine's has the plain name.
stand_in() { # IMAGE ARCH
  if [ "$2" = "$(dpkg --print-architecture)" ]; then echo "$1"; else echo "$1-$2"; fi
}
say() { echo "image-test: $*"; }
die() {
  echo "image-test: $*" >&2
  exit 3
}
[ -n "$node_version" ] || die "Cannot read the version of Node.js from $checkout/Dockerfile: no line \"ARG NODE_IMAGE=node:X.Y.Z-trixie-slim...\""

store_of_images() { # FOLDER: from here on buildah keeps everything in the cache; FOLDER is for a file or two
  local driver=vfs
  # An overlay on an overlay, as in a container, cannot be had: only trying tells.
  mkdir -p "$1"/{lower,upper,work,merged}
  if mount -t overlay -o "lowerdir=$1/lower,upperdir=$1/upper,workdir=$1/work" none "$1/merged" 2> /dev/null; then
    umount "$1/merged"
    driver=overlay
  fi
  printf '[storage]\ndriver = "%s"\ngraphroot = "%s"\nrunroot = "%s"\n' "$driver" "$cache/store" "$cache/run" > "$1/storage.conf"
  export CONTAINERS_STORAGE_CONF=$1/storage.conf
  # No container runtime is wanted, and no pull from anywhere.
  export BUILDAH_ISOLATION=chroot
}

# How this machine reaches its packages (mirrors, proxies, certificates) reaches the builds by mounts alone: none of it is in an image.
#   FOLDER/apt.conf.d  FOLDER/sources.list.d  FOLDER/npm (npmrc and certificates), each for a folder that the bases have: a mount point
#   that buildah had to make would stay in the image. Sets debian_mirror and security_mirror (empty where there is none).
machine_settings() { # FOLDER
  local file registry ca
  mkdir -p "$1"/{apt.conf.d,sources.list.d}
  mkdir -m 700 "$1/npm"
  for file in /etc/apt/apt.conf /etc/apt/apt.conf.d/*; do
    if [ -f "$file" ] && grep -q '^[[:space:]]*Acquire' "$file"; then cp "$file" "$1/apt.conf.d/50machine-${file##*/}"; fi
  done
  debian_mirror=$(apt_sources | grep -v security | head -n 1) || debian_mirror=
  security_mirror=$(apt_sources | grep security | head -n 1) || security_mirror=
  [ -n "$debian_mirror" ] || die "Cannot make the base images: no source of packages in /etc/apt; add the Debian archive there"
  debian_sources "$debian_mirror" "$security_mirror" > "$1/sources.list.d/debian.sources"

  ca=$(npm config get cafile --loglevel=error)
  registry=$(npm config get registry --loglevel=error)
  for file in "$(npm config get globalconfig --loglevel=error)" "$(npm config get userconfig --loglevel=error)"; do
    # Of what is set there, whatever says where packages come from and who may have them.
    [ ! -f "$file" ] || grep -E '^(//|@[^=]*:registry|(https?-|no)?proxy|strict-ssl)' "$file" >> "$1/npm/npmrc" || true
  done
  echo "registry=$registry" >> "$1/npm/npmrc"
  [ -f "$ca" ] || ca=${NODE_EXTRA_CA_CERTS:-}
  if [ -f "$ca" ]; then
    cp "$ca" "$1/npm/ca.crt"
    echo "cafile=/usr/local/etc/ca.crt" >> "$1/npm/npmrc"
  fi
}
# The IMAGE_FLAGS of these mounts.
machine_mounts() { # FOLDER, as machine_settings filled it
  local container mounts=("$1/npm:/usr/local/etc:ro" "$1/sources.list.d:/etc/apt/sources.list.d:ro" "$1/apt.conf.d:/etc/apt/apt.conf.d:ro")
  # Beside what the base has there.
  container=$(buildah from --pull-never "$DEBIAN_STAND_IN")
  cp "$(buildah mount "$container")"/etc/apt/apt.conf.d/* "$1/apt.conf.d/" 2> /dev/null || true
  buildah rm "$container" > /dev/null
  echo "${mounts[*]/#/--volume }"
}
apt_sources() { # the URIs of this machine's sources, of either format
  cat /etc/apt/sources.list.d/*.sources 2> /dev/null | awk '$1 == "URIs:" { print $2 }' || true
  cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2> /dev/null |
    awk '$1 == "deb" { for (i = 2; i <= NF; i++) if ($i ~ /^[a-z+]+:/) { print $i; next } }' || true
}
debian_sources() { # MIRROR SECURITY_MIRROR: as the official image has them
  printf 'Types: deb\nURIs: %s\nSuites: trixie trixie-updates\nComponents: main\nSigned-By: /usr/share/keyrings/debian-archive-keyring.pgp\n' "$1"
  [ -z "$2" ] || printf '\nTypes: deb\nURIs: %s\nSuites: trixie-security\nComponents: main\nSigned-By: /usr/share/keyrings/debian-archive-keyring.pgp\n' "$2"
}
