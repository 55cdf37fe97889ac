#!/bin/bash
# seconds 800
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
mac=$(ip -n client -o link show eth0 | sed "s/.*ether \([0-9a-f:]*\) .*/\1/")
# What kube-proxy says of itself, on its metrics port: here a FAKE one.
start_proxy() { # JSON
  on $MASTER node -e 'require("http").createServer((_, r) => r.end(process.argv[1])).listen(10249, "127.0.0.1")' "$1" &
  wait_for 10 on $MASTER node -e 'fetch("http://127.0.0.1:10249/configz").then(() => process.exit(0), () => process.exit(1))'
}
stop_proxy() { on $MASTER pkill -f 'listen[(]10249'; }
planted "kube-proxy in IPVS mode that does not except the VIP" $MASTER kube-proxy wrong "do not have $VIP" \
  'start_proxy "{\"kubeproxy.config.k8s.io\": {\"mode\": \"ipvs\", \"ipvs\": {\"excludeCIDRs\": [\"10.9.0.0/16\"], \"strictARP\": true}}}"' stop_proxy
planted "kube-proxy in IPVS mode without strictARP" $MASTER kube-proxy look "without ipvs.strictARP" \
  'start_proxy "{\"kubeproxy.config.k8s.io\": {\"mode\": \"ipvs\", \"ipvs\": {\"excludeCIDRs\": [\"$VIP/32\"]}}}"' stop_proxy
stranger() { nsenter --net=/run/netns/client /usr/bin/python3 -S /checkout/test/keepalived/forge-advert.py 10.4.0.148 224.0.0.18 255 1 eth0 1200 & STRANGER=$!; }
planted "a stranger on the virtual router ID" $MASTER adverts wrong "(hears .* of another machine|refused)" stranger 'kill $STRANGER'
planted "and on the backup" $BACKUP adverts wrong "(more than one master sends|refused)" stranger 'kill $STRANGER'
planted "a node that does not answer" $MASTER "peers on the LAN" wrong "${ADDRESS[$BACKUP]} .*does not answer ARP on eth0" \
  'ip link set $BACKUP.lan down' 'ip link set $BACKUP.lan up'
check "the backup hears the master again" wait_for 60 absent $BACKUP adverts
planted "an MTU that is too small" $BACKUP "MTU eth0" wrong "it is 500" 'ip -n $BACKUP link set eth0 mtu 500' 'ip -n $BACKUP link set eth0 mtu 1500'
planted "a pod network with a smaller MTU" $BACKUP "MTU eth0" look "cni0 1400" \
  'ip -n $BACKUP link add cni0 mtu 1400 type dummy' 'ip -n $BACKUP link delete cni0'
# sync reads a directory here and leaves no reports of others: this is one, with the time of a clock that is two minutes ahead.
report_of() { # MACHINE OTHER SECONDS
  on $1 node -e '
    const [file, name, ahead] = process.argv.slice(1)
    const { readFileSync, writeFileSync } = require("fs")
    const read = Number(readFileSync("/proc/uptime", "utf8").split(" ")[0])
    const bootId = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()
    const renewTime = new Date(Date.now() + ahead * 1000).toISOString()
    const report = { renewed: read, renewTime, state: "applied", generation: null, vips: 1, roles: null, troubles: [] }
    writeFileSync(file, JSON.stringify({ schema: 2, bootId, read, nodes: [{ name, ready: true, report }] }))' \
    "$(volume $1 desired)/beat/cluster.json" "${ADDRESS[$2]}" $3
}
planted "a clock that is ahead" $MASTER clock look "${ADDRESS[$BACKUP]} is [12] min.* ahead" \
  'report_of $MASTER $BACKUP 120' 'report_of $MASTER $BACKUP 0'
rm "$(volume $MASTER desired)/beat/cluster.json"
planted "a drained node" $BACKUP drained look "drained since" 'kkv $BACKUP drain' 'kkv $BACKUP resume'
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
