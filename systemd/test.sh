#!/usr/bin/env bash
# Installs the packages under a real systemd (a Debian 12 whose PID 1 it is, in a container), and does there what operators
# do: start, chat, ban, crash, hang, upgrade, hand sockets and keys in, remove. fail2ban reads the journal there and bans whoever
# knocks, by a real packet filter. Debian's tor makes an onion service of it.
#
#   systemd/test.sh          as root; takes a running engine, or starts one of its own for the time being
#
# In: the packages that packaging/build.sh makes of the programs in docker/prebuilt (CHATTER_PACKAGES names a folder with them where
# they are made already). Out: what failed, or a line for each
# thing that holds. Never: anything left behind, on any way out.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

name=chatter-systemd-$$
work=$(mktemp -d)
. docker/engine.sh
. systemd/onion.sh
# What a host has that runs systemd, fail2ban and nftables, and what the test looks with.
packages=systemd,systemd-sysv,dbus,python3-systemd,fail2ban,nftables,iproute2,curl,procps,tor,apparmor

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
    onion_network_gone
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
    rm -f "$work"/root/etc/systemd/system/multi-user.target.wants/{fail2ban,tor,apparmor}.service
    # Debian's own jail reads a file that a host with a journal alone does not have.
    rm -f "$work/root/etc/fail2ban/jail.d/defaults-debian.conf"

    install -m 644 -t "$work/root/root" "$work"/packages/*.deb
    install -D -m 644 /dev/stdin "$work/root/etc/fail2ban/jail.local" <<<$'[chatterd]\nenabled = true\nport = 8000'
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

install_packages() {
    inside sh -c 'apt-get install -y --no-install-recommends ./root/chatterd_*.deb ./root/chatter-client_*.deb' >"$work/apt" 2>&1 ||
        fail "apt install: $(tail -n 5 "$work/apt")"
    inside sh -c 'ls /usr/share/man/man8/chatterd.8.gz /usr/share/man/man1/chatterctl-doctor.1.gz \
        /usr/share/bash-completion/completions/chatterctl /usr/share/zsh/vendor-completions/_chatterctl \
        /usr/share/fish/vendor_completions.d/chatterctl.fish /usr/share/doc/chatterd/chatterd.cdx.json' >/dev/null ||
        fail "something of the package is missing"
    holds "the packages install, with manual pages, completions and a list of what they are made of"
}

unit() {
    inside sh -c 'systemd-analyze verify --man=no /usr/lib/systemd/system/chatterd*' >"$work/verified" 2>&1 && ! grep chatterd "$work/verified" ||
        fail "systemd does not like the units: $(cat "$work/verified")"
    within 20 inside systemctl is-active -q chatterd || fail "installing does not start the unit"
    shows "^serving$" ctl health || fail "chatterctl health"
    within 20 status_says "listening on .*; sessions: 0, .*banned: 0" || fail "the unit has no status: $(status)"
    [[ $(inside ps -o user= -C chatterd) != root* ]] || fail "it runs as root"
    [[ $(inside sh -c 'grep CapPrm /proc/$(systemctl show -P MainPID chatterd)/status') == *0000000000000000 ]] || fail "it has a capability"
    holds "the unit starts, without a privilege, and says how it is"
}
status() { inside systemctl show -P StatusText "${1-chatterd}"; }
status_says() { [[ $(status) =~ $1 ]]; }

# The settings are read anew, or stay as they were; nobody's session ends.
reload() {
    inside sed -i 's/^after = .*/after = 29/' /etc/chatterd/chatterd.toml
    inside systemctl reload chatterd || fail "systemctl reload chatterd"
    shows '^ban\.after .* 29$' ctl config show || fail "a reload does not take a setting: $(ctl config show | grep -n after)"
    inside sed -i 's/^after = .*/after = "many"/' /etc/chatterd/chatterd.toml
    ! inside systemctl reload chatterd >/dev/null 2>&1 || fail "a file that can't be used is taken"
    inside systemctl is-active -q chatterd && shows '^ban\.after .* 29$' ctl config show || fail "a file that can't be used did harm"
    inside sed -i 's/^after = .*/after = 30/' /etc/chatterd/chatterd.toml
    inside systemctl reload chatterd || fail "systemctl reload chatterd after all"
    says_and_hears "after reloads"
    holds "reloads take what can be used, and fail on what can't, while members talk on"
}

