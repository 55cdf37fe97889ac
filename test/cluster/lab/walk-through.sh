#!/bin/bash
# The walk-through of release 0.5's README, with kubectl, in the lab's guest. part.sh runs it, and passes KUBECTL and STATE in.
. /checkout/test/lab/guest/lib.sh
NAMESPACE=kube-keepalived-vip
CONFIGMAP=$NAMESPACE/vip-configmap
k() { ns client $KUBECTL --kubeconfig /shared/admin.kubeconfig "$@"; }
topology 3
for n in n1 n2 n3; do pod_range $n; done
apply
join_host
prepare_nodes
cp $STATE/admin.kubeconfig /shared/admin.kubeconfig
install -o 65532 -m 400 $STATE/sync.kubeconfig /shared/sync.kubeconfig
SYNC_SOURCE=(--kubeconfig /shared/sync.kubeconfig --node-selector type=worker)
wait_for 30 ns client curl -sk -o /dev/null https://10.4.0.1:26443/version || die "the API server is not to be reached from the LAN"

# Pods that are deleted go on for 15 s, half of what Kubernetes grants: all machines share one CPU, on which keepalived's config test
# alone can take 5 s. For the same reason no kubectl runs beside a probe that need not.
# Pods answer from when they have an address until they are deleted; kwok makes them Ready a second after they have one.
k get pods --namespace default --selector app=echoheaders --watch --output-watch-events \
  -o 'jsonpath={.type} {.object.metadata.name} {.object.status.podIP}{"\n"}' 2> /shared/log.pods-watch |
  /usr/bin/python3 -S $HERE/traffic.py pods 8080 pods.n1 pods.n2 pods.n3 > /shared/log.pods 2>&1 &

echoheaders() { # REPLICAS
  cat << Y
apiVersion: apps/v1
kind: Deployment
metadata: { name: echoheaders, namespace: default }
spec:
  replicas: $1
  selector: { matchLabels: { app: echoheaders } }
  strategy: { rollingUpdate: { maxSurge: 2, maxUnavailable: 0 } }
  template:
    metadata:
      labels: { app: echoheaders }
      annotations: { bed/ready-delay: 1s, bed/delete-delay: 15s }
    spec: { containers: [{ name: echoheaders, image: "echoheaders:1" }] }
---
apiVersion: v1
kind: Service
metadata: { name: echoheaders, namespace: default }
spec: { selector: { app: echoheaders }, ports: [{ port: 80, targetPort: 8080 }] }
Y
}
mapping() { # LINE...: the ConfigMap as a person writes it
  printf 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: vip-configmap, namespace: %s }\ndata:\n' $NAMESPACE
  printf '  %s\n' "$@"
}
# The addresses in slices of the real controller, sorted.
slices() {
  k -n default get endpointslices -l kubernetes.io/service-name=echoheaders,endpointslice.kubernetes.io/managed-by=endpointslice-controller.k8s.io \
    -o 'jsonpath={range .items[*].endpoints[?(@.conditions.ready==true)]}{.addresses[0]}{"\n"}{end}' | sort
}
in_conf() { sed -n 's/^ *real_server \([0-9.]*\) 8080 {$/\1/p' /shared/volumes/$1/applied/keepalived.conf | sort; }
in_ipvs() { on $1 ipvsadm -Ln | sed -n 's/^ *-> \([0-9.]*\):8080 .*/\1/p' | sort; }
all_have_servers() { local n; for n in "${MACHINES[@]}"; do real_servers_are $n $1 || return 1; done; }

scenario seed
echoheaders 1 | k apply -f - > /shared/log.kubectl 2>&1
check "kubectl create: Deployment and Service" k -n default rollout status deployment/echoheaders --timeout=180s
mapping "$VIP: default/echoheaders" | k apply -f - >> /shared/log.kubectl 2>&1
for n in n1 n2 n3; do
  SYNC_FLAGS=(--applied /shared/volumes/$n/applied)
  product_start $n --soak 2 --drain-time 3
done
check "a master is elected and all three nodes forward $VIP:80" wait_for 90 serving $VIP 80
check "only one node holds the VIP" one_master
ns client curl -sv -m 5 $VIP > /shared/log.curl 2>&1
check "curl $VIP from the LAN is answered by the pod" grep -q '^command=GET' /shared/log.curl
knows_nodes() { local n; for n in "${MACHINES[@]}"; do file_has /shared/volumes/$n/desired/current.json '"nodes": 3' || return 1; done; }
check "each node knows the three Nodes of the selector" knows_nodes

