# Two real kubelets, n1 10.4.0.11 and n2 10.4.0.12, on a LAN with the control plane 10.4.0.1, and checks in words. Source it.
# The sourcing script sets `part`, the word that its checks begin with, BED_STATE and BED_LAN.
# Environment: KKV_IMAGES, a folder with sync.tar and sidecar.tar (docker archives of localhost/kkv-sync:dev and
#   localhost/kkv-sidecar:dev); without it they are built first (test/image/build.sh).
#   With `none` the sourcing script brings the images.
# shellcheck shell=bash disable=SC2154 # part
export BED_PORT_BASE=0 BED_ADDRESS=10.4.0.1
export BED_APISERVER_ARGS="--bind-address 0.0.0.0 --endpoint-reconciler-type lease"
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../lib.sh"
namespace=kube-keepalived-vip vip=10.4.0.50 passed=0 failed=0

k() { ip netns exec "$BED_LAN" "$BIN/kubectl" "$@"; }
kn() { k -n "$namespace" "$@"; }
node() { "$BED/kubelet.sh" "$@"; }

down() {
  local n
  for n in n1 n2; do node down "$n" || true; done
  [ ! -e "/run/netns/$BED_LAN" ] || ip netns exec "$BED_LAN" "$BED/control-plane.sh" down
  node lan down
}
finish() {
  # A script that ends before its last check has failed.
  [ $? = 0 ] || failed=$((failed + 1))
  down 2> /dev/null
  echo "$passed passed, $failed failed, 0 skipped"
  [ "$failed" = 0 ] || exit 1
}

check() { # NAME COMMAND...: tries for PATIENCE seconds (180: what is measured has a limit of its own); `measured` within it gives its figures
  local name=$1 end=$((SECONDS + ${PATIENCE:-180})) out figures
  shift
  rm -f "$STATE/figures"
  until out=$("$@" 2>&1); do
    if [ "$SECONDS" -ge "$end" ]; then
      failed=$((failed + 1))
      printf 'FAIL %s: %s\n%s\n' "$part" "$name" "$(tail -n 5 <<< "$out")"
      return 0
    fi
    sleep 0.2
  done
  passed=$((passed + 1))
  figures=$(cat "$STATE/figures" 2> /dev/null || true)
  printf 'ok   %s: %s%s\n' "$part" "$name" "${figures:+  $figures}"
}
measured() { echo "$*" > "$STATE/figures"; }

pod_on() { kn get pods --field-selector "spec.nodeName=$1,status.phase=Running" -o jsonpath='{.items[0].metadata.name}'; }
sidecar_on() { kn exec "$(pod_on "$1")" -c sidecar -- sh -c "$2"; }
sync_on() { kn exec "$(pod_on "$1")" -c sync -- /usr/local/bin/node -e "const fs = require('fs'); $2"; }
entries() { kn patch configmap vip-configmap --type merge --patch "{\"data\": $1}" > /dev/null; }
has_vip() { node on "$1" ip -4 -o address show to "$2" | grep -q .; }
holder() {
  local n found=
  for n in n1 n2; do has_vip "$n" "$vip" && found+="$n "; done
  [ "$(wc -w <<< "$found")" = 1 ] && echo "${found% }"
}
other() { [ "$1" = n1 ] && echo n2 || echo n1; }
ready() { kn rollout status daemonset/kube-keepalived-vip --timeout=1s && [ "$(kn get pods --no-headers | grep -c ' 2/2 .*Running')" = 2 ]; }
report() { kn get vipreport vip-configmap -o jsonpath='{.status.conditions[?(@.type=="Ready")].status} {.status.nodes.applied} {.status.conditions[?(@.type=="Ready")].message}'; }
restarts() { kn get pods -o jsonpath='{.items[*].status.containerStatuses[*].restartCount}'; }

# One echo request each 20 ms from the LAN. An answer can come late, where the kernel keeps requests until it knows who has the
# address: so what counts is the longest time between two answers, in ms.
watch_vip() {
  ip netns exec "$BED_LAN" ping -D -n -i 0.02 "$vip" > "$STATE/ping" 2>&1 &
  pinger=$!
}
longest_gap() {
  kill -INT "$pinger"
  wait "$pinger" || true
  sed -n 's/^\[\([0-9.]*\)\] .* ttl=.*/\1/p' "$STATE/ping" | awk '
    NR > 1 && $1 - last > most { most = $1 - last }
    { last = $1 }
    END { if (NR < 2) print 1000000; else printf "%d\n", 1000 * most }'
}

small_gap() { [ "$gap" -le 1000 ] && measured "longest gap $gap ms"; }
gap_of() { # COMMAND...: in gap, the longest time without an answer of the VIP while it runs and the pods change
  watch_vip
  "$@" > /dev/null
  kn rollout status daemonset/kube-keepalived-vip --timeout=300s > /dev/null
  sleep 1
  gap=$(longest_gap)
}

# The first entry, and that it is announced. It has no Service, because this kernel has no IPVS.
entry() { entries '{"10.4.0.50": ""}'; }
announced() { holder > /dev/null && [[ $(report) == "True 2 "* ]] && ip netns exec "$BED_LAN" ping -n -c 1 -W 1 "$vip"; }

up() {
  images=${KKV_IMAGES:-$CHECKOUT/.cache/image}
  local archives=("$images"/{sync,sidecar}.tar)
  if [ "$images" = none ]; then archives=(); fi
  [ -n "${KKV_IMAGES:-}" ] || "$CHECKOUT/test/image/build.sh" >&2
  down 2> /dev/null
  rm -rf "$STATE"
  trap finish EXIT
  trap 'exit 130' INT TERM
  node lan up
  ip netns exec "$BED_LAN" "$BED/control-plane.sh" up
  node store "${archives[@]}" 2> "$STATE/store.log"
  node up n1
  node up n2
}
