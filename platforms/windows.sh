#!/usr/bin/env bash
# The client for Windows: built, and tested under Wine beside this system's daemon and client.
#
#   platforms/windows.sh build     the program: target/x86_64-pc-windows-gnu/release/chatter-client.exe
#   platforms/windows.sh           a cheap build of it, chatting under Wine; add `unit` for its unit tests, too
#
# In: Rust by rustup; mingw-w64 and Wine, which are installed where that can be done. Out: the tests' results, or
# `skipped: … (reason)`. Never: a Wine prefix of somebody else's; this one lies in target/platforms.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. platforms/common.sh
target=x86_64-pc-windows-gnu

[[ ${1-} =~ ^(|build|unit)$ ]] || { sed -n '2,9s/^# \{0,1\}//p' "$0" >&2; exit 64; }
missing=()
have x86_64-w64-mingw32-gcc || missing+=(gcc-mingw-w64-x86-64-posix)
if [[ ${1-} != build ]]; then
    have wine64 || have wine || [[ -x /usr/lib/wine/wine64 ]] || missing+=(wine wine64)
fi
((${#missing[@]} == 0)) || install_packages "${missing[@]}" ||
    skip "the client for Windows (${missing[*]} can't be installed here)"
standard_library "$target" || skip "the client for Windows (rustup has no standard library for $target)"

if [[ ${1-} == build ]]; then
    cargo build --release --locked --target "$target" -p chatter-client
    size "target/$target/release/chatter-client.exe"
    exit
fi

# A prefix of our own, without a display.
wine=$(command -v wine64 || true)
[[ -x /usr/lib/wine/wine64 ]] && wine=/usr/lib/wine/wine64
wine=${wine:-$(command -v wine)}
unset DISPLAY WAYLAND_DISPLAY
export WINEPREFIX=$PWD/target/platforms/wine WINEDEBUG=-all
export WINEDLLOVERRIDES='mscoree,mshtml=;winemenubuilder.exe=d'
server=$(command -v wineserver || true)
[[ -x /usr/lib/wine/wineserver64 ]] && server=/usr/lib/wine/wineserver64
# It serves this prefix alone.
trap '[[ ! $server ]] || "$server" -k || true' EXIT
if [[ ! -e $WINEPREFIX/ready ]]; then
    rm -rf "$WINEPREFIX"
    mkdir -p "$WINEPREFIX"
    timeout 180 "$wine" wineboot -i >target/platforms/wineboot.log 2>&1 ||
        skip "the client for Windows (Wine does not start: $(tail -n 1 target/platforms/wineboot.log))"
    # Wine before 8.14 lacks a library that Rust's asks for random bytes; every Windows since 7 has it.
    library=$WINEPREFIX/drive_c/windows/system32/bcryptprimitives.dll
    [[ -e $library ]] || x86_64-w64-mingw32-gcc -shared -O2 -o "$library" platforms/bcryptprimitives.c -ladvapi32
    : >"$WINEPREFIX/ready"
fi

# Wine's own services would hold the outputs of whichever program starts them.
if [[ $server ]]; then
    "$server" -k || true
    "$server" -w || true
    "$server" -p
fi
"$wine" wineboot </dev/null >/dev/null 2>&1

cargo build --locked --target "$target" -p chatter-client "${cheap[@]}"
export CHATTER_WINE=$wine CHATTER_WINDOWS_CLIENT=$PWD/target/$target/debug/chatter-client.exe
if [[ ${1-} == unit ]]; then
    CARGO_TARGET_X86_64_PC_WINDOWS_GNU_RUNNER=$wine \
        cargo test --locked --target "$target" -p chatter-client --lib "${cheap[@]}"
fi
cargo test --workspace --test it -- --ignored windows_client --test-threads 2
