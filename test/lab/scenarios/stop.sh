#!/bin/bash
# alone
# SIGTERM of the master's pod under a new connection every 5 ms. The guest has one CPU, and the end of a pod (a dozen processes, two
# of them Node.js) keeps it busy for tenths of a second, seconds after the VIP has moved: the control, a connection every 10 ms from the
# same client to the same process of echo servers on a way without VIP and director, tells that from what the handover costs.
. /checkout/test/lab/guest/lib.sh
two_nodes --soak 2
steady
nap 3

scenario stop
probe control tcp ${ADDRESS[n3]} 7 10
probe stop tcp $VIP 80 5
nap 2
at=$(now)
product_signal $MASTER
check "the pod ends" wait_for 30 test -s /shared/volumes/$MASTER/pod/status
product_exit $MASTER
figures "{\"status\": $REPLY, \"at\": $at, \"ended\": $(now)}"
check "with status 0" test "$REPLY" = 0
check "the other node has the VIP" wait_for 5 eval 'masters; [ "$REPLY" = $BACKUP ]'
nap 1
probed stop $at control
r=$REPLY
figures "$r"
check "none lost" is "$r" lost 0
check "none refused" is "$r" refused 0
figures "$r"
check "none later than 100 ms, where the control was not" is "$r" and_the_control_was_not 0
check "its IPVS table is empty" real_servers_are $MASTER 0
check "its iptables chain is gone" not on $MASTER iptables -t nat -S KUBE-KEEPALIVED-VIP
check "the anchor is gone" not has_address $MASTER 169.254.50.1
on $MASTER ps -eo stat,args > /shared/ps.txt
check "no process is left, no zombie" not grep -qE 'keepalived|s6-|^Z' /shared/ps.txt
finish
