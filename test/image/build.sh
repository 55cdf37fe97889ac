#!/usr/bin/env bash
# build.sh   builds the Dockerfile's two images with buildah, by scripts/image.sh and on the stand-ins of base.sh, and unpacks them:
#   CACHE/rootfs/sync, CACHE/rootfs/sidecar   their root filesystems, as a node's runtime would mount them
#   CACHE/rootfs/*.json, *.sh                 configuration of the image; its command, user and environment for bash
#   CACHE/sync.tar, CACHE/sidecar.tar         docker archives of localhost/kkv-sync:dev and localhost/kkv-sidecar:dev (`docker load`)
#   CACHE/kkv-*.spdx.json                     bills of materials
# CACHE is KKV_IMAGE_CACHE, by default .cache/image in the checkout. Nothing is built where nothing has changed; the stand-ins keep
# their packages until the cache is deleted. Root; packages: scripts/install.sh image. Needs a registry of npm and of Debian packages.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")"
# shellcheck source=lib.sh
. ./lib.sh
[ "$(id -u)" = 0 ] || die "Cannot build: root is wanted, for mounts and owners; run: sudo $PWD/build.sh"
for program in buildah mmdebstrap jq npm node; do
  command -v "$program" > /dev/null || die "Cannot build: $program is missing; run: scripts/install.sh image"
done
exec 9> "$cache/.lock"
flock 9

inputs() { # one line a file that the result depends on
  (
    cd "$checkout"
    git ls-files --cached --others --exclude-standard -z -- Dockerfile .dockerignore .npmrc LICENSE package.json package-lock.json tsconfig.json \
      src templates schema image scripts/{build,bundle-rules,sbom,bill-of-bundle}.ts scripts/image.sh test/image/{base,build,lib}.sh |
      sort -z | xargs -0 sha256sum 2> /dev/null || true
  )
}
stamp=$cache/built-from
wanted=$(inputs | sha256sum)
results=("$cache"/{sync,sidecar}.tar "$cache"/rootfs/{sync,sidecar}.{json,sh} "$cache"/kkv-{sync,sidecar}.spdx.json)
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ] && ls "${results[@]}" > /dev/null 2>&1; then
  say "the images are of this state"
  exit 0
fi
rm -f "$stamp"
began=$SECONDS
# Without a blank in its name, whatever the checkout's: it becomes words of IMAGE_FLAGS.
work=$(mktemp -d /tmp/kkv-image.XXXXXX)
trap 'rm -rf "$work"' EXIT
store_of_images "$work/store"
./base.sh "$work/machine" 9>&-
mounts=$(machine_mounts "$work/machine")

say "building both images (log: $cache/build.log)"
REGISTRY=localhost IMAGE_TAG=dev IMAGE_BUILDER=buildah IMAGE_OUT=$cache \
  IMAGE_FLAGS="--pull-never --build-arg NODE_IMAGE=$NODE_STAND_IN --build-arg DEBIAN_IMAGE=$DEBIAN_STAND_IN $mounts" \
  "$checkout/scripts/image.sh" > "$cache/build.log" 2>&1 9>&- || {
  tail -n 40 "$cache/build.log" >&2
  die "Cannot build the images: what buildah said last stands above, all of it in $cache/build.log"
}

mkdir -p "$cache/rootfs"
for target in sync sidecar; do
  image=localhost/kkv-$target:dev root=$cache/rootfs/$target
  id=$(buildah inspect --type image --format '{{.FromImageID}}' "$image")
  if [ -f "$root.id" ] && [ "$(cat "$root.id")" = "$id" ] && [ -f "$cache/$target.tar" ]; then continue; fi
  say "unpacking $image"
  rm -rf --one-file-system "$root" "$root.id" "$cache/$target.tar"
  container=$(buildah from --pull-never "$image")
  cp -a "$(buildah mount "$container")" "$root"
  buildah rm "$container" > /dev/null
  buildah inspect --type image "$image" | jq .OCIv1 > "$root.json"
  jq -r '.config | "COMMAND=(\((.Entrypoint // []) + (.Cmd // []) | @sh))\nENVIRONMENT=(\(.Env // [] | @sh))\nIMAGE_USER=\(.User // "" | @sh)"' "$root.json" > "$root.sh"
  buildah push --quiet "$image" "docker-archive:$cache/$target.tar:$image" > /dev/null
  echo "$id" > "$root.id"
done
# Layers that no tag names make the next build fast. Only when they have become many are they thrown away.
if [ "$(du --summarize --block-size=1G "$cache/store" | cut -f 1)" -gt 4 ]; then buildah rmi --prune > /dev/null 2>&1 || true; fi
echo "$wanted" > "$stamp"
say "built in $((SECONDS - began)) s"
