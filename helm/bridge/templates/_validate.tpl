{{/* What the schema cannot say: one sentence each, that says what to do. */}}
{{- define "bridge.validate" -}}
{{- include "bridge.validateKafka" (dict "where" "kafka" "kafka" .Values.kafka) -}}
{{- if eq .Values.topics.management "job" -}}
{{- include "bridge.validateKafka" (dict "where" "topics.job.kafka" "kafka" (include "bridge.ownKafka" (dict "root" . "own" .Values.topics.job) | fromYaml)) -}}
{{- end -}}
{{- range $component := list "ingress" "worker" -}}
{{- include "bridge.validateKafka" (dict "where" (printf "%s.kafka" $component) "kafka" (include "bridge.ownKafka" (dict "root" $ "own" (get $.Values $component)) | fromYaml)) -}}
{{- end -}}
{{- include "bridge.validateSecrets" (dict "path" "config" "value" .Values.config) -}}
{{- range $setting, $value := dict "bootstrap_servers" "bootstrapServers" "security_protocol" "securityProtocol" "sasl_mechanism" "sasl.mechanism" -}}
{{- if hasKey (get ($.Values.config | default dict) "kafka" | default dict) $setting -}}
{{- fail (printf "config.kafka.%s is set, but network policies, KEDA and mounted Secrets go by kafka.%s: set that." $setting $value) -}}
{{- end -}}
{{- end -}}
{{- include "bridge.validateConnections" . -}}
{{- include "bridge.validateWebhooks" . -}}
{{- include "bridge.validateStrimzi" . -}}
{{- include "bridge.validateWorkloads" . -}}
{{- end -}}

{{/* Takes where, the path of the values, and kafka, the values. */}}
{{- define "bridge.validateKafka" -}}
{{- $where := .where -}}
{{- $protocol := .kafka.securityProtocol -}}
{{- if not .kafka.bootstrapServers -}}
{{- fail (printf "%s.bootstrapServers is empty: give the brokers to ask first, such as kafka-bootstrap.kafka:9093." $where) -}}
{{- end -}}
{{- if hasPrefix "SASL" $protocol -}}
{{- include "bridge.validateSasl" (dict "where" $where "protocol" $protocol "sasl" .kafka.sasl) -}}
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

{{/* Takes where, protocol and sasl, the values of `sasl`. */}}
{{- define "bridge.validateSasl" -}}
{{- $where := .where -}}
{{- $protocol := .protocol -}}
{{- with .sasl -}}
{{- if eq .mechanism "AWS_MSK_IAM" -}}
{{- if ne $protocol "SASL_SSL" -}}
{{- fail (printf "%s.sasl.mechanism is AWS_MSK_IAM, but %s.securityProtocol is %s: choose SASL_SSL." $where $where $protocol) -}}
{{- end -}}
{{- if not .awsRegion -}}
{{- fail (printf "%s.sasl.mechanism is AWS_MSK_IAM, but %s.sasl.awsRegion is empty: give the cluster's region." $where $where) -}}
{{- end -}}
{{- else if eq .mechanism "OAUTHBEARER" -}}
{{- if and (not .oauth.tokenFile) (not .oauth.tokenUrl) -}}
{{- fail (printf "%s.sasl.mechanism is OAUTHBEARER, but there is no token: give %s.sasl.oauth.tokenUrl, or tokenFile." $where $where) -}}
{{- end -}}
{{- if and .oauth.tokenFile .oauth.tokenUrl -}}
{{- fail (printf "%s.sasl.oauth.tokenFile and tokenUrl are both set: give one of them." $where) -}}
{{- end -}}
{{- if and .oauth.tokenUrl (not (and .oauth.clientId .existingSecret)) -}}
{{- fail (printf "%s.sasl.oauth.tokenUrl is set: give %s.sasl.oauth.clientId, too, and in %s.sasl.existingSecret the Secret with the client secret." $where $where $where) -}}
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

