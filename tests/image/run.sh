#!/usr/bin/env bash
# Builds the image, and shows in containers of it what its users rely on. Every check is done; one that fails
# shows what its containers said, and makes this end with 1.
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=tests/image/engine.sh
source tests/image/engine.sh

CANARY=canary-7c1f0e5b
STOPPED=detector-stopped
LARGEST=3000 # with CUDA it is 7,800
failures=0

main() {
  trap clean EXIT
  echo "building the image"
  context "$SCRATCH/context"
  build "$SCRATCH/context" cpu >"$SCRATCH/build.log" 2>&1 || { tail -n 30 "$SCRATCH/build.log"; exit 1; }
  megabytes=$(($(engine image inspect --format '{{.Size}}' "$IMAGE") / 1000000))
  echo "$megabytes MB"

  if [ "$PYTORCH" = "$WITHOUT_CUDA" ]; then
    check "no CUDA in it, and less than $LARGEST MB" without_cuda
  else
    echo "not checked: its size; $WITHOUT_CUDA can't be reached, so there is CUDA in it"
  fi
  check "--help shows the commands" help
  check "--version is that of the source" version
  check "doctor finds mongod" doctor '✓ mongodb .*/mongod$'
  check "doctor finds what builds engines" doctor '✓ tensorrt_rtx .*: builds engines'
  check "OpenCV needs no libGL" headless
  check "an ordinary user by default" ordinary_user
  check "the default user runs the sample" sample_run 1000
  check "any other user runs the sample" sample_run 12345 --user 12345:12345
  check "a project works where it is mounted otherwise" mounted_elsewhere
  check "the image that serves answers for its champion" tests/image/serve.sh "$SCRATCH/project-1000"
  check "SIGTERM ends a training with 75" sigterm
  check "nothing of the folder but the product" only_the_product
  check "no secret in the environment" no_secret
  [ "$failures" = 0 ]
}

check() {
  local what=$1 began=$SECONDS
  : >"$SCRATCH/said"
  if "${@:2}" >>"$SCRATCH/said" 2>&1; then
    printf 'ok      %s (%d s)\n' "$what" $((SECONDS - began))
  else
    printf 'FAILED  %s\n' "$what"
    tail -n 30 "$SCRATCH/said" | sed 's/^/        /'
    failures=$((failures + 1))
  fi
}

# A copy of the working tree, with things in it that must never reach an image.
context() {
  mkdir -p "$1"
  git ls-files -z --cached --others --exclude-standard | tar --null --files-from - --ignore-failed-read -c 2>/dev/null |
    tar -x -C "$1"
  local planted
  for planted in .env detector/.env tests/token.txt datasets/one/image.jpg runs/one/mlflow.db .git/config weights.pt; do
    mkdir -p "$1/$(dirname "$planted")"
    echo "$CANARY" >"$1/$planted"
  done
}

detector() { engine "${RUN[@]}" --rm "$IMAGE" "$@"; }

inside() { engine "${RUN[@]}" --rm --entrypoint sh "${@:2}" "$IMAGE" -c "$1"; }

without_cuda() { echo "$megabytes MB"; [ "$megabytes" -lt "$LARGEST" ] && ! inside 'pip list' | grep -i '^nvidia-'; }

help() { detector --help | tee -a /dev/stderr | grep 'detector init'; }

version() {
  local source
  source=$(sed -n 's/^__version__ = "\(.*\)"/\1/p' detector/__init__.py)
  [ "$(detector --version | tee -a /dev/stderr)" = "detector, version $source" ]
}

doctor() { detector doctor | tee -a /dev/stderr | grep "$1"; }

headless() { inside 'python -c "import cv2; cv2.imencode" && ! find / -xdev -name "libGL.so*" | grep .'; }

ordinary_user() { [ "$(inside 'id -u')" = 1000 ]; }

# The engine and its sidecar lie in the mounted folder, and everything that UID wrote there is its own.
sample_run() {
  local uid=$1 folder=$SCRATCH/project-$1 as=("${@:2}")
  mkdir -m 777 "$folder" &&
    in_folder "$folder" --rm "${as[@]}" "$IMAGE" init &&
    in_folder "$folder" --rm "${as[@]}" "$IMAGE" run --set train.epochs=1 --set promote.minimum=0 &&
    [ -e "$folder/runs/mlflow.db" ] && engine_matches "$folder" && ! find "$folder" -mindepth 1 -not -uid "$uid" | grep .
}

# Nothing is new there but the path; then a training, the champion, and what cleans up.
mounted_elsewhere() {
  local folder=$SCRATCH/project-1000 options=(--set promote.minimum=0)
  elsewhere() { engine "${RUN[@]}" --volume "$folder:/data/parts" --workdir /data/parts --rm "$IMAGE" "$@" 2>&1; }
  elsewhere run --set train.epochs=1 "${options[@]}" | tee -a /dev/stderr | grep '^unchanged  ' &&
    elsewhere run --set train.epochs=2 "${options[@]}" | tee -a /dev/stderr | grep 'read back and found whole' &&
    elsewhere champion && elsewhere verify && elsewhere prune --keep 1 &&
    [ "$(inside 'ls /data/parts/runs/artifacts | wc -l' --volume "$folder:/data/parts")" = 2 ]
}

# Exactly one engine of the champion's, whose SHA-256 is in its sidecar.
engine_matches() {
  local found
  found=$(find -L "$1/models/sample-parts/champion" -name '*.rtx.engine') && [ -s "$found" ] &&
    grep "$(sha256sum "$found" | cut -d ' ' -f 1)" "$found.json"
}

# Stopped in the midst of training, as `docker stop` or a node that is drained does it.
sigterm() {
  local folder=$SCRATCH/project-stopped
  mkdir -m 777 "$folder" &&
    in_folder "$folder" --rm "$IMAGE" init &&
    in_folder "$folder" --detach --name "$STOPPED" "$IMAGE" run --set train.epochs=500 &&
    until_training "$folder" && engine stop --time 60 "$STOPPED"
  engine logs "$STOPPED" 2>&1 | tee -a /dev/stderr | grep 'stopped by SIGTERM' &&
    [ "$(engine wait "$STOPPED" | tee -a /dev/stderr)" = 75 ]
}

until_training() {
  local _
  for _ in $(seq 180); do
    if find "$1/runs" -name results.csv 2>/dev/null | grep .; then return; fi
    sleep 1
  done
  return 1
}

in_folder() { engine "${RUN[@]}" --volume "$1:/work" "${@:2}"; }

only_the_product() {
  local found
  found=$(inside "grep -rl $CANARY /opt /work /cache /home /root /usr/local /tmp | sort
    find /opt/detector -name tests -o -name datasets -o -name runs -o -name '.*'" --user 0) &&
    nothing "$found"
}

no_secret() {
  local environment
  environment=$(engine image inspect --format '{{json .Config.Env}}' "$IMAGE") && [ -n "$environment" ] &&
    nothing "$(grep -iE '(token|password|secret|credential)[^",]*=' <<<"$environment")"
}

nothing() { [ -z "$1" ] || { echo "$1"; return 1; }; }

clean() {
  engine rm --force "$STOPPED" >/dev/null 2>&1 || true
  inside "rm -rf /scratch/project*" --user 0 --volume "$SCRATCH:/scratch" >/dev/null 2>&1 || true
  remove_images >/dev/null 2>&1 || true
  rm -rf "$SCRATCH"
}

main