# A daemon that hangs is killed and started anew.
watchdog() {
    local pid
    drop_in chatterd.service watchdog $'[Service]\nWatchdogSec=2\nTimeoutAbortSec=2'
    inside systemctl restart chatterd || fail "it does not start again"
    sleep 4
    pid=$(inside systemctl show -P MainPID chatterd)
    [[ $(inside systemctl show -P NRestarts chatterd) == 0 ]] || fail "the watchdog is not fed in time"
    inside kill -STOP "$pid"
    within 20 started_anew "$pid" || fail "a daemon that hangs stays: $(inside systemctl status chatterd 2>&1 | head -n 12)"
    within 10 inside chatterctl health || fail "it does not serve after the watchdog's restart"
    holds "the watchdog is fed while it serves; stopped dead, it is killed and started anew"
    inside rm -r /etc/systemd/system/chatterd.service.d
    inside systemctl daemon-reload
}
started_anew() {
    local now
    now=$(inside systemctl show -P MainPID chatterd) && [[ $now != 0 && $now != "$1" ]]
}
# UNIT NAME TEXT
drop_in() {
    inside mkdir -p "/etc/systemd/system/$1.d"
    docker exec -i "$name" sh -c "cat >/etc/systemd/system/$1.d/$2.conf" <<<"$3"
    inside systemctl daemon-reload
}

# Members are on the host's own loopback.
chat() {
    local link
    link=$(ctl invite | tail -n 1)
    inside sh -c 'mkfifo /tmp/anna /tmp/ben && (sleep 1000 >/tmp/anna &) && (sleep 1000 >/tmp/ben &)'
    # The links go in by standard input.
    docker exec -d "$name" sh -c 'chatter-client new - --nick anna --json </tmp/anna >/tmp/anna.out 2>&1'
    docker exec -i "$name" sh -c 'cat >/tmp/anna' <<<"chatter://127.0.0.1:8000/#${link#*#}"
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

reached() { curl -s -o /dev/null --max-time 3 "http://$1:${port-8000}/"; }
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

    inside journalctl -u chatterd -o json TARGET=ban >"$work/journal.json"
    grep -q '"CHATTERD_PACKETS":"30"' "$work/journal.json" && grep -q "\"CHATTERD_ADDRESS\":\"$gateway\"" "$work/journal.json" ||
        fail "the journal has no fields of ours: $(tail -n 1 "$work/journal.json")"
    holds "the journal has fields of its own for who was banned and why"

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
    inside systemctl start chatterd || fail "systemctl start chatterd"
    holds "a crash is mended, bans and keys are kept, a stop is clean"
}

doctor() {
    local said
    # A container has no time service, and a generated directory is as old as its seed says.
    said=$(ctl doctor --json) || [[ $? == 4 ]] || fail "doctor finds a problem: $said"
    grep -q '"check":"fail2ban","level":"ok"' <<<"$said" || fail "doctor does not see the jail: $said"
    grep -q '"check":"sandbox","level":"ok","what":"chatterd.service, exposure 1' <<<"$said" || fail "doctor does not see the sandbox: $said"
    grep -q '"check":"port","level":"ok"' <<<"$said" || fail "doctor does not see the port: $said"
    holds "doctor sees jail, sandbox and port"
}

upgrade() {
    local link
    link=$(ctl invite | tail -n 1)
    inside sh -c 'apt-get install -y --reinstall --no-install-recommends ./root/chatterd_*.deb' >"$work/apt" 2>&1 || fail "apt install again: $(tail -n 5 "$work/apt")"
    within 20 inside chatterctl health || fail "it does not run after an upgrade"
    [[ $(ctl invite | tail -n 1) == "$link" ]] && shows '"203.0.113.9"' ctl bans --json || fail "an upgrade lost keys or bans"
    holds "an upgrade keeps keys and bans, and starts the daemon anew"
}

# What docs/operating.md tells operators to type.
documented() {
    local command count=0
    systemd/documented.sh >"$work/commands" || fail "systemd/documented.sh"
    while IFS= read -r command; do
        inside sh -c "${command//sudo /}" </dev/null >"$work/said" 2>&1 || fail "docs/operating.md: $command: $(cat "$work/said")"
        count=$((count + 1))
    done <"$work/commands"
    ((count > 15)) || fail "docs/operating.md has $count commands only"
    within 20 inside chatterctl health || fail "it does not run after all that"
    ctl bans add 203.0.113.9 >/dev/null || fail "chatterctl bans add"
    holds "$count commands of docs/operating.md work as they stand"
}

