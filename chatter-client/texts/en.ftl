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

## What the app tells: the session

# $address: the server's; $way: one of the ways above.
door-opening = opening the door at { $address }
door-opening-by = opening the door at { $address }, { $way }
# $tries: how many there were, this one included.
door-again = it did not open; trying again ({ $tries })
# $trouble: one of the texts on the network or a proxy.
no-connection = no connection: { $trouble }

# Why one was away. Each stands for itself, or behind “back in the room: ”.
away-restarted = the server was restarted
away-slow = this connection was too slow for what was said
away-lost = the session was lost, as when a server restarts or a network is long away
away-unheard = nothing was heard of this client for long
server-stays-away = the server does not come back

relay-takes-nothing = the relay takes nothing more
relay-lost-us = the relay does not count us in any more: join again
relay-refuses = the relay refuses us: is this client too old for it?
relay-refused-text = the relay refused something that was said
relay-silent = the relay does not tell who is in the room: try again later

## What the app tells: rooms

in-once = /in stands once on a line
room-full = the room is full: try again when somebody has left
rooms-too-many = this server lets nobody be in more rooms at once: /leave another first
room-unknown = you are in no such room; /rooms shows those you are in
room-elsewhere = that room is on another server: start a second chatter-client for it
room-name = a room's name has letters, digits and -._~, at most 64
# $number: the room's.
room-entered-already = you are in that room already: /room { $number } goes there

# $reason: one of the texts below.
not-listed = not listed: { $reason }
list-by-maker = that is for whoever made the room, while he is in it
list-none = this server lists no rooms: it is older than that, or its operator has switched it off
list-name-taken = another room is listed by a name like that
list-full = the server lists no more rooms, of yours or at all
list-of-another = who has listed this room is another member, and alone can change that
# $error: what is wrong with the name, in English.
list-name = not listed; a room is named like a member: { $error }
unlisted-already = this room is not listed
sought-too-many = too many rooms are looked for at once
list-silent = the relay does not tell which rooms are listed
list-no-such = no room is listed by that name; /rooms shows those that are
list-closed = that room is listed without its way in: you need its link, or its passphrase

## What the app tells: who is here

# Somebody whose name is not known.
somebody = somebody
name-nobody = nobody here is called that; /who shows who is here
name-no-such = nobody here is called { $nick }
# $names: what each can be called, with the next text in between.
name-several = more than one here is called that: type { $names }
name-or = { " " }or{ " " }

entered-alone = if you expected somebody: another link, or another passphrase or room name, leads into another, empty room; nobody can tell that it is wrong
# $count: of others who are here already.
meeting = { $count ->
    [one] meeting one member
   *[other] meeting { $count } members
}
# $met of $all others were met.
met = met { $met } of { $all }
unmet = { $count } who should be here could not be met yet (is the room locked?) and will miss what is said now
nobody-reads = nobody else is in this room: nobody will read it
awaiting-member = waiting for { $nick }
# $count: how many others have to be here.
awaiting-others = { $count ->
    [one] waiting for another member
   *[other] waiting until { $count } others are here
}

# $label: the name with a mark that tells it from others; $key: what he shows; $before: what the one known showed.
identity-other = THIS IS NOT THE { $nick } YOU KNEW: { $label } shows another: { $key }. The one you knew showed { $before }. Believe nothing until you have compared numbers by another way: /verify { $label }
identity-none = THIS IS NOT THE { $nick } YOU KNEW: { $label } shows none. The one you knew showed { $before }. Believe nothing until you have compared numbers by another way: /verify { $label }
# $warning: in English; $label: by which $nick, whom it names, is told from others.
warning-about = { $warning } ({ $nick } is { $label })
verify-differs = if what you read differs, somebody sits between you: he reads and can change all that is said. Whoever made the room should make a new one and hand its link over by a way that nobody else sees
verify-usage = after the name comes nothing, “yes” (the numbers match) or “no”
ignored = you see nothing of what { $nick } says; /unignore { $nick } ends that
ignored-no-longer = you see again what { $nick } says
ignored-not = { $nick } is not ignored

## What the app tells: what was typed

# $reason: in English, or one of the texts here.
not-said = not said: { $reason }
private-empty = there is no text behind the name
# $text: what was typed, or its beginning.
not-taken = not taken by the relay: { $text }
# Behind some of those.
not-taken-more = nor were { $lines } more lines
handed-back-unsent = what was handed back to you was not sent
handed-back-forgotten = so much was handed back that number { $number } is kept no longer
handed-back-none = nothing is handed back to you here, or not under that number

# Why something that waited is handed back.
company-new = { $nick } is here now, who was not when you typed it
company-namesake = another { $nick } is here now, who was not when you typed it
company-none = nobody is here any more
company-verified-gone = { $nick }, whom you have verified, is not here any more

# $usage: one of the texts below.
number-wrong = that is no number: { $usage }
number-resend = /resend or /resend NUMBER
number-drop = /drop, /drop NUMBER or /drop waiting
number-info = /info or /info NUMBER
delivery-outside = nothing is known of that while we are not in the room
delivery-unknown = nothing is known of that: it was said before this session, or long ago

## What the app tells: files

# $reason: one of the texts here or on the disk.
not-sent = not sent: { $reason }
not-in-room = you are not in the room at the moment
nobody-else = nobody else is here
file-unknown = no file on offer or on its way has that number
# $name: the directory's as it is sent; $left_out: what of it is not, and why.
file-left-out = not in { $name }: { $left_out }
# $nicks: whose.
file-too-old = these have programs too old to take files: { $nicks }
file-offers-most = not offered to { $nick }: too many files are offered already
file-not-offered = file { $number } is not offered
files-coming-most = { $count } files come in already: wait for one of them
file-nowhere = nothing is kept here unless you say where: /accept { $number } DIRECTORY
file-accepted-already = that is accepted already
file-own = that is an offer of yours: others accept it
# $reason: one of the texts on the disk.
file-not-accepted = not accepted: { $reason }; /accept { $number } DIRECTORY takes another place
# $name: the file's; $nick: who sent it.
file-changed = { $name } FROM { $nick } ARRIVED AS SOMETHING ELSE THAN WAS OFFERED and is not kept: it changed while it was sent, or somebody changed it

