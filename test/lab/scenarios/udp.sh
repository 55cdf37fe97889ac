#!/bin/bash
# seconds 420
# UDP clients that keep their port and never pause (NTP, RADIUS, SIP, WireGuard). What they send while a virtual server is not there
# begins a flow that the kernel does not masquerade, also not afterwards: the answers would come from the pod's address for ever.
. /checkout/test/lab/guest/lib.sh
OTHER=10.4.0.51
topology 2
pods n3 5 6 7
apply
prepare_nodes
serve pods.n3,udp,10.2.68.5,5353,u-5 pods.n3,udp,10.2.68.6,5353,u-6 pods.n3,udp,10.2.68.7,5353,u-7
service dns 53/udp:5353
service other 53/udp:5353
endpoints dns 53/udp:5353
endpoints other 53/udp:5353 10.2.68.7
nodes n1 n2
vips "$VIP: default/dns" "$OTHER: default/other"
for n in n1 n2; do product_start $n --soak 2 --drain-time 0 --drift-interval 1; done
wait_for 200 serving $OTHER 53 || die "the VIP is not served after 60 s"
wait_for 40 one_master $VIP || die "nobody has the VIP"
masters
MASTER=$REPLY
[ $MASTER = n1 ] && BACKUP=n2 || BACKUP=n1
fixed_port other $OTHER 53 40001
fixed_port dns $VIP 53 40000
wait_for 10 answered_by other $OTHER

scenario udp-first-endpoint
nap 2
check "nobody answers while there is no endpoint" not answered_by dns $VIP
endpoints dns 53/udp:5353 10.2.68.5
check "from the first endpoint on the answers come from the VIP (fault 231)" wait_for 40 answered_by dns $VIP
nap 1
check "and go on to" answered_by dns $VIP

scenario udp-gap
endpoints dns 53/udp:5353
wait_for 40 not has_virtual_server $MASTER $VIP 53
nap 2
endpoints dns 53/udp:5353 10.2.68.6
check "after a time without endpoints the answers come from the VIP (fault 231)" wait_for 40 answered_by dns $VIP

scenario udp-restored
ns $MASTER ipvsadm -D -u $VIP:53
wait_for 5 not answered_by dns $VIP
check "after a repair the answers come from the VIP (fault 231)" wait_for 40 answered_by dns $VIP

scenario udp-takeover
product_stop $MASTER 40
check "after a takeover the answers come from the VIP (fault 231)" wait_for 30 answered_by dns $VIP
product_start $MASTER --soak 2 --drain-time 0 --drift-interval 1
wait_for 120 has_virtual_server $MASTER $VIP 53
nap 2
product_stop $BACKUP 40
check "also where the node had the VIP a short time ago (fault 231)" wait_for 30 answered_by dns $VIP
nap 1
check "and go on to" answered_by dns $VIP
end_probe other
r=$(tail -n 1 /shared/other.answers)
figures "$r"
check "a flow that runs was never answered by anybody else (fault 231)" is "$r" foreign 0
field "$r" sent
figures "$r"
# Two handovers, and those whose answers were under way at the end.
check "nor hurt: nine of ten datagrams are answered" at_least "$r" answered $((REPLY * 9 / 10))
end_probe dns
finish
