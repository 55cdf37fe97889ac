#!/usr/bin/env bash
# release.sh VERSION   writes all artefacts of a release into release/VERSION, signs and verifies them (docs/release.md). It publishes only
# what RELEASE_PUSH says. In the folder afterwards:
#   oci/kkv-sync, oci/kkv-sidecar, oci/charts   OCI layouts: images of all platforms, the chart, and their signatures and attestations
#   install.yaml, kube-keepalived-vip-VERSION.tgz, kkv-*.spdx.json, kkv-*.provenance.json, CHANGELOG.md
#   kubectl-kkv-PLATFORM.tar.gz, kkv.yaml   the plugin of kubectl and its manifest for krew
#   cosign.pub, SHA256SUMS and its signature
#
#   RELEASE_PLATFORMS  default linux/amd64,linux/arm64; a foreign one needs emulation (qemu-user-static) where it is built
#   RELEASE_REGISTRY   where to push, such as ghcr.io/kube-keepalived-vip (default: a registry on loopback, for this run only)
#   RELEASE_SIGN       key: with COSIGN_KEY, or with a key pair of this run; keyless: by OIDC, as in CI; no: not at all (default key)
#   RELEASE_OUT        default release/VERSION
#   COSIGN_KEY         private key, by COSIGN_PASSWORD
#   RELEASE_BUILDER    who builds, for the provenance (default: this script)
#   RELEASE_BASES      base images, for the provenance (default: those of the Dockerfile)
#   IMAGE_FLAGS        as scripts/image.sh has it
# programs: buildah, jq; and helm, kustomize, crane, cosign from PATH or from test/cluster/build.sh chart release
# exit: 0 done, 1 a step failed, 2 usage, 3 something is missing
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export PATH=$PATH:${KKV_CLUSTER_BIN:-$PWD/.cache/cluster/bin}
[ $# = 1 ] && [ -n "$1" ] || {
  echo "usage: make release VERSION=1.2.3, or scripts/release.sh 1.2.3" >&2
  exit 2
}
version=$1
platforms=${RELEASE_PLATFORMS:-linux/amd64,linux/arm64} sign=${RELEASE_SIGN:-key} out=${RELEASE_OUT:-release/$version}
repository=https://github.com/kube-keepalived-vip/kube-keepalived-vip
say() { echo "release: $*"; }
die() {
  echo "release: $*" >&2
  exit 3
}
text() { node scripts/release/files.ts "$@"; }

work=$(mktemp -d)
registry_pid=
doing="the checks before"
finish() {
  local status=$?
  [ -z "$registry_pid" ] || kill "$registry_pid" 2> /dev/null || true
  if [ "$status" != 0 ] && [ "$doing" != "the checks before" ]; then
    tail -n 20 "$work/cosign.log" >&2 2> /dev/null || true
    echo "release: Cannot release $version: $doing failed; what it said stands above" >&2
  fi
  rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT TERM

check() {
  local program needed=(buildah jq helm kustomize crane)
  case $sign in
    key | keyless) needed+=(cosign) ;;
    no) ;;
    *) die "Cannot sign by \"$sign\" (expected RELEASE_SIGN=key, keyless or no)" ;;
  esac
  for program in "${needed[@]}"; do
    command -v "$program" > /dev/null || die "Cannot release: $program is missing; run: scripts/install.sh image, and test/cluster/build.sh chart release"
  done
  text notes "$version" > "$work/notes" || exit 3
  [ -z "$(git status --porcelain)" ] || die "Cannot release: the checkout has changes that are not committed; commit or stash them"
  local platform arch
  for platform in ${platforms//,/ }; do
    arch=${platform#*/}
    [ "$(dpkg --print-architecture)" = "$arch" ] || [ -e "/proc/sys/fs/binfmt_misc/qemu-${arch/arm64/aarch64}" ] ||
      die "Cannot build $platform: this machine cannot run its programs; install qemu-user-static and binfmt-support, or choose RELEASE_PLATFORMS"
  done
}

# A registry of images on loopback, where cosign and helm can put things; nothing of it remains.
open_registry() {
  remote=${RELEASE_REGISTRY:-}
  plain=()
  insecure=()
  [ -z "$remote" ] || return 0
  local log=$work/registry.log i
  crane registry serve --address 127.0.0.1:0 --disk "$work" > "$log" 2>&1 &
  registry_pid=$!
  for ((i = 0; i < 100; i++)); do
    remote=$(sed -n 's/.*serving on port \([0-9]*\).*/127.0.0.1:\1/p' "$log")
    [ -z "$remote" ] || break
    sleep 0.1
  done
  [ -n "$remote" ] || die "Cannot start a registry on loopback: $(tail -n 3 "$log")"
  plain=(--plain-http)
  insecure=(--allow-http-registry)
}

build_images() {
  IMAGE_BUILDER=buildah IMAGE_LAYOUTS=$work/layouts IMAGE_PLATFORMS=$platforms IMAGE_OUT=$out IMAGE_TAG=$version IMAGE_SOURCE=$repository \
    scripts/image.sh
  local target
  for target in sync sidecar; do
    text layout "$work/layouts/kkv-$target" > /dev/null
    crane push "$work/layouts/kkv-$target" "$remote/kkv-$target:$version" > /dev/null
    PLATFORMS=$platforms REVISION=$(git rev-parse HEAD) REPOSITORY=$repository BASES=${RELEASE_BASES:-} \
      BUILDER=${RELEASE_BUILDER:-$repository/blob/main/scripts/release.sh} text provenance "$target" > "$out/kkv-$target.provenance.json"
  done
}
digest_of() { crane digest "$remote/$1"; }

package_chart() {
  helm package charts/kube-keepalived-vip --destination "$out" > /dev/null
  helm push "$out/kube-keepalived-vip-$version.tgz" "oci://$remote/charts" "${plain[@]}" > /dev/null 2>&1
}

write_texts() {
  kustomize build manifests/base > "$work/base.yaml"
  text install "$version" "$(digest_of "kkv-sync:$version")" "$(digest_of "kkv-sidecar:$version")" < "$work/base.yaml" > "$out/install.yaml"
  cp "$work/notes" "$out/CHANGELOG.md"
}

archive_plugin() { node scripts/plugin-archives.ts --out "$out" > /dev/null; }

prepare_key() {
  case $sign in
    keyless) by=(--yes) && of=(--certificate-identity-regexp "^$repository/" --certificate-oidc-issuer https://token.actions.githubusercontent.com) ;;
    key)
      if [ -z "${COSIGN_KEY:-}" ]; then
        export COSIGN_PASSWORD=${COSIGN_PASSWORD:-}
        (cd "$work" && cosign generate-key-pair > /dev/null 2>&1)
        COSIGN_KEY=$work/cosign.key
        say "signed with a key pair of this run: its private half is deleted at the end"
      fi
      cosign public-key --key "$COSIGN_KEY" > "$out/cosign.pub"
      # Without the public log: a release that is signed with a key may be one that nobody is to hear of.
      by=(--yes --key "$COSIGN_KEY" --tlog-upload=false --use-signing-config=false)
      of=(--key "$out/cosign.pub" --insecure-ignore-tlog=true)
      ;;
  esac
}

