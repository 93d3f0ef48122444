# Sourced by systemd/test.sh: an onion service by Debian's tor, published by the unit and by hand as docs/operating.md has it,
# in a private Tor network on this machine.
#
# In: a running container with the packages and tor in it; `work`, `inside`, `ctl`, `fail`, `holds`. Out: a line for each thing that
# holds; the container's chatterd as it was before. Never: a packet to the public Tor network; a process left behind.

network=''

# Begins at once, and is ready by the time it is asked for.
onion_network() {
    if ! command -v tor >/dev/null || ! command -v tor-gencert >/dev/null; then
        echo "skipped: an onion service by systemd (tor is not installed)"
        return
    fi
    local address
    address=$(ip -4 -o address show docker0 | sed -nE 's/.* inet ([0-9.]+).*/\1/p')
    tor/testnet.py up "$work/net" --address "$address" --hosts 0 --clients 1 >"$work/net.json" 2>"$work/net.said" &
    network=$!
}
onion_network_gone() {
    [[ $network ]] || return 0
    kill "$network" 2>/dev/null || true
    wait "$network" || true
    [[ ! -e $work/net/network.json ]] || tor/testnet.py down "$work/net" >/dev/null || true
}

# Types a command of docs/operating.md, which is held to have it.
typed() {
    grep -qxF -- "systemd/onion.sh does|$1" "$work/others" || fail "docs/operating.md is not said to have: $1"
    inside sh -c "cd /usr/share/doc/chatterd && ${1//sudo /}" >"$work/said" 2>&1 </dev/null || fail "$1: $(cat "$work/said")"
    echo "systemd/onion.sh does|$1" >>"$work/typed"
}

# By a circuit of its own, or one that has this NAME.
visited() {
    curl -s --max-time 15 --proxy-user "${1-$RANDOM$RANDOM}:x" --socks5-hostname "127.0.0.1:$socks" "http://$onion/" >"$work/fetched"
    grep -q 'Directory listing for /' "$work/fetched"
}
# By somebody who has not heard of it before.
found() {
    tor/testnet.py ask "$work/net" client1 "SIGNAL NEWNYM" >/dev/null
    visited
}
published() { ctl onion status >/dev/null 2>&1; }
unpublished() { ! published; }