# systemd opens the sockets, port 80 among them; of a restart, nobody who connects hears.
activated() {
    local address pid refused
    address=$(docker inspect -f '{{.NetworkSettings.IPAddress}}' "$name")
    drop_in chatterd.socket port $'[Socket]\nListenStream=\nListenStream=0.0.0.0:80'
    inside systemctl disable -q --now chatterd
    inside systemctl enable -q --now chatterd.socket chatterd-admin.socket || fail "the sockets don't start"
    port=80 reached "$address" || fail "a connection does not start the daemon: $(inside systemctl status chatterd-activated 2>&1 | head -n 12)"
    shows "^serving$" ctl health || fail "chatterctl health by systemd's socket"
    shows '"203.0.113.9"' ctl bans --json || fail "bans are not kept"
    pid=$(inside systemctl show -P MainPID chatterd-activated)
    [[ $(inside ps -o user= -p "$pid") != root* && $(inside readlink "/proc/$pid/ns/net") != $(inside readlink /proc/1/ns/net) ]] ||
        fail "it is not closed off from the network"
    (while [[ ! -e $work/enough ]]; do
        curl -s -o /dev/null --max-time 20 "http://$address/" && echo reached || echo refused
    done >"$work/attempts") &
    inside systemctl restart chatterd-activated || fail "it does not start again"
    inside sh -c 'kill -9 $(systemctl show -P MainPID chatterd-activated)' # Once it is idle, as far as one can tell.
    within 20 inside chatterctl health || fail "systemd does not start it again after a crash"
    inside systemctl restart chatterd-activated || fail "it does not start again"
    sleep 1
    touch "$work/enough"
    wait %% || true
    refused=$(grep -c refused "$work/attempts" || true)
    # The crash may hit one in the middle of his answer; the restarts nobody.
    ((refused <= 1 && $(grep -c reached "$work/attempts") > 10)) || fail "restarts were noticed: $(sort "$work/attempts" | uniq -c)"
    holds "with systemd's sockets it has port 80, no network of its own, and two restarts refuse nobody"
}

# Keys that are nowhere in the state directory.
credentials() {
    inside systemctl stop chatterd-activated
    inside sh -c 'rm -rf /var/lib/private/chatterd/* && mkdir -p -m 700 /etc/credstore /etc/credstore.encrypted &&
        printf %064d 7 >/etc/credstore/chatterd.server-secret && printf %032d 8 >/etc/credstore/chatterd.access-secret'
    inside systemctl restart chatterd-activated || fail "it does not start with keys handed in: $(inside journalctl -u chatterd-activated -n 5 -o cat)"
    inside grep -q '^server-secret = ""$' /var/lib/private/chatterd/keys.toml || fail "keys that were handed in are written"
    ! inside grep -rqE '0{31}8|0{63}7' /var/lib/private/chatterd || fail "keys that were handed in are written"
    local link
    link=$(ctl invite | tail -n 1)
    ! ctl rotate --yes >/dev/null 2>"$work/rotate" && grep -q credential "$work/rotate" || fail "rotating what is not ours: $(cat "$work/rotate")"
    inside sh -c 'cd /etc/credstore && for key in *; do
        systemd-creds encrypt --with-key=host --name=$key $key /etc/credstore.encrypted/$key && rm $key; done' >/dev/null 2>&1 ||
        fail "systemd-creds encrypt"
    inside sh -c 'mkdir -p /etc/systemd/system/chatterd-activated.service.d &&
        cp /usr/share/doc/chatterd/systemd/encrypted-keys.conf /etc/systemd/system/chatterd-activated.service.d/ && systemctl daemon-reload'
    inside systemctl restart chatterd-activated || fail "it does not start with encrypted keys: $(inside journalctl -u chatterd-activated -n 5 -o cat)"
    [[ $(ctl invite | tail -n 1) == "$link" ]] || fail "encrypted keys are others"
    holds "keys are handed in, plain or encrypted, and never written"
}

removal() {
    inside apt-get remove -y chatterd >"$work/apt" 2>&1 || fail "apt remove: $(tail -n 5 "$work/apt")"
    ! inside pgrep -x chatterd >/dev/null || fail "it runs on after its removal"
    inside sh -c 'apt-get install -y --no-install-recommends ./root/chatterd_*.deb' >"$work/apt" 2>&1 || fail "apt install: $(tail -n 5 "$work/apt")"
    within 20 inside chatterctl health || fail "it does not run after it was removed and installed again"
    holds "removed and installed again, it goes on as it was"
}

purge() {
    inside apt-get purge -y chatterd >"$work/apt" 2>&1 || fail "apt purge: $(tail -n 5 "$work/apt")"
    ! inside sh -c 'ls -d /var/lib/chatterd /var/lib/private/chatterd /etc/chatterd /usr/bin/chatterd \
        /run/chatterd/admin.sock /etc/systemd/system/*.wants/chatterd*' >"$work/left" 2>/dev/null
    [[ ! -s $work/left ]] || fail "a purge leaves $(cat "$work/left")"
    holds "a purge takes everything"
}

[[ $(id -u) == 0 ]] || skip "it needs root"
engine
onion_network
if [[ ${CHATTER_PACKAGES-} ]]; then
    cp -r "$CHATTER_PACKAGES" "$work/packages"
else
    packaging/build.sh "$work/packages" deb >/dev/null
fi
image
boot
install_packages
unit
chat
reload
jail
doctor
restart
watchdog
upgrade
documented
onion
activated
credentials
removal
purge
echo "passed: the packages under a real systemd"