sign_and_verify() {
  local target image kind types=(spdxjson slsaprovenance1)
  for image in "kkv-sync:$version" "kkv-sidecar:$version" "charts/kube-keepalived-vip:$version"; do
    image=$remote/${image%:*}@$(digest_of "$image")
    cosign sign "${by[@]}" "${insecure[@]}" "$image" > /dev/null 2>> "$work/cosign.log"
    cosign verify "${of[@]}" "${insecure[@]}" "$image" > /dev/null 2>> "$work/cosign.log"
  done
  for target in sync sidecar; do
    image=$remote/kkv-$target@$(digest_of "kkv-$target:$version")
    cosign attest "${by[@]}" "${insecure[@]}" --type spdxjson --predicate "$out/kkv-$target.spdx.json" "$image" > /dev/null 2>> "$work/cosign.log"
    cosign attest "${by[@]}" "${insecure[@]}" --type slsaprovenance1 --predicate "$out/kkv-$target.provenance.json" "$image" > /dev/null 2>> "$work/cosign.log"
    for kind in "${types[@]}"; do
      cosign verify-attestation "${of[@]}" "${insecure[@]}" --type "$kind" "$image" > /dev/null 2>> "$work/cosign.log"
    done
  done
}

# What the registry has of this version, as layouts. Signatures and attestations have tags there, by the digest of what they sign; a
# registry that lists them as referrers instead keeps them for itself.
write_layouts() {
  local name folder tags digest
  for name in kkv-sync kkv-sidecar charts/kube-keepalived-vip; do
    folder=$out/oci/${name%%/*}
    digest=$(digest_of "$name:$version")
    mapfile -t tags < <(crane ls "$remote/$name" | grep -E "^(${version//./\\.}|${digest/:/-}.*)\$" | sed "s#^#$remote/$name:#")
    mkdir -p "$out/oci"
    crane pull --format oci --annotate-ref "${tags[@]}" "$folder" > /dev/null
    # The tag alone, as others look for it, and nothing of the registry of this run.
    jq '.manifests[].annotations."org.opencontainers.image.ref.name" |= sub(".*:"; "")' "$folder/index.json" > "$work/index.json"
    cp "$work/index.json" "$folder/index.json"
    say "$folder: $(text layout "$folder" | tail -n 1)"
  done
}

sum_up() {
  (cd "$out" && find . -type f ! -path './oci/*' ! -name 'SHA256SUMS*' -printf '%P\n' | LC_ALL=C sort | xargs -d '\n' sha256sum > SHA256SUMS)
  if [ "$sign" != no ]; then
    cosign sign-blob "${by[@]}" --bundle "$out/SHA256SUMS.sigstore.json" "$out/SHA256SUMS" > /dev/null 2>> "$work/cosign.log"
    cosign verify-blob "${of[@]}" --bundle "$out/SHA256SUMS.sigstore.json" "$out/SHA256SUMS" > /dev/null 2>> "$work/cosign.log"
  fi
}

check
rm -rf "${out:?}"
mkdir -p "$out"
open_registry
step() { # NAME COMMAND
  doing=$1
  say "$1"
  "$2"
}
step "images for $platforms" build_images
step "the chart" package_chart
step "install.yaml and CHANGELOG.md" write_texts
step "archives of kubectl kkv" archive_plugin
if [ "$sign" = no ]; then
  say "NOT signed: RELEASE_SIGN=no"
else
  prepare_key
  step "signatures and attestations, each verified" sign_and_verify
fi
step "OCI layouts" write_layouts
step "checksums" sum_up
say "all of it is in $out"
