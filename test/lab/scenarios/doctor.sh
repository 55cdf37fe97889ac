#!/bin/bash
# seconds 800
# kkv doctor finds each planted fault, says nothing of it before and after, and finds nothing on a healthy bed.
. /checkout/test/lab/guest/lib.sh
two_nodes --soak 2
steady

declare -A SAID STATUS # what the doctor of a machine said last, and its exit status
both() { # the doctors of both machines, at the same time
  local n
  for n in $MASTER $BACKUP; do { kkv $n doctor > /shared/doctor.$n 2>&1; echo $? > /shared/doctor.$n.status; } & done
  wait $(jobs -p | tail -n 2)
  for n in $MASTER $BACKUP; do SAID[$n]=$(< /shared/doctor.$n) STATUS[$n]=$(< /shared/doctor.$n.status); done
}
tells() { grep -qE "^$2 +$3 +.*$4" <<< "${SAID[$1]}"; } # MACHINE CHECK STATE TEXT
silent() { ! grep -qE "^$2 +(wrong|look|unknown)" <<< "${SAID[$1]}"; } # MACHINE CHECK
content() { [ "${STATUS[$1]}" = 0 ] && ! grep -qE '^.{1,60} (wrong|look|unknown)  ' <<< "${SAID[$1]}"; } # MACHINE
both_content() { both && content $MASTER && content $BACKUP; }
# Faults are planted together, as far as none hides another: each look of the doctor takes seconds.
NAMES=() MACHINES=() CHECKS=() STATES=() TEXTS=() MENDS=()
plant() { # NAME MACHINE CHECK STATE TEXT PLANT MEND
  NAMES+=("$1") MACHINES+=($2) CHECKS+=("$3") STATES+=("$4") TEXTS+=("$5") MENDS+=("$7")
  eval "$6"
}
is_found() { tells ${MACHINES[$1]} "${CHECKS[$1]}" "${STATES[$1]}" "${TEXTS[$1]}"; }
is_over() { silent ${MACHINES[$1]} "${CHECKS[$1]}"; }
each_is() { # found|over
  local i
  both
  for i in ${!NAMES[@]}; do is_$1 $i || return 1; done
}
look() { # what is planted is found, and after it is mended no more
  local i
  wait_for 60 each_is found
  for i in ${!NAMES[@]}; do
    check "${NAMES[$i]}: found" is_found $i
    grep -A2 -E "^${CHECKS[$i]} +${STATES[$i]}" <<< "${SAID[${MACHINES[$i]}]}" | head -3
  done
  for i in ${!NAMES[@]}; do eval "${MENDS[$i]}"; done
  wait_for 60 each_is over
  for i in ${!NAMES[@]}; do check "${NAMES[$i]}: mended, and not found" is_over $i; done
  NAMES=() MACHINES=() CHECKS=() STATES=() TEXTS=() MENDS=()
}
sync_of() { # MACHINE: the process
  local p
  for p in $(pgrep -u 65532 -f "kkv.mjs sync"); do tr '\0' '\n' < /proc/$p/environ | grep -qx "KKV_NODE=${ADDRESS[$1]}" && echo $p; done
}
sysctl_of() { on $1 sh -c "echo $3 > /proc/sys/$2"; } # MACHINE NAME VALUE

scenario doctor
wait_for 40 both_content
check "nothing is found on the master" content $MASTER
echo "${SAID[$MASTER]}"
check "nor on the backup" content $BACKUP

plant "no forwarding" $MASTER net.ipv4.ip_forward wrong "it is 0" \
  'sysctl_of $MASTER net/ipv4/ip_forward 0' 'sysctl_of $MASTER net/ipv4/ip_forward 1'
plant "IPVS without conntrack" $MASTER net.ipv4.vs.conntrack wrong "it is 0" \
  'sysctl_of $MASTER net/ipv4/vs/conntrack 0' 'sysctl_of $MASTER net/ipv4/vs/conntrack 1'
plant "connections to a gone pod stay" $BACKUP net.ipv4.vs.expire_nodest_conn wrong "it is 0" \
  'sysctl_of $BACKUP net/ipv4/vs/expire_nodest_conn 0' 'sysctl_of $BACKUP net/ipv4/vs/expire_nodest_conn 1'
plant "persistence outlives a drain" $BACKUP net.ipv4.vs.expire_quiescent_template wrong "it is 0" \
  'sysctl_of $BACKUP net/ipv4/vs/expire_quiescent_template 0' 'sysctl_of $BACKUP net/ipv4/vs/expire_quiescent_template 1'
