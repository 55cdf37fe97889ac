#!/bin/bash
# VRRP without multicast: peers and priorities follow the Nodes; failover works.
. /checkout/test/lab/guest/lib.sh
two_nodes --use-unicast --soak 2
steady
nap 2

scenario unicast
check "the first in rank has priority 254 and the other as peer" eval 'live_has n1 "priority 254" && live_has n1 "    10.4.0.4"'
check "the second in rank has priority 246 and the first as peer" eval 'live_has n2 "priority 246" && live_has n2 "    10.4.0.3"'
ns client timeout 3 tcpdump -nni eth0 -c 1 ip proto 112 > /shared/vrrp.txt 2> /dev/null
check "no advert is heard by a bystander" not grep -q VRRP /shared/vrrp.txt
probe unicast tcp $VIP 80 20
nap 1
at=$(now)
power_cut $MASTER
check "the other takes over" wait_for 10 has_vip $BACKUP
nap 2
probed unicast $at
figures "$REPLY"
check "the gap is at most 3191 ms" at_most "$REPLY" longest_gap_ms 3191
MACHINES=($BACKUP)
nodes n1 n2 n3
check "a new Node becomes a peer" wait_for 20 live_has $BACKUP "    10.4.0.5"
get tcp $VIP 80 10
figures "$REPLY"
check "the VIP answers" is "$REPLY" answered 10
finish
