# Sourced by what starts tor in a container.
#
# Out: `network_lines`, `checked_torrc`, `stop_all`. Never: a torrc started that tor itself has not looked at.

run=/run/tor
torrc=$run/torrc
readonly refused=78

refuse() {
    printf 'refused: %s\n' "$@" >&2
    exit $refused
}

# Where it keeps its things, and who may command it: whoever may enter a folder that only its own user may.
place_lines() {
    cat <<-END
		DataDirectory /var/lib/tor
		ControlSocket $run/control
		Log [~control]notice [control]warn stdout
		AvoidDiskWrites 1
	END
}

# Another network than the public one, whose lines a test hands in.
network_lines() {
    [[ ${TOR_TEST_NETWORK-} ]] || return 0
    [[ $TOR_TEST_NETWORK =~ (^|$'\n')"TestingTorNetwork 1"($'\n'|$) ]] ||
        refuse "TOR_TEST_NETWORK is for private networks, and its lines lack: TestingTorNetwork 1"
    echo "note: this is not the public Tor network, but one for tests" >&2
    printf '%s\n' "$TOR_TEST_NETWORK"
}

# Takes the torrc from stdin.
checked_torrc() {
    local said
    cat >"$torrc"
    said=$(tor -f "$torrc" --defaults-torrc /dev/null --verify-config --hush 2>&1) ||
        refuse "tor does not take these settings: $(grep -E '\[(warn|err)\]' <<<"$said" | sed 's/.*\] //')"
}
