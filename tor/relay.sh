#!/usr/bin/env bash
# Makes this Debian or Ubuntu host a middle relay of the Tor network, with the distribution's own tor; or undoes that.
#
#   sudo tor/relay.sh --nickname NAME --contact TEXT [--port 9001] [--bandwidth '10 MBits'] [--burst RATE] [--monthly '500 GBytes']
#                     [--address A] [--family 'FINGERPRINT …'] [--dry-run]
#   sudo tor/relay.sh --undo [--keep-keys FILE | --forget-keys] [--dry-run]
#
# Again with the same settings it changes nothing, with others it changes those. It never makes an exit. Not on a host that has an
# onion service: it refuses where it sees one.
#
# In: settings, checked. Out: /etc/tor/torrc.d/middle-relay.conf, a line in /etc/tor/torrc that includes it; what was there before, in
# /var/lib/middle-relay, for --undo. Ends with 0, 64 (how it was called), 78 (settings), 1 (something failed; nothing half done is
# taken for done: run it again). Never: a file of somebody else's overwritten, a firewall opened without being asked.
set -euo pipefail
export LC_ALL=C DEBIAN_FRONTEND=noninteractive
. "$(dirname "${BASH_SOURCE[0]}")/relay-settings.sh"

torrc=/etc/tor/torrc
fragment=/etc/tor/torrc.d/middle-relay.conf
include="%include $fragment"
before=/var/lib/middle-relay
dry='' undo='' keep='' forget=''

usage() { sed -n '4,6s/^# \{0,1\}//p' "$0" >&2; exit 64; }
refuse() { printf 'refused: %s\n' "$@" >&2; exit 78; }
fail() { printf 'failed: %s\n' "$@" >&2; exit 1; }
say() { printf '%s\n' "$*"; }

# Does it, or says that it would.
act() {
    if [[ $dry ]]; then printf 'would do: %s\n' "${*@Q}"; else "$@"; fi
}
quietly() {
    local said
    said=$("$@" 2>&1) || fail "$*: $said"
}
with_systemd() { [[ -d /run/systemd/system ]]; }

