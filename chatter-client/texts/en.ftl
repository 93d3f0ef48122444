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
tor-outdated = for a minute Tor has found no way there: should the service have moved to another host, this Tor may go on looking for it where it was; a new identity (Tor Browser: New identity; else restart tor) has it look anew
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

# Why one was away. “; you are back in the room” follows.
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
# $part: of HTTP: host, path, cookie.
request-character = a request's { $part } holds a character that it must not hold
request-too-long = a request's { $part } is too long
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

## What is typed

# $given: a command as typed; $nearest: one that there is.
command-unknown = there is no { $given }; did you mean { $nearest }? To say it as text, type /{ $given }
command-strange = there is no { $given }; /help shows what there is. To say it as text, type /{ $given }
# $instead: one of those below that begin with instead-of.
command-elsewhere = there is no { $given } here: { $instead }
# $command: its name; $usage: one of those below.
command-needs-more = { $command } needs more: { $usage }
command-alone = { $command } stands alone on its line; to say the line as text, begin it with //

# How commands are typed; what stands in capitals is to be replaced.
usage-msg = /msg NICK TEXT
usage-send = /send FILE or /send FILE NICK
usage-accept = /accept NUMBER or /accept NUMBER DIRECTORY
usage-cancel = /cancel NUMBER
usage-remove = /remove NICK
usage-join = /join LINK or /join NAME
usage-room = /room NUMBER or /room NAME
usage-in = /in ROOM TEXT
usage-list = /list NAME
usage-search = /search TEXT
usage-theme = /theme dark, light or none
usage-me = /me TEXT
usage-nick = /nick NAME
usage-ignore = /ignore NICK
usage-unignore = /unignore NICK

# What to do instead of commands of other chat programs.
instead-of-whois = /who shows who is here and whom you have verified, /verify NICK the number that tells who it is
instead-of-topic = a room has no topic; its name stands in its link, and /list NAME shows it by another
instead-of-invite = /link shows the way in: hand it on by a way that you trust
instead-of-kick = nobody rules a room; /remove NICK parts with somebody, /rekey moves with those who shall stay
instead-of-op = nobody rules a room: all members may do the same
instead-of-mode = a room has no modes; /lock keeps newcomers out, /unlock lets them in
instead-of-notice = /msg NICK TEXT says it to one alone
instead-of-server = one client is on one server; start another one for another server

# What /help shows: each line at most 120 columns, what a command does from column 20 on.
help-commands =
    What you type is said to the room. What begins with a slash is a command:
      /who              who is here, whom you have verified, and who does not reach whom
      /msg NICK TEXT    say it to one alone; two of one name are told apart as NICK#k3f9
      /send FILE [NICK] offer a file or a directory (as tar) to all or to one; "quote" a name with spaces
      /accept N [DIR]   take offer N, into DIR (else where downloads go); /cancel N: no, or no longer
      /files            what is on offer and on its way, and how far
      /verify           everybody gets five words: call each other and compare them aloud;
                        then /verify yes (they match) or /verify no
      /verify NICK      the number that you and NICK compare; then /verify NICK yes
      /lock, /unlock    keep newcomers out, let them in again
      /remove NICK      say nothing more to NICK and hear nothing of NICK; the others are asked to do the same
      /ignore NICK      show nothing of what NICK says; /unignore NICK ends that
      /me TEXT          say what you do: “/me waves”; /away [TEXT] and /back say that
      /nick NAME        be called NAME here: you go out and come in again
      /info [N]         who has opened your last message, or number N; who has not said so yet
      /resend [N]       say what was handed back to you, to whoever is here now; /drop [N] forgets it,
                        /drop waiting what waits for the connection
      /reconnect        try at once (also: Enter on an empty line, while there is no connection)
      /link             the link into this room, to hand on
      /rekey            move with everybody who is here to a new link; the old one leads nowhere then
      /join LINK [NICK] enter another room of this server; /join NAME: a listed one
      /new [NAME]       make another room on this server, and show its link
      /rooms            your rooms and their numbers, and what the server lists
      /room ROOM        what you type is said in that room from now on
      /in ROOM TEXT     say TEXT there, or carry out a command there
      /leave            leave the current room alone
      /list NAME        show the room you made to everybody who holds the access code, and let
                        them in; whoever runs the server could then sit between you (/verify finds
                        that out). A room with a passphrase is shown, and entered by it alone
      /unlist           list it no longer
      /quit             leave, once all you said has been taken (also: end of input; Ctrl-C leaves at once);
                        asks first where that would end files that are on their way
      /help             this
      //text            says "/text"

