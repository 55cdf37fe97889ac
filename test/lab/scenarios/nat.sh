#!/bin/bash
# Three nodes: a VIP forwards TCP and UDP by NAT; scaling; the master's power is cut.
. /checkout/test/lab/guest/lib.sh
topology 3
pods n2 5
pods n3 5 6 7 8 9
apply
prepare_nodes
specs=(pods.n2,udp,10.2.67.5,5353,echo-5)
for n in 5 6 7 8 9; do specs+=(pods.n3,tcp,10.2.68.$n,8080,echo-$n pods.n3,udp,10.2.68.$n,5353,echo-$n); done
serve "${specs[@]}"
service echoheaders 80/tcp:8080
service dns 53/udp:5353
nodes n1 n2 n3
echoheaders 10.2.68.5 10.2.68.6 10.2.68.7
endpoints dns 53/udp:5353 10.2.67.5 10.2.68.6 10.2.68.7
vips "$VIP: |
    default/echoheaders
    default/dns"
for n in n1 n2 n3; do product_start $n --soak 2 --drain-time 3; done

scenario nat
check "a master is elected and all nodes forward" wait_for 60 serving $VIP 80
check "only one node holds the VIP" one_master
get tcp $VIP 80 30
figures "$REPLY"
check "TCP: 30 requests, 10 answers from each of 3 pods" is "$REPLY" least 10
get udp $VIP 53 30
figures "$REPLY"
check "UDP: 30 requests, 10 answers from each of 3 pods" is "$REPLY" least 10
check "UDP goes to pods on two nodes" test "${REPLY/echo-5/}" != "$REPLY"

scenario scale
echoheaders 10.2.68.5
wait_for 20 not has_real_server n1 10.2.68.7 8080
probe scale tcp $VIP 80 20
nap 1
echoheaders 10.2.68.{5,6,7,8,9}
all_have() { local n; for n in "${MACHINES[@]}"; do has_real_server $n $1 8080 || return 1; done; }
none_have() { local n; for n in "${MACHINES[@]}"; do ! has_real_server $n $1 8080 || return 1; done; }
check "1 -> 5: all nodes have five real servers" wait_for 20 all_have 10.2.68.9
nap 3
echoheaders 10.2.68.{5,6} 10.2.68.{7,8,9}~
nap 5
echoheaders 10.2.68.{5,6}
check "5 -> 2: the three others are gone" wait_for 20 none_have 10.2.68.9
nap 1
probed scale
r=$REPLY
figures "$r"
check "a request every 20 ms: none lost" is "$r" lost 0
check "all five pods have answered" is "$r" pods 5

scenario power-cut
masters
master=$REPLY
probe power-cut tcp $VIP 80 20
nap 2
at=$(now)
power_cut $master
MACHINES=(${MACHINES[@]/$master/})
check "another node takes over" wait_for 10 one_master
nap 2
probed power-cut $at
# keepalived's own limit: 3 x advert + skew of the next in rank, (256 - 246) / 256 s; + 5 %.
figures "$REPLY"
check "the gap is at most 3191 ms" at_most "$REPLY" longest_gap_ms 3191
finish
