#!/usr/bin/env bash
# The main job in the sandbox, from nothing to a recovered customer. Prints every command before it
# runs it; leaves no process behind; every run starts afresh in a folder of its own.
set -euo pipefail
cd "$(dirname "$0")/.."
drstate=.venv/bin/drstate
export DRSTATE_HOME="$PWD/.drstate/demo" DRSTATE_SANDBOX=1
# a demo must not touch, or wait for, what the caller's own shell points at
unset "${!AWS_@}" "${!PULUMI_@}" 2>/dev/null || true

run() {
  printf '\n$ drstate %s\n' "$*"
  "$drstate" "$@"
}
trap '"$drstate" sandbox stop >/dev/null 2>&1 || true' EXIT

"$drstate" sandbox stop >/dev/null 2>&1 || true
rm -rf "$DRSTATE_HOME"
run sandbox start --estate demo
run capacity --customer acme --environment production --timeout 20
run up --phase replicate   --customer acme --environment production --yes
run up --phase instantiate --customer acme --environment production --yes
run up --phase activate    --customer acme --environment production --yes
run status
printf '\nThe sandbox is stopped now. To look around yourself: drstate sandbox start\n'
