#!/bin/bash
# seconds 420
# Nothing of others becomes ours because an entry names it, and nothing of others goes when this product goes.
. /checkout/test/lab/guest/lib.sh
two_nodes --soak 2 --drift-interval 5
steady

# What others have on the nodes: a pod bridge, kube-proxy's ClusterIP, another load balancer's address and its virtual server.
scenario not-ours
others() { # MACHINE: prints what is there of it
  ns $1 ip -4 -o address show | sed -n 's/^[0-9]*: \([^ ]*\) *inet \(10\.4\.9\.1\|10\.96\.0\.77\|10\.4\.0\.60\)\(\/[0-9]*\) .*/\2\3 \1/p' | sort
  ns $1 ipvsadm -Sn | grep -e 10.96.0.77 -e 10.4.0.61
}
for n in n1 n2; do
  printf '%s\n' "link add cni0 type dummy" "addr add 10.4.9.1/24 dev cni0" "link set cni0 up" "link add kube-ipvs0 type dummy" \
    "addr add 10.96.0.77/32 dev kube-ipvs0" "addr add 10.4.0.60/32 dev eth0" | ip -n $n -batch -
  printf '%s\n' "-A -t 10.96.0.77:80 -s rr" "-a -t 10.96.0.77:80 -r 10.2.68.9:8080 -m -w 1" "-A -t 10.4.0.61:80 -s rr" | ns $n ipvsadm -R
  others $n > /shared/others.$n
done
probe not-ours tcp $VIP 80 20
vips "$VIP: default/echoheaders" "10.4.9.1: ''" "10.96.0.77: default/echoheaders" "10.4.0.60: ''" "10.4.0.61: default/echoheaders" \
  "10.4.0.62: default/echoheaders"
check "an entry beside them is served (faults 211, 212)" wait_for 60 serving 10.4.0.62 80
kkv $MASTER status
for n in n1 n2; do
  check "$n: what others have is refused (faults 211, 212)" eval 'status_has $n "10.4.9.1/24" && status_has $n "10.96.0.77/32" && status_has $n "10.4.0.60/32" && status_has $n VIRTUAL_SERVER_ON_HOST'
done
rm -f /shared/volumes/n?/applied/ledger.json /shared/volumes/n?/state/ledger.json
for n in n1 n2; do kill_agent $n > /dev/null; done
for n in n1 n2; do check "$n: an agent without its ledger finds it again" wait_for 90 file_has /shared/volumes/$n/applied/ledger.json "10.4.0.62 eth0"; done
nap 4
check "and what runs goes on" serving 10.4.0.62 80
for n in n1 n2; do ns $n ip address delete 10.4.0.60/32 dev eth0; done
check "an address that its holder gives up is let in (fault 211)" wait_for 60 has_vip $MASTER 10.4.0.60
probed not-ours
figures "$REPLY"
check "no request was lost in all that" is "$REPLY" lost 0
# keepalived is killed and cannot put away what it added: the orderly stop does.
in_pod $MASTER s6-svc -O /run/service/keepalived
kill_keepalived $MASTER > /dev/null
product_stop $MASTER
for a in $VIP 10.4.0.62 10.4.0.60 169.254.50.1; do check "after a stop without keepalived $a is gone (fault 210)" not has_address $MASTER $a; done
check "so are its virtual servers (fault 210)" not eval 'has_virtual_server $MASTER $VIP 80 || has_virtual_server $MASTER 10.4.0.62 80'
others $MASTER > /shared/others.after
sed -i '/^10.4.0.60/d' /shared/others.$MASTER
check "what others have is as it was (fault 210)" diff /shared/others.$MASTER /shared/others.after
check "no ledger is left (fault 210)" not eval 'ls /shared/volumes/$MASTER/*/ledger.json'
finish
