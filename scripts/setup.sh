#!/usr/bin/env bash
# Makes .venv hold exactly what a lock file says, plus this checkout itself. Usage: setup.sh run|test
# A stamp named after the hash of everything that matters makes a second call cost nothing.
# The test set is a superset of the run set with the same versions, so it satisfies both.
set -euo pipefail
cd "$(dirname "$0")/.."

set_name=${1:?run or test}
base_python=${PYTHON:-python3}

die() { echo "xenia: $*" >&2; exit 1; }

stamp_of() { # a cheap key: the lock file and the project's own metadata (what stands before the tools' settings)
    local key
    key=$( (cat "requirements/$1.txt"; sed '/^\[tool\.ruff/,$d' pyproject.toml) | cksum | tr ' ' '-')
    echo ".venv/.set-up-$1-$key"
}

if [ -x .venv/bin/python ]; then
    [ -e "$(stamp_of "$set_name")" ] && exit 0
    [ "$set_name" = run ] && [ -e "$(stamp_of test)" ] && exit 0
fi

command -v "$base_python" >/dev/null || die "no '$base_python' found; install Python 3.11 or newer, or say: make PYTHON=/path/to/python3"
"$base_python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
    || die "$("$base_python" --version 2>&1) is too old; Python 3.11 or newer is needed (make PYTHON=/path/to/python3)"
"$base_python" -c 'import venv, ensurepip' 2>/dev/null \
    || die "this Python has no venv module; on Debian and Ubuntu: apt-get install python3-venv"

echo "xenia: setting up .venv for '$set_name' (once)..."
rm -f .venv/.set-up-*
[ -x .venv/bin/python ] || "$base_python" -m venv .venv
pip=".venv/bin/python -m pip --disable-pip-version-check"
$pip install --quiet --require-hashes --requirement "requirements/$set_name.txt"
# The project itself: built by the locked hatchling, so nothing is downloaded here.
$pip install --quiet --no-deps --no-build-isolation --no-index --editable .
touch "$(stamp_of "$set_name")"
