#!/usr/bin/env bash
# A git repository with VIP mappings, Flux's real kustomize-controller, and the shipped manifests on two real kubelets: what a commit
# leads to. In place of source-controller stands ../flux/source.py, which looks at the repository twice a second.
#   part.sh          checks
#   part.sh --show   the same as a walk-through for people (make demo-gitops)
# programs: kube kubelet flux luahealth
# Environment: as ../kubelet/nodes.sh says.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
part=gitops
export BED_STATE=${BED_STATE:-$here/../../../.cache/cluster/state-gitops} BED_LAN=${BED_LAN:-kg}
. "$here/../kubelet/nodes.sh"
show=${1:-}

flux() { ip netns exec "$BED_LAN" "$BED/flux.sh" "$@"; }
down_cluster=$(declare -f down)
eval "cluster_${down_cluster}"
down() {
  [ ! -e "/run/netns/$BED_LAN" ] || flux down
  cluster_down
}

title() { [ -z "$show" ] || printf '\n\033[1m%s\033[0m\n' "$*"; }
shown() { # COMMAND...: what a person would type, and what it says
  [ -n "$show" ] || return 0
  printf '\033[36m$ %s\033[0m\n' "$*"
  "$@" 2>&1 | sed 's/^/  /'
}
kubectl() { k "$@"; }

work=
commit() { # MESSAGE: everything in the working tree
  git -C "$work" add --all
  git -C "$work" -c user.name=ops -c user.email=ops@example.org commit --quiet --message "$1"
  shown git -C "$work" show --format='%h %s' --unified=0 HEAD -- vips/vips.yaml
  committed=$(now_ms) revision=$(git -C "$work" rev-parse HEAD)
  git -C "$work" push --quiet origin main
}
ready_of() { k -n flux-system get kustomization vips -o jsonpath='{.status.conditions[?(@.type=="Ready")].status} {.status.conditions[?(@.type=="Ready")].message}'; }
is_ready() { [[ $(ready_of) == "True "*"$revision" ]] && measured "$(($(now_ms) - committed)) ms after the push"; }
is_not_ready() { [[ $(ready_of) == "False "*"VipReport/$namespace/vip-configmap status: 'Failed'"* ]] && measured "$(($(now_ms) - committed)) ms after the push"; }
argo_says() { # HEALTH: what Argo CD would show, by the shipped check and its own interpreter
  local said
  said=$(kn get vipreport vip-configmap -o json | "$BIN/luahealth" "$CHECKOUT/manifests/gitops/argocd/health.lua") && [[ $said == "$1 "* ]]
}
in_effect() { [ "$(holder)" = "${1:-$(holder)}" ] && measured "$(($(now_ms) - committed)) ms after the push"; }
vip_is_up() { local h; h=$(holder) && has_vip "$h" "$1" && measured "$(($(now_ms) - committed)) ms after the push"; }

title "Two kubelets, a control plane, Flux and a git server start"
up
flux up
url=$(flux repo vips)
work=$STATE/work
git clone --quiet "$url" "$work" 2> /dev/null || { mkdir -p "$work" && git -C "$work" init --quiet --initial-branch=main && git -C "$work" remote add origin "$url"; }
k create namespace flux-system > /dev/null
mkdir -p "$work/vips"
cp -r "$CHECKOUT/manifests" "$work/manifests"
cp "$CHECKOUT/manifests/gitops/vipreport.yaml" "$work/vips/"
sed "s#\.\./\.\./\.\./manifests/base#../manifests/base#" "$here/../kubelet/kustomization.yaml" > "$work/vips/kustomization.yaml"
cat >> "$work/vips/kustomization.yaml" << 'END'
  - path: vips.yaml
END
sed -i 's#^  - ../manifests/base#&\n  - vipreport.yaml#' "$work/vips/kustomization.yaml"
mapping() { # LINE...: the ConfigMap's data
  printf 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: vip-configmap\n  namespace: %s\ndata:\n' "$namespace" > "$work/vips/vips.yaml"
  printf '  %s\n' "$@" >> "$work/vips/vips.yaml"
}
mapping '10.4.0.50: ""'
# As a user would: the shipped example with the repository's own address.
sed "s#https://git.example.com/infrastructure/vips.git#$url#" "$CHECKOUT/manifests/gitops/flux/vips.yaml" > "$STATE/flux.yaml"
k apply -f "$STATE/flux.yaml" > /dev/null

title "A commit brings the product and its first VIP"
commit "vips: the first one"
PATIENCE=120 check "a commit installs the product, and the Kustomization becomes ready" is_ready
check "the VIP is announced" vip_is_up 10.4.0.50
shown kubectl -n flux-system get kustomization vips
shown kubectl get vipreports --all-namespaces
check "Argo CD's health check says Healthy" argo_says Healthy

title "A second mapping"
mapping '10.4.0.50: ""' '10.4.0.51: ""'
commit "vips: a second one"
check "a commit of a mapping announces it" vip_is_up 10.4.0.51
PATIENCE=60 check "the Kustomization is ready with it" is_ready
shown kubectl get vipreports --all-namespaces

title "A broken mapping"
first=$(holder)
watch_vip
mapping '10.4.0.50: ""' '10.4.0.51: ""' '10.4.0.999: ""'
commit "vips: a broken one"
PATIENCE=60 check "a broken mapping makes the Kustomization not ready, and names our report" is_not_ready
reason() { report | grep -q 'False 0 "10.4.0.999"' && measured "$(report | cut -d' ' -f3- | cut -c1-120)"; }
check "the VipReport has the entry and the reason" reason
check "Argo CD's health check says Degraded" argo_says Degraded
shown kubectl -n flux-system get kustomization vips
shown kubectl get vipreports --all-namespaces
shown kubectl -n "$namespace" describe configmap vip-configmap
check "the VIPs stay where they are" in_effect "$first"

title "git revert"
git -C "$work" -c user.name=ops -c user.email=ops@example.org revert --no-edit HEAD > /dev/null
commit_revert() { committed=$(now_ms) revision=$(git -C "$work" rev-parse HEAD) && git -C "$work" push --quiet origin main; }
commit_revert
PATIENCE=90 check "git revert makes it healthy again" is_ready
gap=$(longest_gap)
quiet() { [ "$gap" -le 40 ] && measured "longest gap $gap ms"; }
check "no echo request to the VIP was lost from before the broken commit to after the revert" quiet
shown kubectl -n flux-system get kustomization vips
shown kubectl get vipreports --all-namespaces