{{/* Refuses a secret in what becomes a ConfigMap. Takes path and value. */}}
{{- define "bridge.validateSecrets" -}}
{{- $path := .path -}}
{{- range $key, $value := .value -}}
{{- $here := printf "%s.%s" $path $key -}}
{{- if kindIs "map" $value -}}
{{- include "bridge.validateSecrets" (dict "path" $here "value" $value) -}}
{{- else if and $value (has $key (list "api_key" "webhook_secret" "webhook_secret_previous" "sasl_password" "ssl_key_password" "sasl_oauth_client_secret")) -}}
{{- fail (printf "%s is a secret, and config becomes a ConfigMap: put it into a Secret, and name that in existingSecret." $here) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "bridge.validateConnections" -}}
{{- $connections := include "bridge.connections" . | fromYaml -}}
{{- if not $connections -}}
{{- fail "connections has none that is enabled: give at least one by name, with baseUrl and credentials.existingSecret." -}}
{{- end -}}
{{- range $name := keys (get (.Values.config | default dict) "connections" | default dict) | sortAlpha -}}
{{- if not (hasKey $connections $name) -}}
{{- fail (printf "config.connections.%s is no connection that is enabled: add it to connections, with baseUrl and credentials.existingSecret." $name) -}}
{{- end -}}
{{- end -}}
{{- range $name, $connection := $connections -}}
{{- if not $connection.baseUrl -}}
{{- fail (printf "connections.%s.baseUrl is empty: give the URL of the vendor's API, or set enabled to false." $name) -}}
{{- end -}}
{{- if not (dig "credentials" "existingSecret" "" $connection) -}}
{{- fail (printf "connections.%s.credentials.existingSecret is empty: give the Secret with its API key and webhook secret, or set enabled to false." $name) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Names of the connections whose webhooks the worker registers, as a list. */}}
{{- define "bridge.registered" -}}
{{- $names := list -}}
{{- range $name, $connection := (include "bridge.config" . | fromYaml).connections -}}
{{- $webhooks := $connection.webhooks | default dict -}}
{{- if and (ne (get $webhooks "register" | toString) "false") (not (and (hasKey $webhooks "events") (empty $webhooks.events))) -}}
{{- $names = append $names $name -}}
{{- end -}}
{{- end -}}
{{- toYaml $names -}}
{{- end -}}

{{- define "bridge.validateWebhooks" -}}
{{- $public := (include "bridge.config" . | fromYaml).ingress.public_url | default "" -}}
{{- range include "bridge.registered" . | fromYamlArray -}}
{{- if not $public -}}
{{- fail (printf "publicUrl is empty, but connections.%s registers webhooks: give the https origin that the vendor calls, such as https://hooks.example.com, or set its config.webhooks.register to false." .) -}}
{{- end -}}
{{- if not (regexMatch "^(https://|http://(localhost|127\\.[0-9.]+|\\[::1\\])([:/]|$))" $public) -}}
{{- fail (printf "publicUrl is %s, but the vendor calls https alone: give an https origin, such as https://hooks.example.com." $public) -}}
{{- end -}}
{{- end -}}
{{- if and $public (not (regexMatch "^https?://[^/?#]+/?$" $public)) -}}
{{- fail (printf "publicUrl is %s, which is more than an origin: give scheme, host and port alone, such as https://hooks.example.com." $public) -}}
{{- end -}}
{{- $route := .Values.ingress.route -}}
{{- range $kind, $hosts := dict "ingress" $route.ingress.hosts "httpRoute" $route.httpRoute.hostnames -}}
{{- if and (get (get $route $kind) "enabled") (not $hosts) (not $.Values.publicUrl) -}}
{{- fail (printf "ingress.route.%s.enabled is true, but there is no host: give publicUrl, or %s there." $kind (eq $kind "ingress" | ternary "hosts" "hostnames")) -}}
{{- end -}}
{{- end -}}
{{- if and $route.httpRoute.enabled (not $route.httpRoute.parentRefs) -}}
{{- fail "ingress.route.httpRoute.enabled is true, but parentRefs is empty: give the Gateway that it belongs to." -}}
{{- end -}}
{{- end -}}