# What /help shows on the full screen, before and behind that.
help-keys =
    Keys:
      Enter             send; Alt-Enter or Ctrl-J begins a new line in the message
      Tab               fill in a command or a nickname; again: the next that fits
      Up, Down          what you sent before (Ctrl-P, Ctrl-N)
      PgUp, PgDn        older and newer lines; Ctrl-Home, Ctrl-End: first and last
      Ctrl-Up, -Down    the same by three lines
      Alt-1 to Alt-9    another room; Alt-Left, Alt-Right: the one beside
      Ctrl-S            search; then n and N go to older and newer finds, Esc ends
      F1                this help; Esc closes it
      F2                I have read the warning (also: /ok)
      Ctrl-L            draw the screen anew
      Ctrl-Z            back to the shell for now; fg comes back
      Ctrl-C            leave at once; Ctrl-D on an empty line: once all is said
      Ctrl-A -E -B -F   start, end, left, right; Alt-B, Alt-F: by words
      Ctrl-W -U -K -Y   cut a word, to the start, to the end; put it back
      Ctrl-T            swap two letters; Alt-D: cut the word to the right
help-screen =
    Commands of this screen:
      /search TEXT      find it in this room's lines; n, N, Esc
      /clear            forget this room's lines here
      /bell WHEN [HOW]  ring at all, mentions or none; by bell, osc9 or osc777 (both
                        are desktop notifications, and hold no names and no words)
      /theme NAME       dark, light or none
      /ok               I have read the warning
help-signs =
    Beside a name: ✓ (or +) you have verified it; ◆ (or =) it shows a lasting
    identity. Behind your own lines: … they wait for others to be met, or for a
    connection; · under way; ✓ taken by the relay; ✓2/5 opened by two of five, ✓✓
    by all (or ..., -, +, +2/5, ++); "not heard": /resend says it again if it
    matters. The lines here are kept in memory alone, 10,000 for each room, and are
    gone when you leave.

## Beginning and end

# $error: the system's words.
no-threads = this system gives no threads: { $error }
no-signals = signals can't be handled here: { $error }
no-terminal = the terminal can't be used: { $error }; try --plain
no-questions = the questions could not be asked
client-stopped = the client stopped unexpectedly
not-in-time = what was waited for did not come in time
# $directory: a path.
downloads-nowhere = --downloads { $directory }: it is no directory
room-misnamed = --room takes letters, digits and -._~, at most 64
# $error: the system's words, or stdin-too-long.
stdin-unusable = what to say is missing: send LINK 'text', or - for stdin ({ $error })
stdin-empty = what to say is missing: send LINK 'text', or - for stdin, which held nothing
# $bytes: how many a message may have.
stdin-too-long = it holds more than { $bytes } bytes, and a message can't
nick-missing = --nick is missing: say what you are called
nick-not-given = no nickname was given
# Asked as those above under Questions. $offered: a nickname that Enter alone takes.
ask-access-link = access link
ask-room-link = room link
ask-nick = what shall you be called
ask-nick-offered = what shall you be called [{ $offered }]

## The talk and all about it

# $text: one of the others.
error = error: { $text }
bytes = { $count } bytes

room-link = this link is the way into the room; whoever has it can come in:
room-passphrase = this passphrase, with the access link and the room's name, leads into the room:
# $nick, $by: nicknames, here and below.
member-joined = { $nick } joined
member-left = { $nick } left
# Before a text that is said to one alone.
private-from = { $nick } → you
private-to = you → { $nick }

# $nicks: nicknames, each with the marks below behind it.
who-is-here = here: { $nicks }
who-is-you = you
who-is-verified = verified
who-is-lasting = lasting

# $count: others in the room whom one could not meet.
members-unmet = { $count } more could not be met (is the room locked? have they no room secret?)
# $one, $other: nicknames.
members-apart = { $one } does not see { $other } yet
# Behind who-is-here. $what: those two.
members-but = but { $what }

# $why: one of those on the network; $seconds: until the next try.
connected = the door is open
connection-lost = connection lost, trying again
connection-resumed = connected again, nothing was lost
connection-away = { $why }; trying again in { $seconds } s
# $present: others in the room.
room-entered =
    { $present ->
        [0] you are in the room, alone so far; /help shows what you can do
        [one] you are in the room; one other is here
       *[other] you are in the room; { $present } others are here
    }
