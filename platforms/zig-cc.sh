#!/usr/bin/env bash
# Zig as a C compiler for macOS: takes what Rust's build scripts say to Apple's clang, in Zig's words.
set -euo pipefail
processor=x86_64 arguments=()
while (($# > 0)); do
    case $1 in
        --target=arm64* | --target=aarch64*) processor=aarch64 ;;
        --target=* | -mmacosx-version-min=* | -mmacos-version-min=*) ;;
        -arch) [[ $2 != arm64 ]] || processor=aarch64; shift ;;
        -isysroot) shift ;;
        *) arguments+=("$1") ;;
    esac
    shift
done
exec "$CHATTER_ZIG" -m ziglang cc -target "$processor-macos" "${arguments[@]}"
