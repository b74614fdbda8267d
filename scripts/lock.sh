#!/usr/bin/env bash
# Refreshes the pinned, hashed requirement files and the npm lock files.
# They must hold on Python 3.11-3.13 and every platform, and name no index, host or local path:
# whoever installs decides where packages come from, by their own pip and npm configuration.
set -euo pipefail
cd "$(dirname "$0")/.."

python="${PYTHON:-.venv/bin/python}"
tool_dir=$(mktemp -d)
trap 'rm -rf "$tool_dir"' EXIT

# uv does not read pip's configuration; hand over the index that the user chose, if any.
index=$("$python" -m pip config get global.index-url 2>/dev/null || true)
[ -z "$index" ] || export UV_DEFAULT_INDEX="$index"

compile() { # output, groups...
    local output=$1; shift
    "$python" -m uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
        --no-emit-index-url --no-emit-find-links --no-annotate --no-header \
        ${UPGRADE:+--upgrade} pyproject.toml "$@" --output-file "$output"
}
compile requirements/run.txt --group install
# The test file is a superset of the run file, with the same versions.
compile requirements/test.txt --group dev --constraint requirements/run.txt

for package in bench tests/clients tests/federation/providers; do
    [ -f "$package/package.json" ] || continue
    (cd "$package" && npm install --package-lock-only --ignore-scripts --no-audit --no-fund --silent)
    node scripts/strip-resolved.mjs "$package/package-lock.json"
done
