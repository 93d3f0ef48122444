//! What `--help` teaches beyond the flags: examples first, then a paragraph on each subject.
//!
//! **In** nothing. **Out** text of at most 80 columns. **Never** a word about a flag that says itself what it does.

use crate::exit::EXIT_CODES_HELP;

pub(super) fn after_long_help() -> String {
    format!(
        "{EXAMPLES}\n\n{LINKS_HELP}\n\n{PROFILES_HELP}\n\n{ROOMS_HELP}\n\n{FILES_HELP}\n\n{PROXY_HELP}\n\n{JSON_HELP}\n\n{EXIT_CODES_HELP}"
    )
}

pub(super) const EXAMPLES: &str = "\
Examples:
  Make a room, and hand the link it prints to those who shall come in:
    chatter-client new 'chatter://HOST:8000/#chatter1…' --nick anna
  Come in:
    chatter-client join 'chatter://HOST:8000/room#chatter1….room1…' --nick ben
  The same, without the link in `ps` and in the shell's history (asks for it):
    chatter-client join --nick ben
  From a script, the link being in a file:
    chatter-client send @link.txt --nick backup 'done, 0 errors'
    chatter-client listen @link.txt --nick watch --once --timeout 60
    { cat link.txt; echo hi; } | chatter-client join --nick bot --json
  A room whose way in can be told over the phone: six words, and its name:
    chatter-client new 'chatter://HOST:8000/#chatter1…' --room tea --passphrase
    chatter-client join 'chatter://HOST:8000/#chatter1…' --room tea --passphrase
  Come in with one word from now on:
    chatter-client profile add home --nick ben     (asks for the link)
    chatter-client join home
  Be known again, and know others again:
    chatter-client keygen ~/.chatter-identity
    chatter-client join --nick ben --identity ~/.chatter-identity --known ~/.chatter-known

Arguments show in `ps` to everybody on this machine, and shells remember them:
put links there only where you are alone, in single quotes, for they hold a #.";

const LINKS_HELP: &str = "\
A link that is left out, or given as -, is asked for without an echo; where
stdin is no terminal, its first line is the link, and the next the passphrase
where --passphrase asks for one. @FILE or --link-file FILE reads it from a file
that others must not be able to read. Blanks, line breaks, quotes and <> around
it do no harm. In a room, what begins with / is a command
(/help shows them); all else that you type is said. On a terminal there is a
full screen for it: F1 shows its keys, --plain does without. At the end of input
the room is left when the relay has taken all you said. Ctrl-C leaves at once.";

const ROOMS_HELP: &str = "\
One session can sit in several rooms of a server: /join LINK enters another,
/room and /in say in which one you speak. Lines then begin with [ROOM].
A room that was made with --listed NAME is shown by /rooms to everybody who
holds the access code, as does `chatter-client rooms`; /join NAME enters it, as
does `join --listed NAME` with an access link. To let them in its secret
stands in the list, so whoever runs the server has it, too, and could sit
between you, read and change what is said, unless you /verify: do not list what
has to stay among you. With --passphrase the list shows the room and keeps no
secret of it; others come in by the passphrase. A listing ends when whoever
made it leaves the room.";

const FILES_HELP: &str = "\
/send FILE offers a file or a directory (as tar) to all who are there, /send
FILE NICK to one; /accept N takes offer N, and before that nothing is written.
It goes to --downloads, or where downloads go on this platform, or into the
directory behind N; under the offered name made harmless, with a number where
there is such a file; readable by you alone, and never something that can be
run. Until all is there and its checksum right it is called NAME.part. /files
shows how far things are. Of links, devices and what can't be read in a
directory nothing is sent; they are named. At most: 64 GiB a file, 8 open offers
of one member, 64 of a room, 16 files taken at once. A lost connection or session
costs nothing; who leaves ends his files, and what was not whole is removed (only
a client that is killed leaves its .part behind: delete it).";

const PROXY_HELP: &str = "\
A proxy is a SOCKS5 one (socks5h://, names are resolved there) or an HTTP one
(http://, by CONNECT), with USER:PASSWORD@ before its host where it wants them.
--proxy, --proxy-file and CHATTER_PROXY go first, and then the same of a profile:
what was meant for chatter alone; then the environment as usual:
http_proxy for chatter://, https_proxy for chatters://, all_proxy, and no_proxy
for exemptions; then what the link says.

An address that ends with .onion is reached through Tor alone, any other with
--tor: by --proxy where it is given, for .onion also by a SOCKS proxy that the
environment or the link names, else by Tor on this machine (127.0.0.1:9050, as
the package tor has it, or :9150, Tor Browser while it is open). Each session
has circuits of its own. If no Tor answers, nothing else is tried.";

const JSON_HELP: &str = "\
With --json, stdout has one object a line, and a line of stdin that begins with
{ is a request. docs/json.md has an example of each; these stay, more may join:
  {\"event\":\"hello\",\"version\":1,…}             the first line
  {\"event\":\"room\",\"link\":\"chatter://…\"}         of `new`: the way in
  {\"event\":\"entered\",\"present\":1}               so many others are there
  {\"event\":\"member-joined\",\"nick\":\"ben\"}        he can read you from here on
  {\"event\":\"message\",\"from\":\"anna\",\"text\":\"hi\"}
  {\"event\":\"private\",\"from\":\"anna\",\"text\":\"hi\"}    to you alone
  {\"event\":\"acknowledged\",\"number\":1}           the relay took your first
  {\"event\":\"warning\",\"text\":\"…\"}                not to be overlooked
  {\"event\":\"error\",\"text\":\"…\"}                  what was not understood, too
  {\"event\":\"left\"}                              you left; the last line
  {\"request\":\"say\",\"text\":\"hi\"}               says it, whatever it is
  {\"request\":\"private\",\"to\":\"anna\",\"text\":\"hi\"}
From the second room on, what is about one has its name in \"room\":\"tea\", and a
request says by \"room\" for which one it is.";

const PROFILES_HELP: &str = "\
`profile add NAME` writes a link and settings into chatter/config.toml where this
user's settings are (`profile path` names it; --config and CHATTER_CONFIG name
another), and `join NAME` enters its room. Nothing is written unless you ask. By
hand: settings for every stay at its top, below [profiles.NAME] those of one.
Keys: link, link-file, room, join, nick, identity, identity-passphrase-file,
known, forget, downloads, proxy, proxy-file, chaff, no-rejoin, plain, theme,
ascii, ring, ring-by; as the flags of those names, and join = [\"PROFILE\"] enters
further rooms. A flag goes before the environment, that before the profile, that
before the top of the file: --show-settings shows what holds, and why. A file
with a link in it that others may read is refused.";
