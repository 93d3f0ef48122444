#!/usr/bin/env bash
# The client as a static Linux program with musl in it, which needs no library of the system it runs on.
#
#   platforms/musl.sh build        the program: target/x86_64-unknown-linux-musl/release/chatter-client
#   platforms/musl.sh              a cheap build of it: is it static, does it start in an empty root, does it chat?
#
# In: Rust by rustup; musl-gcc, for what is written in C, which is installed where that can be done. Out: the tests' results, or
# `skipped: … (reason)`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. platforms/common.sh
target=x86_64-unknown-linux-musl

[[ ${1-} =~ ^(|build)$ ]] || { sed -n '2,8s/^# \{0,1\}//p' "$0" >&2; exit 64; }
[[ $(uname -sm) == 'Linux x86_64' ]] || skip "the static client ($(uname -sm) is no Linux on x86_64)"
have musl-gcc || install_packages musl-tools || skip "the static client (musl-tools can't be installed here)"
standard_library "$target" || skip "the static client (rustup has no standard library for $target)"

if [[ ${1-} == build ]]; then
    cargo build --release --locked --target "$target" -p chatter-client
    size "target/$target/release/chatter-client"
    exit
fi

cargo build --locked --target "$target" -p chatter-client "${cheap[@]}"
program=target/$target/debug/chatter-client
# ldd fails on what no loader loads.
said=$(ldd "$program" 2>&1 || true)
[[ $said == *'statically linked'* || $said == *'not a dynamic executable'* ]] ||
    { echo "not static, says ldd: $said" >&2; exit 1; }
echo "static, says ldd: ${said#$'\t'}"
if have file; then
    said=$(file -b "$program")
    [[ $said == *'static'*'linked'* ]] || { echo "not static, says file: $said" >&2; exit 1; }
    echo "static, says file"
fi
if [[ $(id -u) == 0 ]]; then
    root=$(mktemp -d)
    trap 'rm -rf "$root"' EXIT
    cp "$program" "$root/chatter-client"
    chroot "$root" /chatter-client --version
else
    echo "skipped: starting it in an empty root (needs root)"
fi
test_with_client musl "$program" talk:: a_file_arrives screen::two_talk
