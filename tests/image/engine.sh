# shellcheck shell=bash
# shellcheck disable=SC2034  # what is set here is for the one who sources it
# What builds and runs an image on this machine: to be sourced, for `build FOLDER TARGET` and `engine COMMAND…`.
# A Docker engine builds on the base that the Dockerfile names. Without one, buildah and podman do the work, on a
# stand-in for that base: Debian's own Python, so that neither a registry of images nor a daemon is needed.

IMAGE=localhost/detector:test
WITHOUT_CUDA=https://download.pytorch.org/whl/cpu
# What the image `cpu` takes PyTorch from: where its own index can't be reached, from PyPI, which has it with CUDA alone.
PYTORCH=$WITHOUT_CUDA
curl --silent --fail --head --max-time 10 --output /dev/null "$PYTORCH/" || PYTORCH=$(python3 -m pip config get global.index-url 2>/dev/null || echo https://pypi.org/simple)
SCRATCH=$(mktemp --directory /tmp/image.XXXXXX)  # short: podman's sockets live below it

if docker info >/dev/null 2>&1; then
  engine() { docker "$@"; }
  build() { docker build --build-arg "PYTORCH=$PYTORCH" --target "$2" --tag "$IMAGE" "$1"; }
  remove_images() { docker rmi --force "$IMAGE"; }
  RUN=(run --network none)
else
  # shellcheck source=tests/image/podman.sh
  source tests/image/podman.sh
  engine() { podman --runtime runc --cgroup-manager cgroupfs "$@"; }
  build() { stand_in_for "$(sed -n 's/^FROM \(python:[^ ]*\).*/\1/p' "$1/Dockerfile" | sort -u)" && buildah_build "$IMAGE" "$1" "$2"; }
  remove_images() { engine rmi --all --force; }
  # Like Docker, no entry in /etc/passwd for whoever --user names. Limits that no privilege is needed for.
  RUN=(run --network none --passwd=false --log-driver k8s-file --ulimit nofile=8192 --ulimit nproc=8192)
  prepare_podman
fi
