# What the scripts beside kube-proxy have in common; sourced in the lab's guest, where part.sh passes KUBECTL, KUBEPROXY and STATE in.
# shellcheck shell=bash
. /checkout/test/lab/guest/lib.sh
NAMESPACE=kube-keepalived-vip
CONFIGMAP=$NAMESPACE/vip-configmap
k() { ns client $KUBECTL --kubeconfig /shared/admin.kubeconfig "$@"; }
for module in dummy ip_set{,_hash_ip,_hash_net,_hash_ipport,_hash_ipportip,_hash_ipportnet,_bitmap_port} xt_set xt_mark xt_conntrack xt_addrtype xt_statistic; do
  modprobe $module || log "no module $module"
done
topology 2
pods n3 5 6 7
apply
join_host
prepare_nodes
serve_pods n3 8080 5 6 7
cp $STATE/admin.kubeconfig /shared/admin.kubeconfig
install -o 65532 -m 400 $STATE/sync.kubeconfig /shared/sync.kubeconfig
SYNC_SOURCE=(--kubeconfig /shared/sync.kubeconfig --node-selector type=worker)
wait_for 30 ns client curl -sk -o /dev/null https://10.4.0.1:26443/version || die "the API server is not to be reached from the LAN"

web() { # ADDRESS...: a Service without selector, and its endpoints
  local address list=
  for address; do list+="{addresses: [$address], conditions: {ready: true}}, "; done
  k apply -f - >> /shared/log.kubectl 2>&1 << Y
apiVersion: v1
kind: Service
metadata: {name: web, namespace: default}
spec: {ports: [{name: http, port: 80, targetPort: 8080}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: web-1, namespace: default, labels: {kubernetes.io/service-name: web}}
addressType: IPv4
ports: [{name: http, port: 8080, protocol: TCP}]
endpoints: [${list%, }]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: vip-configmap, namespace: $NAMESPACE}
data: {$VIP: default/web}
Y
}
kube_proxy() { # MACHINE MODE [FLAG...]: its pid in the machine's own numbers stands in /shared/kube-proxy.MACHINE.pid
  local n=$1 mode=$2
  shift 2
  on $n mkdir -p /run/xtables /var/run/kubernetes
  on $n sh -c 'echo $$ > "$1"; shift; exec "$@"' sh /shared/kube-proxy.$n.pid $KUBEPROXY --kubeconfig /shared/admin.kubeconfig --proxy-mode=$mode \
    --hostname-override=${ADDRESS[$n]} --cluster-cidr=10.2.0.0/16 --conntrack-max-per-core=0 --conntrack-min=0 \
    --conntrack-tcp-timeout-established=0s --conntrack-tcp-timeout-close-wait=0s --healthz-bind-address= --metrics-bind-address= \
    --ipvs-sync-period=5s --ipvs-min-sync-period=0s --iptables-sync-period=5s -v=2 "$@" >> /shared/log.$n.kube-proxy 2>&1 < /dev/null &
}
end_kube_proxy() { # MACHINE
  local pid
  read -r pid < /shared/kube-proxy.$1.pid
  on $1 kill -TERM $pid
  wait_for 10 not on $1 kill -0 $pid
}
drifts() { log_count $1 '"event":"drift"'; }

web 10.2.68.5 10.2.68.6
for n in n1 n2; do
  SYNC_FLAGS=(--applied /shared/volumes/$n/applied)
  product_start $n --soak 2 --drain-time 2 --drift-interval 5
done
steady
