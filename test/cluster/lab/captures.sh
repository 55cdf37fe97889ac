#!/bin/bash
# What takes a VIP's packets before IPVS, with a real kube-proxy on the master: an external IP, a cluster IP and a load balancer's address
# of another Service are named, and counted at IPVS; ipMode: Proxy is the way out. part.sh runs it in the lab's guest, as
# beside-kube-proxy.sh says, and passes MODES in: modes of kube-proxy that the guest's kernel can do.
. /checkout/test/cluster/lab/beside-kube-proxy.sh
CLUSTER_IP=10.96.0.50
other() { # EXTERNAL-IPS: another Service, whose pod is 10.2.68.7
  k apply -f - >> /shared/log.kubectl 2>&1 << Y
apiVersion: v1
kind: Service
metadata: {name: other, namespace: default}
spec: {type: LoadBalancer, clusterIP: $CLUSTER_IP, allocateLoadBalancerNodePorts: false, externalIPs: [$1], ports: [{name: http, port: 80, targetPort: 8080}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: other-1, namespace: default, labels: {kubernetes.io/service-name: other}}
addressType: IPv4
ports: [{name: http, port: 8080, protocol: TCP}]
endpoints: [{addresses: [10.2.68.7], conditions: {ready: true}}]
Y
}
also() { # VALUE: an entry for the cluster IP of that Service as well; null takes it away
  k -n $NAMESPACE patch configmap vip-configmap --type=merge -p "{\"data\":{\"$CLUSTER_IP\":$1}}" >> /shared/log.kubectl 2>&1
}
load_balancer() { # IP-MODE: what its load balancer says
  k -n default patch service other --subresource=status --type=merge \
    -p "{\"status\":{\"loadBalancer\":{\"ingress\":[{\"ip\":\"$VIP\",\"ipMode\":\"$1\"}]}}}" >> /shared/log.kubectl 2>&1
}
ipvs_connections() { # MACHINE: how many IPVS has scheduled, in REPLY
  local first
  { read -r _ && read -r _ && read -r first _; } < /proc/${PID[$1]}/net/ip_vs_stats
  REPLY=$((16#$first))
}
asked() { # N: so many requests; how many IPVS has scheduled of them, in REPLY, and what was answered, in ANSWERS
  local before
  # The kernel's count is as old as its last estimate, every 2 s.
  nap 3
  ipvs_connections $MASTER
  before=$REPLY
  get tcp $VIP 80 $1
  ANSWERS=$REPLY
  nap 3
  ipvs_connections $MASTER
  REPLY=$((REPLY - before))
}
is_named() { status_has $MASTER FORWARDED_BY_KUBE_PROXY && status_has $MASTER default/other; }
cluster_ip_is_named() { status_has $MASTER "$CLUSTER_IP:80/TCP by IPVS: kube-proxy" && status_has $MASTER "a cluster IP cannot be a VIP"; }
forwards() { has_real_server $MASTER 10.2.68.5 8080 && has_real_server $MASTER 10.2.68.6 8080; }
is_well() { not status_has $MASTER BY_KUBE_PROXY; }

for mode in ${MODES:-iptables}; do
  scenario captures-$mode
  other 10.4.0.99
  log_count $MASTER '"repaired":true'
  repairs=$REPLY
  kube_proxy $MASTER $mode
  wait_for 60 file_has /shared/log.$MASTER.kube-proxy 'SyncProxyRules complete" ipFamily="IPv4"' || die "kube-proxy does not sync"
  # In nftables mode it empties the whole IPVS table as it starts.
  wait_for 60 forwards
  log_count $MASTER '"repaired":true'
  figures "{\"repairs\": $((REPLY - repairs))}"
  check "IPVS has what is ours once kube-proxy has started" forwards
  nap 6
  asked 6
  figures "{\"scheduled\": $REPLY, \"answers\": $ANSWERS}"
  check "kube-proxy in $mode mode alone is nothing to us: IPVS counts" test $REPLY = 6
  check "and the node is well" wait_for 90 is_well

  other $VIP
  also '"default/web"'
  check "the external IP of another Service is named, with that Service" wait_for 90 is_named
  asked 6
  figures "{\"scheduled\": $REPLY, \"answers\": $ANSWERS}"
  check "for IPVS gets no packet" test $REPLY = 0
  grep -h -m1 FORWARDED_BY_KUBE_PROXY /shared/volumes/$MASTER/applied/status.yaml

  check "a cluster IP is named as well" wait_for 90 cluster_ip_is_named
  other 10.4.0.99
  also null
  check "it is over once the Service has it no more" wait_for 90 is_well
  load_balancer VIP
  check "a load balancer's address in ipMode VIP is named" wait_for 90 is_named
  load_balancer Proxy
  check "ipMode Proxy is the way out: nothing is said" wait_for 90 is_well
  asked 6
  figures "{\"scheduled\": $REPLY, \"answers\": $ANSWERS}"
  check "and IPVS counts again" test $REPLY = 6
  end_kube_proxy $MASTER
  on $MASTER $KUBEPROXY --cleanup >> /shared/log.$MASTER.kube-proxy 2>&1
  : > /shared/log.$MASTER.kube-proxy
done
finish
