{{/* The brokers to ask first, with commas. Takes the values of `kafka`. */}}
{{- define "bridge.brokers" -}}
{{- ternary .bootstrapServers (list .bootstrapServers) (kindIs "slice" .bootstrapServers) | join "," -}}
{{- end -}}

{{/*
Section `kafka` of the bridge's configuration. Takes the values of `kafka`. Its files are those that
bridge.kafkaSources mounts.
*/}}
{{- define "bridge.kafkaConfig" -}}
{{- $sasl := .sasl -}}
bootstrap_servers: {{ include "bridge.brokers" . | quote }}
security_protocol: {{ .securityProtocol }}
{{- if hasSuffix "SSL" .securityProtocol }}
{{- if not .tls.checkHostname }}
ssl_check_hostname: false
{{- end }}
{{- if .tls.ca.existingSecret }}
ssl_ca_file: /run/secrets/kafka/ca.crt
{{- end }}
{{- if .tls.client.existingSecret }}
ssl_cert_file: /run/secrets/kafka/client.crt
ssl_key_file: /run/secrets/kafka/client.key
{{- if .tls.client.keyPasswordKey }}
ssl_key_password_file: /run/secrets/kafka/client-key-password
{{- end }}
{{- end }}
{{- end }}
{{- if hasPrefix "SASL" .securityProtocol }}
sasl_mechanism: {{ $sasl.mechanism }}
{{- if eq $sasl.mechanism "AWS_MSK_IAM" }}
sasl_aws_region: {{ $sasl.awsRegion | quote }}
{{- else if eq $sasl.mechanism "OAUTHBEARER" }}
{{- with $sasl.oauth }}
{{- if .tokenFile }}
sasl_oauth_token_file: {{ .tokenFile | quote }}
{{- else }}
sasl_oauth_token_url: {{ .tokenUrl | quote }}
sasl_oauth_client_id: {{ .clientId | quote }}
sasl_oauth_client_secret_file: /run/secrets/kafka/oauth-client-secret
{{- if .scope }}
sasl_oauth_scope: {{ .scope | quote }}
{{- end }}
{{- if .ca.existingSecret }}
sasl_oauth_ca_file: /run/secrets/kafka/oauth-ca.crt
{{- end }}
{{- end }}
{{- if .extensions }}
sasl_oauth_extensions:
  {{- toYaml .extensions | nindent 2 }}
{{- end }}
{{- end }}
{{- else }}
{{- if $sasl.username }}
sasl_username: {{ $sasl.username | quote }}
{{- end }}
sasl_password_file: /run/secrets/kafka/password
{{- end }}
{{- end }}
{{- end -}}

{{/* Connections that are on, by name. */}}
{{- define "bridge.connections" -}}
{{- $on := dict -}}
{{- range $name, $connection := .Values.connections -}}
{{- if and $connection (dig "enabled" true $connection) -}}
{{- $_ := set $on $name $connection -}}
{{- end -}}
{{- end -}}
{{- toYaml $on -}}
{{- end -}}

{{/* Section `topics` of the bridge's configuration. The service itself never creates one: it needs no right to. */}}
{{- define "bridge.topicsConfig" -}}
{{- with .Values.topics -}}
prefix: {{ .prefix | quote }}
replication_factor: {{ .replicationFactor }}
partitions:
  {{- toYaml .partitions | nindent 2 }}
retention:
  {{- toYaml .retention | nindent 2 }}
manage: false
shards: {{ .shards }}
{{- end -}}
{{- end -}}

