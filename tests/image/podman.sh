# shellcheck shell=bash
# buildah and podman, with images and containers in a scratch folder of their own. To be sourced, after $SCRATCH is set.

readonly TOOLS=(buildah podman mmdebstrap runc)

prepare_podman() {
  install_tools
  export BUILDAH_ISOLATION=chroot CONTAINERS_STORAGE_CONF=$SCRATCH/storage.conf TMPDIR=$SCRATCH
  cat >"$CONTAINERS_STORAGE_CONF" <<-END
	[storage]
	driver = "$(storage_driver)"
	graphroot = "$SCRATCH/storage"
	runroot = "$SCRATCH/run"
	END
}

install_tools() {
  if [ "$(id -u)" = 0 ] && type -P "${TOOLS[@]}" >/dev/null; then return; fi
  if [ "$(id -u)" != 0 ] || ! type -P apt-get >/dev/null; then
    echo "no Docker engine answers here: start one, or run this as root where ${TOOLS[*]} are, or Debian's apt-get" >&2
    rmdir "$SCRATCH"
    exit 2
  fi
  apt-get update -qq && apt-get install -y -qq --no-install-recommends "${TOOLS[@]}" >/dev/null
}

# overlay where the kernel mounts it here; vfs elsewhere, which copies the whole image for every container.
storage_driver() {
  local at=$SCRATCH/overlay
  mkdir -p "$at"/{lower,upper,work,merged}
  if mount -t overlay -o "lowerdir=$at/lower,upperdir=$at/upper,workdir=$at/work" none "$at/merged" 2>/dev/null; then
    umount "$at/merged"
    echo overlay
  else
    echo vfs
  fi
}

# NAME: python:VERSION-slim-SUITE. Debian SUITE with its Python, and what lets pip and TLS work on this machine.
stand_in_for() {
  local base=$SCRATCH/base
  mkdir -p "$base/etc/ssl/certs" "$base/etc/xdg"
  cp /etc/ssl/certs/ca-certificates.crt "$base/etc/ssl/certs"
  cp -r /etc/pip.conf "$base/etc" 2>/dev/null || true
  cp -r /etc/xdg/pip "$base/etc/xdg" 2>/dev/null || true
  # shellcheck disable=SC2016  # "$1" is for mmdebstrap to fill in
  mmdebstrap --quiet --variant=minbase --include=python3,python3-pip,python-is-python3,ca-certificates \
    --customize-hook='rm "$1"/usr/lib/python3*/EXTERNALLY-MANAGED' \
    --customize-hook="copy-in $base/etc /" "${1##*-}" "$base/root.tar"
  printf 'FROM scratch AS base\nADD root.tar /\n' >"$base/Dockerfile"
  buildah_build "docker.io/library/$1" "$base" base
}

# TAG FOLDER TARGET
buildah_build() {
  local folder volumes=()
  for folder in $(pip_folders); do volumes+=(--volume "$folder:$folder:ro"); done
  buildah bud --pull-never "${volumes[@]}" --build-arg "PYTORCH=$PYTORCH" --target "$3" --tag "$1" "$2"
}

# The folders of this machine that its pip takes packages from.
pip_folders() {
  python3 -m pip config list | grep -oE "/[^' ]+" | sed 's#^//*#/#' | sort -u | while read -r path; do
    if [ -d "$path" ]; then echo "$path"; fi
  done
}
