#!/usr/bin/env bash
# The walk-through with kubectl: a real control plane on the lab's LAN (10.4.0.1), three lab nodes with real VRRP and IPVS, each with
# the product's pod, whose sync asks that API server. Pods are kwok's, with listeners of the lab behind their addresses. Root.
# Then kube-proxy beside the product on two such nodes. Its nftables mode wants a kernel that test/lab/kernel.sh builds; where that cannot
# be had, its run is skipped, or with KKV_REQUIRE_CLUSTER=1 is a failure.
# LAB_SCRIPTS   some of the runs, by hand (walk-through kube-proxy captures captures.nftables)
# programs: kube kubeproxy
# takes 780 seconds
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
export BED_STATE=${BED_STATE:-$(readlink -f "$here/../../..")/.cache/cluster/state-lab} BED_ADDRESS=10.4.0.1
. "$here/../lib.sh"
. "$here/../../lab/verdict.sh"
NETNS=${BED_NETNS:-kkv-cluster}
read -ra runs <<< "${LAB_SCRIPTS:-walk-through kube-proxy captures captures.nftables}"
[ "$(id -u)" = 0 ] || die "Cannot put the control plane on the lab's LAN: root is wanted, for a network namespace"
on_lan() { ip netns exec "$NETNS" "$@"; }

# The guest sees this machine's files below /host.
kubectl=/host$(readlink -f "$BIN/kubectl")
kubeproxy=/host$(readlink -f "$BIN/kube-proxy")

guest=
down() {
  [ -z "$guest" ] || { kill "$guest" 2> /dev/null && wait "$guest"; } || true
  "$BED/kwok.sh" down
  "$BED/control-plane.sh" down
  "$here/host-link.sh" down "$NETNS"
}
down 2> /dev/null
rm -rf "$STATE"
trap down EXIT
trap 'exit 130' INT TERM

passed=0 failed=0 skipped=0
other_kernel() { # its folder in KERNEL; empty where there is none, which is counted
  local status=0
  mkdir -p "$STATE"
  "$CHECKOUT/test/lab/kernel.sh" > "$STATE/kernel" &
  guest=$!
  wait "$guest" || status=$?
  guest=
  KERNEL=$(< "$STATE/kernel")
  [ "$status" != 0 ] || return 0
  if [ "$status" = 3 ] && [ "${KKV_REQUIRE_CLUSTER:-}" != 1 ]; then
    echo "skip lab: captures.nftables: NOT RUN: its kernel cannot be built here; the reason stands above"
    skipped=1
  else
    echo "FAIL lab: captures.nftables: NOT RUN: its kernel is not built; the reason stands above"
    failed=1
  fi
}
KERNEL=
[[ " ${runs[*]} " != *" captures.nftables "* ]] || other_kernel

"$here/host-link.sh" up "$NETNS" 10.4.0.1/24
on_lan "$BED/control-plane.sh" up
on_lan "$BED/kwok.sh" up
for n in 3 4 5; do on_lan "$BED/kwok.sh" node "10.4.0.$n" "10.4.0.$n" "10.2.$((63 + n)).128/25" type=worker; done

# What an administrator installs, but for the DaemonSet: the lab's nodes run its pod, without a kubelet.
k() { on_lan "$BIN/kubectl" "$@"; }
k kustomize "$CHECKOUT/manifests/base" > "$STATE/base.yaml"
# The VipReport finds its definition at the second try.
k apply -f "$STATE/base.yaml" > "$STATE/log/apply.log" 2>&1 ||
  { k wait --for=condition=Established crd --all --timeout=300s && k apply -f "$STATE/base.yaml"; } >> "$STATE/log/apply.log" 2>&1
k -n kube-keepalived-vip delete daemonset kube-keepalived-vip > /dev/null
token=$(k -n kube-keepalived-vip create token kube-keepalived-vip)
(umask 077 && sed "s/^users: .*/users: [{name: sync, user: {token: $token}}]/; s/^contexts: .*/contexts: [{name: bed, context: {cluster: bed, user: sync}}]/" \
  "$KUBECONFIG" > "$STATE/sync.kubeconfig")

report=$(mktemp) verdicts=$(mktemp) errors=$(mktemp)
trap 'rm -f "$report" "$verdicts" "$errors"; down' EXIT
in_guest() { # NAME[.VARIANT] [KEY=VALUE...]: runs NAME.sh of this folder in a guest, and counts its checks
  local name=$1 out=$CHECKOUT/test/lab/out/cluster.$1 shown status=0 file
  shift
  : > "$report" && : > "$verdicts"
  LAB_LINK=g0 LAB_MEM=${LAB_MEM:-2G} LAB_TIMEOUT=${LAB_TIMEOUT:-900} LAB_OUT=$out ip netns exec "$NETNS" "$here/../../lab/lab.sh" \
    "$here/${name%.*}.sh" KUBECTL="$kubectl" KUBEPROXY="$kubeproxy" STATE="/checkout${STATE#"$CHECKOUT"}" "$@" >> "$report" 2> "$errors" &
  guest=$!
  tail -n +1 -f --pid="$guest" -s 0.2 "$report" | while IFS= read -r line; do
    read_verdict "$line" || continue
    echo "${REPLY:0:4}" >> "$verdicts"
    echo "$REPLY"
  done &
  shown=$!
  wait "$guest" || status=$?
  guest=
  wait "$shown"
  passed=$((passed + $(grep -c ok "$verdicts" || true)))
  failed=$((failed + $(grep -c FAIL "$verdicts" || true)))
  if [ "$status" != 0 ]; then
    [ "$status" = 1 ] || { echo "FAIL lab: $name ended with status $status" && failed=$((failed + 1)); }
    echo "---- $name: the guest's logs (all of them: test/lab/out/cluster.$name)"
    cat "$errors"
    for file in "$out"/console "$out"/log.*; do
      if [ -s "$file" ]; then echo "---- $file" && tail -n 25 "$file"; fi
    done
    echo "----"
  fi
}
for name in "${runs[@]}"; do
  case $name in
    captures.nftables) [ -z "$KERNEL" ] || LAB_UML=$KERNEL in_guest "$name" MODES=nftables ;;
    *) in_guest "$name" ;;
  esac
done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
