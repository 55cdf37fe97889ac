{{/* The image of a container. Takes root and image, its values. */}}
{{- define "kkv.image" -}}
{{- $common := .root.Values.image -}}
{{- $registry := default $common.registry .image.registry | trimSuffix "/" -}}
{{- $tag := coalesce .image.tag $common.tag .root.Chart.AppVersion -}}
{{- printf "%s/%s:%s" $registry .image.repository $tag -}}
{{- with .image.digest -}}{{- printf "@%s" . -}}{{- end -}}
{{- end -}}

{{/*
The settings that are values: below the key of each container, environment variables. What a value leaves as the program has it is not
among them, so that the pods of the chart and of the kustomize base are the same.
*/}}
{{- define "kkv.settings" -}}
{{- if (default dict .Values.haproxy).enabled -}}
{{- fail "Cannot enable haproxy: PROXY protocol is not supported (expected no such key, or haproxy.enabled: false)" -}}
{{- end -}}
{{- $former := default dict .Values.keepalived -}}
{{- $vrid := include "kkv.formerOr" (dict "name" "vrid" "former" $former.vrid "value" .Values.vrid "fallback" 50) -}}
{{- $unicast := include "kkv.formerOr" (dict "name" "unicast" "former" $former.useUnicast "value" .Values.unicast "fallback" false) -}}
{{- $httpPort := include "kkv.formerOr" (dict "name" "sidecar.httpPort" "former" .Values.httpPort "value" .Values.sidecar.httpPort "fallback" 8080) -}}
{{- $sidecar := list -}}
{{- range list
  (list "KKV_VRID" $vrid "50")
  (list "KKV_PROFILE" (toString .Values.profile) "default")
  (list "KKV_LAYOUT" .Values.layout "")
  (list "KKV_IFACE" .Values.iface "")
  (list "KKV_ADVERT_INTERVAL" (toString .Values.advertInterval) "1")
  (list "KKV_USE_UNICAST" $unicast "false")
  (list "KKV_VIP_RANGES" (join "," .Values.vipRanges) "")
  (list "KKV_HTTP_PORT" $httpPort "8080")
-}}
{{- if ne (index . 1) (index . 2) -}}
{{- $sidecar = append $sidecar (dict "name" (index . 0) "value" (index . 1)) -}}
{{- end -}}
{{- end -}}
{{- if .Values.notify.configMap -}}
{{- $sidecar = append $sidecar (dict "name" "KKV_NOTIFY" "value" "/etc/kkv-notify/notify.sh") -}}
{{- end -}}
{{- $sync := list -}}
{{- with .Values.watchNamespaces -}}
{{- $sync = append $sync (dict "name" "KKV_WATCH_NAMESPACE" "value" (join "," .)) -}}
{{- end -}}
{{- if .Values.prometheus.podMonitor.enabled -}}
{{- $address := list
  (dict "name" "KKV_HOST_IP" "valueFrom" (dict "fieldRef" (dict "fieldPath" "status.hostIP")))
  (dict "name" "KKV_HTTP_ADDRESS" "value" "127.0.0.1,$(KKV_HOST_IP)")
-}}
{{- $sidecar = concat $sidecar $address -}}
{{- $sync = concat $sync $address -}}
{{- end -}}
{{- dict "sidecar" $sidecar "sync" $sync "prepareNode" list "vrid" $vrid "httpPort" (int $httpPort) | toYaml -}}
{{- end -}}

{{/* Changes a container of the DaemonSet as its values say. Takes root, container, settings. */}}
{{- define "kkv.changeContainer" -}}
{{- $root := .root -}}
{{- $container := .container -}}
{{- $key := ternary "prepareNode" $container.name (eq $container.name "prepare-node") -}}
{{- $values := index $root.Values $key -}}
{{- $image := ternary $root.Values.sync.image $root.Values.sidecar.image (eq $key "sync") -}}
{{- $_ := set $container "image" (include "kkv.image" (dict "root" $root "image" $image)) -}}
{{- with coalesce $image.pullPolicy $root.Values.image.pullPolicy -}}
{{- $_ := set $container "imagePullPolicy" . -}}
{{- end -}}
{{- $_ := set $container "resources" $values.resources -}}
{{- with concat (default list $container.env) (index .settings $key) $values.extraEnv -}}
{{- $_ := set $container "env" . -}}
{{- end -}}
{{- $arguments := list -}}
{{- if eq $key "sync" -}}
{{- $arguments = list (first $container.args) -}}
{{- range $root.Values.additionalConfigMaps -}}
{{- $arguments = append $arguments (printf "--services-configmap=%s" .) -}}
{{- end -}}
{{- $arguments = append $arguments (printf "--http-port=%v" $root.Values.sync.httpPort) -}}
{{- end -}}
{{- with concat $arguments (default list $values.extraArgs) -}}
{{- $_ := set $container "args" . -}}
{{- end -}}
{{- range default list $container.ports -}}
{{- $port := ternary $root.Values.sync.httpPort $.settings.httpPort (eq $key "sync") -}}
{{- $_ := set . "containerPort" $port -}}
{{- $_ := set . "hostPort" $port -}}
{{- end -}}
{{- end -}}
