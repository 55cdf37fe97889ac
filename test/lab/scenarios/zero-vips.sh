#!/bin/bash
# No VIP at all is a healthy state; a ConfigMap that vanishes is not the same as an empty one.
. /checkout/test/lab/guest/lib.sh
answer() { ns $1 curl -s -m 5 -o /dev/null -w '%{http_code}' http://127.0.0.1:8080/$2; }
answers() { [ "$(answer $1 $2)" = $3 ]; }
topology 1
pods n3 5
apply
prepare_nodes
serve_pods n3 8080 5
service echoheaders 80/tcp:8080
nodes n1
echoheaders 10.2.68.5
vips
product_start n1 --soak 2

scenario zero-vips
check "no VIP: /readyz is 200" wait_for 40 answers n1 readyz 200
check "no VIP: /health is 200" wait_for 10 answers n1 health 200
check "no VIP: /livez is 200" answers n1 livez 200
check "kkv status: exit status 0" wait_for 20 kkv n1 status
vips "$VIP: default/echoheaders"
check "the first VIP is served" wait_for 40 serving $VIP 80
get tcp $VIP 80 5
figures "$REPLY"
check "it answers" is "$REPLY" answered 5
no_vips
nap 4
check "the ConfigMap is deleted: the VIP stays" serving $VIP 80
says() { text_of /shared/volumes/n1/desired/status.yaml; echo "$REPLY"; text_of /shared/log.n1.sync; echo "$REPLY"; }
says | tail -20
figures "{\"said\": \"$(says | grep -m1 -io 'configmap[^"]*vip-configmap[^"]*' | tr -d '\\')\"}"
check "and that is said" grep -qi "held" <<< "$(says)"
vips
check "its data are emptied: the VIP is gone" wait_for 20 not has_vip n1
check "and its virtual server" wait_for 10 not has_virtual_server n1 $VIP 80
check "/readyz is 200" answers n1 readyz 200
check "/health is 200" answers n1 health 200

scenario mass-removal
entries=()
for last in 50 51 52 53; do entries+=("10.4.0.$last: default/echoheaders"); done
vips "${entries[@]}"
all_served() { local last; for last in 50 51 52 53; do has_virtual_server n1 10.4.0.$last 80 || return 1; done; }
check "four VIPs are served" wait_for 40 all_served
probe guarded tcp 10.4.0.53 80 20
vips "${entries[0]}"
check "three of four go in one change: held, and said (fault 57)" wait_for 20 status_has n1 MASS_REMOVAL
nap 6
check "all four are served (fault 57)" all_served
metric() { ns n1 curl -s -m 5 http://127.0.0.1:8080/metrics | grep -qF "kkv_guard_held{guard=\"$1\"} $2"; }
check "kkv_guard_held is 1" metric mass-removal 1
check "/readyz is 200" answers n1 readyz 200
probed guarded
figures "$REPLY"
check "no request was lost (fault 57)" is "$REPLY" lost 0
LEFT=1 vips "${entries[0]}"
check "the annotation lets it through (fault 57)" wait_for 20 not has_virtual_server n1 10.4.0.53 80
check "what stays is served" serving $VIP 80
check "kkv_guard_held is 0" wait_for 10 metric mass-removal 0
finish
