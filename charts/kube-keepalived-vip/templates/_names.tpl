{{/* The name in labels. */}}
{{- define "kkv.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{/* The name of all objects: that of the release, or with the chart's name after it. */}}
{{- define "kkv.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else if contains (include "kkv.name" .) .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "kkv.name" .) | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* The name of the ConfigMap: vip-configmap, with the prefix that the other objects have. */}}
{{- define "kkv.configMapName" -}}
{{- $fullname := include "kkv.fullname" . -}}
{{- $prefix := ternary (trimSuffix .Chart.Name $fullname) (printf "%s-" $fullname) (hasSuffix .Chart.Name $fullname) -}}
{{- default (printf "%svip-configmap" $prefix) .Values.configMap.name -}}
{{- end -}}

{{/* The ServiceAccount of the pods; rbac.serviceAccountName is a key of release 0.35. */}}
{{- define "kkv.serviceAccountName" -}}
{{- $own := .Values.serviceAccount -}}
{{- if $own.name -}}
{{- $own.name -}}
{{- else if include "kkv.createsAccount" . -}}
{{- include "kkv.fullname" . -}}
{{- else -}}
{{- default "default" .Values.rbac.serviceAccountName -}}
{{- end -}}
{{- end -}}

{{/* "yes" where the chart creates the ServiceAccount. */}}
{{- define "kkv.createsAccount" -}}
{{- if and .Values.serviceAccount.create (or .Values.rbac.create (not .Values.rbac.serviceAccountName)) -}}yes{{- end -}}
{{- end -}}

{{/* What the DaemonSet and the PodMonitor select. */}}
{{- define "kkv.selectorLabels" -}}
app.kubernetes.io/name: {{ include "kkv.name" . | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end -}}

{{/* Labels of the pods. */}}
{{- define "kkv.podLabels" -}}
{{ include "kkv.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/component: load-balancer
app.kubernetes.io/part-of: kube-keepalived-vip
app.kubernetes.io/managed-by: {{ .Release.Service | quote }}
{{- end -}}

{{/* Labels of all objects. */}}
{{- define "kkv.labels" -}}
{{ include "kkv.podLabels" . }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" | quote }}
{{- end -}}

{{/* The value of a key that release 0.35 had elsewhere. Takes name, former, value and fallback; fails where both keys say something. */}}
{{- define "kkv.formerOr" -}}
{{- if eq (toString .former) "<nil>" -}}
{{- .value -}}
{{- else if or (eq (toString .value) (toString .fallback)) (eq (toString .value) (toString .former)) -}}
{{- .former -}}
{{- else -}}
{{- fail (printf "Cannot use both %s and a key of release 0.35 for it: they say %v and %v (expected one of the two keys)" .name .value .former) -}}
{{- end -}}
{{- end -}}
