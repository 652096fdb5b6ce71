#!/usr/bin/env bash
# Builds the image that serves, and asks it for what the champion of a project sees. FOLDER has that project, and pictures
# in sample/: a run of `detector init` and `detector run` leaves one like it.
set -euo pipefail
folder=$(realpath "${1:?FOLDER with a champion}")
cd "$(dirname "$0")/../.."
# shellcheck source=tests/image/engine.sh
source tests/image/engine.sh
LARGEST=470 # MB; the base has about 130
NAME=detector-serving

main() {
  trap clean EXIT
  mkdir -p "$SCRATCH/context"
  git ls-files -z --cached --others --exclude-standard | tar --null --files-from - --ignore-failed-read -c 2>/dev/null |
    tar -x -C "$SCRATCH/context"
  build "$SCRATCH/context" serve >"$SCRATCH/build.log" 2>&1 || { tail -n 30 "$SCRATCH/build.log"; exit 1; }
  size
  echo "ok      no PyTorch in it: $(engine "${RUN[@]}" --rm --entrypoint sh "$IMAGE" -c 'pip list 2>/dev/null | grep -c "^torch " || true')"
  answers
  refuses
  ends
}

# What is added to the base, which differs: a stand-in is larger than what it stands for.
size() {
  local base added
  base=$(sed -n 's/^FROM \(python:[^ ]*\).*/\1/p' Dockerfile | sort -u)
  added=$((($(bytes "$IMAGE") - $(bytes "$base")) / 1000000))
  echo "$added MB on top of $base"
  [ "$added" -lt "$LARGEST" ]
}

bytes() { engine image inspect --format '{{.Size}}' "$1"; }

# With nothing that can be written to but its caches.
answers() {
  local picture
  picture=$(find "$folder/sample" -name '*.jpg' -o -name '*.png' | sort | sed -n 1p)
  engine "${RUN[@]}" --detach --name "$NAME" --read-only --tmpfs /tmp --tmpfs /cache:mode=1777 --volume "$folder:/work:ro" \
    --volume "$picture:/picture:ro" "$IMAGE"
  for _ in $(seq 60); do if ask health; then break; fi; sleep 1; done
  ask predict /picture | tee -a /dev/stderr | grep '"objects":\[' >/dev/null
}

refuses() { ask predict /etc/hostname | tee -a /dev/stderr | grep '"error":' >/dev/null; }

# ADDRESS [FILE that is sent], by the Python that is in there.
ask() {
  engine exec "$NAME" python -c "
import sys, urllib.error, urllib.request as request
place, *file = sys.argv[1:]
data = open(file[0], 'rb').read() if file else None
try:
    print(request.urlopen(request.Request('http://127.0.0.1:8000/' + place, data)).read().decode())
except urllib.error.HTTPError as error:
    print(error.read().decode())
" "$@" 2>/dev/null
}

ends() {
  engine stop --time 20 "$NAME" >/dev/null
  [ "$(engine wait "$NAME")" = 75 ] || [ "$(engine wait "$NAME")" = 0 ]
  echo "ok      SIGTERM ends it"
}

clean() {
  engine logs "$NAME" 2>&1 | tail -n 5 || true
  engine rm --force "$NAME" >/dev/null 2>&1 || true
  remove_images >/dev/null 2>&1 || true
  rm -rf "$SCRATCH"
}

main
