#!/usr/bin/env bash
# Builds the packages: .deb and .rpm of chatterd (daemon, chatterctl, units, fail2ban, manual pages) and of chatter-client.
#
#   packaging/build.sh DIRECTORY          both kinds
#   packaging/build.sh DIRECTORY deb      or rpm: one of them
#
# In: the static programs in docker/prebuilt (`docker/programs.sh` builds them where they are missing). Out: packages, the same
# bytes each time for the same programs and the same SOURCE_DATE_EPOCH (else: of the last commit). Never: a program built twice.
set -euo pipefail
[[ $# == 1 || $# == 2 && $2 =~ ^(deb|rpm)$ ]] || { sed -n '2,5s/^# \{0,1\}//p' "$0" >&2; exit 64; }
kind=${2-both}
mkdir -p "$1"
out=$(cd "$1" && pwd)
cd "$(dirname "${BASH_SOURCE[0]}")/.."
stage=target/packages
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH-$(git log -1 --format=%ct 2>/dev/null || echo 1700000000)}
# Fixed, since what they write is what is installed. Kept in target/: they take a minute, and two, to build.
deb_version=3.8.0 rpm_version=0.21.1
export PATH=$PWD/target/tools/bin:$PATH

tool() {
    command -v "$1" >/dev/null || cargo install --quiet --locked --root target/tools "$1" --version "$2"
}

[[ -x docker/prebuilt/chatterd ]] || docker/programs.sh docker/prebuilt
rm -rf "$stage"
mkdir -p "$stage/man" "$stage/completions"
for program in chatterd chatterctl chatter-client; do
    install -m 755 "docker/prebuilt/$program" "$stage/$program"
done
"$stage/chatterctl" man "$stage/man" >/dev/null
"$stage/chatterd" --man >"$stage/man/chatterd.8"
"$stage/chatter-client" man >"$stage/man/chatter-client.1"
for program in chatterctl chatter-client; do
    "$stage/$program" completions bash >"$stage/completions/$program.bash"
    "$stage/$program" completions zsh >"$stage/completions/_$program"
    "$stage/$program" completions fish >"$stage/completions/$program.fish"
done
for package in chatterd chatter-client; do
    packaging/sbom.py "$package" >"$stage/$package.cdx.json"
done
# chatterctl comes with the daemon.
packaging/sbom.py chatterctl >"$stage/chatterctl.cdx.json"
gzip -9nf "$stage"/man/*
find "$stage" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +

if [[ $kind != rpm ]]; then
    tool cargo-deb "$deb_version"
    for package in chatterd chatter-client; do
        cargo deb --quiet --compress-system --no-build --no-strip --locked -p "$package" -o "$out/"
    done
fi
if [[ $kind != deb ]]; then
    tool cargo-generate-rpm "$rpm_version"
    for package in chatterd chatter-client; do
        cargo generate-rpm --payload-compress zstd -p "$package" -o "$out/" >/dev/null
    done
fi
ls -l "$out"
