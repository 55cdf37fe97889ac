#!/bin/bash
# The walk-through of release 0.5's README, on three nodes. demo.sh shows it.
. /checkout/test/lab/guest/lib.sh
[ "${COLOUR:-}" = 1 ] && B=$'\e[1m' G=$'\e[32m' R=$'\e[31m' C=$'\e[36m' D=$'\e[2m' Z=$'\e[0m' || B= G= R= C= D= Z=
say() { emit "$1"; }
step() { STEP=$((${STEP:-0} + 1)); say ""; say "$B$STEP. $1$Z"; }
run_shown() { say "$C\$ $1$Z"; }
quote() { local line; while IFS= read -r line; do say "  $line"; done; }
held() { # TEXT COMMAND...: a claim, and whether it is so
  local text=$1
  shift
  if "$@"; then say "  $G✓$Z $text"; else say "  $R✗ $text$Z"; FAILED=1; fi
}
EXAMPLE=/checkout/manifests/example
scale_to() { # N...: what the cluster makes of more pods
  local n endpoints=
  for n; do
    endpoints+=$'\n'"  - addresses: [10.2.68.$n]"$'\n'"    conditions: { ready: true, serving: true, terminating: false }"
    endpoints+=$'\n'"    nodeName: 10.4.0.5"
  done
  text_of $EXAMPLE/endpointslice.yaml
  manifest endpointslice.yaml "${REPLY%%endpoints:*}endpoints:$endpoints"
}
topology 3
pods n3 5 6 7 8 9
apply
prepare_nodes
serve_pods n3 8080 5 6 7 8 9
cp $EXAMPLE/* $SOURCE/

step "Three nodes on a LAN, each with a pod of kube-keepalived-vip"
run_shown "cat manifests/example/configmap.yaml"
quote < $EXAMPLE/configmap.yaml
for n in n1 n2 n3; do product_start $n --soak 2 --drain-time 2; done
held "all three forward 10.4.0.50:80" wait_for 60 serving $VIP 80
held "one of them is the elected master" one_master
masters
MASTER=$REPLY
run_shown "ip -brief address show eth0   # on each node"
for n in n1 n2 n3; do
  has_vip $n && mark="$B$G<- MASTER$Z" || mark=
  say "  ${ADDRESS[$n]}  $(ip -n $n -br -4 addr show eth0 | cut -d' ' -f2- | tr -s ' ')  $mark"
done

step "curl from a client on the LAN (10.4.0.148)"
run_shown "curl -v $VIP"
ns client curl -sv -m 5 $VIP > /shared/curl.txt 2>&1
tr -d '\r' < /shared/curl.txt | grep -v '^[{}]' | quote
held "the pod has answered through the VIP" grep -q '^command=GET' /shared/curl.txt
say "  ${D}client_address is the master's: with --snat=masquerade (the default) pods answer through it$Z"

step "Scale from 1 to 5 pods"
cp /shared/volumes/$MASTER/applied/keepalived.conf /shared/before.conf
scale_to 5 6 7 8 9
held "all three forward to five pods" wait_for 40 eval 'real_servers_are n1 5 && real_servers_are n2 5 && real_servers_are n3 5'
run_shown "kkv diff keepalived.conf.before keepalived.conf"
cp /shared/before.conf /shared/volumes/$MASTER/applied/before.conf
kkv $MASTER diff /run/kkv/applied/before.conf /run/kkv/applied/keepalived.conf > /shared/diff.txt 2>&1
rm -f /shared/volumes/$MASTER/applied/before.conf
quote < /shared/diff.txt
held "the difference is four real servers" test "$(grep -c '^+ *real_server' /shared/diff.txt)" = 4
run_shown "for i in \$(seq 50); do curl -s $VIP; done   # who answers?"
get tcp $VIP 80 50
spread=$REPLY
[[ $spread =~ \"by\":\ \{([^}]*)\} ]]
IFS=, read -ra parts <<< "${BASH_REMATCH[1]//\"/}"
for part in "${parts[@]}"; do say " ${part/: /  }"; done
held "each of the five has answered" is "$spread" pods 5

step "Push a broken mapping, while a client asks every 20 ms"
probe demo tcp $VIP 80 20
nap 1
vips "$VIP: default/echoheaders:DRAG" "10.4.0.999: default/echoheaders"
run_shown "cat configmap.yaml"
quote < $SOURCE/configmap.yaml
held "it is refused" wait_for 20 status_has $MASTER BAD_FORWARDING_METHOD
run_shown "kkv status"
kkv $MASTER status > /shared/status.txt 2>&1
quote < /shared/status.txt
run_shown "kkv validate manifests"
on n1 kkv validate $SOURCE > /shared/validate.txt 2>&1
quote < /shared/validate.txt
held "with file:line:column" grep -qE 'configmap\.yaml:[0-9]+:[0-9]+: ' /shared/validate.txt
held "the VIP stays, in its last good form" serving $VIP 80
nap 1
probed demo
summary=$REPLY
field "$summary" requests
requests=$REPLY
field "$summary" lost
lost=$REPLY
held "$requests requests meanwhile, $lost lost" test "$lost" = 0
vips "$VIP: default/echoheaders"
held "mended: nothing is held any more" wait_for 20 not status_has $MASTER BAD_FORWARDING_METHOD

step "Cut the master's power"
probe cut tcp $VIP 80 20
nap 2
at=$(now)
power_cut $MASTER
MACHINES=(${MACHINES[@]/$MASTER/})
held "another node has the VIP" wait_for 10 one_master
masters
say "  the VIP has moved from ${ADDRESS[$MASTER]} to $B${ADDRESS[$REPLY]}$Z"
nap 2
probed cut $at
summary=$REPLY
field "$summary" longest_gap_ms
gap=$REPLY
held "without an answer for $B$gap ms$Z (limit of VRRP: 3 adverts of 1 s and 39 ms)" test "$gap" -le 3191
ns client curl -s -m 5 $VIP > /shared/curl.txt 2>&1
held "and the client is answered again" grep -q '^command=GET' /shared/curl.txt
finish
