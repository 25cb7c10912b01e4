#!/usr/bin/env bash
# archive.sh IMAGE PROGRAM [ARGUMENT…]: an OCI archive on stdout, of an image that consists of one static program, which
# it runs.
set -euo pipefail
image=$1 program=$(readlink -f "$2")
entrypoint=$(printf ', "%s"' "${@:3}")
[ $# -gt 2 ] || entrypoint=
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/blobs/sha256" "$work/root"
cp "$program" "$work/root/"

# blob FILE: takes it in; prints its digest and size, as descriptors have them.
blob() {
  local sum
  sum=$(sha256sum "$1" | cut -d ' ' -f 1)
  printf '"digest": "sha256:%s", "size": %s' "$sum" "$(stat -c %s "$1")"
  mv "$1" "$work/blobs/sha256/$sum"
}
oci=application/vnd.oci.image
case $(uname -m) in aarch64) architecture=arm64 ;; *) architecture=amd64 ;; esac
tar -C "$work/root" --owner=0 --group=0 -cf "$work/layer" .
layer_sum=$(sha256sum "$work/layer" | cut -d ' ' -f 1)
layer=$(blob "$work/layer")
cat >"$work/config" <<END
{ "architecture": "$architecture", "os": "linux", "config": { "Entrypoint": ["/${program##*/}"$entrypoint] },
  "rootfs": { "type": "layers", "diff_ids": ["sha256:$layer_sum"] } }
END
config=$(blob "$work/config")
cat >"$work/manifest" <<END
{ "schemaVersion": 2, "mediaType": "$oci.manifest.v1+json",
  "config": { "mediaType": "$oci.config.v1+json", $config },
  "layers": [{ "mediaType": "$oci.layer.v1.tar", $layer }] }
END
manifest=$(blob "$work/manifest")
cat >"$work/index.json" <<END
{ "schemaVersion": 2, "manifests": [{ "mediaType": "$oci.manifest.v1+json", $manifest,
  "annotations": { "io.containerd.image.name": "$image", "org.opencontainers.image.ref.name": "${image##*:}" } }] }
END
echo '{ "imageLayoutVersion": "1.0.0" }' >"$work/oci-layout"
tar -C "$work" -cf - oci-layout index.json blobs
