#!/bin/bash
# Direct routing: three real servers on the LAN have the VIP on lo and answer the client themselves.
. /checkout/test/lab/guest/lib.sh
topology 2
specs=()
for i in 1 2 3; do
  namespace d$i
  lan d$i 10.4.0.2$i
  inside d$i "addr add $VIP/32 dev lo"
  # A UDP server has to be bound to the VIP: from 0.0.0.0 it would answer with its own address.
  specs+=(d$i,tcp,0.0.0.0,80,echo-$i d$i,udp,$VIP,53,echo-$i)
done
apply
# The real servers must not answer ARP for the VIP, nor ask in its name.
for i in 1 2 3; do ns d$i sysctl -qw net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2; done
prepare_nodes
serve "${specs[@]}"
service echoheaders 80/tcp:80 53/udp:53
endpoints echoheaders 80/tcp:80,53/udp:53 10.4.0.21 10.4.0.22 10.4.0.23
nodes n1 n2
vips "$VIP: default/echoheaders:DR"
for n in n1 n2; do product_start $n; done

scenario dr
check "a master is elected and both nodes forward" wait_for 60 serving $VIP 80
for case in tcp:80 udp:53; do
  get ${case%:*} $VIP ${case#*:} 30
  r=$REPLY
  figures "$r"
  check "${case%:*}: 30 requests, 10 answers from each of 3 real servers" is "$r" least 10
  check "${case%:*}: they see the client's own address" test "${r/\[\"10.4.0.148\"\]/}" != "$r"
done
check "nothing is masqueraded" not on n1 iptables -t nat -C KUBE-KEEPALIVED-VIP -m ipvs --vaddr $VIP/32 --vdir ORIGINAL --vmethod MASQ -j MASQUERADE
finish
