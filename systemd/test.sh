#!/usr/bin/env bash
# Runs the unit under a real systemd: a Debian 12 whose PID 1 it is, in a container. fail2ban reads the journal there and
# bans whoever knocks, by a real packet filter.
#
#   systemd/test.sh          as root; takes a running engine, or starts one of its own for the time being
#
# In: the static programs in docker/prebuilt (`docker/programs.sh` builds them where they are missing). Out: what failed, or a line for each
# thing that holds. Never: anything left behind, on any way out.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

name=chatter-systemd-$$
work=$(mktemp -d)
. docker/engine.sh
# What a host has that runs systemd, fail2ban and nftables, and what the test looks with.
packages=systemd,systemd-sysv,dbus,python3-systemd,fail2ban,nftables,iproute2,curl,procps

skip() { printf 'skipped: the unit under a real systemd (%s)\n' "$*"; exit 0; }
holds() { printf 'ok: %s\n' "$*"; }
fail() {
    printf 'FAILED: %s\n' "$*" >&2
    inside journalctl --no-pager -n 40 >&2 2>&1 || true
    exit 1
}
inside() { docker exec "$name" "$@"; }
ctl() { inside chatterctl "$@"; }

clean_up() {
    docker rm -f "$name" >/dev/null 2>&1 || true
    docker image rm -f "$name" >/dev/null 2>&1 || true
    engine_gone
    rm -rf "$work" || true
}
trap clean_up EXIT

# CHATTER_SYSTEMD_BASE names a tar archive of it that is made once and kept.
base() {
    if [[ -f ${CHATTER_SYSTEMD_BASE-} ]]; then
        mkdir "$1" && tar -C "$1" -xf "$CHATTER_SYSTEMD_BASE"
        return
    fi
    command -v debootstrap >/dev/null || skip "debootstrap is not installed"
    debootstrap --variant=minbase --include="$packages" bookworm "$1" >"$work/debootstrap.log" 2>&1 ||
        skip "debootstrap: $(tail -n 1 "$work/debootstrap.log")"
    [[ ! ${CHATTER_SYSTEMD_BASE-} ]] || tar -C "$1" -cf "$CHATTER_SYSTEMD_BASE" .
}

image() {
    base "$work/root"
    # What reaches for hardware or for a console that a container has not.
    local unit
    for unit in getty-static.service console-getty.service getty.target systemd-udevd.service systemd-networkd.service \
        systemd-resolved.service systemd-timesyncd.service apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer \
        sys-kernel-debug.mount sys-kernel-tracing.mount dev-hugepages.mount; do
        ln -sf /dev/null "$work/root/etc/systemd/system/$unit"
    done
    : >"$work/root/etc/machine-id"
    rm -f "$work/root/etc/systemd/system/multi-user.target.wants/fail2ban.service"
    # Debian's own jail reads a file that a host with a journal alone does not have.
    rm -f "$work/root/etc/fail2ban/jail.d/defaults-debian.conf"

    local program
    for program in chatterd chatterctl chatter-client; do
        install -m 755 "docker/prebuilt/$program" "$work/root/usr/bin/$program"
    done
    install -D -m 644 systemd/chatterd.service "$work/root/etc/systemd/system/chatterd.service"
    install -D -m 644 /dev/stdin "$work/root/etc/chatterd/chatterd.toml" <<<'listen = ["0.0.0.0:80"]'
    cp -r fail2ban/filter.d fail2ban/action.d fail2ban/jail.d "$work/root/etc/fail2ban/"
    install -m 644 /dev/stdin "$work/root/etc/fail2ban/jail.local" <<<$'[chatterd]\nenabled = true\nport = 80'
    tar -C "$work/root" -c . | docker import - "$name" >/dev/null
    rm -rf "$work/root"
}

boot() {
    # All capabilities by name: --privileged asks for those, too, that the host itself may lack. Mounts are shared as they are on a
    # host, else LoadCredential= has no way to hand them in.
    docker run -d --name "$name" --hostname "$name" --stop-signal SIGRTMIN+3 -e container=docker --cap-add ALL --cap-drop SYS_RESOURCE \
        --security-opt apparmor=unconfined --security-opt seccomp=unconfined \
        --cgroupns=host -v /sys/fs/cgroup:/sys/fs/cgroup:rw --tmpfs /run --tmpfs /run/lock --tmpfs /tmp \
        "$name" /bin/sh -c 'mount --make-rshared / && exec /lib/systemd/systemd' >/dev/null ||
        skip "the engine can't start a container with a systemd in it"
    within 60 booted || skip "systemd does not boot in a container here"
}
booted() { [[ $(inside systemctl is-system-running) =~ running|degraded ]]; }