{{/* The whole configuration of the service, `config` merged over what the chart writes; a section that is null is none. */}}
{{- define "bridge.config" -}}
{{- $connections := dict -}}
{{- range $name, $connection := include "bridge.connections" . | fromYaml -}}
{{- $files := dict
      "base_url" $connection.baseUrl
      "api_key_file" (printf "/run/secrets/bridge/%s/api-key" $name)
      "webhook_secret_file" (printf "/run/secrets/bridge/%s/webhook-secret" $name)
      "webhook_secret_previous_file" (printf "/run/secrets/bridge/%s/webhook-secret-previous" $name) -}}
{{- $_ := set $connections $name (mergeOverwrite $files (deepCopy ($connection.config | default dict))) -}}
{{- end -}}
{{- $ingress := dict "trusted_proxies" (.Values.ingress.trustedProxies | default list) -}}
{{- if .Values.publicUrl -}}
{{- $_ := set $ingress "public_url" .Values.publicUrl -}}
{{- end -}}
{{- $config := dict
      "kafka" (include "bridge.kafkaConfig" .Values.kafka | fromYaml)
      "topics" (include "bridge.topicsConfig" . | fromYaml)
      "ingress" $ingress
      "connections" $connections -}}
{{- range $section, $own := deepCopy (.Values.config | default dict) -}}
{{- if not (kindIs "invalid" $own) -}}
{{- $_ := mergeOverwrite $config (dict $section $own) -}}
{{- end -}}
{{- end -}}
{{- toYaml $config -}}
{{- end -}}

{{/* Port of a server of the bridge. Takes root and server: ingress or admin. */}}
{{- define "bridge.port" -}}
{{- $config := include "bridge.config" .root | fromYaml -}}
{{- dig .server "port" (eq .server "admin" | ternary 9090 8080) $config -}}
{{- end -}}

{{/* Values of `kafka` for those who may have their own: own over the common ones. Takes root and own. */}}
{{- define "bridge.ownKafka" -}}
{{- mergeOverwrite (deepCopy .root.Values.kafka) (deepCopy (.own.kafka | default dict)) | toYaml -}}
{{- end -}}

{{/*
Variables that turn the common section `kafka` into a component's own, since ingress and worker share one configuration
file: names of users and paths, empty where the component does without. Takes common and own, both values of `kafka`.
*/}}
{{- define "bridge.kafkaVariables" -}}
{{- $common := include "bridge.kafkaConfig" .common | fromYaml -}}
{{- $own := include "bridge.kafkaConfig" .own | fromYaml -}}
{{- $variables := list -}}
{{- range $key := concat (keys $common) (keys $own) | uniq | sortAlpha -}}
{{- if ne (get $own $key | toString) (get $common $key | toString) -}}
{{- $variables = append $variables (dict "name" (printf "BRIDGE_KAFKA__%s" (upper $key)) "value" (get $own $key)) -}}
{{- end -}}
{{- end -}}
{{- if and (hasPrefix "SASL" .own.securityProtocol) .own.sasl.usernameKey (not .own.sasl.username) (not (has .own.sasl.mechanism (list "OAUTHBEARER" "AWS_MSK_IAM"))) -}}
{{- $variables = append $variables (dict "name" "BRIDGE_KAFKA__SASL_USERNAME" "valueFrom" (dict "secretKeyRef" (dict "name" .own.sasl.existingSecret "key" .own.sasl.usernameKey))) -}}
{{- end -}}
{{- toYaml $variables -}}
{{- end -}}

{{/*
Configuration of the topics Job: what decides about topics and no more, so that a new connection does not start it
again.
*/}}
{{- define "bridge.topicsJobConfig" -}}
{{- $config := include "bridge.config" . | fromYaml -}}
{{- $kafka := include "bridge.kafkaConfig" (include "bridge.ownKafka" (dict "root" . "own" .Values.topics.job) | fromYaml) | fromYaml -}}
{{- $kafka = mergeOverwrite $kafka (deepCopy (get (.Values.config | default dict) "kafka" | default dict)) -}}
{{- $ours := dict "kafka" $kafka "topics" $config.topics -}}
{{- with $config.ingress.max_body_bytes -}}
{{- $_ := set $ours "ingress" (dict "max_body_bytes" .) -}}
{{- end -}}
{{- toYaml $ours -}}
{{- end -}}
