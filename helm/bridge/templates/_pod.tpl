{{/* Two maps as one; the second counts, and its nulls take keys away. Takes base and over. */}}
{{- define "bridge.mergedMap" -}}
{{- $merged := deepCopy (.base | default dict) -}}
{{- range $key, $value := .over | default dict -}}
{{- if kindIs "invalid" $value -}}
{{- $_ := unset $merged $key -}}
{{- else -}}
{{- $_ := set $merged $key $value -}}
{{- end -}}
{{- end -}}
{{- toYaml $merged -}}
{{- end -}}

{{/* Lists of objects as one: of two with the same `by` the later counts, at the place of the earlier. Takes lists, by. */}}
{{- define "bridge.mergedList" -}}
{{- $by := .by -}}
{{- $names := list -}}
{{- $items := dict -}}
{{- range .lists -}}
{{- range . -}}
{{- $name := get . $by -}}
{{- $names = has $name $names | ternary $names (append $names $name) -}}
{{- $_ := set $items $name . -}}
{{- end -}}
{{- end -}}
{{- $merged := list -}}
{{- range $names -}}
{{- $merged = append $merged (get $items .) -}}
{{- end -}}
{{- toYaml $merged -}}
{{- end -}}

{{/* Settings of a component's pods: its own over podDefaults. Takes root and own, the component's values. */}}
{{- define "bridge.podSettings" -}}
{{- $defaults := .root.Values.podDefaults -}}
{{- $own := .own -}}
{{- $settings := deepCopy $defaults -}}
{{- range $key := list "annotations" "podAnnotations" "podLabels" "nodeSelector" "dnsConfig" "podSecurityContext" "containerSecurityContext" -}}
{{- $_ := set $settings $key (include "bridge.mergedMap" (dict "base" (get $defaults $key) "over" (get $own $key)) | fromYaml) -}}
{{- end -}}
{{- range $key := list "extraEnv" "extraVolumes" "initContainers" "extraContainers" -}}
{{- $_ := set $settings $key (include "bridge.mergedList" (dict "by" "name" "lists" (list (get $defaults $key | default list) (get $own $key | default list))) | fromYamlArray) -}}
{{- end -}}
{{- $_ := set $settings "extraVolumeMounts" (include "bridge.mergedList" (dict "by" "mountPath" "lists" (list ($defaults.extraVolumeMounts | default list) ($own.extraVolumeMounts | default list))) | fromYamlArray) -}}
{{- $_ := set $settings "extraEnvFrom" (concat ($defaults.extraEnvFrom | default list) ($own.extraEnvFrom | default list)) -}}
{{- range $key := list "affinity" "tolerations" "topologySpreadConstraints" "priorityClassName" "schedulerName" "runtimeClassName" "dnsPolicy" "hostAliases" -}}
{{- if hasKey $own $key -}}
{{- $_ := set $settings $key (get $own $key) -}}
{{- end -}}
{{- end -}}
{{- toYaml $settings -}}
{{- end -}}

{{/*
The spread of a component's pods. A given constraint without a selector gets the component's: without one it would
count nothing. Takes root, component and given.
*/}}
{{- define "bridge.topologySpread" -}}
{{- $selector := dict "matchLabels" (include "bridge.selectorLabels" . | fromYaml) -}}
{{- $spread := list -}}
{{- if kindIs "invalid" .given -}}
{{- range $key := list "kubernetes.io/hostname" "topology.kubernetes.io/zone" -}}
{{- $spread = append $spread (dict "maxSkew" 1 "topologyKey" $key "whenUnsatisfiable" "ScheduleAnyway" "labelSelector" $selector "matchLabelKeys" (list "pod-template-hash")) -}}
{{- end -}}
{{- else -}}
{{- range .given -}}
{{- $spread = append $spread (merge (deepCopy .) (dict "labelSelector" $selector)) -}}
{{- end -}}
{{- end -}}
{{- toYaml $spread -}}
{{- end -}}

