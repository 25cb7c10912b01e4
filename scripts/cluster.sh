#!/usr/bin/env bash
# cluster.sh up|down [MANIFEST]: a stack in a Kubernetes cluster, from nothing: nodes, images, the operator by Helm,
# the manifest (examples/quickstart.yaml), and then how to reach it.
#
# The cluster is the testbed's own, for which it takes root, or else the one that KUBECONFIG names; that one must be
# able to get the images (docs/cluster.md). VALUES=FILE,… are more values for Helm.
. "$(dirname "$0")/lib.sh"

MINUTES=15 # until the stack must be ready

usage() { sed -n '2,6s/^# \{0,1\}//p' "$0"; }

testbed() { "$TARGET/debug/testbed" "$@"; }

# shellcheck disable=SC2086 # an absent flag is no word
build_testbed() { cargo build ${CI:+--locked} --workspace --bin testbed; }

# condition COLUMN: of the stack's Ready condition.
condition() {
  kubectl get commercestack "$NAME" --output "jsonpath={.status.conditions[?(@.type=='Ready')].$1}"
}

wait_until_ready() {
  local message told='' deadline=$((SECONDS + MINUTES * 60))
  until [ "$(condition status)" = True ]; do
    message=$(condition message)
    if [ -n "$message" ] && [ "$message" != "$told" ]; then
      say "$message"
      told=$message
    fi
    [ "$SECONDS" -lt "$deadline" ] || {
      kubectl get pods --selector "commercestack.io/stack=$NAME" >&2
      die "stack $NAME is not ready after $MINUTES minutes: kubectl describe commercestack $NAME"
    }
    sleep 1
  done
}

up() {
  local manifest=${1:-examples/quickstart.yaml} own='' values=() helm client
  scripts/setup.sh rust cc go
  build_testbed
  if [ -z "${KUBECONFIG:-}" ]; then
    own=yes
    scripts/setup.sh pods
    say "starting a cluster of two nodes"
    eval "$(testbed up --only kubernetes --nodes 2)"
    scripts/image.sh --load services operator kafka mongodb
    values=(--values charts/commerce-operator/ci/testbed-values.yaml)
  else
    say "the cluster of KUBECONFIG=$KUBECONFIG is used"
  fi
  [ -z "${VALUES:-}" ] || values+=(--values "$VALUES")
  helm=$(command -v helm || testbed path helm)
  have kubectl || PATH=$PATH:$(dirname "$(testbed path kubectl)")

  say "installing the operator"
  "$helm" upgrade --install commerce-operator charts/commerce-operator --namespace commerce-system --create-namespace \
    "${values[@]}" --wait --timeout 5m >/dev/null
  NAME=$(kubectl apply --filename "$manifest" --output jsonpath='{.metadata.name}')
  # An image may be another by the same name.
  if [ "$(condition status)" = True ]; then
    kubectl --namespace commerce-system rollout restart deployment/commerce-operator
    kubectl rollout restart deployment --selector "commercestack.io/stack=$NAME"
    kubectl rollout status deployment --selector "commercestack.io/stack=$NAME" --timeout "${MINUTES}m" >/dev/null
  fi
  wait_until_ready
  client=$(kubectl get secrets --selector "commercestack.io/stack=$NAME" --output name | sed -n 's/^secret.\(.*-client-.*\)/\1/p' | head -n 1)
  kubectl get commercestacks
  cat <<EOF

The stack $NAME is ready. To reach its gateway from here:

${own:+    export KUBECONFIG=$KUBECONFIG
}    kubectl port-forward service/$NAME-gateway 8080:80

and, in another terminal, with the credentials of an API client:

${own:+    export KUBECONFIG=$KUBECONFIG
}    eval "\$(kubectl get secret $client -o go-template='{{range \$k, \$v := .data}}export {{\$k}}="{{base64decode \$v}}"{{"\n"}}{{end}}')"
    export CTP_AUTH_URL=http://localhost:8080 CTP_API_URL=http://localhost:8080
    TOKEN=\$(curl -s -u \$CTP_CLIENT_ID:\$CTP_CLIENT_SECRET -d grant_type=client_credentials \\
      \$CTP_AUTH_URL/oauth/token | sed 's/.*"access_token":"\([^"]*\)".*/\1/')
    curl -s -H "Authorization: Bearer \$TOKEN" \\
      "\$CTP_API_URL/\$CTP_PROJECT_KEY/product-projections?limit=1&priceCurrency=EUR"

make cluster-down ends it.
EOF
}

down() {
  if [ -z "${KUBECONFIG:-}" ]; then
    build_testbed
    testbed down
    return
  fi
  kubectl delete --filename "${1:-examples/quickstart.yaml}" --ignore-not-found --wait
  helm uninstall commerce-operator --namespace commerce-system
}

case ${1:-} in
  up | down) "$@" ;;
  *)
    usage
    exit 2
    ;;
esac