# Why nothing more comes of a file.
file-checksum = its checksum is wrong
file-you-leave = you leave
file-you-cancelled = you cancelled it
file-gone = { $nick } is gone
file-cancelled = { $nick } cancelled it
file-arrived-changed = it arrived at { $nick } as something else than was offered
file-disk = { $nick } can't read or write it
file-busy = { $nick } has too many offers already
file-rules = the two programs did not understand each other

## What the app tells: the connection

# $status: of HTTP.
front-answers = a front end answers { $status }, the server behind it does not (does it run?)
server-silent = the server accepts the connection and then stays silent
connection-broke = the connection broke
connection-cut = the connection was closed without an answer
answer-damaged = what stands in front of the server sends damaged answers
answer-no-http = what answers there does not speak HTTP
answer-head-long = the answer's head is longer than { $bytes } bytes
no-randomness = this system gives no random numbers, and without them there are no secrets

## What the app tells: the disk

disk-closed = it was closed
disk-no-name = there is no name of a file
disk-full = the disk is full
# $free, $size: with a unit.
disk-room = { $directory } has room for { $free }, and this takes { $size }
disk-names = there are too many files of that name already
disk-other = it is neither a file nor a directory
disk-too-long = it is too long: 64 GiB are the most
disk-changed = it has changed since it was offered

# $named: what of a directory is not sent, each with one of the texts below; $count: how many more there are.
left-out-more = { $named }, and { $count } more
left-out-link = a symbolic link
left-out-other = neither a file nor a directory

# $file: its path; $error: the system's words.
not-written = { $file } could not be written: { $error }
secret-open = others may read it: make it yours alone (chmod 600), and think about who has read it
secret-too-long = it is too long to be what was asked for
# $line: its number in the file of known identities.
known-line = line { $line } is none of “KEY verified NICK” and “KEY seen NICK”

## Links

# What is asked for, in the questions above.
ask-any-link = link
ask-link-of-room = room link
ask-rest-of-link = that link ends too early or is damaged; its next line, or Enter

# $what: what was asked for.
link-missing = no { $what } was given
link-file = the link's file { $file }: { $error }
link-twice = a link and --link-file can't both be given
# $count: of characters.
link-short = the link is cut short: { $count } characters are missing at its end. Copy it whole, and put it in single quotes
# $error: what is wrong with it, in English.
link-maybe-short = { $error }. Was the link cut short? Copy it whole, and put it in single quotes
link-without-code = the link is cut short: its access code is missing. Copy it whole, and put it in single quotes
link-short-behind-code = the link is cut short behind its access code: copy it whole, and put it in single quotes
link-without-way-in = the link is cut short: it names a room, and the part behind “.room1” that leads in is missing

## Settings and profiles

# $name: of a profile, a setting, a request or a field.
did-you-mean = did you mean { $name }?
forget-known = --forget writes nothing, and the list of those whom you know would be written: leave one out
no-home = this user has no home: name a file with --config

# Where a setting comes from.
origin-arguments = command line or environment
origin-profile = profile { $name }
origin-defaults = defaults of the file

profile-link-in = { $name }: the link in { $file }
profile-no-link = { $name }: no link
profile-added = { $name } stands in { $file }
profile-removed = { $name } stands in { $file } no longer
# $given: what stands where a profile's name can; $hint: the next text, or the question above.
profile-unknown = { $given } is no link (chatter://…), no file (@FILE) and no profile; { $hint }
profiles-shown = `profile list` shows those that there are
profile-there = there is a profile { $name } already: `profile remove { $name }` takes it out
profile-not-there = there is no profile of that name in { $file }
# $most: characters.
profile-name = a profile's name has letters, digits, - and _, at most { $most }
join-no-link = a profile under `join` has no link
join-no-room = a profile under `join` has a link that names no room

config-no-table = { $name } is no table
config-open = others may read it, and it holds a link or a proxy's password: make it yours alone (chmod 600), and think about who has read it
config-too-long = it is too long to be a file of settings
# $error: the library's words.
config-line = line { $line }: { $error }

# $key: the setting's name.
setting-unset = # { $key } is not set
# $place: what of it is no secret.
setting-secret = { $place } and a secret
setting-text = { $key } takes a text in quotes
setting-switch = { $key } takes true or false
setting-list = { $key } takes profiles' names: ["one", "two"]
# $given: what is none; $hint: the next text, or the question above.
setting-unknown = there is no setting { $given }; { $hint }
settings-known = there are { $names }
settings-both = { $one } and { $other } can't both be set

## Requests of programs

# $request, $field: their names.
request-no-json = that is no JSON object: column { $column } is wrong
request-without-name = an object on a line needs a "request", as in { $example }
# $given: what is none; $hint: one of these texts, or the question above.
request-unknown = there is no request { $given }; { $hint }
request-field-unknown = { $request }: there is no field { $given }; { $hint }
request-known = there are: { $names }
request-field-missing = { $request } needs a field "{ $field }"
request-field-kind = { $request }: "{ $field }" has a value of another kind
request-field-empty = { $request }: a field is empty, or has a line's end where none can be
request-room = "room" is a room's number or name
request-quotes = { $request }: a path must not hold quotes
