# Sourced by scenarios, inside the guest.
set -u
HERE=/checkout/test/lab/guest
. $HERE/check.sh
. $HERE/topology.sh
. $HERE/manifests.sh
. $HERE/traffic.sh
. $HERE/product.sh
[ -z "${IMAGES:-}" ] || . $HERE/containers.sh
. $HERE/two-nodes.sh
