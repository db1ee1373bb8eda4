{{/* Ports of brokers, of those that the topics Job asks, too. Takes the root. */}}
{{- define "bridge.kafkaPorts" -}}
{{- $ports := list -}}
{{- $job := include "bridge.ownKafka" (dict "root" . "own" .Values.topics.job) | fromYaml -}}
{{- range list .Values.kafka $job -}}
{{- range include "bridge.brokers" . | splitList "," -}}
{{- $ports = append $ports (regexFind ":[0-9]+ *$" . | trim | trimPrefix ":" | default "9092" | int) -}}
{{- end -}}
{{- end -}}
{{- range .Values.networkPolicy.kafkaPorts -}}
{{- $ports = append $ports (int .) -}}
{{- end -}}
{{- range $ports | uniq }}
- {port: {{ . }}, protocol: TCP}
{{- end }}
{{- end -}}

{{/* Port of a URL. */}}
{{- define "bridge.urlPort" -}}
{{- $url := urlParse . -}}
{{- regexFind ":[0-9]+$" $url.host | trimPrefix ":" | default (eq $url.scheme "http" | ternary "80" "443") -}}
{{- end -}}

{{/*
Rules of egress for every pod: DNS, Kafka, and what gives out tokens for Kafka, those of the topics Job included. Takes
the root.
*/}}
{{- define "bridge.kafkaEgress" -}}
{{- $policy := .Values.networkPolicy -}}
{{- $tokenPorts := list -}}
{{- $byIam := false -}}
{{- range $own := list dict .Values.topics.job -}}
{{- $kafka := include "bridge.ownKafka" (dict "root" $ "own" $own) | fromYaml -}}
{{- if hasPrefix "SASL" $kafka.securityProtocol -}}
{{- if eq $kafka.sasl.mechanism "AWS_MSK_IAM" -}}
{{- $byIam = true -}}
{{- else if and (eq $kafka.sasl.mechanism "OAUTHBEARER") $kafka.sasl.oauth.tokenUrl -}}
{{- $tokenPorts = append $tokenPorts (include "bridge.urlPort" $kafka.sasl.oauth.tokenUrl) -}}
{{- end -}}
{{- end -}}
{{- end -}}
- ports:
    {{- range $policy.dnsPorts }}
    - {port: {{ . }}, protocol: UDP}
    - {port: {{ . }}, protocol: TCP}
    {{- end }}
  {{- with $policy.dnsTo }}
  to:
    {{- toYaml . | nindent 4 }}
  {{- end }}
- ports:
    {{- include "bridge.kafkaPorts" . | trim | nindent 4 }}
  {{- with $policy.kafkaTo }}
  to:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- with $tokenPorts | uniq }}
- ports:
    {{- range . }}
    - {port: {{ . }}, protocol: TCP}
    {{- end }}
{{- end }}
{{- if $byIam }}
# AWS gives out credentials by its token service, or by the agent of EKS Pod Identity.
- ports:
    - {port: 443, protocol: TCP}
- ports:
    - {port: 80, protocol: TCP}
  to:
    - ipBlock: {cidr: 169.254.170.23/32}
    - ipBlock: {cidr: "fd00:ec2::23/128"}
{{- end }}
{{- with $policy.extraEgress }}
{{ toYaml . }}
{{- end }}
{{- end -}}