room-rejoined =
    { $present ->
        [0] { $why }; you are back in the room, nobody else is here; what was said meanwhile is missing
        [one] { $why }; you are back in the room, one other is here; what was said meanwhile is missing
       *[other] { $why }; you are back in the room, { $present } others are here; what was said meanwhile is missing
    }
you-left = you left
you-left-room = you left this room

# Before the text that was said or typed. $number: what /resend and /drop take; $reason: why.
not-acknowledged = nobody may have heard this, or all have; /resend { $number } says it again, /drop { $number } does not:
handed-back = not sent, as { $reason }; /resend { $number } sends it, /drop { $number } does not:
# $count: lines that were typed.
lines-wait = not sent yet: { $count } waiting
lines-wait-full = not sent yet: { $count } waiting; nothing more is taken, /drop waiting drops what waits
lines-dropped = dropped: { $count }

# $number: the message's; $opened of $of members have opened it, $nicks and $more others have not.
message-to-nobody = message { $number }: nobody else was here
message-opened = message { $number }: opened by { $opened } of { $of }
message-opened-but = message { $number }: opened by { $opened } of { $of }; not yet, as far as they have told: { $nicks }
message-opened-more = message { $number }: opened by { $opened } of { $of }; not yet, as far as they have told: { $nicks } and { $more } more

verify-begun = { $nick } asks all to compare words
# Before the words.
verify-words = words:
verify-how = call each other and read these words aloud. If all read the same, type /verify yes; if anybody reads others, /verify no
# $reason: why.
verify-void = no words to compare: { $reason }; /verify tries again
# Before the number.
verify-number = you and { $nick }:
verify-number-how = compare this number with { $nick } by another way, aloud or side by side; then /verify { $nick } yes
verified = verified: { $nicks }

room-locked = { $nick } locked the room: newcomers are kept out
room-unlocked = { $nick } unlocked the room
room-kept-out = somebody came to the locked room and is kept out; /unlock lets in
removed-by-you = you say nothing more to { $nick } and hear nothing of { $nick }
removed-by = { $by } says nothing more to { $nick } and hears nothing of { $nick }; /remove { $nick } does the same
parted = { $nick } says nothing more to you and hears nothing of you
room-moving = { $nick } moves the room to a new link; you move along
room-moved = you are moving to the room's new link; /link shows it

## Rooms

# $rooms: those that one is in, each with its number, its name, and in brackets its members and the marks below.
rooms-yours = your rooms: { $rooms }
room-is-current = current
# $name: by which the server lists it.
room-is-listed = listed as { $name }
rooms-listed-none = the server lists no rooms at the moment
# $rooms: names, each with members and the mark below; $more: how many are not shown.
rooms-listed = listed rooms: { $rooms }
rooms-listed-more = listed rooms: { $rooms }, and { $more } more
room-is-closed = by link or passphrase
room-current-now = what you type is said here
# $name: as above.
room-listed-open = the server lists this room as { $name }: whoever has the access code can come in, and since the listing holds the room's secret, whoever runs the server could sit between you; /verify finds that out. What has to stay among you belongs in another room
room-listed-closed = the server lists this room as { $name }, by name and number of members; its link or passphrase is needed to come in
room-unlisted = the server lists this room no longer

## Files

# $kind: directory, or file; $name: its name; $size: as people read it; $number: what /accept and /cancel take.
file-offered =
    { $kind ->
        [directory] { $nick } offers the directory { $name } ({ $size }); /accept { $number } takes it, /cancel { $number } does not
       *[file] { $nick } offers the file { $name } ({ $size }); /accept { $number } takes it, /cancel { $number } does not
    }
# $nicks: to whom.
file-offer-sent = offer { $number }: { $name } ({ $size }) to { $nicks }
# $way: to, or from; $rate: bytes a second, as people read them.
file-progress =
    { $way ->
        [to] file { $number }, { $name } to { $nick }: { $percent } %, { $rate }/s
       *[from] file { $number }, { $name } from { $nick }: { $percent } %, { $rate }/s
    }
