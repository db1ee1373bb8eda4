{{/*
What KEDA needs to look at Kafka as the bridge does, from the same values and Secrets. Takes the values of `kafka`.
Gives metadata (of each trigger), texts (what must not stand in the trigger, though it is no secret) and secrets
(parameter, name, key).
*/}}
{{- define "bridge.kedaKafka" -}}
{{- $metadata := dict "bootstrapServers" (include "bridge.brokers" .) -}}
{{- /* KEDA's default, 1.0.0, is too old for Kafka 4, which takes requests as of 2.1 and newer ones. */ -}}
{{- $_ := set $metadata "version" "2.1.0" -}}
{{- $_ := set $metadata "offsetResetPolicy" "earliest" -}}
{{- $texts := dict -}}
{{- $secrets := list -}}
{{- if hasSuffix "SSL" .securityProtocol -}}
{{- $_ := set $metadata "tls" "enable" -}}
{{- with .tls.ca -}}
{{- if .existingSecret -}}
{{- $secrets = append $secrets (dict "parameter" "ca" "name" .existingSecret "key" .key) -}}
{{- end -}}
{{- end -}}
{{- with .tls.client -}}
{{- if .existingSecret -}}
{{- $secrets = append $secrets (dict "parameter" "cert" "name" .existingSecret "key" .certKey) -}}
{{- $secrets = append $secrets (dict "parameter" "key" "name" .existingSecret "key" .keyKey) -}}
{{- if .keyPasswordKey -}}
{{- $secrets = append $secrets (dict "parameter" "keyPassword" "name" .existingSecret "key" .keyPasswordKey) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if hasPrefix "SASL" .securityProtocol -}}
{{- $names := dict "PLAIN" "plaintext" "SCRAM-SHA-256" "scram_sha256" "SCRAM-SHA-512" "scram_sha512" "OAUTHBEARER" "oauthbearer" "AWS_MSK_IAM" "oauthbearer" -}}
{{- $_ := set $metadata "sasl" (get $names .sasl.mechanism) -}}
{{- with .sasl -}}
{{- if eq .mechanism "AWS_MSK_IAM" -}}
{{- $_ := set $metadata "saslTokenProvider" "aws_msk_iam" -}}
{{- $_ := set $metadata "awsRegion" .awsRegion -}}
{{- else if eq .mechanism "OAUTHBEARER" -}}
{{- $_ := set $texts "username" .oauth.clientId -}}
{{- $_ := set $texts "oauthTokenEndpointUri" .oauth.tokenUrl -}}
{{- $_ := set $texts "scopes" (.oauth.scope | replace " " ",") -}}
{{- $extensions := list -}}
{{- range $name, $value := .oauth.extensions -}}
{{- $extensions = append $extensions (printf "%s=%s" $name $value) -}}
{{- end -}}
{{- if $extensions -}}
{{- $_ := set $texts "oauthExtensions" (join "," $extensions) -}}
{{- end -}}
{{- $secrets = append $secrets (dict "parameter" "password" "name" .existingSecret "key" .oauth.clientSecretKey) -}}
{{- else -}}
{{- if .username -}}
{{- $_ := set $texts "username" .username -}}
{{- else -}}
{{- $secrets = append $secrets (dict "parameter" "username" "name" .existingSecret "key" .usernameKey) -}}
{{- end -}}
{{- $secrets = append $secrets (dict "parameter" "password" "name" .existingSecret "key" .passwordKey) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- dict "metadata" $metadata "texts" $texts "secrets" $secrets | toYaml -}}
{{- end -}}

{{/* The triggers of a component. Takes root, component and own, the component's values. */}}
{{- define "bridge.kedaTriggers" -}}
{{- $triggers := list -}}
{{- if eq .component "worker" -}}
{{- $prefix := (include "bridge.config" .root | fromYaml).topics.prefix -}}
{{- $kafka := include "bridge.kedaKafka" (include "bridge.ownKafka" . | fromYaml) | fromYaml -}}
{{- $lag := dict "lagThreshold" (.own.autoscaling.lagThreshold | int64 | toString) -}}
{{- $waiting := list
      (dict "consumerGroup" (printf "%s.router" $prefix) "topic" (printf "%s.commands.v1" $prefix))
      (dict "consumerGroup" (printf "%s.owners" $prefix) "topic" (printf "%s.internal.work" $prefix)) -}}
{{- $secured := or $kafka.texts $kafka.secrets (hasKey $kafka.metadata "saslTokenProvider") -}}
{{- $root := .root -}}
{{- range $waiting -}}
{{- $trigger := dict "type" "kafka" "metadata" (merge . $lag $kafka.metadata) -}}
{{- if $secured -}}
{{- $_ := set $trigger "authenticationRef" (dict "name" (include "bridge.componentName" (dict "root" $root "component" "keda"))) -}}
{{- end -}}
{{- $triggers = append $triggers $trigger -}}
{{- end -}}
{{- end -}}
{{- with .own.autoscaling.targetCPU -}}
{{- $triggers = append $triggers (dict "type" "cpu" "metricType" "Utilization" "metadata" (dict "value" (int64 . | toString))) -}}
{{- end -}}
{{- concat $triggers (.own.autoscaling.triggers | default list) | toYaml -}}
{{- end -}}