unit() {
    inside systemctl start chatterd || fail "systemctl start chatterd"
    inside systemctl is-active -q chatterd || fail "the unit is not active"
    shows "^serving$" ctl health || fail "chatterctl health"
    [[ $(inside systemctl show -P StatusText chatterd) == *"listening on"* ]] || fail "the unit has no status"
    [[ $(inside ps -o user= -C chatterd) != root* ]] || fail "it runs as root"
    holds "the unit starts, unprivileged, on port 80, and says that it serves"
}

# Members are on the host's own loopback.
chat() {
    local link
    link=$(ctl invite | tail -n 1)
    inside sh -c 'mkfifo /tmp/anna /tmp/ben && (sleep 1000 >/tmp/anna &) && (sleep 1000 >/tmp/ben &)'
    # The links go in by standard input.
    docker exec -d "$name" sh -c 'chatter-client new - --nick anna --json </tmp/anna >/tmp/anna.out 2>&1'
    docker exec -i "$name" sh -c 'cat >/tmp/anna' <<<"chatter://127.0.0.1:80/#${link#*#}"
    within 30 inside grep -q '"event":"entered"' /tmp/anna.out || fail "anna does not enter: $(inside cat /tmp/anna.out)"
    inside sed -n 's/.*"event":"room".*"link":"\([^"]*\)".*/\1/p; s/.*"link":"\([^"]*\)".*"event":"room".*/\1/p' /tmp/anna.out >"$work/room"
    docker exec -d "$name" sh -c 'chatter-client join - --nick ben --json </tmp/ben >/tmp/ben.out 2>&1'
    docker exec -i "$name" sh -c 'cat >/tmp/ben' <"$work/room"
    within 30 inside grep -q '"event":"member-joined"' /tmp/ben.out || fail "ben does not meet anna: $(inside cat /tmp/ben.out)"
    says_and_hears "before the ban"
}
says_and_hears() {
    docker exec -i "$name" sh -c 'cat >/tmp/anna' <<<"$1"
    within 20 inside grep -q "\"text\":\"$1\"" /tmp/ben.out || fail "ben does not hear \"$1\""
}

reached() { curl -s -o /dev/null --max-time 3 "http://$1/"; }
unreached() { ! reached "$1"; }
banned() { shows "Banned IP list:.*$1" inside fail2ban-client status chatterd; }

jail() {
    local address gateway line
    inside systemctl start fail2ban || fail "systemctl start fail2ban"
    within 30 inside fail2ban-client status chatterd || fail "the jail does not start"
    address=$(docker inspect -f '{{.NetworkSettings.IPAddress}}' "$name")
    gateway=$(docker inspect -f '{{.NetworkSettings.Gateway}}' "$name")
    for ((line = 0; line < 30; line++)); do reached "$address" || fail "knock $line is not answered"; done
    within 20 banned "$gateway" || fail "fail2ban does not find the ban in the journal: $(inside fail2ban-client status chatterd)"
    within 10 unreached "$address" || fail "whoever is banned is still answered"
    shows "$gateway" inside nft list ruleset || fail "no rule of the packet filter names $gateway"
    says_and_hears "after the ban"
    holds "fail2ban finds the ban in the journal, the packet filter cuts the stranger off, members talk on"

    inside journalctl -u chatterd -o cat >"$work/journal"
    [[ $(grep -c "$gateway" "$work/journal") == 1 ]] || fail "the journal names the banned address more or less than once"
    ! grep -vE 'listening on|admin socket' "$work/journal" | grep '127\.0\.0\.1' >/dev/null || fail "the journal names a member's address"
    ! grep -qE '(chatter|room)1[a-z0-9]{20}' "$work/journal" || fail "the journal holds a link"
    holds "the journal names the banned address once, and no member's"

    ctl bans lift "$gateway" >/dev/null || fail "chatterctl bans lift"
    inside fail2ban-client set chatterd unbanip "$gateway" >/dev/null || fail "fail2ban-client unbanip"
    within 10 reached "$address" || fail "lifting the ban does not free the stranger"
    holds "lifting the ban frees him"
}

restart() {
    local link
    ctl bans add 203.0.113.9 >/dev/null || fail "chatterctl bans add"
    link=$(ctl invite | tail -n 1)
    inside sh -c 'kill -9 $(systemctl show -P MainPID chatterd)'
    within 20 inside chatterctl health || fail "systemd does not start it again after a crash"
    shows '"203.0.113.9"' ctl bans --json || fail "a crash lost the ban"
    [[ $(ctl invite | tail -n 1) == "$link" ]] || fail "a crash lost the keys"
    inside systemctl stop chatterd || fail "systemctl stop chatterd"
    [[ $(inside systemctl show -P Result chatterd) == success ]] || fail "it does not stop cleanly"
    holds "a crash is mended, bans and keys are kept, a stop is clean"
}

[[ $(id -u) == 0 ]] || skip "it needs root"
engine
[[ -x docker/prebuilt/chatterd ]] || docker/programs.sh docker/prebuilt
image
boot
unit
chat
jail
restart
echo "passed: the unit under a real systemd"
