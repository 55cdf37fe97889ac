#!/usr/bin/env bash
# image.sh NAME ROOT-FOLDER CONFIG-JSON ARCHIVE: packs a folder as an image of one layer (a docker archive), without any engine.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
case $(uname -m) in aarch64) architecture=arm64 ;; *) architecture=amd64 ;; esac
tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -C "$2" -cf "$work/layer.tar" .
jq -cn --argjson config "$3" --arg digest "sha256:$(sha256sum "$work/layer.tar" | cut -d' ' -f1)" --arg architecture "$architecture" \
  '{$architecture, os: "linux", created: "1970-01-01T00:00:00Z", $config, rootfs: {type: "layers", diff_ids: [$digest]}}' > "$work/config.json"
jq -cn --arg name "$1" '[{Config: "config.json", RepoTags: [$name], Layers: ["layer.tar"]}]' > "$work/manifest.json"
tar -C "$work" -cf "$4" manifest.json config.json layer.tar
