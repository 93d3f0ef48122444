//! What each command's help ends with.

pub(super) const STATUS: &str = "\
Examples:
  chatterctl status
  chatterctl status --watch --every 5
  chatterctl status --json | jq .sessions_confirmed";

pub(super) const WATCH: &str = "\
It ends with code 3 when the daemon does. Who does not keep up with it is cut, and told so.

Examples:
  chatterctl watch
  chatterctl watch --json | jq -r 'select(.event == \"banned\") | .ban.address'";

pub(super) const HEALTH: &str = "\
Examples:
  chatterctl health || systemctl restart chatterd";

pub(super) const IPS: &str = "\
Examples:
  chatterctl ips
  chatterctl ips --json | jq -r '.addresses[] | select(.member) | .address'";

pub(super) const SESSIONS: &str = "\
Examples:
  chatterctl sessions
  chatterctl sessions --json | jq '.sessions | length'";

pub(super) const ROOMS: &str = "\
Examples:
  chatterctl rooms
  chatterctl purge --room 3f2a      ends the room whose id begins so";

pub(super) const KICK: &str = "\
Examples:
  chatterctl sessions
  chatterctl kick 12";

pub(super) const RELOAD: &str = "\
Examples:
  chatterctl config check           what would it do?
  chatterctl reload
  chatterctl reload --json | jq -r '.changes[] | select(.needs_restart) | .key'";

pub(super) const SHUTDOWN: &str = "\
Examples:
  chatterctl shutdown
  chatterctl shutdown --yes         without a question";

pub(super) const CONFIG: &str = "\
Without a daemon: chatterd --config /etc/chatterd/chatterd.toml --check

Examples:
  chatterctl config show
  chatterctl config show --json | jq -r '.settings[] | select(.key == \"ban.after\") | .value'
  chatterctl config check && chatterctl reload";

pub(super) const PURGE: &str = "\
Examples:
  chatterctl purge
  chatterctl purge --address 203.0.113.9
  chatterctl purge --room 3f2a
  chatterctl purge --everything --yes";

pub(super) const ROTATE: &str = "\
Examples:
  chatterctl rotate
  chatterctl rotate --keep-old 10m
  chatterctl rotate --now --yes | tail -n 1";

pub(super) const INVITE: &str = "\
Examples:
  chatterctl invite --qr
  chatterctl invite | tail -n 1            the link alone
  chatterctl invite --name ben --for 7d
  chatterctl invite --https chat.example.org";

pub(super) const INVITES: &str = "\
Examples:
  chatterctl invites
  chatterctl invites --json | jq -r '.invites[].name'";

pub(super) const REVOKE: &str = "\
Examples:
  chatterctl invites
  chatterctl revoke ben";

pub(super) const DECOY: &str = "\
Examples:
  chatterctl decoy reseed";

pub(super) const ONION: &str = "\
It talks to tor's control port: call it as root, or as a member of tor's group. docs/operating.md tells the first steps.

Examples:
  chatterctl onion publish --socks 127.0.0.1:9050
  chatterctl onion publish --stay                       for a unit of systemd
  chatterctl onion publish --print-torrc >> /etc/tor/torrc
  chatterctl onion publish --ephemeral --key-dir /run/tor/chatterd
  chatterctl onion authorize anna | tail -n 1 > anna.auth_private
  chatterctl onion withdraw";

pub(super) const DOCTOR: &str = "\
Examples:
  chatterctl doctor
  chatterctl doctor --json | jq -r '.findings[] | select(.level == \"problem\") | .what'";

pub(super) const COMPLETIONS: &str = "\
Examples:
  chatterctl completions bash > /etc/bash_completion.d/chatterctl
  chatterctl completions fish > ~/.config/fish/completions/chatterctl.fish";

pub(super) const BANS: &str = "\
Examples:
  chatterctl bans
  chatterctl bans add 203.0.113.9 --for 7d
  chatterctl bans lift 203.0.113.9
  chatterctl bans export --format nftables | nft -f -
  chatterctl bans list --json | jq -r '.bans[].address'";