while (($#)); do
    case $1 in
        --dry-run) dry=1 ;;
        --undo) undo=1 ;;
        --forget-keys) forget=1 ;;
        --nickname | --contact | --port | --bandwidth | --burst | --monthly | --address | --family | --keep-keys)
            (($# > 1)) || usage
            name=${1#--}
            if [[ $name == keep-keys ]]; then keep=$2; else printf -v "RELAY_${name^^}" %s "$2"; fi
            shift
            ;;
        *) usage ;;
    esac
    shift
done
[[ ! $keep || ! $forget ]] || usage
[[ $undo || ! $keep$forget ]] || usage
[[ $dry || $(id -u) == 0 ]] || refuse "it takes root"
command -v apt-get >/dev/null || refuse "this is neither Debian nor Ubuntu: there is no apt-get"

installed() { dpkg-query -W -f '${db:Status-Abbrev}' "$1" 2>/dev/null | grep -c '^ii' >/dev/null; }
packages() { dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' | sed -n 's/^ii *//p' | sort; }

# What the relay's torrc says; settings that tor itself would refuse are refused before anything is touched.
wanted() {
    echo "# Written by relay.sh: settings that are changed here are lost when it runs again."
    relay_lines RELAY || refuse "the settings above (--nickname is RELAY_NICKNAME, and so on)"
    echo "ExitRelay 0"
    echo "ExitPolicy reject *:*"
    # Whoever had tor here may use it as a client.
    [[ ! -e $before/installed ]] && installed tor || echo "SocksPort 0"
}

# Whoever watches a relay's public ups and downs would see those of the service.
no_onion_here() {
    local found
    found=$(grep -rhiE '^[[:space:]]*HiddenServiceDir' /etc/tor 2>/dev/null | head -n 1) || true
    [[ ! $found ]] || refuse "this host has an onion service ($found): a relay beside it tells where it is. Take another host"
    found=$(grep -rhiE '^[[:space:]]*(ORPort|BridgeRelay)' /etc/tor --include=torrc --include='*.conf' --exclude="${fragment##*/}" 2>/dev/null | head -n 1) || true
    [[ ! $found ]] || refuse "tor is configured as a relay here already ($found)"
    installed tor || [[ -e $before/packages || ! -e /var/lib/tor && ! -e $torrc ]] ||
        refuse "there are remains of a tor, /var/lib/tor or $torrc, which undoing would take for its own: apt-get purge tor, or install it"
}

# What there was, before anything is changed. It is whole when `packages` is there.
remember() {
    [[ ! -e $before/packages ]] || return 0
    act rm -rf "$before"
    act mkdir -p -m 700 "$before"
    [[ ! -e $torrc ]] || act cp -a "$torrc" "$before/torrc"
    [[ ! -e /var/lib/tor/keys/secret_id_key ]] || act touch "$before/keys"
    [[ -d /var/lib/tor/keys ]] || act touch "$before/no-keys-folder"
    ! id debian-tor >/dev/null 2>&1 || act touch "$before/user"
    [[ -d /etc/tor/torrc.d ]] || act touch "$before/no-folder"
    ! { with_systemd && systemctl is-enabled -q tor 2>/dev/null; } || act touch "$before/enabled"
    ! { with_systemd && systemctl is-active -q tor 2>/dev/null; } || act touch "$before/active"
    if [[ $dry ]]; then return; fi
    packages >"$before/packages.new"
    mv "$before/packages.new" "$before/packages"
}

install_tor() {
    ! installed tor || return 0
    say "installing tor"
    act apt-get update -qq
    act quietly apt-get install -y -qq --no-install-recommends tor
    # The distribution's torrc as it is, before our line is in it.
    [[ $dry ]] || { packages | comm -13 "$before/packages" - >"$before/installed"; }
}

# Through a new file beside it, so that it is never half written.
write() {
    local mode=$1 to=$2
    if [[ $dry ]]; then
        say "would write $to:"
        sed 's/^/    /'
        return
    fi
    cat >"$to.new"
    chmod "$mode" "$to.new"
    mv "$to.new" "$to"
}

has_line() { [[ -e $torrc ]] && grep -qxF "$include" "$torrc"; }

restart_tor() {
    if with_systemd; then
        act systemctl enable -q tor
        act systemctl restart tor
    else
        say "note: there is no systemd here; start tor in your own way"
    fi
}

set_up() {
    local lines
    lines=$(wanted)
    no_onion_here
    if [[ -e $fragment && $(<"$fragment") == "$lines" ]] && has_line && installed tor; then
        say "nothing to do: this host is that relay already"
        return
    fi
    remember
    install_tor
    act mkdir -p -m 755 "${fragment%/*}"
    write 644 "$fragment" <<<"$lines"
    if ! has_line; then
        { [[ ! -e $torrc ]] || cat "$torrc"; echo "$include"; } | write "$(stat -c %a "$torrc" 2>/dev/null || echo 644)" "$torrc"
    fi
    if [[ ! $dry ]]; then
        cp -a "$torrc" "$before/torrc.ours"
        tor --verify-config --hush -f "$torrc" --defaults-torrc /usr/share/tor/tor-service-defaults-torrc >/dev/null 2>&1 ||
            fail "tor does not take the settings: $(tor --verify-config -f "$torrc" 2>&1 | grep -E '\[(warn|err)\]' | tail -n 3)" "--undo takes them back"
    fi
    restart_tor
    advice
}

advice() {
    local port=${RELAY_PORT:-9001}
    if command -v ufw >/dev/null && shows_active ufw status; then
        say "firewall: ufw allow $port/tcp"
    elif command -v firewall-cmd >/dev/null; then
        say "firewall: firewall-cmd --permanent --add-port=$port/tcp && firewall-cmd --reload"
    else
        say "firewall: port $port (TCP) has to be reachable from everywhere; ask the provider's panel as well"
    fi
    installed unattended-upgrades || say "security updates by themselves: apt-get install unattended-upgrades"
    say "in some hours it is found by its nickname at https://metrics.torproject.org/rs.html"
    say "its identity lies in /var/lib/tor/keys: back that up, encrypted"
}
shows_active() {
    local said
    said=$("$@" 2>/dev/null) && [[ $said == *"Status: active"* ]]
}

take_back() {
    [[ -e $before/packages ]] || { say "nothing to undo: this host was not made a relay by this script"; return; }
    if [[ -e /var/lib/tor/keys/secret_id_key && ! -e $before/keys && ! $forget ]]; then
        [[ $keep ]] || refuse "the relay's identity would be lost: --keep-keys FILE puts it there, --forget-keys lets it go"
        [[ ! -e $keep ]] || refuse "$keep is there already"
        act bash -c 'umask 077 && tar -C /var/lib/tor -cf "$1" keys' - "$keep"
    fi
    # A relay takes half a minute to stop, for which tor.service alone does not wait.
    ! with_systemd || ! installed tor || act systemctl stop tor tor@default
    act rm -f "$fragment"
    if [[ -e $before/installed ]]; then
        local new=()
        mapfile -t new <"$before/installed"
        ((${#new[@]} == 0)) || act quietly apt-get purge -y -qq "${new[@]}"
        # What tor itself made, and nothing did before.
        act rm -rf /var/lib/tor /var/log/tor /run/tor
        [[ -e $before/user ]] || ! id debian-tor >/dev/null 2>&1 || act userdel debian-tor
    elif [[ ! -e $before/keys ]]; then
        act rm -rf /var/lib/tor/keys/{secret_id_key,secret_onion_key,secret_onion_key_ntor} /var/lib/tor/keys/ed25519_* \
            /var/lib/tor/{fingerprint,fingerprint-ed25519,diff-cache}
        [[ ! -e $before/no-keys-folder ]] || act rmdir --ignore-fail-on-non-empty /var/lib/tor/keys
    fi
    if [[ -e $before/torrc && -e $torrc ]] && cmp -s "$torrc" "$before/torrc.ours"; then
        act cp -a "$before/torrc" "$torrc"
    elif [[ -e $torrc && -e $before/torrc ]]; then
        # Changed by somebody since: his it stays, but for our line.
        say "note: $torrc was changed since; only our line is taken out"
        { grep -vxF "$include" "$torrc" || true; } | write "$(stat -c %a "$torrc")" "$torrc"
    elif [[ -e $torrc ]]; then
        act rm -f "$torrc"
    fi
    [[ ! -e $before/no-folder ]] || act rmdir --ignore-fail-on-non-empty "${fragment%/*}" 2>/dev/null || true
    [[ ! -e $before/installed ]] || act rmdir --ignore-fail-on-non-empty /etc/tor 2>/dev/null || true
    if with_systemd && installed tor; then
        [[ -e $before/enabled ]] || act systemctl disable -q tor
        [[ ! -e $before/active ]] || act systemctl start tor
    fi
    act rm -rf "$before"
    say "undone"
}

if [[ $undo ]]; then take_back; else set_up; fi
