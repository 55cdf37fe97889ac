# The manifests that `kkv sync --source` watches, as git would hold them: one object a file, each replaced by rename.
SOURCE=/shared/manifests
mkdir -p $SOURCE
manifest() { # FILE TEXT [SOURCE]
  mkdir -p "${3:-$SOURCE}"
  printf '%s\n' "$2" > /shared/.manifest.$BASHPID
  mv /shared/.manifest.$BASHPID "${3:-$SOURCE}/$1"
}
vips() { # LINE...: the VIP ConfigMap; LINE as it stands under data, such as '10.4.0.50: default/echoheaders'; LEFT=N allows a mass removal
  local data='{}' annotations=
  [ -z "${LEFT:-}" ] || printf -v annotations '\n  annotations:\n    kube-keepalived-vip.io/allow-mass-removal: "%s"' "$LEFT"
  [ $# = 0 ] || printf -v data '\n  %s' "$@"
  [ $# != 0 ] || data=' {}'
  manifest configmap.yaml "apiVersion: v1
kind: ConfigMap
metadata:
  name: vip-configmap
  namespace: default$annotations
data:$data" ${FROM:-$SOURCE}
}
no_vips() { rm -f $SOURCE/configmap.yaml; } # not an empty one: none
service() { # NAME PORT/PROTOCOL:TARGET...
  local name=$1 ports= p
  shift
  for p; do
    ports+="
    - name: $(port_name $p)
      port: ${p%%/*}
      protocol: $(protocol $p)
      targetPort: ${p##*:}"
  done
  manifest service-$name.yaml "apiVersion: v1
kind: Service
metadata:
  name: $name
  namespace: default
spec:
  type: ClusterIP
  clusterIP: 10.96.0.50
  selector:
    app: $name
  ports:$ports" ${FROM:-$SOURCE}
}
endpoints() { # NAME PORT/PROTOCOL:TARGET[,...] ADDRESS[~]...: an EndpointSlice; ~ after an address: terminating, still serving
  local name=$1 ports= list= p a on
  local -a all
  IFS=, read -ra all <<< "$2"
  shift 2
  for p in "${all[@]}"; do
    ports+="
  - name: $(port_name $p)
    port: ${p##*:}
    protocol: $(protocol $p)"
  done
  for a; do
    on_node "${a%\~}" && on=$'\n'"    nodeName: $REPLY" || on=
    if [[ $a == *~ ]]; then
      list+=$'\n'"  - addresses: [${a%\~}]"$'\n'"    conditions: { ready: false, serving: true, terminating: true }$on"
    else
      list+=$'\n'"  - addresses: [$a]"$'\n'"    conditions: { ready: true, serving: true, terminating: false }$on"
    fi
  done
  manifest endpointslice-$name.yaml "apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata:
  name: $name-x7k2p
  namespace: default
  labels:
    kubernetes.io/service-name: $name
addressType: IPv4
ports:$ports
endpoints:${list:- []}" ${FROM:-$SOURCE}
}
on_node() { # ADDRESS: the name of the node that it is a pod of, in REPLY
  local n
  for n in n1 n2 n3; do [[ $1 != ${PODS[$n]}.* ]] || { REPLY=${ADDRESS[$n]}; return 0; }; done
  return 1
}
port_name() { local p=${1#*/}; p=${p%%:*}; echo "${p,,}-${1%%/*}"; }
protocol() { local p=${1#*/}; p=${p%%:*}; echo "${p^^}"; }
nodes() { # MACHINE...: Node objects, named by their addresses
  local n text=
  for n; do
    text+="---
apiVersion: v1
kind: Node
metadata:
  name: ${ADDRESS[$n]}
  labels:
    kubernetes.io/hostname: ${ADDRESS[$n]}
    type: worker
status:
  addresses:
    - type: InternalIP
      address: ${ADDRESS[$n]}
"
  done
  manifest nodes.yaml "$text" ${FROM:-$SOURCE}
}
echoheaders() { # ADDRESS[~]...: the seed's Service with these pods
  endpoints echoheaders 80/tcp:8080 "$@"
}
