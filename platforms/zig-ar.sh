#!/usr/bin/env bash
# Zig's ar, for what zig-cc.sh compiles.
exec "$CHATTER_ZIG" -m ziglang ar "$@"
