#!/bin/sh
# Makes .venv in this checkout: the packages of requirements.lock, each checked by its hash, and
# riskkit itself, editable. `make` runs it before everything; it does nothing when .venv is whole
# and up to date. Needs Python 3.11 to 3.13, with venv or pip or uv. PYTHON=... chooses another.
set -eu
cd "$(dirname "$0")"

venv_python=.venv/bin/python
stamp=.venv/.installed

say() { printf 'setup: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

minor() { "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null; }

supported() {
    case "$(minor "$1")" in 3.11 | 3.12 | 3.13) true ;; *) false ;; esac
}

# Prints the full path of a Python to build on.
find_python() {
    if [ -n "${PYTHON:-}" ]; then
        supported "$PYTHON" || die "PYTHON=$PYTHON is not a Python 3.11, 3.12 or 3.13"
        set -- "$PYTHON"
    else
        set -- python3 python3.13 python3.12 python3.11 python
    fi
    for name in "$@"; do
        if supported "$name"; then
            "$name" -c 'import sys; print(sys.executable)'
            return
        fi
    done
    die "no Python 3.11, 3.12 or 3.13 found. Install one, or name one: make PYTHON=/path/to/python"
}

# What a whole .venv was made from. A checkout that moved makes it anew: its scripts hold its path.
made_from() { pwd; cksum requirements.lock; }
up_to_date() { [ "$(cat "$stamp" 2>/dev/null)" = "$(made_from; cksum pyproject.toml)" ]; }
packages_installed() { [ "$(head -n 2 "$stamp" 2>/dev/null)" = "$(made_from)" ]; }

whole() {
    "$venv_python" -c '' 2>/dev/null || return 1
    [ -z "${PYTHON:-}" ] || [ "$(minor "$PYTHON")" = "$(minor "$venv_python")" ]
}

make_venv() {
    if command -v uv >/dev/null; then
        uv venv --quiet --python "$python" .venv
    elif "$python" -c 'import ensurepip; ensurepip.version()' 2>/dev/null; then
        "$python" -m venv .venv
    elif "$python" -m pip --version >/dev/null 2>&1; then
        "$python" -m venv --without-pip .venv  # Debian without python3-venv: pip installs from outside
    else
        die "$python has neither venv nor pip. On Debian and Ubuntu: apt install python3-venv;" \
            "elsewhere install uv. Then run this again."
    fi
}

# Installs into .venv, with whatever made it.
install() {
    if command -v uv >/dev/null; then
        uv pip install --quiet --python "$venv_python" "$@"
    elif "$venv_python" -m pip --version >/dev/null 2>&1; then
        PIP_USER=0 "$venv_python" -m pip install --quiet --disable-pip-version-check "$@"
    else
        PIP_USER=0 "$(find_python)" -m pip --python "$venv_python" \
            install --quiet --disable-pip-version-check "$@"
    fi
}

if whole && up_to_date; then exit 0; fi

if ! whole || ! packages_installed; then
    python=$(find_python)
    say "making .venv with $python ($(minor "$python")); this takes a minute or two"
    rm -rf .venv
    make_venv
    install --require-hashes -r requirements.lock
    made_from >"$stamp"
fi
install --no-deps --no-build-isolation -e .
{ made_from; cksum pyproject.toml; } >"$stamp"
say ".venv is ready"