onion() {
    [[ $network ]] || return 0
    local link
    wait "$network" || fail "the private Tor network does not come up: $(tail -n 1 "$work/net.said")"
    socks=$(python3 -c 'import json, sys; print(json.load(sys.stdin)["socks"][0])' <"$work/net.json")
    systemd/documented.sh --others >"$work/others"
    inside cp /etc/tor/torrc /root/torrc
    inside cp /etc/chatterd/chatterd.toml /root/chatterd.toml
    # Never the public network: tor runs from here on, and not before.
    docker exec -i "$name" sh -c 'cat >>/etc/tor/torrc' <"$work/net/network.torrc"
    inside systemctl start tor@default || fail "Debian's tor does not start"

    docker exec -i "$name" sh -c 'cat >>/etc/chatterd/chatterd.toml' <<<$'\n[[tor]]\nunix = "/run/chatterd/tor.sock"\ngroup = "debian-tor"'
    typed 'sudo install -D -m 644 tor/systemd/50-tor.conf /etc/systemd/system/chatterd.service.d/50-tor.conf'
    # No container may load AppArmor's profiles, but whether they can be read is seen here.
    inside sh -c 'cat /usr/share/doc/chatterd/tor/apparmor >>/etc/apparmor.d/local/system_tor &&
        apparmor_parser --skip-kernel-load --skip-cache /etc/apparmor.d/system_tor' >"$work/said" 2>&1 || fail "AppArmor: $(cat "$work/said")"
    typed 'sudo systemctl daemon-reload && sudo systemctl restart chatterd'
    [[ $(inside stat -c '%G %A' /run/chatterd/tor.sock) == 'debian-tor srw-rw----' ]] || fail "tor's socket is $(inside ls -l /run/chatterd)"
    [[ $(inside sh -c 'grep CapPrm /proc/$(systemctl show -P MainPID chatterd)/status') == *0000000000000000 ]] || fail "with tor it has a capability"
    typed 'sudo chatterctl onion publish --pow --socks 127.0.0.1:9050'
    link=$(tail -n 1 "$work/said")
    [[ $link =~ ^chatter://([a-z2-7]{56}\.onion)(:80)?/# ]] || fail "that is no onion link: $link"
    onion=${BASH_REMATCH[1]}
    within 30 found || fail "a stranger does not find the file server at $onion"
    docker/prebuilt/chatter-client rooms - --proxy "socks5h://127.0.0.1:$socks" <<<"$link" >"$work/said" 2>&1 || fail "a member does not get in: $(cat "$work/said")"
    holds "chatterctl publishes it by Debian's tor, whose group alone reaches the socket; strangers see a file server, members come in"

    ctl onion withdraw >/dev/null && unpublished || fail "it is not withdrawn"
    typed 'sudo install -m 644 tor/systemd/chatterd-onion.service /etc/systemd/system/ && sudo systemctl enable --now chatterd-onion'
    within 60 published && within 30 found || fail "the unit does not publish it: $(inside journalctl -u chatterd-onion -n 5 -o cat)"
    inside systemctl restart tor@default || fail "tor does not start again"
    within 90 published && within 60 found || fail "the unit does not publish it after tor's restart: $(inside journalctl -u chatterd-onion -n 5 -o cat)"
    inside systemctl reload tor@default || fail "tor does not read its torrc again"
    within 60 published && within 60 found || fail "the unit does not publish it after tor's reload: $(inside journalctl -u chatterd-onion -n 5 -o cat)"
    inside systemctl disable -q --now chatterd-onion
    within 20 unpublished || fail "the unit's end does not withdraw it"
    holds "the unit keeps it published through tor's restart and reload, and withdraws it in the end"

    typed 'sudo chatterctl onion take-over'
    within 30 found || fail "it is not taken over"
    ctl onion withdraw >/dev/null || fail "it is not withdrawn"
    typed 'sudo chatterctl onion publish --pow --print-torrc | sudo tee -a /etc/tor/torrc && sudo systemctl reload tor@default'
    within 60 published && within 60 found || fail "the torrc does not publish it"
    holds "so do take-over, and lines in the torrc"

    typed_all_of_it
    abused
    inside sh -c 'systemctl stop tor@default; cp /root/torrc /etc/tor/torrc; cp /root/chatterd.toml /etc/chatterd/chatterd.toml
        rm -r /etc/systemd/system/chatterd.service.d; systemctl daemon-reload; systemctl restart chatterd' || fail "chatterd does not start without tor"
}

typed_all_of_it() {
    local missed
    missed=$(grep '^systemd/onion.sh does|' "$work/others" | grep -vxF -f "$work/typed" || true)
    [[ ! $missed ]] || fail "not typed after all: $missed"
}

# The daemon may have tor close circuits only where both halves allow it.
abused() {
    local knock answered=0
    inside sed -i 's|^group = "debian-tor"$|&\ncontrol = "/run/tor/control"\nclose-circuits = true|' /etc/chatterd/chatterd.toml
    inside install -m 644 /usr/share/doc/chatterd/tor/systemd/60-tor-close-circuits.conf /etc/systemd/system/chatterd.service.d/
    inside sh -c 'systemctl daemon-reload && systemctl restart chatterd' || fail "it does not start where it may close circuits"
    within 30 found || fail "the service does not outlive the daemon's restart"
    for ((knock = 0; knock < 40; knock++)); do
        ! visited abuser || answered=$((answered + 1))
        [[ $knock != "$answered" ]] || break
    done
    ((answered >= 29 && answered < 40)) || fail "who knocks by one circuit is answered $answered times: $(inside journalctl -u chatterd -n 5 -o cat)"
    visited || fail "another circuit is closed, too"
    shows '^circuit [0-9]* of tor0' ctl bans || fail "the circuit is not banned: $(ctl bans)"
    ! inside grep -q circuit /var/lib/private/chatterd/report.txt || fail "a circuit is in the report"
    holds "with both drop-ins tor closes a circuit at its $((answered + 1))th knock, and no other; the report has none of it"
}
