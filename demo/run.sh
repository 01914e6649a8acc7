#!/usr/bin/env bash
# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
# The main job, start to end, in a copy of demo/gitops: pin after verification, refuse what nobody signed,
# look at the diff, then check offline. Images come from layouts in this repository; no registry is asked.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$here")
sealpin=${SEALPIN:-$root/.venv/bin/sealpin}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
[ -t 1 ] && [ -z "${NO_COLOR:-}" ] || say() { printf '\n%s\n' "$*"; }
run() { printf '$ %s\n' "${*//$root\//}"; "$@"; }
expect() { # expect CODE COMMAND...: the demo fails if the command's answer is another one
  local want=$1 got=0
  shift
  run "$@" || got=$?
  [ "$got" -eq "$want" ] || { echo "demo: expected exit code $want, got $got" >&2; exit 1; }
  echo "(exit code $got)"
}

cp -R "$here/gitops/." "$work"
cd "$work"
git init --quiet --initial-branch main
git add . && git -c user.name=demo -c user.email=demo@example.com commit --quiet -m "Manifests as people write them"

mirrors=(
  --mirror "localhost:1338=dir:$root/tests/vectors/lab/repositories"
  --mirror "docker.io=dir:$root/tests/vectors/public-good/repositories"
)

say "1. Verify every image, then pin: one is refused, the others are pinned"
expect 1 "$sealpin" pin --offline "${mirrors[@]}" .

say "2. The diff: only digests were added"
run git --no-pager diff --stat -- apps compose.yaml
run git --no-pager diff --unified=0 -- apps compose.yaml

say "3. The record: what was proven, in sealpin.lock"
run sed -n 2p sealpin.lock

say "4. Without the image that nobody signed, everything is pinned"
run git rm --quiet apps/unsigned.yaml
expect 0 "$sealpin" pin --offline "${mirrors[@]}" .

say "5. The check needs no registry: all is pinned and agrees with the lock"
expect 0 "$sealpin" check .

say "6. It notices a digest that was changed by hand"
sed -i.bak 's/\(kuma-cp:2.8.0@sha256:\)..../\10000/' apps/mesh.yaml && rm apps/mesh.yaml.bak
expect 1 "$sealpin" check .

say "That is the main job. README.md says how to put it into your repository."