plant "a strict reverse path" $MASTER "rp_filter eth0" look strict \
  'sysctl_of $MASTER net/ipv4/conf/eth0/rp_filter 1' 'sysctl_of $MASTER net/ipv4/conf/eth0/rp_filter 0'
plant "kube-proxy in IPVS mode" $MASTER kube-proxy look "IPVS mode" \
  'ip -n $MASTER link add kube-ipvs0 type dummy' 'ip -n $MASTER link delete kube-ipvs0'
plant "a pod network with a smaller MTU" $BACKUP "MTU eth0" look "cni0 1400" \
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
plant "a clock that is ahead" $MASTER clock look "${ADDRESS[$BACKUP]} is [12] min.* ahead" \
  'report_of $MASTER $BACKUP 120' 'report_of $MASTER $BACKUP 0'
look
rm "$(volume $MASTER desired)/beat/cluster.json"

# What kube-proxy says of itself, on its metrics port: here a FAKE one.
start_proxy() { # JSON
  on $MASTER node -e 'require("http").createServer((_, r) => r.end(process.argv[1])).listen(10249, "127.0.0.1")' "$1" &
  wait_for 10 on $MASTER node -e 'fetch("http://127.0.0.1:10249/configz").then(() => process.exit(0), () => process.exit(1))'
}
stop_proxy() { on $MASTER pkill -f 'listen[(]10249'; }
stranger() { nsenter --net=/run/netns/client /usr/bin/python3 -S /checkout/test/keepalived/forge-advert.py 10.4.0.148 224.0.0.18 255 1 eth0 1200 & STRANGER=$!; }
plant "kube-proxy in IPVS mode that does not except the VIP" $MASTER kube-proxy wrong "do not have $VIP" \
  'start_proxy "{\"kubeproxy.config.k8s.io\": {\"mode\": \"ipvs\", \"ipvs\": {\"excludeCIDRs\": [\"10.9.0.0/16\"], \"strictARP\": true}}}"' stop_proxy
plant "a stranger on the virtual router ID" $MASTER adverts wrong "(hears .* of another machine|refused)" stranger 'kill $STRANGER'
plant "and on the backup" $BACKUP adverts wrong "(more than one master sends|refused)" : :
plant "a drained node" $BACKUP drained look "drained since" 'kkv $BACKUP drain' 'kkv $BACKUP resume'
look

plant "kube-proxy in IPVS mode without strictARP" $MASTER kube-proxy look "without ipvs.strictARP" \
  'start_proxy "{\"kubeproxy.config.k8s.io\": {\"mode\": \"ipvs\", \"ipvs\": {\"excludeCIDRs\": [\"$VIP/32\"]}}}"' stop_proxy
mac=$(ip -n client -o link show eth0 | sed "s/.*ether \([0-9a-f:]*\) .*/\1/")
plant "the address in use by another machine" $MASTER "address in use" wrong "${mac^^} answers for $VIP" \
  'ip -n client address add $VIP/24 dev eth0' 'ip -n client address delete $VIP/24 dev eth0'
plant "a broken entry" $MASTER configuration wrong "1 VIP is left out" \
  'vips "$VIP: default/echoheaders" "10.4.0.61: default/nobody"' 'vips "$VIP: default/echoheaders"'
plant "an MTU that is too small" $BACKUP "MTU eth0" wrong "it is 500" 'ip -n $BACKUP link set eth0 mtu 500' 'ip -n $BACKUP link set eth0 mtu 1500'
look

plant "a pinned generation" $BACKUP configuration wrong pinned \
  'kkv $BACKUP rollback 1 --reason test' 'kkv $BACKUP resume'
plant "sync is silent" $BACKUP sync wrong "silent" 'kill -STOP $(sync_of $BACKUP)' 'kill -CONT $(sync_of $BACKUP)'
look

plant "a node that does not answer" $MASTER "peers on the LAN" wrong "${ADDRESS[$BACKUP]} .*does not answer ARP on eth0" \
  'ip link set $BACKUP.lan down' 'ip link set $BACKUP.lan up'
plant "an interface without carrier" $BACKUP "interface eth0" wrong "no carrier" : :
look

wait_for 60 both_content
check "nothing is found on the master at the end" content $MASTER
echo "${SAID[$MASTER]}"
check "nor on the backup at the end" content $BACKUP
finish
