#!/usr/bin/env bash
# image.sh [sync] [sidecar]   builds the images of the Dockerfile's two targets (default: both) by docker or buildah, whichever is
# there, and writes a bill of materials (SPDX) of the npm packages beside each: OUT/kkv-sync.spdx.json, OUT/kkv-sidecar.spdx.json.
#
#   REGISTRY       prefix of the names, such as ghcr.io/somebody (default: none, and with buildah localhost)
#   IMAGE_TAG      default: the version in package.json
#   IMAGE_SOURCE   URL for the label org.opencontainers.image.source (default: none)
#   IMAGE_BUILDER  docker or buildah (default: docker where its daemon answers, else buildah)
#   IMAGE_FLAGS    more words for the build, such as --build-arg DEBIAN_IMAGE=NAME, or --platform linux/amd64,linux/arm64
#   IMAGE_LAYOUTS  folder in which each image is an OCI layout, kkv-sync and kkv-sidecar (buildah only; default: no layouts)
#   IMAGE_PLATFORMS with IMAGE_LAYOUTS: the platforms in it, such as linux/amd64,linux/arm64 (default: the machine's own)
#   IMAGE_OUT      folder for the bills of materials (default .cache/image)
# exit: 0 built, 1 the build failed, 2 usage, 3 nothing to build with
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
targets=("${@:-sync}")
[ $# -gt 0 ] || targets=(sync sidecar)
for target in "${targets[@]}"; do
  case $target in
    sync | sidecar) ;;
    *)
      echo "usage: scripts/image.sh [sync] [sidecar]" >&2
      exit 2
      ;;
  esac
done
say() { echo "image: $*"; }
die() {
  echo "image: $*" >&2
  exit 3
}

choose_builder() {
  local docker="there is no docker"
  if command -v docker > /dev/null; then
    if docker info > /dev/null 2>&1; then
      echo docker
      return
    fi
    docker="docker is there, but no daemon answers it (docker info says why)"
  fi
  command -v buildah > /dev/null || die "Cannot build: $docker, and there is no buildah; start docker, or as root: apt-get install buildah"
  echo buildah
}
builder=${IMAGE_BUILDER:-$(choose_builder)}
case $builder in
  docker | buildah) command -v "$builder" > /dev/null || die "Cannot build: IMAGE_BUILDER is $builder, which is not there" ;;
  *) die "Cannot build with \"$builder\": IMAGE_BUILDER is docker or buildah" ;;
esac
layouts=${IMAGE_LAYOUTS:-}
[ -z "$layouts" ] || [ "$builder" = buildah ] || die "Cannot write layouts with $builder: that needs buildah; run with IMAGE_BUILDER=buildah"
for program in node npm; do command -v "$program" > /dev/null || die "Cannot write bills of materials: $program is missing; run: make build"; done

version=$(node -p 'require("./package.json").version')
tag=${IMAGE_TAG:-$version}
# Nothing of the day of the build: the same commit gives the same labels.
revision=$(git rev-parse HEAD 2> /dev/null) || revision=unknown
created=$(TZ=UTC0 git log -1 --format=%cd --date=format-local:%Y-%m-%dT%H:%M:%SZ 2> /dev/null) || created=
[ "$revision" = unknown ] || [ -z "$(git status --porcelain 2> /dev/null)" ] || revision+=-changed
out=${IMAGE_OUT:-.cache/image}
mkdir -p "$out"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
read -ra flags <<< "${IMAGE_FLAGS:-}"

name_of() { echo "${REGISTRY:+${REGISTRY%/}/}kkv-$1:$tag"; }
# Once, on this machine's own platform: buildah knows no BUILDPLATFORM, and would run npm under emulation for another one.
bundles() {
  say "building the bundles with buildah"
  buildah build --layers --format docker --target bundles --output "type=local,dest=$work/bundles" "${flags[@]}" .
  flags+=(--build-context "build=$work/bundles")
}
build() { # TARGET
  local as=(--tag "$(name_of "$1")")
  if [ -n "$layouts" ]; then
    # One name for all platforms.
    buildah manifest rm "$(name_of "$1")" > /dev/null 2>&1 || true
    as=(--manifest "$(name_of "$1")" ${IMAGE_PLATFORMS:+--platform "$IMAGE_PLATFORMS"})
  fi
  local words=(--target "$1" "${as[@]}" --build-arg "VERSION=$version" --build-arg "REVISION=$revision"
    --build-arg "CREATED=$created" --build-arg "SOURCE=${IMAGE_SOURCE:-}" "${flags[@]}" .)
  case $builder in
    # The Dockerfile asks for the builder's own platform, which only BuildKit knows.
    docker) DOCKER_BUILDKIT=1 docker build "${words[@]}" ;;
    # The format of Docker, since in that of OCI buildah ignores the SHELL of the Dockerfile. A layout is converted.
    buildah) buildah build --layers --format docker "${words[@]}" ;;
  esac
}
layout() { # TARGET
  rm -rf "${layouts:?}/kkv-$1"
  mkdir -p "$layouts"
  buildah manifest push --quiet --all --format oci "$(name_of "$1")" "oci:$layouts/kkv-$1:$tag" > /dev/null
}
bill() { # TARGET: of its own bundle, since the sidecar has no Kubernetes client
  local only=(--only "$1")
  [ "$1" = sync ] || only+=(--only cli)
  node scripts/build.ts --no-maps --out "$work/$1" "${only[@]}" > /dev/null
  node scripts/sbom.ts --name "kkv-$1" --bundle "$work/$1/meta.json" < "$work/npm.spdx.json" > "$work/$1.spdx.json"
  mv "$work/$1.spdx.json" "$out/kkv-$1.spdx.json"
}

# Not --omit=dev: npm 11 then also leaves out packages of ours that a development tool has need of too (zod, yaml). What is not in the
# bundle falls away in any case.
# npm has the command since release 10; before, a newer npm is fetched for it.
sbom=(npm sbom)
[ "$(npm --version | cut -d. -f1)" -ge 10 ] || sbom=(npm exec --yes --package=npm@11 -- npm sbom)
"${sbom[@]}" --package-lock-only --sbom-format spdx --loglevel=error > "$work/npm.spdx.json"
[ -z "$layouts" ] || bundles
for target in "${targets[@]}"; do
  say "building $(name_of "$target") with $builder"
  build "$target" || {
    echo "image: Cannot build $(name_of "$target"): $builder failed; what it said stands above" >&2
    exit 1
  }
  [ -z "$layouts" ] || layout "$target"
  bill "$target"
  say "built $(name_of "$target"); npm packages in it: $out/kkv-$target.spdx.json"
done
