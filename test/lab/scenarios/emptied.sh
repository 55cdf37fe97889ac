#!/bin/bash
# alone
# Another program empties the IPVS table, as kube-proxy in nftables mode does at each start. The kernel tells no program, so the
# sidecar looks each second; the comparison of the whole table, every 60 s, would be too late.
. /checkout/test/lab/guest/lib.sh
two_nodes --soak 2 --drift-interval 60
steady

scenario emptied-table
probe emptied tcp $VIP 80 20
nap 1
at=$(now)
ns $MASTER ipvsadm -C
check "the emptied virtual server is back (fault 277)" wait_for 30 has_virtual_server $MASTER $VIP 80
t=$(awk -v a=$at -v b=$(now) 'BEGIN { printf "{\"seconds\": %.1f}", b - a }')
check "and both real servers (fault 277)" wait_for 5 real_servers_are $MASTER 2
figures "$t"
check "in a sixth of the interval of the comparison at most (fault 277)" at_most "$t" seconds 10
nap 1
probed emptied $at
figures "$REPLY"
check "the VIP answers again (fault 277)" at_most "$REPLY" longest_gap_ms 10000
one_master
check "no transition (fault 277)" test "$REPLY" = $MASTER

scenario emptied-on-a-backup
at=$(now)
ns $BACKUP ipvsadm -C
check "a backup has its virtual server again before it may have to take over (fault 277)" wait_for 30 has_virtual_server $BACKUP $VIP 80
t=$(awk -v a=$at -v b=$(now) 'BEGIN { printf "{\"seconds\": %.1f}", b - a }')
figures "$t"
check "as soon (fault 277)" at_most "$t" seconds 10
finish