{{/* Sources of the volume /run/secrets/kafka. Takes the values of `kafka`. */}}
{{- define "bridge.kafkaSources" -}}
{{- $sources := list -}}
{{- if hasSuffix "SSL" .securityProtocol -}}
{{- with .tls.ca -}}
{{- if .existingSecret -}}
{{- $sources = append $sources (dict "secret" (dict "name" .existingSecret "items" (list (dict "key" .key "path" "ca.crt")))) -}}
{{- end -}}
{{- end -}}
{{- with .tls.client -}}
{{- if .existingSecret -}}
{{- $items := list (dict "key" .certKey "path" "client.crt") (dict "key" .keyKey "path" "client.key") -}}
{{- if .keyPasswordKey -}}
{{- $items = append $items (dict "key" .keyPasswordKey "path" "client-key-password") -}}
{{- end -}}
{{- $sources = append $sources (dict "secret" (dict "name" .existingSecret "items" $items)) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if hasPrefix "SASL" .securityProtocol -}}
{{- with .sasl -}}
{{- if and (eq .mechanism "OAUTHBEARER") (not .oauth.tokenFile) -}}
{{- $sources = append $sources (dict "secret" (dict "name" .existingSecret "items" (list (dict "key" .oauth.clientSecretKey "path" "oauth-client-secret")))) -}}
{{- if .oauth.ca.existingSecret -}}
{{- $sources = append $sources (dict "secret" (dict "name" .oauth.ca.existingSecret "items" (list (dict "key" .oauth.ca.key "path" "oauth-ca.crt")))) -}}
{{- end -}}
{{- else if not (has .mechanism (list "OAUTHBEARER" "AWS_MSK_IAM")) -}}
{{- $sources = append $sources (dict "secret" (dict "name" .existingSecret "items" (list (dict "key" .passwordKey "path" "password")))) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- toYaml $sources -}}
{{- end -}}

{{/*
Sources of the volume /run/secrets/bridge, a folder per connection. The previous hook secret is a source of its own,
since it alone may be missing. Takes root and apiKeys, whether the pod may read them.
*/}}
{{- define "bridge.connectionSources" -}}
{{- $apiKeys := .apiKeys -}}
{{- $sources := list -}}
{{- range $name, $connection := include "bridge.connections" .root | fromYaml -}}
{{- with $connection.credentials -}}
{{- $keys := .keys | default dict -}}
{{- $items := list (dict "key" ($keys.webhookSecret | default "webhook-secret") "path" (printf "%s/webhook-secret" $name)) -}}
{{- if $apiKeys -}}
{{- $items = prepend $items (dict "key" ($keys.apiKey | default "api-key") "path" (printf "%s/api-key" $name)) -}}
{{- end -}}
{{- $previous := list (dict "key" ($keys.webhookSecretPrevious | default "webhook-secret-previous") "path" (printf "%s/webhook-secret-previous" $name)) -}}
{{- $sources = append $sources (dict "secret" (dict "name" .existingSecret "items" $items)) -}}
{{- $sources = append $sources (dict "secret" (dict "name" .existingSecret "items" $previous "optional" true)) -}}
{{- end -}}
{{- end -}}
{{- toYaml $sources -}}
{{- end -}}

