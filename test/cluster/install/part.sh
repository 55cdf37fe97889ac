#!/usr/bin/env bash
# install.yaml and the Helm chart on two real kubelets: installation, the next commands that both name, upgrade, rollback, removal, and two
# releases side by side. As in the part kubelet, VRRP is real and IPVS is not, so the VIPs have no Services. Environment: as
# ../kubelet/nodes.sh says.
# programs: kube kubelet chart
# by name
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
part=install
export BED_STATE=${BED_STATE:-$here/../../../.cache/cluster/state-install} BED_LAN=${BED_LAN:-ki}
. "$here/../kubelet/nodes.sh"
up

h() { ip netns exec "$BED_LAN" "$BIN/helm" "$@"; }
version=$(sed -n 's/^  "version": "\(.*\)",$/\1/p' "$CHECKOUT/package.json")
chart=$CHECKOUT/charts/kube-keepalived-vip
# The images are those of this checkout, and the nodes' kernel has no IPVS.
mine=(--set "image.registry=localhost,image.tag=dev,image.pullPolicy=Never" --set "prepareNode.extraEnv[0].name=KKV_WITHOUT_IPVS"
  --set-string "prepareNode.extraEnv[0].value=true")
no_trace() { # of keepalived, on the nodes
  local n
  for n in n1 n2; do
    ! has_vip "$n" "$vip" && ! has_vip "$n" 169.254.50.1 || return 1
    ! node on "$n" iptables-save | grep -i keepalived || return 1
    ! node on "$n" ip rule | grep 20550 || return 1
    ! node on "$n" pgrep -x keepalived || return 1
  done
}
# Objects of this product that the cluster has, but for the definition of VipReports.
objects() {
  k get clusterroles,clusterrolebindings -o name | grep -E 'keepalived|vip' || true
  k get all,configmaps,roles,rolebindings,serviceaccounts,leases,vipreports -A -o name 2> /dev/null |
    grep -E 'keepalived|vip' || true
}
nothing_left() { [ -z "$(objects)" ] && no_trace; }

# --- install.yaml ---------------------------------------------------------------------------------------------------------------
"$BIN/kustomize" build "$CHECKOUT/manifests/base" > "$STATE/base.yaml"
# As `make release` makes it, but for the digests, which images of this checkout do not have.
digest=sha256:$(printf '0%.0s' {1..64})
(cd "$CHECKOUT" && command node scripts/release/files.ts install "$version" "$digest" "$digest") < "$STATE/base.yaml" |
  sed -e "s#ghcr.io/kube-keepalived-vip/\(kkv-[a-z]*\):$version@$digest#localhost/\1:dev#" \
    -e 's#^\( *\)- name: KKV_PROC_SYS#\1- name: KKV_WITHOUT_IPVS\n\1  value: "true"\n&#' > "$STATE/install.yaml"
check "one kubectl apply -f install.yaml" k apply -f "$STATE/install.yaml"
PATIENCE=300 check "install.yaml: both pods are ready" ready
entry
check "install.yaml: the first entry is announced, and the VipReport says so" announced
k delete -f "$STATE/install.yaml" > /dev/null 2>&1
PATIENCE=120 check "kubectl delete -f install.yaml leaves nothing" nothing_left

# --- the chart ------------------------------------------------------------------------------------------------------------------
installed() { h install kube-keepalived-vip "$chart" -n "$namespace" --create-namespace "${mine[@]}" > "$STATE/notes"; }
check "helm install" installed
# Its own words, not ours.
mapfile -t next < <(sed -n 's/^  \(kubectl .*\)$/\1/p' "$STATE/notes")
check "helm install: its notes have three commands and the VRID" eval '[ "${#next[@]}" = 3 ] && grep -q "(VRID) is 50" "$STATE/notes"'
as_noted() { eval "ip netns exec $BED_LAN $BIN/${next[$1]}"; }
PATIENCE=300 check "the first command of the notes: ${next[0]:-}" as_noted 0
check "the second one: ${next[1]:-}" as_noted 1
# Its Service does not exist here, and this kernel has no IPVS.
entry
check "the entry is announced, and the VipReport says so" announced
check "the third one: ${next[2]:-}" as_noted 2

entry_is_there() { announced && [ "$(kn get configmap vip-configmap -o jsonpath='{.data}')" = '{"10.4.0.50":""}' ]; }
gap_of h upgrade kube-keepalived-vip "$chart" -n "$namespace" "${mine[@]}" --set podAnnotations.revision=two
check "helm upgrade moves the VIP node by node, with the gap of an orderly handover" small_gap
check "helm upgrade keeps the entry that was added with kubectl" entry_is_there
gap_of h rollback kube-keepalived-vip 1 -n "$namespace"
check "helm rollback moves the VIP node by node, with the gap of an orderly handover" small_gap
check "helm rollback keeps the entry as well" entry_is_there
refused() { ! h upgrade kube-keepalived-vip "$chart" -n "$namespace" "${mine[@]}" --set vird=51 > /dev/null 2>&1; }
check "a misspelt value is refused, and changes nothing" eval 'refused && announced'

h uninstall kube-keepalived-vip -n "$namespace" > /dev/null 2>&1
definition_only() { nothing_left && k get crd vipreports.kube-keepalived-vip.io; }
# The VipReport and the Leases are made by sync, and go with the namespace.
k delete namespace "$namespace" > /dev/null
PATIENCE=120 check "helm uninstall, and the removal of its namespace, leave the definition of VipReports alone" definition_only

# --- two releases ---------------------------------------------------------------------------------------------------------------
namespace=lan
release() { # NAME NODE VRID ADDRESS MORE...
  local name=$1 on=$2 vrid=$3 address=$4
  shift 4
  h install "$name" "$chart" -n "$namespace" --create-namespace "${mine[@]}" --set "vrid=$vrid,nodeSelector.kubernetes\.io/hostname=$on" \
    --set-string "vips.${address//./\\.}=" "$@" > /dev/null
}
# The definition has stayed, and belongs to a release that is gone.
release one n1 51 10.4.0.51 --take-ownership
release two n2 52 10.4.0.52 --set crds.install=false
both() {
  has_vip n1 10.4.0.51 && has_vip n2 10.4.0.52 && ! has_vip n1 10.4.0.52 && ! has_vip n2 10.4.0.51 &&
    [ "$(kn get vipreports -o jsonpath='{.items[*].status.conditions[?(@.type=="Ready")].status}')" = "True True" ]
}
PATIENCE=300 check "two releases in another namespace, with other names, two VRIDs and nodes of their own" both
h uninstall two -n "$namespace" > /dev/null 2>&1
one_left() { has_vip n1 10.4.0.51 && ! has_vip n2 10.4.0.52 && ! k get clusterrole two-kube-keepalived-vip && [ "$(kn get pods --no-headers | wc -l)" = 1 ]; }
check "one of them is uninstalled: the other one goes on" one_left
h uninstall one -n "$namespace" > /dev/null 2>&1
k delete namespace "$namespace" > /dev/null
PATIENCE=120 check "both are uninstalled: the definition of VipReports alone is left" definition_only
