# Sourced by the scripts beside it.
#
# In: Rust, by rustup; on Debian, as root, apt-get. Out: what a target needs. Never: anything put in place of what is there.
export CARGO_TERM_COLOR=never

# Says what can't be done here and why, and ends: that is no failure of the project's.
skip() {
    printf 'skipped: %s\n' "$*"
    exit 0
}

have() { command -v "$1" >/dev/null 2>&1; }

# Installs Debian's packages.
install_packages() {
    [[ $(id -u) == 0 ]] && have apt-get || return 1
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq && apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

# The standard library for a target, of the compiler that builds here.
standard_library() {
    local place
    place=$(rustc --print sysroot)/lib/rustlib/$1/lib
    [[ -d $place ]] && return
    have rustup || return 1
    rustup --quiet target add "$1"
}

# Builds for these checks are run once or twice: unoptimised they cost a third. Not for use.
cheap=(--config 'profile.dev.package."*".opt-level=0' --config 'profile.dev.package.chatter-protocol.opt-level=0')

# The daemon and the others of this system, as `cargo test` builds them, with this client in the place of its own.
test_with_client() {
    local folder=target/platforms/$1 client=$2
    shift 2
    cargo test -q --workspace --no-run
    mkdir -p "$folder"
    ln -sf "$PWD/target/debug/chatterd" "$PWD/target/debug/chatterctl" "$folder"
    ln -sf "$PWD/$client" "$folder/chatter-client"
    CHATTER_PROGRAMS=$PWD/$folder cargo test --workspace --test it -- "$@"
}

# Where a program was put, and how large it is without what debuggers read.
size() {
    local bytes
    bytes=$(stat -c %s "$1")
    printf '%s: %d.%d MB\n' "$1" $((bytes / 1000000)) $((bytes / 100000 % 10))
}
