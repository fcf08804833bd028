#!/usr/bin/env bash
# The scopes of this project as an output of a step, for a matrix: scopes=[{"customer":…},…].
# Plain shell, so that a job which only lists them need not install anything.
set -euo pipefail
cd "${1:-.}"
list=""
for file in stacks/*/*.yaml; do
  [ -e "$file" ] || continue
  customer=${file#stacks/}
  customer=${customer%%/*}
  environment=$(basename "$file" .yaml)
  case "$environment" in production | staging | development) ;; *) continue ;; esac
  [[ "$customer" =~ ^[A-Za-z0-9-]+$ ]] || continue
  list+="${list:+,}{\"customer\":\"$customer\",\"environment\":\"$environment\"}"
done
echo "scopes=[$list]"
