#!/bin/bash
# Starts tor as a relay: `relay middle` or `relay exit`.
#
# In: RELAY_… or EXIT_… (docs/tor-images.md names them). Out: a running relay, its keys in /var/lib/tor; or what is wrong with the settings,
# all of it, and 78. Never: an exit that nobody has asked for in so many words.
set -euo pipefail
. /usr/lib/chatter/relay-settings.sh
. /usr/lib/chatter/tor-entry.sh

kind=${1-} lines=''

understood='I will answer for what leaves here'
exit_lines() {
    cat >&2 <<-END
		AN EXIT SPEAKS FOR STRANGERS. What they do on the Internet comes from this machine's address: complaints, blocks, letters from
		lawyers and now and then the police come to whoever rents it. Don't run it at home or at work, nor where the provider has not
		agreed, nor on an address that anything else of yours uses. Publish an abuse contact. https://community.torproject.org/relay/
	END
    [[ ${EXIT_UNDERSTOOD-} == "$understood" ]] ||
        refuse "an exit starts only with EXIT_UNDERSTOOD=\"$understood\""
    echo "ExitRelay 1"
    echo "IPv6Exit 0"
    echo "ExitPolicyRejectPrivate 1"
    case ${EXIT_POLICY-reduced} in
        # Tor's own list of ports that are of use and seldom misused: no mail among them.
        reduced | '') echo "ReducedExitPolicy 1" ;;
        web) printf 'ExitPolicy accept *:%s\n' 80 443 && echo "ExitPolicy reject *:*" ;;
        *) refuse "EXIT_POLICY is neither reduced nor web" ;;
    esac
}

case $kind in
    middle) prefix=RELAY && lines=$'ExitRelay 0\nExitPolicy reject *:*' ;;
    exit) prefix=EXIT && lines=$(exit_lines) ;;
    *) refuse "it is either: relay middle, or: relay exit" ;;
esac
relay=$(relay_lines "$prefix") || refuse "the settings above"
network=$(network_lines)
checked_torrc <<END
$(place_lines)
SocksPort 0
$relay
$lines
$network
END
exec tor -f "$torrc" --defaults-torrc /dev/null
