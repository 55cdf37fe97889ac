#!/usr/bin/env bash
# Builds the cluster's programs from Go modules, each once, into .cache/cluster/bin. Go's own caches make a second build quick.
#   build.sh [kube] [kubeproxy] [flux] [kubelet] [luahealth] [chart]   all of them without arguments
#   build.sh registry                                crane, for a registry of images on loopback
#   build.sh release                                 what `make release` needs beside: crane and cosign
#   build.sh can [SET...]                            exit 0 where this machine has, or can build, these; else says why not
# Environment:
#   KKV_CLUSTER_BIN   a folder with ready programs; what is in it is used as it is, only what is not is built
# The first build of all takes half an hour on two cores and downloads 400 MB; CI keeps GOMODCACHE, GOCACHE and .cache/cluster/bin.
set -euo pipefail
. "$(dirname "$(readlink -f "$0")")/lib.sh"
export CGO_ENABLED=0 GOFLAGS=-mod=readonly
ready=${KKV_CLUSTER_BIN:-}

programs_of() { # SET: lines of PROGRAM MODULE-FOLDER PACKAGE
  local k=k8s.io/kubernetes/cmd c=github.com/containerd/containerd/v2/cmd p=github.com/containernetworking/plugins/plugins
  case $1 in
    kube)
      echo "etcd kube go.etcd.io/etcd/server/v3"
      printf '%s kube '$k'/%s\n' kube-apiserver{,} kube-controller-manager{,} kube-scheduler{,} kubectl{,}
      echo "kwok kube sigs.k8s.io/kwok/cmd/kwok"
      ;;
    kubeproxy) echo "kube-proxy kube $k/kube-proxy" ;;
    flux) echo "kustomize-controller flux github.com/fluxcd/kustomize-controller" ;;
    kubelet)
      # The control plane's go.mod holds all that the kubelet needs.
      echo "kubelet kube $k/kubelet"
      printf '%s containerd '$c'/%s\n' containerd{,} containerd-shim-runc-v2{,} ctr{,}
      printf '%s containerd '$p'/%s\n' cni/bridge main/bridge cni/loopback main/loopback cni/host-local ipam/host-local cni/portmap meta/portmap
      echo "pause pause kkv.example/cluster/pause"
      ;;
    luahealth) echo "luahealth luahealth kkv.example/cluster/luahealth" ;;
    chart)
      echo "helm chart helm.sh/helm/v4/cmd/helm"
      echo "kustomize chart sigs.k8s.io/kustomize/kustomize/v5"
      ;;
    registry) echo "crane release github.com/google/go-containerregistry/cmd/crane" ;;
    release)
      programs_of registry
      echo "cosign cosign github.com/sigstore/cosign/v3/cmd/cosign"
      ;;
    *) die "usage: $0 [kube] [kubeproxy] [flux] [kubelet] [luahealth] [chart] [registry] [release] | can" ;;
  esac
}

required() { (cd "$BED/go/$1" && go list -m -f '{{.Version}}' "$2"); } # MODULE-FOLDER MODULE
# Without these a program calls itself v0.0.0, and kubectl cannot read what the server says of itself.
version_flags() { # MODULE-FOLDER
  local version major minor package
  case $1 in
    kube)
      version=$(required kube k8s.io/kubernetes)
      IFS=. read -r major minor _ <<< "${version#v}"
      for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
        printf ' -X %s.%s' "$package" "gitVersion=$version" "$package" "gitMajor=$major" "$package" "gitMinor=$minor" \
          "$package" gitTreeState=archive "$package" buildDate=1970-01-01T00:00:00Z
      done
      ;;
    containerd) echo " -X github.com/containerd/containerd/v2/version.Version=$(required containerd github.com/containerd/containerd/v2)" ;;
  esac
}

build() { # PROGRAM MODULE-FOLDER PACKAGE
  local program=$1 folder=$2 began=$SECONDS stamp=$BIN/.stamps/${1//\//-} sum
  if [ -n "$ready" ] && [ -x "$ready/$program" ]; then
    ln -sfn "$(readlink -f "$ready/$program")" "$BIN/$program"
    rm -f "$stamp"
    return
  fi
  sum=$( (go version && cat "$BED/go/$folder"/* "$BED/build.sh") | sha256sum)
  [ "$(cat "$stamp" 2> /dev/null)" != "$sum" ] || [ ! -x "$BIN/$program" ] || return 0
  say "cluster: building $program"
  rm -f "$BIN/$program"
  (cd "$BED/go/$folder" && nice -n 15 go build -trimpath -tags 'no_btrfs no_devmapper no_aufs no_zfs' \
    -ldflags "-s -w$(version_flags "$folder")" -o "$BIN/$program" "$3")
  echo "$sum" > "$stamp"
  say "cluster: $program has $(($(stat -c %s "$BIN/$program") >> 20)) MiB, in $((SECONDS - began)) s"
}

flux_crds() { # they lie in the controllers' modules
  local module folder version
  if [ -n "$ready" ] && [ -d "$ready/flux-crds" ]; then
    ln -sfn "$(readlink -f "$ready/flux-crds")" "$BIN/flux-crds"
    return
  fi
  version=$(required flux github.com/fluxcd/kustomize-controller)
  [ "$(cat "$BIN/flux-crds/version" 2> /dev/null)" != "$version" ] || return 0
  rm -rf "$BIN/flux-crds"
  mkdir -p "$BIN/flux-crds"
  for module in kustomize-controller source-controller; do
    folder=$(cd /tmp && go mod download -json "github.com/fluxcd/$module@$version" | sed -n 's/.*"Dir": "\(.*\)",/\1/p')
    install -m 644 "$folder"/config/crd/bases/*.yaml "$BIN/flux-crds"
  done
  echo "$version" > "$BIN/flux-crds/version"
}

images() { # the one that every pod of a kubelet has; one layer, without any engine
  local root
  root=$(mktemp -d)
  mkdir -p "$root" "$BIN/images"
  cp "$BIN/pause" "$root/pause"
  "$BED/image.sh" localhost/pause:1 "$root" '{"Entrypoint": ["/pause"], "User": "65535:65535"}' "$BIN/images/pause.tar"
  rm -rf "$root"
}

can() { # SET...
  local set program rest why
  if command -v go > /dev/null; then
    # An older Go either fetches the one that go.mod names or says that it cannot.
    if (cd "$BED/go/kube" && go list -m) > /dev/null 2>&1; then return 0; fi
    why="$(go version) is too old to build them"
  else
    why="there is no Go toolchain on PATH"
  fi
  if [ -z "$ready" ]; then
    echo "$why, and KKV_CLUSTER_BIN names no folder of ready programs"
    return 1
  fi
  for set; do
    while read -r program rest; do
      if [ ! -x "$ready/$program" ]; then
        echo "$why, and KKV_CLUSTER_BIN ($ready) has no $program"
        return 1
      fi
    done < <(programs_of "$set")
  done
}

all=(kube kubeproxy flux kubelet luahealth chart)
if [ "${1:-}" = can ]; then
  shift
  can "${@:-"${all[@]}"}"
  exit
fi
[ $# -gt 0 ] || set -- "${all[@]}"
mkdir -p "$BIN/.stamps" "$BIN/cni"
# One build at a time; a second one waits and then finds the work done.
exec 9> "$CHECKOUT/.cache/cluster/build.lock"
flock 9
for set; do
  while read -r program folder package; do build "$program" "$folder" "$package" 9>&-; done < <(programs_of "$set")
  case $set in
    flux) flux_crds ;;
    kubelet) images ;;
  esac
done
