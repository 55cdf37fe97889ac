#!/usr/bin/env bash
# A git repository with VIP mappings, Flux's real kustomize-controller, and the shipped manifests on two real kubelets: what a commit
# leads to. In place of source-controller stands ../flux/source.py, which looks at the repository twice a second.
#   part.sh          checks
#   part.sh --show   the same as a walk-through for people (make demo-gitops)
# programs: kube kubelet flux luahealth
# takes 115 seconds
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
  printf '\033[36m$ %s\033[0m\n' "${*/#repository/git}"
  "$@" 2>&1 | sed 's/^/  /'
}
kubectl() { k "$@"; }
# The git server listens on the loopback of the LAN's namespace.
repository() { ip netns exec "$BED_LAN" git -C "$work" -c user.name=ops -c user.email=ops@example.org "$@"; }

work=
commit() { # MESSAGE: everything in the working tree
  repository add --all
  repository commit --quiet --message "$1"
  shown repository show --format='%h %s' --unified=0 HEAD -- vips/vips.yaml
  push
}
push() {
  revision=$(repository rev-parse HEAD) committed=$(now_ms)
  repository push --quiet origin main
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
mkdir -p "$work"
repository init --quiet --initial-branch=main
repository remote add origin "$url"
k create namespace flux-system > /dev/null
cp -r "$CHECKOUT/manifests" "$work/manifests"
# As a user would: copies of the shipped example, with the repository's own address and images.
cp -r "$CHECKOUT/manifests/gitops/example" "$work/vips"
sed -i "s#\.\./\.\./base#../manifests/base#" "$work/vips/kustomization.yaml"
sed -n '/^images:/,$p' "$here/../kubelet/kustomization.yaml" | sed '/^patches:/d' > "$STATE/more.yaml"
sed -i '/^patches:/r '<(sed -n '/^  - target:/,$p' "$STATE/more.yaml") "$work/vips/kustomization.yaml"
sed -n '/^images:/,/^  - {name.*sidecar/p' "$STATE/more.yaml" >> "$work/vips/kustomization.yaml"
mapping() { # LINE...: the ConfigMap's data
  printf 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: vip-configmap\n  namespace: %s\ndata:\n' "$namespace" > "$work/vips/vips.yaml"
  printf '  %s\n' "$@" >> "$work/vips/vips.yaml"
}
mapping '10.4.0.50: ""'
sed "s#https://git.example.com/infrastructure/vips.git#$url#" "$CHECKOUT/manifests/gitops/flux/vips.yaml" > "$STATE/flux.yaml"
k apply -f "$STATE/flux.yaml" > /dev/null

title "A commit brings the product and its first VIP"
commit "vips: the first one"
PATIENCE=400 check "a commit installs the product, and the Kustomization becomes ready" is_ready
check "the VIP is announced" vip_is_up 10.4.0.50
shown kubectl -n flux-system get kustomization vips
shown kubectl get vipreports --all-namespaces
PATIENCE=60 check "Argo CD's health check says Healthy" argo_says Healthy

title "A second mapping"
mapping '10.4.0.50: ""' '10.4.0.51: ""'
commit "vips: a second one"
check "a commit of a mapping announces it" vip_is_up 10.4.0.51
PATIENCE=300 check "the Kustomization is ready with it" is_ready
healthy() { [[ $(report) == "True 2 "* ]] && measured "$(report | cut -d' ' -f3-)"; }
PATIENCE=0 check "and when it is, all nodes have it in effect" healthy
shown kubectl get vipreports --all-namespaces

title "A broken mapping"
first=$(holder)
watch_vip
mapping '10.4.0.50: ""' '10.4.0.51: ""' '10.4.0.999: ""'
commit "vips: a broken one"
PATIENCE=300 check "a broken mapping makes the Kustomization not ready, and names our report" is_not_ready
reason() { report | grep -q 'False 0 "10.4.0.999"' && measured "$(report | cut -d' ' -f3- | cut -c1-120)"; }
check "the VipReport has the entry and the reason" reason
check "Argo CD's health check says Degraded" argo_says Degraded
shown kubectl -n flux-system get kustomization vips
shown kubectl get vipreports --all-namespaces
shown kubectl -n "$namespace" describe configmap vip-configmap
check "the VIPs stay where they are" in_effect "$first"

title "git revert"
repository revert --no-edit HEAD > /dev/null
push
PATIENCE=300 check "git revert makes it healthy again" is_ready

title "The same with entries that are checked where they are applied"
printf 'components:\n  - ../manifests/components/admission\n' >> "$work/vips/kustomization.yaml"
commit "vips: broken entries are refused at the door"
PATIENCE=300 check "the component is applied, and the Kustomization is ready" is_ready
mapping '10.4.0.50: ""' '10.4.0.51: ""' '10.4.0.999: ""'
# A policy counts some seconds after it was written.
counts() { ! kn patch configmap vip-configmap --dry-run=server --type merge -p '{"data": {"foo": ""}}' 2> /dev/null; }
PATIENCE=180 check "the API server refuses a broken entry" counts
commit "vips: a broken one again"
is_refused() { [[ $(ready_of) == "False "*'Cannot announce "10.4.0.999": it is not a valid IPv4 address'* ]] && measured "$(($(now_ms) - committed)) ms after the push"; }
PATIENCE=300 check "a broken mapping makes the Kustomization not ready, with our reason in it" is_refused
shown kubectl -n flux-system get kustomization vips
PATIENCE=0 check "nothing of it was applied: the report is ready as before" healthy
repository revert --no-edit HEAD > /dev/null
push
PATIENCE=300 check "git revert makes it healthy again here too" is_ready
gap=$(longest_gap)
quiet() { grep ' 0% packet loss' "$STATE/ping" && measured "longest time between two answers $gap ms"; }
check "no echo request to the VIP was lost from before the broken commit to after the revert" quiet
shown kubectl -n flux-system get kustomization vips
shown kubectl get vipreports --all-namespaces
