#!/usr/bin/env bash
# What the sidecar finds of the rules of a real kube-proxy, in iptables mode with either kind of iptables and in nftables mode, in a
# network namespace of this machine. The API server is the lab's fake one; nothing is forwarded. Root.
# programs: kubeproxy
# takes 20 seconds
# again: itself
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
. "$here/../lib.sh"
[ "$(id -u)" = 0 ] || die "Cannot make a network namespace: root is needed"
KUBEPROXY=$(readlink -f "$BIN/kube-proxy")
export KUBEPROXY
# In the background, so that a signal is heeded at once.
node "$CHECKOUT/scripts/test.ts" --each --again --jobs 1 --limit 180000 "$here" &
tests=$!
trap 'kill "$tests" 2> /dev/null; wait "$tests"; exit 130' INT TERM
wait "$tests"
