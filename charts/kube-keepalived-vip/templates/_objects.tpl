{{/*
An object of manifests/ (copies of the kustomize base), with the names, the namespace and the labels of this release.
Takes root and text, one YAML document.
*/}}
{{- define "kkv.object" -}}
{{- $root := .root -}}
{{- $fullname := include "kkv.fullname" $root -}}
{{- $object := printf "%s\n" .text | replace "vip-configmap" (include "kkv.configMapName" $root | quote) | fromYaml -}}
{{- $metadata := $object.metadata -}}
{{- $ofCluster := list "ClusterRole" "ClusterRoleBinding" "CustomResourceDefinition" "ValidatingAdmissionPolicy" "ValidatingAdmissionPolicyBinding" -}}
{{- if hasPrefix $root.Chart.Name $metadata.name -}}
{{- $_ := set $metadata "name" (printf "%s%s" $fullname (trimPrefix $root.Chart.Name $metadata.name)) -}}
{{- end -}}
{{- if not (has $object.kind $ofCluster) -}}
{{- $_ := set $metadata "namespace" (default $root.Release.Namespace .namespace) -}}
{{- end -}}
{{- $_ := set $metadata "labels" (merge (include "kkv.labels" $root | fromYaml) (default dict $metadata.labels)) -}}
{{- if $object.roleRef -}}
{{- $_ := set $object.roleRef "name" $fullname -}}
{{- range $object.subjects -}}
{{- $_ := set . "name" (include "kkv.serviceAccountName" $root) -}}
{{- $_ := set . "namespace" $root.Release.Namespace -}}
{{- end -}}
{{- end -}}
{{- toYaml $object -}}
{{- end -}}

{{/* The documents of a file of manifests/ as a list, below the key "texts". Takes the file's text. */}}
{{- define "kkv.documents" -}}
{{- dict "texts" (splitList "\n---\n" .) | toYaml -}}
{{- end -}}

{{/* What sync may do in a namespace for watchNamespaces and additionalConfigMaps, below the key "rules". Takes root and namespace. */}}
{{- define "kkv.rulesOfNamespace" -}}
{{- $namespace := .namespace -}}
{{- $names := list -}}
{{- range .root.Values.additionalConfigMaps -}}
{{- if eq (dir .) $namespace -}}{{- $names = append $names (base .) -}}{{- end -}}
{{- end -}}
{{- $rules := list -}}
{{- if has $namespace .root.Values.watchNamespaces -}}
{{- $verbs := list "list" "watch" -}}
{{- $rules = append $rules (dict "apiGroups" (list "") "resources" (list "services") "verbs" $verbs) -}}
{{- $rules = append $rules (dict "apiGroups" (list "discovery.k8s.io") "resources" (list "endpointslices") "verbs" $verbs) -}}
{{- end -}}
{{- if $names -}}
{{- $rules = append $rules (dict "apiGroups" (list "") "resources" (list "configmaps") "resourceNames" $names "verbs" (list "list" "watch")) -}}
{{- if ne $namespace .root.Release.Namespace -}}
{{- $rules = append $rules (dict "apiGroups" (list "events.k8s.io") "resources" (list "events") "verbs" (list "create" "patch")) -}}
{{- end -}}
{{- end -}}
{{- dict "rules" $rules | toYaml -}}
{{- end -}}