{{/*
A pod template: metadata and spec. Takes
  root, component   whose pod; component is also a label
  own               the component's values, over podDefaults
  args              of the command `bridge`
  kafka             the values of `kafka` in force
  kafkaInFile       those that the configuration file was made of, where they are others
  configMap, config its name, and its text for the checksum
  secrets           hooks (hook secrets), all (API keys, too) or none of the connections
  ports             name to number
  serviceAccount    ingress, worker or jobs
  restartPolicy     of a Job or a pod by itself; empty in a Deployment
*/}}
{{- define "bridge.podTemplate" -}}
{{- $root := .root -}}
{{- $own := .own -}}
{{- $pod := include "bridge.podSettings" . | fromYaml -}}
{{- $runsToAnEnd := .restartPolicy -}}
{{- $containers := ternary ($own.extraContainers | default list) $pod.extraContainers (not (empty $runsToAnEnd)) -}}
{{- $env := list (dict "name" "BRIDGE_CONFIG" "value" "/etc/bridge/bridge.yaml") -}}
{{- $env = concat $env (include "bridge.kafkaVariables" (dict "common" (.kafkaInFile | default .kafka) "own" .kafka) | fromYamlArray) -}}
{{- $volumes := list (dict "name" "config" "configMap" (dict "name" .configMap)) (dict "name" "tmp" "emptyDir" (dict "sizeLimit" "64Mi")) -}}
{{- $mounts := list (dict "name" "config" "mountPath" "/etc/bridge" "readOnly" true) (dict "name" "tmp" "mountPath" "/tmp") -}}
{{- with include "bridge.kafkaSources" .kafka | fromYamlArray -}}
{{- $volumes = append $volumes (dict "name" "kafka" "projected" (dict "defaultMode" 288 "sources" .)) -}}
{{- $mounts = append $mounts (dict "name" "kafka" "mountPath" "/run/secrets/kafka" "readOnly" true) -}}
{{- end -}}
{{- if ne .secrets "none" -}}
{{- $sources := include "bridge.connectionSources" (dict "root" $root "apiKeys" (eq .secrets "all")) | fromYamlArray -}}
{{- $volumes = append $volumes (dict "name" "connections" "projected" (dict "defaultMode" 288 "sources" $sources)) -}}
{{- $mounts = append $mounts (dict "name" "connections" "mountPath" "/run/secrets/bridge" "readOnly" true) -}}
{{- end -}}
metadata:
  labels:
    {{- merge (include "bridge.selectorLabels" . | fromYaml) $pod.podLabels (deepCopy ($root.Values.commonLabels | default dict)) | toYaml | nindent 4 }}
  annotations:
    {{- merge (dict "checksum/config" (sha256sum .config)) $pod.podAnnotations (deepCopy ($root.Values.commonAnnotations | default dict)) | toYaml | nindent 4 }}
spec:
  {{- with include "bridge.imagePullSecrets" $root }}
  {{- . | nindent 2 }}
  {{- end }}
  serviceAccountName: {{ include "bridge.serviceAccountName" (dict "root" $root "component" .serviceAccount) | quote }}
  automountServiceAccountToken: false
  # A Service named `bridge` would inject BRIDGE_PORT, which the bridge would take for a setting.
  enableServiceLinks: false
  {{- if $runsToAnEnd }}
  restartPolicy: {{ $runsToAnEnd }}
  {{- else }}
  terminationGracePeriodSeconds: {{ $own.terminationGracePeriodSeconds }}
  {{- end }}
  {{- range $key := list "podSecurityContext" "nodeSelector" "affinity" "tolerations" "priorityClassName" "schedulerName" "runtimeClassName" "dnsPolicy" "dnsConfig" "hostAliases" }}
  {{- with get $pod $key }}
  {{- dict (eq $key "podSecurityContext" | ternary "securityContext" $key) . | toYaml | nindent 2 }}
  {{- end }}
  {{- end }}
  {{- if not $runsToAnEnd }}
  {{- with include "bridge.topologySpread" (dict "root" $root "component" .component "given" $pod.topologySpreadConstraints) | fromYamlArray }}
  topologySpreadConstraints:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- end }}
  {{- with $pod.initContainers }}
  initContainers:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  containers:
    - name: bridge
      image: {{ include "bridge.image" $root | quote }}
      imagePullPolicy: {{ $root.Values.image.pullPolicy }}
      args:
        {{- toYaml .args | nindent 8 }}
      env:
        {{- include "bridge.mergedList" (dict "by" "name" "lists" (list $env $pod.extraEnv)) | nindent 8 }}
      {{- with $pod.extraEnvFrom }}
      envFrom:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with .ports }}
      ports:
        {{- range $name, $number := . }}
        - name: {{ $name }}
          containerPort: {{ $number }}
        {{- end }}
      {{- end }}
      {{- range $probe, $settings := $own.probes }}
      {{- with $settings }}
      {{ $probe }}Probe:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- end }}
      {{- with .lifecycle }}
      lifecycle:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with $own.resources }}
      resources:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with $pod.containerSecurityContext }}
      securityContext:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      volumeMounts:
        {{- include "bridge.mergedList" (dict "by" "mountPath" "lists" (list $mounts $pod.extraVolumeMounts)) | nindent 8 }}
    {{- with $containers }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  volumes:
    {{- include "bridge.mergedList" (dict "by" "name" "lists" (list $volumes $pod.extraVolumes)) | nindent 4 }}
{{- end -}}
