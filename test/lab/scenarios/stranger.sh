#!/bin/bash
# seconds 360
# Somebody else on the LAN has an address that is to be a VIP: the client, which answers for 10.4.0.60 as well.
. /checkout/test/lab/guest/lib.sh
ip_of_client() { ip -n client address $1 10.4.0.60/24 dev eth0; }
ENTRIES=("$VIP: default/echoheaders" "10.4.0.60: default/echoheaders")
# Who asks for what: ARP requests with the sender's address 0.0.0.0 are probes.
asked_by() { # ADDRESS: the machines that asked for it, as their links have sent it
  local n
  REPLY=
  for n in n1 n2; do
    grep -qE "$(mac_of $n) > .* Request who-has $1 .*tell 0\.0\.0\.0" /shared/log.arp && REPLY+="$n "
  done
  REPLY=${REPLY% }
}
mac_of() { local mac; read -r mac < <(on $1 cat /sys/class/net/eth0/address); echo $mac; }
start_client() { ip_of_client add; tcpdump -i br-lan -e -ln arp > /shared/log.arp 2> /dev/null & }
BEFORE_START=start_client
two_nodes --soak 2
steady

scenario stranger
mac=$(ns client cat /sys/class/net/eth0/address)
held() { status_has $MASTER ADDRESS_IN_USE && status_has $MASTER "${mac^^}"; }
check "at the first start the address is held, with the MAC of who has it (fault 214)" wait_for 20 held
kkv $MASTER status
check "nobody announces it (fault 214)" not eval 'has_vip n1 10.4.0.60 || has_vip n2 10.4.0.60'
probe stranger tcp $VIP 80 20
nap 1
at=$(now)
vips "${ENTRIES[@]}" "10.4.0.61: default/echoheaders" "10.4.0.62: ''"
check "its neighbours do not wait for it (fault 214)" wait_for 45 eval 'has_vip $MASTER 10.4.0.61 && has_vip $MASTER 10.4.0.62'
figures "{\"seconds\": $(awk "BEGIN { print $(now) - $at }")}"
check "on the backup neither (fault 215)" wait_for 10 live_has $BACKUP 10.4.0.61
asked_by 10.4.0.61
figures "{\"asked\": \"$REPLY\"}"
check "the master has asked for the new one, and the backup has not (fault 215)" test "$REPLY" = $MASTER
ip_of_client delete
check "it is announced when nobody answers any more (fault 214)" wait_for 60 has_vip $MASTER 10.4.0.60
check "status says nothing more of it" wait_for 10 not status_has $MASTER ADDRESS_IN_USE
probed stranger
figures "$REPLY"
check "no request was lost in all that" is "$REPLY" lost 0
# It comes back: what is announced already is kept, and a takeover does not ask.
ip_of_client add
asks() { grep -c "Request who-has 10.4.0.60 .*tell 0\.0\.0\.0" /shared/log.arp; }
before=$(asks)
echoheaders 10.2.68.5 10.2.68.6 10.2.68.7
check "what is announced is kept (fault 215)" eval 'wait_for 20 has_real_server $MASTER 10.2.68.7 8080 && has_vip $MASTER 10.4.0.60'
power_cut $MASTER
check "the takeover takes it along (fault 215)" wait_for 15 has_vip $BACKUP 10.4.0.60
figures "{\"before\": $before, \"after\": $(asks)}"
check "and asks for nothing (fault 215)" test "$(asks)" = $before
finish