scenario scale
before=$(now)
k -n default scale --replicas=5 deployment/echoheaders >> /shared/log.kubectl 2>&1
check "kubectl scale --replicas=5: five real servers in the kernel of each node" wait_for 40 all_have_servers 5
figures "{\"seconds\":$(awk -v a=$before -v b=$(now) 'BEGIN { printf "%.1f", b - a }')}"
wanted=$(slices)
check "five endpoints in the slices of the real controller" test "$(wc -l <<< "$wanted")" = 5
for n in n1 n2 n3; do
  check "$n: keepalived.conf has these five" test "$(in_conf $n)" = "$wanted"
  check "$n: so has ipvsadm" test "$(in_ipvs $n)" = "$wanted"
done
get tcp $VIP 80 50
figures "$REPLY"
check "50 requests: each of the five pods has its share" at_least "$REPLY" least 8

scenario scale-down
probe down tcp $VIP 80 20
nap 1
k -n default scale --replicas=2 deployment/echoheaders >> /shared/log.kubectl 2>&1
check "kubectl scale --replicas=2: two real servers are left" wait_for 60 all_have_servers 2
listening_are() { [ "$(grep -c DELETED /shared/log.pods)" = $1 ]; }
check "the others' pods are gone" wait_for 40 listening_are 3
nap 1
probed down
figures "$REPLY"
check "a request every 20 ms: none lost" is "$REPLY" lost 0

scenario rolling-update
old=$(slices)
probe roll tcp $VIP 80 20
nap 1
k -n default set image deployment/echoheaders echoheaders=echoheaders:2 >> /shared/log.kubectl 2>&1
none_old() { local n a; for n in "${MACHINES[@]}"; do for a in $old; do ! has_real_server $n $a 8080 || return 1; done; done; }
check "kubectl set image: no old pod is left in the kernel" wait_for 90 none_old
check "nor in the cluster" wait_for 40 listening_are 5
nap 1
probed roll
figures "$REPLY"
check "a request every 20 ms: none lost" is "$REPLY" lost 0
check "old and new pods have answered" at_least "$REPLY" pods 4
check "the rollout is done" k -n default rollout status deployment/echoheaders --timeout=180s
new=$(slices)
for n in n1 n2 n3; do check "$n: ipvsadm has the new ones" test "$(in_ipvs $n)" = "$new"; done

scenario broken-entry
probe broken tcp $VIP 80 20
mapping "$VIP: default/echoheaders:DRAG" | k apply -f - >> /shared/log.kubectl 2>&1
described() { k -n $NAMESPACE describe configmap vip-configmap > /shared/log.describe 2>&1 && grep -q "$1" /shared/log.describe; }
check "kubectl describe configmap shows the reason" wait_for 60 described 'Cannot forward with "DRAG"'
check "the VIP goes on in its last good form" serving $VIP 80
mapping "$VIP: default/echoheaders" | k apply -f - >> /shared/log.kubectl 2>&1
check "mended: nothing is held" wait_for 30 not status_has n1 BAD_FORWARDING_METHOD
probed broken
figures "$REPLY"
check "a request every 20 ms: none lost" is "$REPLY" lost 0

scenario delete
k -n default delete deployment echoheaders >> /shared/log.kubectl 2>&1
none_forward() { local n; for n in "${MACHINES[@]}"; do ! has_virtual_server $n $VIP 80 || return 1; done; }
check "kubectl delete deployment: no node forwards any more" wait_for 60 none_forward
check "the VIP stays for as long as its entry does" one_master
k -n default delete service echoheaders >> /shared/log.kubectl 2>&1
check "kubectl delete service: the entry says that it is missing" wait_for 30 status_has n1 SERVICE_NOT_FOUND
k -n $NAMESPACE patch configmap vip-configmap --type=json -p '[{"op":"remove","path":"/data"}]' >> /shared/log.kubectl 2>&1
nobody() { masters; [ -z "$REPLY" ]; }
check "the entry is removed: no node has the VIP" wait_for 40 nobody
no_rule() { local n; for n in "${MACHINES[@]}"; do [[ $(on $n iptables -t nat -S) != *$VIP* ]] || return 1; done; }
check "no iptables rule for it is left" wait_for 10 no_rule
finish