# $progress: the text above; $seconds: until it has come.
file-progress-left = { $progress }, { $seconds } s left
file-waits = file { $number }, { $name }: goes on when { $nick } is back; /cancel { $number } ends it
# $path: where it is.
file-received = { $name } from { $nick } is in { $path }
file-sent = { $nick } has { $name }, whole
# $reason: why.
file-ended = nothing more comes of file { $number }, { $name } with { $nick }: { $reason }
files-none = no files are on offer or on their way
# $files: those below.
files-all = files: { $files }
# $way: to, or from; $stage: one of those below.
file-listed =
    { $way ->
        [to] { $number } { $name } ({ $size }) to { $nick }: { $stage }
       *[from] { $number } { $name } ({ $size }) from { $nick }: { $stage }
    }
file-is-offered = offered
file-is-for-you = /accept { $number } takes it
file-is-going = { $percent } %
file-is-waiting = { $percent } %, waits
# $count: how many.
files-being-sent =
    { $count ->
        [one] one file is still being sent
       *[other] { $count } files are still being sent
    }
files-being-received =
    { $count ->
        [one] one file is still being received
       *[other] { $count } files are still being received
    }
# $files: those two, or one of them.
quit-asks = { $files }; /quit again leaves and ends that

## The full screen

# In bars and columns: short. $count: how many.
screen-hint = F1: help
screen-help = Help: Up, Down, PgUp, PgDn; Esc closes
screen-here = { $count } here
screen-verified = { $count } verified
screen-views-agree = views agree
screen-views-differ = views differ: /who
screen-locked = locked
screen-warnings =
    { $count ->
        [0] no warnings
        [one] { $count } warning
       *[other] { $count } warnings
    }
screen-is-ignored = ignored
screen-more-members = { $count } more: /who
screen-opening = opening the door
screen-entering = entering
screen-connected = connected
screen-away = session lost, trying again
# $seconds: until the next try.
screen-away-for = session lost, trying again in { $seconds } s (Enter: now)
# $at: which of $all is shown.
screen-find = find { $at } of { $all }: n older, N newer, Esc
screen-further-up = further up: Esc goes down
screen-new-below = { $count } new below: Esc goes there
# What a room is called that has no name.
screen-room-unnamed = room

# Above a warning, and behind one that is cut off.
screen-warning = WARNING - F2 or /ok: I have read it
screen-warning-of = WARNING (1 of { $count }) - F2 or /ok: I have read it
screen-warning-below = below, too
screen-more-warnings = { $count } more warnings stand among the lines of the talk: look at them
screen-no-warning = there is no warning to acknowledge

# $arrow: → or ->. Beside the other's nickname.
screen-private-from = { $arrow } you
screen-private-to = you { $arrow }
screen-not-heard = not heard
screen-lines-hidden = { $count } more lines are not shown

# Above a link, and below it.
screen-way = The way into the room: whoever has this link can come in
screen-way-how = Mark it and copy it as your terminal does. Hand it on by a way that you trust, to nobody else. Esc closes this; /link shows it again.
# Above a passphrase.
screen-passphrase = this room has a passphrase; with the access link and the room's name it leads in:
# $room: what it is called.
screen-room-left = you left { $room }

# Rows of files, each of few columns. $nick: the other's; $number: what /accept and /cancel take; $size: as people read it.
screen-more-files = { $count } more: /files
screen-file-to = to { $nick }
screen-file-from = from { $nick }
screen-file-accept = /accept { $number }, { $size }
screen-file-accept-or-cancel = /accept { $number } or /cancel { $number }, { $size }
screen-file-waits = waits { $nick }

screen-message-too-long = a message holds at most 64 KiB; send it in parts
screen-themes = there are the themes dark, light and none
screen-bell-usage = type /bell all, mentions or none; and behind it bell, osc9 or osc777
# $when, $how: two of the texts below.
screen-bell-rings = it rings { $when }, { $how }
screen-bell-at-all = at all that is said
screen-bell-at-mentions = when you are named, spoken to alone or warned
screen-bell-never = never
screen-bell-by-bell = by the terminal's bell
# $number: of the sequence that terminals take as a notification.
screen-bell-by-osc = by OSC { $number }
screen-ignored = you see nothing of what { $nick } says; /unignore { $nick } ends that
screen-unignored = you see again what { $nick } says
screen-nobody-here = nobody of that name is here
screen-nobody-ignored = nobody of that name is ignored
screen-not-found = that stands nowhere in this room's lines
# Shown by the desktop.
screen-alert = there is something for you

# What /nick, /away and /back say, behind the name of whoever does it.
does-rename = is called { $nick } from now on
does-away = is away
does-away-because = is away: { $why }
does-back = is back
nick-next = in this room you are called { $nick } once you are back
nick-later = not yet: what you said before is still under way
