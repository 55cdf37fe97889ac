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

scenario echo
probe echo tcp $VIP 80 20
nap 1
at=$(now)
# What a kubelet without --node-ip, or a cloud provider, says of the node that holds the VIP.
nodes_listing() { # ADDRESS...: of the master, beside the other node
  nodes n1 n2
  local list= one text
  for one; do list+="    - type: InternalIP"$'\n'"      address: \"$one\""$'\n'; done
  text_of $SOURCE/nodes.yaml
  text=${REPLY/    - type: InternalIP$'\n'      address: ${ADDRESS[$MASTER]}$'\n'/$list}
  manifest nodes.yaml "$text"
}
nodes n1 n2
for listed in "$VIP" "${ADDRESS[$MASTER]} $VIP" "::ffff:$VIP 169.254.50.1"; do
  nodes_listing $listed
  check "a Node that lists $listed: said on both nodes" eval \
    'wait_for 20 status_has n1 VIP_LISTED_BY_NODE && wait_for 20 status_has n2 VIP_LISTED_BY_NODE'
  nodes_listing ${ADDRESS[$MASTER]}
  check "and no more when it lists its own" eval \
    'wait_for 20 not status_has n1 VIP_LISTED_BY_NODE && wait_for 20 not status_has n2 VIP_LISTED_BY_NODE'
done
nodes_listing $VIP
wait_for 20 status_has $MASTER VIP_LISTED_BY_NODE
vips "$VIP: default/echoheaders" "10.4.0.51: \"\""
check "a change goes on meanwhile" wait_for 20 has_vip $MASTER 10.4.0.51
check "source and peers are the nodes' own addresses" eval \
  'live_has n1 "unicast_src_ip 10.4.0.3" && live_has n2 "unicast_src_ip 10.4.0.4" && live_has n1 "    10.4.0.4" && live_has n2 "    10.4.0.3"'
check "the ranks are as before" eval 'live_has n1 "priority 254" && live_has n2 "priority 246"'
check "one node is master" one_master
probed echo $at
figures "$REPLY"
check "no request is lost" is "$REPLY" lost 0
nodes n1 n2
vips "$VIP: default/echoheaders"
wait_for 20 not has_vip $MASTER 10.4.0.51

scenario unicast
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
