#!/bin/bash
# What is broken in the input, or refused by keepalived, harms nobody else and is said with its place.
. /checkout/test/lab/guest/lib.sh
ENTRIES=("$VIP: default/echoheaders" "10.4.0.51: default/second")
topology_second() { service second 80/tcp:8080; endpoints second 80/tcp:8080 10.2.68.7; }
topology_second
two_nodes --soak 2 --drain-time 2 --keepalived $HERE/fake-keepalived
steady
wait_for 20 serving 10.4.0.51 80 || die "the second VIP is not served"

scenario broken-entry
block_of() { # ADDRESS: its virtual server in the live file of n1, in REPLY
  text_of /shared/volumes/n1/applied/keepalived.conf
  REPLY=${REPLY#*"virtual_server $1 "}
  REPLY=${REPLY%%$'\n}'*}
}
block_of $VIP
first=$REPLY
block_of 10.4.0.51
second=$REPLY
probe good tcp $VIP 80 20
probe broken tcp 10.4.0.51 80 50
vips "$VIP: default/echoheaders" "10.4.0.51: default/second:NATX" "10.4.0.999: default/echoheaders" "10.4.0.52: default/echoheaders"
check "the good one that came with them is applied" wait_for 20 serving 10.4.0.52 80
block_of $VIP
check "a good entry's part of keepalived.conf is the same" test "$REPLY" = "$first"
block_of 10.4.0.51
check "the broken entry's last good form stays" test "$REPLY" = "$second"
says="$(kkv n1 status)"
echo "$says"
named() { grep -o "ConfigMap [a-z/-]*, entry [0-9.]*: [A-Z_]*" <<< "$says" | sort -u; }
figures "{\"said\": \"$(named | tr '\n' ';')\"}"
check "status names both by their ConfigMap and key" test "$(named | sed 's/.*entry //' | tr '\n' ' ')" = "10.4.0.51: BAD_FORWARDING_METHOD 10.4.0.999: BAD_ADDRESS "
places() { grep -o "file: vips/[^,]*, line: [0-9]*, column: [0-9]*" "$(volume n1 applied)/status.yaml" | sort -u; }
figures "{\"said\": \"$(places | tr '\n' ';')\"}"
check "and status.yaml has file, line and column of both" test "$(places | wc -l)" = 2
nap 1
probed good
figures "$REPLY"
check "the good entry lost no request" is "$REPLY" lost 0
probed broken
figures "$REPLY"
check "the broken entry lost no request" is "$REPLY" lost 0
vips "$VIP: default/echoheaders" "10.4.0.51: default/second"
check "mended: nothing is held any more, what is gone is gone" wait_for 20 not has_address $MASTER 10.4.0.52

scenario refused
probe refused tcp $VIP 80 20
endpoints second 80/tcp:8080 10.2.68.7 10.2.68.66
echoheaders 10.2.68.5 10.2.68.6 10.2.68.8
check "the change that is good is applied on both nodes" \
  wait_for 30 eval 'has_real_server n1 10.2.68.8 8080 && has_real_server n2 10.2.68.8 8080'
nap 2
check "the refused one never became live" not live_has n1 10.2.68.66
check "nor did it reach the kernel" not has_real_server n1 10.2.68.66 8080
block_of 10.4.0.51
check "its entry is held in its last good form" test "$REPLY" = "$second"
says="$(kkv n1 status)"
echo "$says"
figures "{\"said\": \"$(grep -m1 -o 'FAKE: real server 10.2.68.66 is refused' <<< "$says")\"}"
check "status says what keepalived said" grep -q "FAKE: real server 10.2.68.66 is refused" <<< "$says"
check "status names the entry" grep -q "10\.4\.0\.51" <<< "$says"
probed refused
figures "$REPLY"
check "no request was lost" is "$REPLY" lost 0
finish
