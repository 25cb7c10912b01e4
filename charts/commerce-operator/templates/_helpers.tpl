{{/* The name of every object of the release. */}}
{{- define "commerce-operator.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* What selects the operator's pods; it may never change. */}}
{{- define "commerce-operator.selector" -}}
app.kubernetes.io/name: commerce-operator
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "commerce-operator.labels" -}}
{{ include "commerce-operator.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/component: operator
app.kubernetes.io/part-of: commercestack
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "commerce-operator.serviceAccount" -}}
{{- default (include "commerce-operator.fullname" .) .Values.serviceAccount.name -}}
{{- end -}}

{{/*
What the operator may do to the objects of stacks: the same rules in a ClusterRole or a Role. Verbs are those that
it uses; `list` and `watch` on children are metadata only, which RBAC cannot express.
*/}}
{{- define "commerce-operator.rules" -}}
# Read the manifests, hold them with a finalizer until what is outside of the cluster is gone.
- apiGroups: [commercestack.io]
  resources: [commercestacks]
  verbs: [get, list, watch, patch]
# Say what was found.
- apiGroups: [commercestack.io]
  resources: [commercestacks/status]
  verbs: [patch]
# Set owner references that block deletion (asked for by the admission plug-in OwnerReferencesPermissionEnforcement).
- apiGroups: [commercestack.io]
  resources: [commercestacks/finalizers]
  verbs: [update]
# Credentials of services, clients, database and broker; `get` reads the root seed and what manifests refer to.
- apiGroups: [""]
  resources: [secrets]
  verbs: [get, list, watch, create, patch, delete]
# Settings, addresses and identities of the services.
- apiGroups: [""]
  resources: [configmaps, services, serviceaccounts]
  verbs: [get, list, watch, create, patch, delete]
# Volumes of a managed database and broker. They are never deleted here: with `deletionPolicy: Delete` the cluster's
# garbage collector takes them along with their stack.
- apiGroups: [""]
  resources: [persistentvolumeclaims]
  verbs: [get, list, watch, create, patch]
# The services; managed database and broker. Their status tells whether the stack is ready.
- apiGroups: [apps]
  resources: [deployments, statefulsets]
  verbs: [get, list, watch, create, patch, delete]
# Say why services are not ready.
- apiGroups: [""]
  resources: [pods]
  verbs: [list]
# Loading of sample data.
- apiGroups: [batch]
  resources: [jobs]
  verbs: [get, list, watch, create, patch, delete]
# Which pod may reach which; the way in from outside.
- apiGroups: [networking.k8s.io]
  resources: [networkpolicies, ingresses]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [gateway.networking.k8s.io]
  resources: [httproutes]
  verbs: [get, list, watch, create, patch, delete]
# How many pods may be away at once.
- apiGroups: [policy]
  resources: [poddisruptionbudgets]
  verbs: [get, list, watch, create, patch, delete]
# How many pods there are.
- apiGroups: [autoscaling]
  resources: [horizontalpodautoscalers]
  verbs: [get, list, watch, create, patch, delete]
# Tell users what happened, once per transition.
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create, patch]
{{- end -}}