{{- define "bridge.validateStrimzi" -}}
{{- $strimzi := .Values.topics.strimzi -}}
{{- if eq .Values.topics.management "strimzi" -}}
{{- if not $strimzi.cluster -}}
{{- fail "topics.management is strimzi, but topics.strimzi.cluster is empty: give the name of the Kafka object." -}}
{{- end -}}
{{- with .Values.kafka -}}
{{- $mutual := and (eq .securityProtocol "SSL") .tls.client.existingSecret -}}
{{- $scram := and (hasPrefix "SASL" .securityProtocol) (eq .sasl.mechanism "SCRAM-SHA-512") -}}
{{- if and $strimzi.createUser (not $mutual) (not $scram) -}}
{{- fail "topics.strimzi.createUser makes users of mutual TLS and SCRAM-SHA-512: set kafka.securityProtocol to SSL with kafka.tls.client.existingSecret, or kafka.sasl.mechanism to SCRAM-SHA-512, or createUser to false." -}}
{{- end -}}
{{- end -}}
{{- else if $strimzi.createUser -}}
{{- fail (printf "topics.strimzi.createUser is true, but topics.management is %s: set that to strimzi, or createUser to false." .Values.topics.management) -}}
{{- end -}}
{{- end -}}

{{- define "bridge.validateWorkloads" -}}
{{- if not (regexMatch "^[a-z]([a-z0-9-]*[a-z0-9])?$" (include "bridge.fullname" .)) -}}
{{- fail (printf "the objects would be named %s, which is no name for a Service: set fullnameOverride to lower-case letters, digits and hyphens, a letter first." (include "bridge.fullname" .)) -}}
{{- end -}}
{{- $hooksPort := include "bridge.port" (dict "root" . "server" "ingress") -}}
{{- if eq $hooksPort (include "bridge.port" (dict "root" . "server" "admin")) -}}
{{- fail (printf "config.ingress.port and config.admin.port are both %s: webhooks are public, the admin port never is, so give each its own." $hooksPort) -}}
{{- end -}}
{{- with .Values.ingress -}}
{{- /* What the bridge takes at most after SIGTERM, in seconds: docs/operations.md. */ -}}
{{- $least := add .preStopSleepSeconds 25 -}}
{{- if le (int .terminationGracePeriodSeconds) (int $least) -}}
{{- fail (printf "ingress.terminationGracePeriodSeconds is %v, but a stop takes up to %d s: give more than preStopSleepSeconds + 25." .terminationGracePeriodSeconds $least) -}}
{{- end -}}
{{- end -}}
{{- if lt (int .Values.worker.terminationGracePeriodSeconds) 45 -}}
{{- fail (printf "worker.terminationGracePeriodSeconds is %v, but a stop takes up to 45 s: give at least 45." .Values.worker.terminationGracePeriodSeconds) -}}
{{- end -}}
{{- range $component := list "ingress" "worker" -}}
{{- $own := get $.Values $component -}}
{{- with $own.autoscaling -}}
{{- if .enabled -}}
{{- if gt (int .minReplicas) (int .maxReplicas) -}}
{{- fail (printf "%s.autoscaling.minReplicas is above maxReplicas: give at most %v." $component .maxReplicas) -}}
{{- end -}}
{{- $byLag := and (eq .type "keda") (eq $component "worker") -}}
{{- $given := eq .type "hpa" | ternary .metrics .triggers -}}
{{- if not (or .targetCPU $given $byLag) -}}
{{- fail (printf "%s.autoscaling is on, but has nothing to go by: give targetCPU, or %s." $component (eq .type "hpa" | ternary "metrics" "triggers")) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if and .Values.worker.autoscaling.enabled (eq .Values.worker.autoscaling.type "keda") (hasPrefix "SASL" .Values.kafka.securityProtocol) (eq .Values.kafka.sasl.mechanism "OAUTHBEARER") .Values.kafka.sasl.oauth.tokenFile -}}
{{- fail "worker.autoscaling.type is keda, but KEDA cannot read kafka.sasl.oauth.tokenFile: give tokenUrl, or choose hpa." -}}
{{- end -}}
{{- end -}}
