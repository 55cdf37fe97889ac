#!/usr/bin/env bash
# Nodes and pods without kubelets: kwok moves them as kwok/stages.yaml says.
#   kwok.sh up [NODES]    start kwok, and make NODES nodes (2): node-0, node-1, ... with pods in 10.244.N.0/24
#   kwok.sh down
set -euo pipefail
. "$(dirname "$(readlink -f "$0")")/lib.sh"

node() { # N
  kubectl apply -f - >/dev/null <<EOF
apiVersion: v1
kind: Node
metadata:
  name: node-$1
  labels: {kubernetes.io/hostname: node-$1, kubernetes.io/os: linux, type: kwok}
spec:
  podCIDR: 10.244.$1.0/24
  podCIDRs: [10.244.$1.0/24]
status:
  addresses: [{type: InternalIP, address: 10.1.0.$((10 + $1))}, {type: Hostname, address: node-$1}]
EOF
}

case ${1:-} in
  up)
    [ -x "$BIN/kwok" ] || die "kwok is not built: run build.sh"
    start kwok "$BIN/kwok" --config "$BED/kwok-stages.yaml" --kubeconfig "$KUBECONFIG" --manage-all-nodes \
      --cidr 10.244.255.0/24 --node-ip 10.1.0.1 --node-lease-duration-seconds 40
    for ((i = 0; i < ${2:-2}; i++)); do node "$i"; done
    kubectl wait --for=condition=Ready node --all --timeout=60s >/dev/null
    say "kwok up: $(kubectl get nodes --no-headers | wc -l) nodes Ready" ;;
  down) stop kwok; say "kwok down" ;;
  *) die "usage: $0 up [NODES]|down" ;;
esac
