#!/bin/bash
# Entries in the long form: several addresses, ports of their own; a VIP that changes its form, or that a mistake is made in, loses nothing.
. /checkout/test/lab/guest/lib.sh
two_nodes --soak 2 --drain-time 2
steady

scenario long-form
SHOP=("shop: |" "  addresses: [10.4.0.60, 10.4.0.61]" "  services:" "    - service: default/echoheaders"
  "      ports: [{ servicePort: 80, port: 8081 }]" "      scheduler: rr")
MAIN=("main: |" "  addresses: [$VIP]" "  services:" "    - service: default/echoheaders")
probe short tcp $VIP 80 20
vips "$VIP: default/echoheaders" "${SHOP[@]}"
check "both addresses of the entry forward the port that it names" wait_for 30 eval 'serving 10.4.0.60 8081 && serving 10.4.0.61 8081'
get tcp 10.4.0.60 8081 20
figures "$REPLY"
check "a client reaches both pods there" eval 'is "$REPLY" answered 20 && is "$REPLY" pods 2'
get tcp 10.4.0.61 8081 10
figures "$REPLY"
check "and by the other address" is "$REPLY" answered 10
check "the port of the Service itself is not forwarded" not has_virtual_server $MASTER 10.4.0.60 80
probe long tcp 10.4.0.60 8081 50
vips "${MAIN[@]}" "${SHOP[@]}"
applied_of() { kkv $1 explain main | grep -q "^$VIP: applied"; }
check "the short form becomes a long one: it is in effect under its new name" wait_for 30 eval 'applied_of n1 && applied_of n2'
vips "${MAIN[@]}" "      method: NATX" "${SHOP[@]}"
named() { kkv n1 status | grep -q "entry main: BAD_FORWARDING_METHOD"; }
check "a mistake is named by entry and code" wait_for 20 named
says=$(kkv n1 explain main)
echo "$says"
check "kkv explain shows its line, with a caret" eval 'grep -q "method: NATX" <<< "$says" && grep -q "\^" <<< "$says"'
echoheaders 10.2.68.5 10.2.68.6 10.2.68.7
check "the other entry follows its pods meanwhile" wait_for 20 has_real_server $MASTER 10.2.68.7 8080
vips "${MAIN[@]}" "${SHOP[@]}"
check "mended: nothing is held" wait_for 20 not status_has n1 BAD_FORWARDING_METHOD
probed short
figures "$REPLY"
check "the VIP that changed its form lost no request" is "$REPLY" lost 0
probed long
figures "$REPLY"
check "the other one neither" is "$REPLY" lost 0
finish
