{{/*
First part of each object's name, at most 44 characters: the longest suffix has 19, and 63 is what a label takes.
A cut name ends with a hash of the whole one, so that two long names stay two.
*/}}
{{- define "bridge.fullname" -}}
{{- $name := .Values.nameOverride | default .Chart.Name -}}
{{- $whole := .Values.fullnameOverride | default (ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name)) -}}
{{- $whole = $whole | replace "." "-" -}}
{{- if gt (len $whole) 44 -}}
{{- printf "%s-%s" ($whole | trunc 35 | trimSuffix "-") (sha256sum $whole | trunc 8) -}}
{{- else -}}
{{- $whole | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* Name of an object of a component. Takes root and component. */}}
{{- define "bridge.componentName" -}}
{{- printf "%s-%s" (include "bridge.fullname" .root) .component -}}
{{- end -}}

{{- define "bridge.namespace" -}}
{{- .Values.namespaceOverride | default .Release.Namespace -}}
{{- end -}}

{{/*
What selectors select by, for ever: no version, nothing of the user's.
Takes the root, or root and component for the pods of one component.
*/}}
{{- define "bridge.selectorLabels" -}}
{{- $root := .root | default . -}}
app.kubernetes.io/name: {{ $root.Values.nameOverride | default $root.Chart.Name | trunc 63 | trimSuffix "-" | quote }}
app.kubernetes.io/instance: {{ $root.Release.Name | quote }}
{{- if .component }}
app.kubernetes.io/component: {{ .component | quote }}
{{- end }}
{{- end -}}

{{/* Labels of an object; takes what selectorLabels takes. */}}
{{- define "bridge.labels" -}}
{{- $root := .root | default . -}}
{{- $ours := include "bridge.selectorLabels" . | fromYaml -}}
{{- $ours = merge $ours (dict
      "app.kubernetes.io/managed-by" $root.Release.Service
      "app.kubernetes.io/version" ($root.Chart.AppVersion | toString | replace "+" "_" | trunc 63 | trimAll "-._")
      "helm.sh/chart" (printf "%s-%s" $root.Chart.Name ($root.Chart.Version | replace "+" "_") | trunc 63 | trimAll "-._")) -}}
{{- merge $ours (deepCopy ($root.Values.commonLabels | default dict)) | toYaml -}}
{{- end -}}

{{/*
Metadata of an object of ours. Takes root, name and, where it has them, component, labels, annotations and
namespace.
*/}}
{{- define "bridge.metadata" -}}
name: {{ .name | quote }}
namespace: {{ .namespace | default (include "bridge.namespace" .root) | quote }}
labels:
  {{- merge (include "bridge.labels" . | fromYaml) (.labels | default dict) | toYaml | nindent 2 }}
{{- with merge (deepCopy (.annotations | default dict)) (.root.Values.commonAnnotations | default dict) }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* Reference of the image. */}}
{{- define "bridge.image" -}}
{{- $image := .Values.image -}}
{{- $registry := get (.Values.global | default dict) "imageRegistry" | default $image.registry | default "" | trimSuffix "/" -}}
{{- $name := ternary $image.repository (printf "%s/%s" $registry $image.repository) (empty $registry) -}}
{{- if $image.digest -}}
{{- printf "%s@%s" $name $image.digest -}}
{{- else -}}
{{- printf "%s:%s" $name ($image.tag | default (.Chart.AppVersion | toString | replace "+" "_")) -}}
{{- end -}}
{{- end -}}

{{/* The key `imagePullSecrets` of a pod, or nothing. A name counts once: a server-side apply refuses it twice. */}}
{{- define "bridge.imagePullSecrets" -}}
{{- $names := list -}}
{{- range concat (get (.Values.global | default dict) "imagePullSecrets" | default list) (.Values.image.pullSecrets | default list) -}}
{{- $names = append $names (ternary . (get (ternary dict . (kindIs "string" .)) "name") (kindIs "string" .)) -}}
{{- end -}}
{{- with $names | uniq -}}
imagePullSecrets:
  {{- range . }}
  - name: {{ . | quote }}
  {{- end }}
{{- end -}}
{{- end -}}

{{/* Service account of a component. Takes root and component: ingress, worker or jobs. */}}
{{- define "bridge.serviceAccountName" -}}
{{- $given := eq .component "jobs" | ternary .root.Values.serviceAccount.jobsName (get (get .root.Values .component | default dict) "serviceAccountName") -}}
{{- if $given -}}
{{- $given -}}
{{- else if .root.Values.serviceAccount.create -}}
{{- include "bridge.componentName" . -}}
{{- else -}}
default
{{- end -}}
{{- end -}}
