{{/* The release's name, short enough for what is put behind it. */}}
{{- define "posthouse.name" -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- end }}

{{- define "posthouse.selector" -}}
app.kubernetes.io/name: posthouse
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "posthouse.labels" -}}
{{ include "posthouse.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "posthouse.secret" -}}
{{- .Values.secret.name | default (include "posthouse.name" .) -}}
{{- end }}

{{- define "posthouse.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}
{{- end }}

{{/* What every pod says of itself. Takes the root. */}}
{{- define "posthouse.pod" -}}
automountServiceAccountToken: false
# Otherwise the cluster hands in POSTHOUSE_PORT and the like, where the release is called posthouse.
enableServiceLinks: false
{{- with .Values.image.pullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile: {type: RuntimeDefault}
{{- with .Values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.affinity }}
affinity: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* What every container says of itself. Takes the root. */}}
{{- define "posthouse.container" -}}
image: {{ include "posthouse.image" . | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
env:
  - {name: POSTHOUSE_CONFIG, value: /etc/posthouse/posthouse.yaml}
envFrom:
  - secretRef: {name: {{ include "posthouse.secret" . }}}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
volumeMounts:
  - {name: config, mountPath: /etc/posthouse, readOnly: true}
  - {name: data, mountPath: /data}
  - {name: tmp, mountPath: /tmp}
{{- end }}

{{/* Port, probes and farewell of a container that serves. */}}
{{- define "posthouse.serving" -}}
ports:
  - {name: http, containerPort: 8080, protocol: TCP}
startupProbe:
  httpGet: {path: /healthz, port: http}
  periodSeconds: 1
  failureThreshold: 60
livenessProbe:
  httpGet: {path: /healthz, port: http}
  periodSeconds: 10
  timeoutSeconds: 3
readinessProbe:
  httpGet: {path: /readyz, port: http}
  periodSeconds: 5
  timeoutSeconds: 3
lifecycle:
  preStop: {exec: {command: [sleep, "5"]}}
{{- end }}

{{- define "posthouse.volumes" -}}
- {name: config, configMap: {name: {{ include "posthouse.name" . }}}}
- {name: tmp, emptyDir: {medium: Memory, sizeLimit: 16Mi}}
{{- end }}
