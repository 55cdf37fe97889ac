#!/usr/bin/env bash
# Nodes and pods without kubelets: kwok moves them as kwok-stages.yaml says.
#   kwok.sh up                                    starts kwok, for all Nodes that there are and will be
#   kwok.sh node NAME ADDRESS POD-CIDR [LABEL...] makes a Node (LABEL as key=value), whose pods get addresses of POD-CIDR; waits until it is Ready
#   kwok.sh down
set -euo pipefail
. "$(dirname "$(readlink -f "$0")")/lib.sh"

node() { # NAME ADDRESS POD-CIDR [LABEL...]
  local label labels=
  for label in "${@:4}"; do labels+=", ${label%%=*}: \"${label#*=}\""; done
  kubectl apply -f - > /dev/null << EOF
apiVersion: v1
kind: Node
metadata:
  name: $1
  labels: {kubernetes.io/hostname: $1, kubernetes.io/os: linux$labels}
spec:
  podCIDR: $3
  podCIDRs: [$3]
status:
  addresses: [{type: InternalIP, address: $2}, {type: Hostname, address: $1}]
EOF
  kubectl wait --for=condition=Ready "node/$1" --timeout=300s > /dev/null
}

what=${1:-}
shift || true
case $what in
  up)
    [ -x "$BIN/kwok" ] || die "kwok is not built: run build.sh kube"
    start kwok "$BIN/kwok" --config "$BED/kwok-stages.yaml" --kubeconfig "$KUBECONFIG" --manage-all-nodes \
      --cidr 10.244.255.0/24 --node-ip 10.1.0.1 --node-lease-duration-seconds 40
    say "kwok up"
    ;;
  node)
    [ $# -ge 3 ] || die "usage: $0 node NAME ADDRESS POD-CIDR [LABEL...]"
    node "$@"
    ;;
  down)
    stop kwok
    say "kwok down"
    ;;
  *) die "usage: $0 up | node NAME ADDRESS POD-CIDR [LABEL...] | down" ;;
esac
