#!/usr/bin/env bash
# A network namespace of this machine on the lab's LAN. Root.
#   host-link.sh up NETNS ADDRESS/PREFIX   makes NETNS with h0 (ADDRESS) and its peer g0. A guest is joined to it by
#                                          `LAB_LINK=g0 ip netns exec NETNS test/lab/lab.sh SCENARIO`, where the scenario calls join_host
#   host-link.sh down NETNS
set -euo pipefail
case ${1:-} in
  up)
    ip netns add "$2"
    ip -n "$2" link set lo up
    ip -n "$2" link add h0 type veth peer name g0
    ip -n "$2" address add "$3" dev h0
    ip -n "$2" link set h0 up
    ip -n "$2" link set g0 up promisc on
    # The raw link carries no marks of what is still to be segmented or summed up.
    for device in h0 g0; do ip netns exec "$2" ethtool -K "$device" tx off sg off tso off gso off gro off > /dev/null 2>&1; done
    ;;
  down) [ ! -e "/run/netns/$2" ] || ip netns del "$2" ;;
  *)
    sed -n '2,5s/^# \{0,1\}//p' "$0" >&2
    exit 2
    ;;
esac
