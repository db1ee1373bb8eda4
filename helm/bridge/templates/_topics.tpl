{{/* A duration of the bridge (`7d`) in milliseconds, as text. */}}
{{- define "bridge.milliseconds" -}}
{{- $units := dict "ms" 1 "s" 1000 "m" 60000 "h" 3600000 "d" 86400000 -}}
{{- $unit := regexFind "[a-z]+$" . -}}
{{- mulf (regexFind "^[0-9.]+" . | float64) (get $units $unit) | addf 0.5 | int64 -}}
{{- end -}}

{{/*
The topics of an installation, as the bridge's own table has them: a list of name, partitions and settings.
Takes the section `topics` of the configuration in force, and table, the list of files/topics.yaml.
*/}}
{{- define "bridge.topicTable" -}}
{{- $topics := .topics -}}
{{- $table := list -}}
{{- range .table -}}
{{- $settings := dict "min.insync.replicas" (ternary "2" "1" (ge (int $topics.replication_factor) 3)) -}}
{{- if .retention -}}
{{- $_ := set $settings "retention.ms" (include "bridge.milliseconds" (get $topics.retention .retention)) -}}
{{- end -}}
{{- $partitions := eq .partitions "shards" | ternary $topics.shards (get $topics.partitions .partitions) -}}
{{- $table = append $table (dict
      "name" (printf "%s.%s" $topics.prefix .name)
      "partitions" $partitions
      "settings" (merge $settings .settings)) -}}
{{- end -}}
{{- toYaml $table -}}
{{- end -}}

{{/*
Name of a topic's object. A topic may have upper case and underscores, an object may not: a name that had to change
ends with a hash.
*/}}
{{- define "bridge.topicObjectName" -}}
{{- $name := . | lower | replace "_" "-" -}}
{{- ternary $name (printf "%s-%s" $name (sha256sum . | trunc 8)) (eq $name .) -}}
{{- end -}}
