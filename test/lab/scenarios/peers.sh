#!/bin/bash
# Unicast on an interface that has not the Nodes' addresses, on nodes that filter by reverse path.
. /checkout/test/lab/guest/lib.sh
OTHER=10.8.0.50
topology 2
root "link add br-two type bridge forward_delay 0"
root "link set br-two up"
for n in n1 n2; do
  root "link add $n.two type veth peer name eth1 netns $n"
  root "link set $n.two master br-two up"
  inside $n "addr add 10.8.0.${ADDRESS[$n]##*.}/24 dev eth1"
  inside $n "link set eth1 up"
done
apply
prepare_nodes
for n in n1 n2; do on $n sysctl -qw net.ipv4.conf.all.rp_filter=1 net.ipv4.conf.eth0.rp_filter=1 net.ipv4.conf.eth1.rp_filter=1; done
nodes n1 n2
vips "$OTHER: \"\""
for n in n1 n2; do product_start $n --iface eth1 --use-unicast --soak 2; done

scenario peers
check "unicast between addresses of another interface is refused" eval \
  'wait_for 120 status_has n1 UNICAST_OTHER_INTERFACE && wait_for 60 status_has n2 UNICAST_OTHER_INTERFACE'
check "the refusal says which address is where" status_has n1 "10.4.0.3, the address of node \\\"10.4.0.3\\\", is on eth0, and eth1 has 10.8.0.3/24"
check "nobody announces anything" eval '! has_vip n1 $OTHER && ! has_vip n2 $OTHER'
text_of $SOURCE/nodes.yaml
text=$REPLY
for n in n1 n2; do
  text=${text/"  name: ${ADDRESS[$n]}"$'\n'/"  name: ${ADDRESS[$n]}"$'\n'"  annotations:"$'\n'"    kube-keepalived-vip.io/peer-address: 10.8.0.${ADDRESS[$n]##*.}"$'\n'}
done
manifest nodes.yaml "$text"
check "with the Nodes' annotations one node is master" wait_for 60 one_master $OTHER
nap 10
check "and stays the only one" one_master $OTHER
check "source and peers are on the interface of the VIPs" eval 'live_has n1 "unicast_src_ip 10.8.0.3" && live_has n1 "    10.8.0.4"'
finish
