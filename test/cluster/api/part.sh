#!/usr/bin/env bash
# `kkv sync` against a real API server on loopback, with the real controllers and kwok's pods: what it publishes, what it may, and
# what it does when the API server fails. The checks are uvu tests: ./*.test.ts, one file after the other on one control plane.
#   part.sh [FILE...]   only these files
# programs: kube
# takes 690 seconds
# again: itself
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
export BED_STATE=${BED_STATE:-$(readlink -f "$here/../../..")/.cache/cluster/state-api} BED_PORT_BASE=${BED_PORT_BASE:-26000}
. "$here/../lib.sh"

down() {
  "$BED/kwok.sh" down
  "$BED/control-plane.sh" down
}
down 2> /dev/null
rm -rf "$STATE"
# Also after a failure, an interrupt and a kill -TERM of this shell.
trap down EXIT
trap 'exit 130' INT TERM

"$BED/control-plane.sh" up
"$BED/kwok.sh" up
for n in 0 1; do "$BED/kwok.sh" node "node-$n" "10.1.0.$((10 + n))" "10.244.$n.0/24" edge=true; done
"$BED/kwok.sh" node node-2 10.1.0.12 10.244.2.0/24

[ $# -gt 0 ] || set -- "$here"
# In the background, so that a signal is heeded at once.
node "$CHECKOUT/scripts/test.ts" --each --again --jobs 1 --limit 180000 "$@" &
tests=$!
trap 'kill "$tests" 2> /dev/null; wait "$tests"; exit 130' INT TERM
wait "$tests"
