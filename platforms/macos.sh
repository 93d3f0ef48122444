#!/usr/bin/env bash
# The client for macOS, type-checked for both kinds of processors: nothing here could link or run it.
#
#   platforms/macos.sh
#
# In: Rust by rustup; Zig, as C compiler that knows Apple's headers, from PyPI. Out: the compiler's word, or
# `skipped: … (reason)`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. platforms/common.sh

(($# == 0)) || { sed -n '2,7s/^# \{0,1\}//p' "$0" >&2; exit 64; }
place=$PWD/target/tools/zig
if [[ ! -e $place/ready ]]; then
    python3 -m venv "$place" >/dev/null 2>&1 || skip "the client for macOS (python3 or its venv is not installed)"
    "$place/bin/pip" install -q --disable-pip-version-check --require-hashes -r platforms/zig.txt ||
        skip "the client for macOS (what platforms/zig.txt names can't be had)"
    : >"$place/ready"
fi
export CHATTER_ZIG=$place/bin/python
# Any folder, so that nobody asks for Apple's.
export SDKROOT=$place
export CC_x86_64_apple_darwin=$PWD/platforms/zig-cc.sh AR_x86_64_apple_darwin=$PWD/platforms/zig-ar.sh
export CC_aarch64_apple_darwin=$CC_x86_64_apple_darwin AR_aarch64_apple_darwin=$AR_x86_64_apple_darwin
for target in aarch64-apple-darwin x86_64-apple-darwin; do
    standard_library "$target" || skip "the client for $target (rustup has no standard library for it)"
    cargo check --locked --target "$target" -p chatter-client
    echo "checked for $target"
done
