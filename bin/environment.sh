# Makes `.venv` from a lock file, once; sourced by the other scripts of this folder.
#
# `prepare LOCK` leaves $python pointing at an interpreter that has everything in LOCK and sees this checkout. The lock
# is copied into the environment when, and only when, all of it is installed, so a second start compares two files
# and does nothing else, and a set-up that was interrupted is done again. Everything is said on standard error:
# standard output belongs to the program.

root=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd)
python="$root/.venv/bin/python"

say() {
    printf '%s\n' "$*" >&2
}

find_python() {
    for candidate in ${PYTHON:-} python3.11 python3.12 python3.13 python3.14 python3; do
        if "$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
            printf '%s\n' "$candidate"
            return 0
        fi
    done
    say "whimbrel: found no Python 3.11 or newer that can make environments (its modules venv and ensurepip)."
    say "whimbrel: install one (on Debian and Ubuntu: python3 and python3-venv), or name one: PYTHON=/path/to/python3"
    return 3
}

prepare() {
    lock="$root/$1"
    stamp="$root/.venv/installed-$1"
    if ! cmp -s "$lock" "$stamp" || [ ! -x "$python" ]; then
        set_up "$1" || exit 3
    fi
    see_checkout
}

set_up() {
    base=$(find_python) || return 3
    if [ ! -x "$python" ] || ! "$python" -c 'import pip' >/dev/null 2>&1; then
        say "whimbrel: making .venv with $("$base" --version 2>&1)"
        rm -rf "$root/.venv"
        "$base" -m venv "$root/.venv" || return 3
    fi
    rm -f "$stamp"
    say "whimbrel: installing the pinned packages of $1 (this once)"
    "$python" -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes --requirement "$lock" >&2 ||
        return 3
    cp "$lock" "$stamp"
}

# The environment sees the checkout through a path file, so that the processes that the server starts see it too.
see_checkout() {
    paths=$(ls -d "$root"/.venv/lib/python3.*/site-packages)/whimbrel-checkout.pth
    if [ ! -f "$paths" ] || [ "$(cat "$paths")" != "$root" ]; then
        printf '%s\n' "$root" >"$paths"
    fi
}
