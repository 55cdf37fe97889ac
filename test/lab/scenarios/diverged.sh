#!/bin/bash
# For 10 s the two nodes know different VIPs, as during every roll-out: there is one master all the time.
. /checkout/test/lab/guest/lib.sh
topology 2
pods n3 5 6
apply
prepare_nodes
serve_pods n3 8080 5 6
for n in n1 n2; do
  FROM=/shared/manifests.$n
  service echoheaders 80/tcp:8080
  nodes n1 n2
  echoheaders 10.2.68.5 10.2.68.6
  vips "$VIP: default/echoheaders"
  product_start $n --soak 2
done
steady
nap 4

scenario diverged
sample() { # SECONDS: how often no node, one node or both held the VIP
  local end=$((${EPOCHREALTIME/./} + $1 * 1000000))
  while [ ${EPOCHREALTIME/./} -lt $end ]; do
    masters
    case $REPLY in '') none=$((none + 1)) ;; *" "*) both=$((both + 1)) ;; *) one=$((one + 1)) ;; esac
    nap 0.02
  done
}
none=0 one=0 both=0
FROM=/shared/manifests.n1 vips "$VIP: default/echoheaders" "10.4.0.51: default/echoheaders" "10.4.0.52: ''"
while ! live_has n1 10.4.0.52; do
  sample 1
  ((none + one + both < 3000)) || die "n1 does not apply its change"
done
sample 10
check "the first node has the new VIPs, the second has not" eval 'live_has n1 10.4.0.52 && ! live_has n2 10.4.0.52'
FROM=/shared/manifests.n2 vips "$VIP: default/echoheaders" "10.4.0.51: default/echoheaders" "10.4.0.52: ''"
while ! live_has n2 10.4.0.52; do
  sample 1
  ((none + one + both < 6000)) || die "n2 does not apply its change"
done
sample 2
figures "{\"none\": $none, \"one\": $one, \"both\": $both}"
check "one master in every sample" test "$none.$both" = 0.0
check "the new VIP is on the same node" eval 'masters 10.4.0.52; [ "$REPLY" = $MASTER ]'
log_count n1 "Entering MASTER"
figures "{\"times\": $REPLY}"
check "n1 became MASTER once" test $REPLY = 1
finish
