#!/usr/bin/env bash
# Two releases, as `make release` makes them (without signatures, for this machine's architecture alone), on two real kubelets: install.yaml,
# and the chart from a registry that is filled from the OCI layout; upgrade to the next release and back; removal. As in the part kubelet, VRRP
# is real and IPVS is not, so the VIPs have no Services.
# programs: kube kubelet chart registry
# by name
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
part=release
export BED_STATE=${BED_STATE:-$here/../../../.cache/cluster/state-release} BED_LAN=${BED_LAN:-kr}
releases=$(mktemp -d /tmp/kkv-releases.XXXXXX)
KKV_IMAGES=none
. "$here/../kubelet/nodes.sh"
old=0.0.1-test.1 new=0.0.1-test.2
registry=127.0.0.1:5000 registry_pid=

# --- the releases ---------------------------------------------------------------------------------------------------------------
trap 'rm -rf "$releases"' EXIT
release() { # VERSION, into $releases/VERSION
  local checkout=$releases/checkout-$1 target
  git clone --quiet "$CHECKOUT" "$checkout"
  cp -al "$CHECKOUT/node_modules" "$checkout/node_modules"
  (cd "$checkout" && PATH=$checkout/node_modules/.bin:$PATH command node scripts/set-version.ts "$1" && git -c user.name=release -c user.email=release@localhost commit -qam "release $1") >&2
  echo "release $1: its log is $releases/log" >&2
  if ! KKV_IMAGE_CACHE=$CHECKOUT/.cache/image KKV_CLUSTER_BIN=$BIN RELEASE_SIGN=no RELEASE_OUT=$releases/$1 \
    "$checkout/test/image/release.sh" "linux/$(dpkg --print-architecture)" > "$releases/log" 2>&1; then
    tail -n 40 "$releases/log" >&2
    exit 1
  fi
  for target in sync sidecar; do tar -C "$releases/$1/oci/kkv-$target" -cf "$releases/$1/$target.tar" .; done
}
release "$old"
release "$new"

up
finish_all() {
  [ $? = 0 ] || failed=$((failed + 1))
  [ -z "$registry_pid" ] || kill "$registry_pid"
  rm -rf "$releases"
  finish
}
trap finish_all EXIT

# As if the nodes had pulled them from the registry that the manifests name.
for on in n1 n2; do
  for target in sync sidecar; do
    for version in "$old" "$new"; do
      node on "$on" "$BIN/ctr" -n k8s.io images import --local --digests --base-name "ghcr.io/kube-keepalived-vip/kkv-$target" \
        "$releases/$version/$target.tar" > "$STATE/import.log" 2>&1
    done
  done
done
runs() { # VERSION: both nodes run it
  local n
  for n in n1 n2; do kn exec "$(pod_on "$n")" -c sidecar -- kkv --version | grep -qx "kkv  *$1" || return 1; done
}
gone() { local n; for n in n1 n2; do ! has_vip "$n" "$vip" && ! node on "$n" pgrep -x keepalived || return 1; done; }

# --- install.yaml ---------------------------------------------------------------------------------------------------------------
manifest_of() { # VERSION: its install.yaml, for nodes whose kernel has no IPVS
  sed 's#^\( *\)- name: KKV_PROC_SYS#\1- name: KKV_WITHOUT_IPVS\n\1  value: "true"\n&#' "$releases/$1/install.yaml" > "$STATE/install-$1.yaml"
}
manifest_of "$old"
manifest_of "$new"
check "kubectl apply -f install.yaml of release $old" k apply -f "$STATE/install-$old.yaml"
PATIENCE=300 check "install.yaml: both pods are ready" ready
entry
check "install.yaml: the first entry is announced, and the VipReport says so" announced
check "install.yaml: the pods run release $old" runs "$old"
gap_of k apply -f "$STATE/install-$new.yaml"
check "install.yaml of release $new moves the VIP node by node, with the gap of an orderly handover" small_gap
check "install.yaml: the pods run release $new" runs "$new"
check "install.yaml: the entry is still announced" announced
gap_of k apply -f "$STATE/install-$old.yaml"
check "install.yaml of release $old, once more, moves the VIP node by node as well" small_gap
check "install.yaml: the pods run release $old again" eval 'runs "$old" && announced'
k delete -f "$STATE/install-$old.yaml" > /dev/null 2>&1
PATIENCE=120 check "kubectl delete -f install.yaml: no VIP, no keepalived" gone

# --- the chart ------------------------------------------------------------------------------------------------------------------
ip netns exec "$BED_LAN" "$BIN/crane" registry serve --address "$registry" --disk "$STATE" > "$STATE/registry.log" 2>&1 &
registry_pid=$!
in_registry() { ip netns exec "$BED_LAN" "$BIN/crane" push "$releases/$1/oci/charts" "$registry/charts/kube-keepalived-vip:$1"; }
check "the OCI layout of the chart, release $old, goes into a registry" in_registry "$old"
check "and that of release $new" in_registry "$new"
h() { ip netns exec "$BED_LAN" "$BIN/helm" "$@"; }
chart() { # COMMAND VERSION
  h "$1" kube-keepalived-vip "oci://$registry/charts/kube-keepalived-vip" --version "$2" --plain-http -n "$namespace" --create-namespace \
    --set "prepareNode.extraEnv[0].name=KKV_WITHOUT_IPVS" --set-string "prepareNode.extraEnv[0].value=true"
}
check "helm install of release $old from the registry" chart install "$old"
PATIENCE=300 check "helm install: both pods are ready" ready
entry
check "helm install: the first entry is announced, and the VipReport says so" announced
check "helm install: the pods run release $old" runs "$old"
gap_of chart upgrade "$new"
check "helm upgrade to release $new moves the VIP node by node, with the gap of an orderly handover" small_gap
check "helm upgrade: the pods run release $new, and the entry is announced" eval 'runs "$new" && announced'
gap_of h rollback kube-keepalived-vip 1 -n "$namespace"
check "helm rollback moves the VIP node by node, with the gap of an orderly handover" small_gap
check "helm rollback: the pods run release $old, and the entry is announced" eval 'runs "$old" && announced'
h uninstall kube-keepalived-vip -n "$namespace" > /dev/null
PATIENCE=120 check "helm uninstall: no VIP, no keepalived" gone
