# What chatter-client says to people. The format is Project Fluent's (projectfluent.org); docs/translating.md says how to add a language.
#
# Sentences begin small, since most of them stand behind "error: " or "warning: ". { $things } are put in by the program;
# what they are stands above them.

## Questions

# Asked on a terminal. $what: one of the texts below.
prompt = { $what }:{ " " }
prompt-hidden = { $what } (not shown):{ " " }

# What is asked for, in such questions.
ask-passphrase-of-room = the room's passphrase
ask-passphrase-for-room = a passphrase for the room
ask-passphrase-for-identity = a passphrase for the identity
ask-passphrase-of-identity = the identity's passphrase
ask-again = the same again

# $what: what was asked for; $error: the system's words.
ask-failed = { $what } could not be had: { $error }

## Lines

# $bytes: how many a line may have.
line-too-long = not said: a line of more than { $bytes } bytes

## Passphrases and identities

passphrase-missing = no passphrase was given
passphrases-differ = what was typed the second time differs
# $error: what is wrong with it.
passphrase-weak = { $error } (--weak takes it all the same)
# Takes some seconds. $room: what the room is called.
passphrase-stretching = working the passphrase of the room “{ $room }” into a key
# $file: its path; $error: the system's words.
identity-not-made = { $file } could not be made: { $error }
identity-is-there = { $file } could not be made: { $error }; it was left as it is
identity-unusable = --identity { $file }: { $error }
known-unusable = --known { $file } can't be used: { $error }

## Proxies

# $proxy: its URL, without a password.
way-by-you = by the proxy { $proxy }, which you named
way-by-link = by the proxy { $proxy }, which the link named
# $name: a variable of the environment.
way-by-variable = by the proxy { $proxy }, which { $name } named
# $name: a variable of the environment; $error: what is wrong with it.
way-unreadable = { $name }: { $error }

# $way: one of those above.
way-through-tor = through Tor { $way }
# $place, $other: an address and port each.
way-tor-at-hand = through Tor (SOCKS { $place })
way-tor-at-either = through Tor (SOCKS { $place } or { $other })
way-needs-tor = only by a proxy one comes to Tor, and only Tor leads there: leave `--proxy none` away

# $trouble: one of the texts below, or one of those on the network.
proxy-trouble = the proxy { $proxy }: { $trouble }
tor-trouble = Tor ({ $proxy }): { $trouble }
proxy-silent = it does not answer
proxy-cut = it closed the connection while we asked
proxy-wants-login = it wants a user and a password
proxy-refuses-login = it does not take this user and password
# $host, $port: where the server is; $status: of HTTP.
proxy-no-connection = it does not connect us to { $host } port { $port } ({ $status })
proxy-forbids = its rules don't allow port { $port } of { $host } ({ $status }): many take port 443 alone
proxy-unreachable = it can't reach { $host } port { $port } ({ $status }): does the server run, is the address right?
proxy-too-much = it sends more than it was asked for

socks-unknown-login = it takes none of the ways to log in that we know
socks-login-too-long = the user or password is too long
socks-name-too-long = { $host } is too long a name for it
socks-is-none = what answers there does not speak SOCKS5
# $reason: one of those below.
socks-no-connection = it does not connect us to { $host } port { $port }: { $reason }
socks-forbids = its rules don't allow it
socks-no-network = it can't reach that network
socks-no-host = it can't reach that host (is the address right?)
socks-refused = the connection is refused there (does the server run?)
socks-unanswered = nothing answers there
socks-unable = it can't do that
socks-no-reason = it does not say why

## Tor

# $host: an onion address.
onion-needs-tor = only Tor leads to { $host }
tor-none-here = no Tor answers on this machine (SOCKS at 127.0.0.1 port 9050 or 9150): install the package tor, or start Tor Browser and leave it open, or name another by --proxy socks5h://HOST:PORT
tor-takes-no-login = it takes no user and password, by which Tor keeps sessions apart (is it Tor?)
onion-not-found = nobody has published this onion service lately (is the address right, does the service run?)
onion-unreadable = what is published of this onion service can't be read (is this Tor too old, or its clock wrong?)
onion-no-introduction = the onion service takes no introduction: it has just stopped or moved; try again in a while
onion-no-meeting = the onion service did not come to the meeting point; try again
onion-wants-key = the onion service lets only those in who hold a key, and this Tor has none for it: see docs/tor.md
onion-wants-other-key = the onion service does not take the key that this Tor has for it: ask its operator for another
onion-misspelt = this is no onion address: a letter is missing or wrong
onion-silent = the onion service does not answer in time; try again
onion-no-way = there is no way to the onion service: it does not run, the address is wrong, or it lets only those in whose Tor has a key for it (see docs/tor.md)

## The network

# $host, $port: where the server or a proxy is; $error: the system's words.
tcp-unknown = the name { $host } is not known here (is the address right?)
tcp-no-names = nobody says where { $host } is (name service does not answer)
tcp-refused = { $host } refuses connections on port { $port } (does the server run, is the port right?)
tcp-failed = { $host } port { $port } can't be reached ({ $error })
tcp-silent = { $host } port { $port } does not answer (is the address right, is a firewall in between?)
connection-given-up = the connection was given up

## TLS

tls-silent = { $host } accepts the connection and then does not speak TLS
tls-is-none = what answers at { $host } does not speak TLS (is it one for chatter:// links?)
# $alert: its name in the standard.
tls-alert = { $host } does not go on with TLS ({ $alert })
tls-failed = TLS with { $host } fails: { $error }
tls-cut = { $host } closed the connection in the midst of the TLS handshake
# $error: why, in English.
tls-no-judge = certificates can't be judged here ({ $error }): a link with the server's certificate pinned needs nobody to judge

certificate-other-key = { $host } shows another key than the one that the link pins: its certificate was changed, or somebody stands in between. Ask for a fresh link
certificate-unknown-issuer = the certificate of { $host } is from an issuer that this system does not know (signed by itself?): only a link that pins it leads there
certificate-other-name = the certificate of { $host } is for other names than this one
certificate-expired = the certificate of { $host } has expired (or this machine's clock is wrong)
certificate-too-new = the certificate of { $host } is not valid yet (or this machine's clock is wrong)
certificate-revoked = the certificate of { $host } was revoked
certificate-bad = the certificate of { $host } is not good: { $error }
