#!/usr/bin/env bash
# Installs the locked npm packages of each named directory, when it has any and they are not there yet.
set -euo pipefail
cd "$(dirname "$0")/.."

for directory in "$@"; do
    [ -f "$directory/package.json" ] || continue
    stamp="$directory/node_modules/.set-up-$(cksum <"$directory/package-lock.json" | tr ' ' '-')"
    [ -e "$stamp" ] && continue
    echo "xenia: installing npm packages of $directory..."
    (cd "$directory" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
    touch "$stamp"
done
