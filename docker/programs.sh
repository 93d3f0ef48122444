#!/bin/sh
# Builds the three programs statically and puts them, with the daemon's empty folders, into a directory.
#
#   docker/programs.sh DIRECTORY        docker/prebuilt is where the Dockerfile looks with PROGRAMS=prebuilt
#
# Needs Rust and the C library's static half (Debian: libc6-dev).
set -eu
[ $# = 1 ] || { sed -n '2,6s/^# \{0,1\}//p' "$0" >&2; exit 64; }
out=$1
mkdir -p "$out"
out=$(cd "$out" && pwd)
cd "$(dirname "$0")/.."

# The target is named so that only the programs become static, not what the compiler itself loads.
target=$(rustc -vV | sed -n 's/^host: //p')
RUSTFLAGS='-C target-feature=+crt-static' cargo build --release --locked --target "$target" \
    -p chatterd -p chatterctl -p chatter-client
for program in chatterd chatterctl chatter-client; do
    cp "${CARGO_TARGET_DIR:-target}/$target/release/$program" "$out/"
done
for folder in var/lib/chatterd var/lib/chatterd-report run/chatterd; do
    mkdir -p "$out/folders/$folder"
    chmod 755 "$out/folders/${folder%/*}" "$out/folders"
    chmod 700 "$out/folders/$folder"
done
