{{/* What the schema cannot say: one sentence each, that says what to do. */}}
{{- define "bridge.validate" -}}
{{- include "bridge.validateKafka" (dict "where" "kafka" "kafka" .Values.kafka) -}}
{{- include "bridge.validateConnections" . -}}
{{- end -}}

{{/* Takes where, the path of the values, and kafka, the values. */}}
{{- define "bridge.validateKafka" -}}
{{- $where := .where -}}
{{- $protocol := .kafka.securityProtocol -}}
{{- if not .kafka.bootstrapServers -}}
{{- fail (printf "%s.bootstrapServers is empty: give the brokers to ask first, such as kafka-bootstrap.kafka:9093." $where) -}}
{{- end -}}
{{- with .kafka.sasl -}}
{{- if hasPrefix "SASL" $protocol -}}
{{- if eq .mechanism "AWS_MSK_IAM" -}}
{{- if not .awsRegion -}}
{{- fail (printf "%s.sasl.mechanism is AWS_MSK_IAM, but %s.sasl.awsRegion is empty: give the cluster's region." $where $where) -}}
{{- end -}}
{{- else if eq .mechanism "OAUTHBEARER" -}}
{{- if and (not .oauth.tokenFile) (not .oauth.tokenUrl) -}}
{{- fail (printf "%s.sasl.mechanism is OAUTHBEARER: give %s.sasl.oauth.tokenUrl, or tokenFile." $where $where) -}}
{{- end -}}
{{- if and .oauth.tokenFile .oauth.tokenUrl -}}
{{- fail (printf "%s.sasl.oauth.tokenFile and tokenUrl are both set: give one of them." $where) -}}
{{- end -}}
{{- if and .oauth.tokenUrl (not (and .oauth.clientId .existingSecret)) -}}
{{- fail (printf "%s.sasl.oauth.tokenUrl is set: give %s.sasl.oauth.clientId, and in %s.sasl.existingSecret the Secret with the client secret." $where $where $where) -}}
{{- end -}}
{{- else -}}
{{- if not .existingSecret -}}
{{- fail (printf "%s.securityProtocol is %s, but %s.sasl.existingSecret is empty: give the Secret with the password, or choose PLAINTEXT or SSL." $where $protocol $where) -}}
{{- end -}}
{{- if and (not .username) (not .usernameKey) -}}
{{- fail (printf "%s.securityProtocol is %s, but there is no user: give %s.sasl.username, or in usernameKey its key in the Secret %s." $where $protocol $where .existingSecret) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if not (hasSuffix "SSL" $protocol) -}}
{{- range $key := list "ca" "client" -}}
{{- if get (get $.kafka.tls $key) "existingSecret" -}}
{{- fail (printf "%s.tls.%s.existingSecret is set, but %s.securityProtocol is %s: choose SSL or SASL_SSL, or leave the Secret out." $where $key $where $protocol) -}}
{{- end -}}
{{- end -}}
{{- if not .kafka.tls.checkHostname -}}
{{- fail (printf "%s.tls.checkHostname is false, but %s.securityProtocol is %s: choose SSL or SASL_SSL, or leave it out." $where $where $protocol) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "bridge.validateConnections" -}}
{{- $connections := include "bridge.connections" . | fromYaml -}}
{{- if not $connections -}}
{{- fail "connections holds none that is enabled: give at least one by name, with baseUrl and credentials.existingSecret." -}}
{{- end -}}
{{- $config := include "bridge.config" . | fromYaml -}}
{{- range $name := keys $config.connections | sortAlpha -}}
{{- if not (hasKey $connections $name) -}}
{{- fail (printf "config.connections.%s is no connection that is enabled: add it to connections, with baseUrl and credentials.existingSecret." $name) -}}
{{- end -}}
{{- end -}}
{{- range $name, $connection := $connections -}}
{{- if not $connection.baseUrl -}}
{{- fail (printf "connections.%s.baseUrl is empty: give the vendor's API, or set enabled to false." $name) -}}
{{- end -}}
{{- if not (dig "credentials" "existingSecret" "" $connection) -}}
{{- fail (printf "connections.%s.credentials.existingSecret is empty: give the Secret with its API key and hook secret, or set enabled to false." $name) -}}
{{- end -}}
{{- end -}}
{{- end -}}
