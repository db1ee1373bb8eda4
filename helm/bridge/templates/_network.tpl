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

{{/* Rules of egress for every pod: DNS, Kafka, and what gives out tokens for Kafka. Takes the root. */}}
{{- define "bridge.kafkaEgress" -}}
{{- $policy := .Values.networkPolicy -}}
{{- $sasl := .Values.kafka.sasl -}}
- ports:
    - {port: 53, protocol: UDP}
    - {port: 53, protocol: TCP}
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
{{- if hasPrefix "SASL" .Values.kafka.securityProtocol }}
{{- if and (eq $sasl.mechanism "OAUTHBEARER") $sasl.oauth.tokenUrl }}
- ports:
    - {port: {{ include "bridge.urlPort" $sasl.oauth.tokenUrl }}, protocol: TCP}
{{- else if eq $sasl.mechanism "AWS_MSK_IAM" }}
# AWS gives out credentials by its token service, or by the agent of EKS Pod Identity.
- ports:
    - {port: 443, protocol: TCP}
- ports:
    - {port: 80, protocol: TCP}
  to:
    - ipBlock: {cidr: 169.254.170.23/32}
{{- end }}
{{- end }}
{{- with $policy.extraEgress }}
{{ toYaml . }}
{{- end }}
{{- end -}}
