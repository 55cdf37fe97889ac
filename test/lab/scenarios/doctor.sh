#!/bin/bash
# seconds 420
# kkv doctor finds each planted fault, says nothing of it before and after, and finds nothing on a healthy bed.
. /checkout/test/lab/guest/lib.sh
two_nodes --soak 2
steady

doctor() { DOCTOR=$(kkv $1 doctor 2>&1); DOCTOR_STATUS=$?; } # MACHINE
found() { doctor $1; grep -qE "^$2 +$3 +.*$4" <<< "$DOCTOR"; } # MACHINE CHECK STATE TEXT
absent() { doctor $1; ! grep -qE "^$2 +(wrong|look|unknown)" <<< "$DOCTOR"; } # MACHINE CHECK
healthy() { doctor $1; [ $DOCTOR_STATUS = 0 ] && ! grep -qE '^.{1,60} (wrong|look|unknown)  ' <<< "$DOCTOR"; }
planted() { # NAME MACHINE CHECK STATE TEXT PLANT MEND
  eval "$6"
  check "$1: found" wait_for 40 found $2 "$3" $4 "$5"
  grep -A2 -E "^$3 +$4" <<< "$DOCTOR" | head -3
  eval "$7"
  check "$1: mended, and not found" wait_for 60 absent $2 "$3"
}
sync_of() { # MACHINE: the process
  local p
  for p in $(pgrep -u 65532 -f "kkv.mjs sync"); do tr '\0' '\n' < /proc/$p/environ | grep -qx "KKV_NODE=${ADDRESS[$1]}" && echo $p; done
}
sysctl_of() { on $1 sh -c "echo $3 > /proc/sys/$2"; } # MACHINE NAME VALUE

scenario doctor
check "nothing is found on the master" wait_for 40 healthy $MASTER
echo "$DOCTOR"
check "nor on the backup" wait_for 40 healthy $BACKUP
planted "no forwarding" $MASTER net.ipv4.ip_forward wrong "it is 0" \
  'sysctl_of $MASTER net/ipv4/ip_forward 0' 'sysctl_of $MASTER net/ipv4/ip_forward 1'
planted "IPVS without conntrack" $MASTER net.ipv4.vs.conntrack wrong "it is 0" \
  'sysctl_of $MASTER net/ipv4/vs/conntrack 0' 'sysctl_of $MASTER net/ipv4/vs/conntrack 1'
planted "connections to a gone pod stay" $BACKUP net.ipv4.vs.expire_nodest_conn wrong "it is 0" \
  'sysctl_of $BACKUP net/ipv4/vs/expire_nodest_conn 0' 'sysctl_of $BACKUP net/ipv4/vs/expire_nodest_conn 1'
planted "persistence outlives a drain" $BACKUP net.ipv4.vs.expire_quiescent_template wrong "it is 0" \
  'sysctl_of $BACKUP net/ipv4/vs/expire_quiescent_template 0' 'sysctl_of $BACKUP net/ipv4/vs/expire_quiescent_template 1'
planted "a strict reverse path" $MASTER "rp_filter eth0" look strict \
  'sysctl_of $MASTER net/ipv4/conf/eth0/rp_filter 1' 'sysctl_of $MASTER net/ipv4/conf/eth0/rp_filter 0'
planted "kube-proxy in IPVS mode" $MASTER kube-proxy look "IPVS mode" \
  'ip -n $MASTER link add kube-ipvs0 type dummy' 'ip -n $MASTER link delete kube-ipvs0'
mac=$(ns client cat /sys/class/net/eth0/address)
planted "the address in use by another machine" $MASTER "address in use" wrong "${mac^^} answers for $VIP" \
  'ip -n client address add $VIP/24 dev eth0' 'ip -n client address delete $VIP/24 dev eth0'
planted "a broken entry" $MASTER configuration wrong "1 VIP is left out" \
  'vips "$VIP: default/echoheaders" "10.4.0.61: default/nobody"' 'vips "$VIP: default/echoheaders"'
planted "a pinned generation" $BACKUP configuration wrong pinned \
  'kkv $BACKUP rollback 1 --reason test' 'kkv $BACKUP resume'
planted "an interface without carrier" $BACKUP "interface eth0" wrong "no carrier" \
  'ip link set $BACKUP.lan down' 'ip link set $BACKUP.lan up'
check "the backup is well again" wait_for 60 healthy $BACKUP
planted "sync is silent" $BACKUP sync wrong "silent" 'kill -STOP $(sync_of $BACKUP)' 'kill -CONT $(sync_of $BACKUP)'
check "nothing is found on the master at the end" wait_for 60 healthy $MASTER
echo "$DOCTOR"
check "nor on the backup at the end" wait_for 60 healthy $BACKUP
finish
