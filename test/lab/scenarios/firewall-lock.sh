#!/bin/bash
# Another program holds the lock of iptables: only a new VIP that forwards by NAT waits for it.
. /checkout/test/lab/guest/lib.sh
two_nodes --soak 2 --drift-interval 1
steady
hold_lock() { # MACHINE SECONDS: of its iptables, as any program there may
  in_pod $1 flock /run/xtables.lock sleep $2 &
  wait_for 10 locked $1 || die "the lock was not taken"
}
locked() { not in_pod $1 flock --nonblock /run/xtables.lock true; }
all_have() { local n; for n in "${MACHINES[@]}"; do has_real_server $n $1 8080 || return 1; done; }

scenario firewall-locked
hold_lock $MASTER 40
began=$(now)
vips "$VIP: default/echoheaders" '10.4.0.51: ""' "10.4.0.52: default/echoheaders"
echoheaders 10.2.68.5 10.2.68.6 10.2.68.7
check "a VIP without a Service is announced meanwhile (fault 230)" wait_for 20 has_vip $MASTER 10.4.0.51
check "a change of what forwards already is applied meanwhile (fault 230)" wait_for 20 has_real_server $MASTER 10.2.68.7 8080
check "the new VIP that forwards by NAT waits (fault 230)" not has_vip $MASTER 10.4.0.52
check "status says what it waits for (fault 230)" wait_for 5 status_has $MASTER 'holds the lock of iptables'
ns $MASTER ipvsadm -D -t $VIP:80
check "a virtual server that somebody deletes comes back meanwhile (fault 230)" wait_for 12 has_virtual_server $MASTER $VIP 80
figures "{\"seconds\": $(awk -v a=$began -v b=$(now) 'BEGIN { printf "%.1f", b - a }')}"
check "all that while the lock is held" locked $MASTER
check "once the lock is free the VIP follows by itself (fault 230)" wait_for 40 has_vip $MASTER 10.4.0.52
get tcp 10.4.0.52 80 20
figures "$REPLY"
check "and answers" is "$REPLY" answered 20
check "status says so" wait_for 10 not status_has $MASTER MASQUERADE_MISSING

scenario firewall-locked-stop
hold_lock $MASTER 60
began=$(now)
product_signal $MASTER
check "the pod ends while the lock is held (fault 230)" wait_for 25 test -s /shared/volumes/$MASTER/pod/status
figures "{\"seconds\": $(awk -v a=$began -v b=$(now) 'BEGIN { printf "%.1f", b - a }')}"
check "with no VIP left on the node (fault 230)" not has_vip $MASTER
check "nor a virtual server" real_servers_are $MASTER 0
check "the other node serves" wait_for 5 has_vip $BACKUP
get tcp $VIP 80 20
figures "$REPLY"
check "and answers" is "$REPLY" answered 20
finish
