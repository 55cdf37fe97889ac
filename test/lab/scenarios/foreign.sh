#!/bin/bash
# What somebody else takes away comes back; where it is taken away again and again, the repair slows down and status says so.
. /checkout/test/lab/guest/lib.sh
two_nodes --soak 2 --drift-interval 1
steady

scenario vip-by-hand
probe by-hand tcp $VIP 80 20
at=$(now)
ns $MASTER ip address delete $VIP/32 dev eth0
# keepalived sees it go, and becomes master again, with gratuitous ARP. n1 has the higher priority: if n2 was master, as when it started
# a second earlier, n1 takes the role in that moment.
check "the VIP is back on the node with the higher priority" wait_for 5 has_vip n1
nap 1
one_master
check "and on no other node" test "$REPLY" = n1
MASTER=n1 BACKUP=n2
probed by-hand $at
figures "$REPLY"
check "the VIP answers again" at_most "$REPLY" longest_gap_ms 1000

scenario ipvs-flushed
ns $MASTER ipvsadm -A -t 10.99.0.1:99 -s rr
at=$(now)
ns $MASTER ipvsadm -C
seconds() { awk -v a=$at -v b=$(now) 'BEGIN { printf "{\"seconds\": %.1f}", b - a }'; }
check "after ipvsadm -C the virtual server is back" wait_for 10 has_virtual_server $MASTER $VIP 80
t=$(seconds)
check "and both real servers" wait_for 5 real_servers_are $MASTER 2
figures "$t"
check "within the interval of 1 s, the second look and the repair" at_most "$t" seconds 4
check "what was not ours is not brought back" not has_virtual_server $MASTER 10.99.0.1 99
one_master
check "no transition" test "$REPLY" = $MASTER
get tcp $VIP 80 20
figures "$REPLY"
check "it answers" is "$REPLY" answered 20

scenario foreign-tool
/usr/bin/python3 -S $HERE/foreign-tool.py $MASTER $VIP 80 > /shared/foe &
foe=$!
check "status says that something changes IPVS again and again" wait_for 40 status_has $MASTER FOREIGN_CHANGES
nap 30
kkv $MASTER status
kill -TERM $foe
wait $foe
read -r deleted < /shared/foe
# It began where one repair was made already: 2, 4, 8, 16 and 30 s apart.
figures "{\"deleted\": $deleted}"
check "the foreign tool has had to delete it a few times" test "$deleted" -ge 3
figures "{\"deleted\": $deleted}"
check "in over 30 s at most eight times: no repair loop" test "$deleted" -le 8
check "nothing says kube-proxy: there is none" not status_has $MASTER KUBE_PROXY_IPVS
check "when the tool is gone the virtual server is back" wait_for 45 has_virtual_server $MASTER $VIP 80
check "and stays" wait_for 10 real_servers_are $MASTER 2
one_master
check "no transition in all that" test "$REPLY" = $MASTER
echoheaders 10.2.68.7
check "the next change is applied on both" wait_for 30 eval 'has_real_server n1 10.2.68.7 8080 && has_real_server n2 10.2.68.7 8080'
finish
