#!/bin/bash
# Somebody removes by hand what is ours: the VIP, all of IPVS.
. /checkout/test/lab/guest/lib.sh
two_nodes --soak 2 --drift-interval 5
steady

scenario vip-by-hand
ns $MASTER ip address show eth0
ns $MASTER ip address delete $VIP/32 dev eth0
at=$(now)
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do nap 0.5; masters; echo "$i: $REPLY"; done
kkv $MASTER status
ns $MASTER ip address delete 169.254.50.1/32 dev eth0
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do nap 0.5; masters; echo "$i: $REPLY"; masters 169.254.50.1; echo "anchor $REPLY";  done
tail -20 /shared/log.$MASTER
finish
