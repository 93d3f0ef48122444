//! Settings by example; the sample file, the variables and the documents held together.

mod entrances;

use super::*;
use crate::exit::Exit;
use clap::{CommandFactory as _, Parser as _};
use proptest::prelude::*;

fn environment(variables: &[(&str, &str)]) -> Environment {
    Environment::new(variables.iter().copied().chain([("HOME", "/home/op")]), 1000)
}

fn arguments(flags: &[&str]) -> Arguments {
    Arguments::try_parse_from(["chatterd"].iter().chain(flags)).unwrap()
}

/// Flags, variables and a file's text, put together.
fn load(flags: &[&str], variables: &[(&str, &str)], text: &str) -> Result<Config, String> {
    let file = file::parse(text)?;
    Config::resolve(&arguments(flags), &environment(variables), file).map_err(|error| error.to_string())
}

fn defaults() -> Config {
    load(&[], &[], "").unwrap()
}

fn sample() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("chatterd.toml");
    std::fs::read_to_string(path).unwrap()
}

/// The sample with what is commented out in it switched on, and the keys that it then has, as variables are called.
fn whole_sample() -> (String, Vec<String>) {
    let (mut text, mut names, mut section) = (String::new(), Vec::new(), String::new());
    for line in sample().lines() {
        let setting =
            line.strip_prefix('#').filter(|rest| rest.starts_with(|first: char| first.is_ascii_lowercase()));
        let line = setting.unwrap_or(line);
        if let Some(name) = line.strip_prefix('[') {
            section = format!("{}_", name.trim_end_matches(']'));
        } else if let Some((key, _)) = line.split_once(" = ").filter(|_| !line.starts_with('#')) {
            names.push(format!("CHATTERD_{section}{key}").to_uppercase().replace('-', "_"));
        }
        text.push_str(line);
        text.push('\n');
    }
    (text, names)
}

#[test]
fn the_sample_is_the_defaults() {
    assert_eq!(load(&[], &[], &sample()), Ok(defaults()));
}

#[test]
fn the_sample_names_every_key_and_every_key_has_its_variable() {
    let (text, mut names) = whole_sample();
    let config = load(&[], &[], &text).unwrap();
    assert_eq!(config.decoy.carrier.as_deref(), Some("backup-2019.img"));
    assert_eq!(config.public_host.unwrap().host(), "chat.example.org");
    let mut variables: Vec<_> = environment::VARIABLES.iter().map(|(name, _)| (*name).to_owned()).collect();
    names.sort();
    variables.sort();
    assert_eq!(names, variables);
}

#[test]
fn defaults_are_what_the_documents_say() {
    let config = defaults();
    assert_eq!(config.listen, ["0.0.0.0:8000".parse().unwrap()]);
    assert_eq!((config.public_host, config.grace.as_secs()), (None, 30));
    assert_eq!(config.state_directory, Some("/home/op/.local/state/chatterd".into()));
    assert_eq!(config.ban.report, Some("/home/op/.local/state/chatterd/report.txt".into()));
    assert_eq!(config.rooms.members_max, 64);
    let limits = config.limits;
    assert_eq!(
        (limits.sessions_max, limits.rooms_per_session_max, limits.replay_tokens_max, limits.listed_rooms),
        (4096, 16, 1 << 18, 64)
    );
    assert_eq!(limits.bounds, chatter_protocol::server::bounds::Bounds::default());
    assert_eq!(config.chaff, Chaff::Constant);
    assert_eq!((config.ban.after, config.ban.refuse, config.purge.every_packets), (30, false, 100));
    assert_eq!(config.ban.length, Some(Duration::from_secs(86_400)));
    let exempt: Vec<_> = config.ban.exempt.iter().map(ToString::to_string).collect();
    assert_eq!(exempt, ["127.0.0.0/8", "::1/128"]);
    assert_eq!(
        config.decoy,
        DecoyConfig {
            root: None,
            carrier: None,
            python: Persona::parse("3.11.2").unwrap(),
            queue: Queue::Deep,
        }
    );
    assert_eq!(config.admin.socket, Path::new("/tmp/chatterd-1000/admin.sock"));
}

#[test]
fn lists_of_rooms_are_bounded_or_off() {
    let listed = |number: &str| {
        load(&[], &[], &format!("[limits]\nlisted-rooms = {number}")).map(|config| config.limits.listed_rooms)
    };
    assert_eq!((listed("0").ok(), listed("1024").ok()), (Some(0), Some(1024)));
    assert!(listed("1025").is_err() && listed("-1").is_err());
}

#[test]
fn flags_beat_variables_beat_the_file() {
    let text = "listen = \"192.0.2.1:1\"\npublic-host = \"file.example\"\n[admin]\nsocket = \"/file\"\n[ban]\nafter = 7";
    let variables = [("CHATTERD_LISTEN", "192.0.2.2:2, [::]:3"), ("CHATTERD_ADMIN_SOCKET", "/variable")];
    let config = load(&["--admin-socket", "/flag"], &variables, text).unwrap();
    assert_eq!(config.listen, ["192.0.2.2:2".parse().unwrap(), "[::]:3".parse().unwrap()]);
    assert_eq!(config.admin.socket, Path::new("/flag"));
    assert_eq!(config.public_host.unwrap().to_string(), "file.example");
    assert_eq!(config.ban.after, 7);
    let flags = ["--listen", "127.0.0.1:0", "--listen", "[::1]:0", "--public-host", "flag.example:80"];
    let config = load(&flags, &variables, text).unwrap();
    assert_eq!(config.listen, ["127.0.0.1:0".parse().unwrap(), "[::1]:0".parse().unwrap()]);
    let host = config.public_host.unwrap();
    assert_eq!((host.host(), host.port()), ("flag.example", Some(80)));
}

#[test]
fn what_cli_chatter_took_is_understood() {
    let seed = [("server_packet_limit", "12"), ("server_access_code_", "hunter2")];
    let config = load(&[], &seed, "[ban]\nafter = 7").unwrap();
    assert_eq!(
        (config.ban.after, &config.unknown_variables[..]),
        (12, &["server_access_code_".to_owned()][..])
    );
    let said: Vec<_> = config.warnings().collect();
    assert!(said.iter().any(|text| text.contains("server_access_code_ is not used")), "{said:?}");
    assert!(said.iter().all(|text| !text.contains("hunter2")), "{said:?}");
    let ours = [seed[0], ("CHATTERD_BAN_AFTER", "9")];
    assert_eq!(load(&[], &ours, "").unwrap().ban.after, 9);
    let error = load(&[], &[("server_packet_limit", "many")], "").unwrap_err();
    assert!(error.starts_with("the environment's server_packet_limit: "), "{error}");
}

#[test]
fn what_may_be_a_secret_is_named_and_still_named_when_it_is_gone() {
    let variables = [("CHATTERD_SECRET", "a"), ("server_access_code_", "b"), ("CHATTERD_GRACE", "1")];
    assert_eq!(environment(&variables).secrets(), ["CHATTERD_SECRET", "server_access_code_"]);
    let taken_out = [("CHATTERD_TAKEN_OUT", "CHATTERD_SECRET,server_access_code_")];
    assert_eq!(environment(&taken_out).secrets(), [""; 0]);
    let unknown = |variables| load(&[], variables, "").unwrap().unknown_variables;
    assert_eq!(unknown(&taken_out), unknown(&variables[..2]));
}

#[test]
fn every_setting_can_be_a_variable() {
    let variables = [
        ("CHATTERD_STATE_DIRECTORY", "/state"),
        ("CHATTERD_TRUSTED_PROXIES", "192.0.2.1, 2001:db8::5"),
        ("CHATTERD_GRACE", "0"),
        ("CHATTERD_DECOY_ROOT", "/srv"),
        ("CHATTERD_DECOY_CARRIER", "/a/b.img"),
        ("CHATTERD_DECOY_PYTHON", "3.11.7"),
        ("CHATTERD_DECOY_QUEUE", "python"),
        ("CHATTERD_ROOMS_MEMBERS_MAX", "100"),
        ("CHATTERD_LIMITS_SESSIONS_MAX", "7"),
        ("CHATTERD_LIMITS_OPENINGS_PER_CODE_MAX", "9"),
        ("CHATTERD_BAN_AFTER", "5"),
        ("CHATTERD_BAN_REFUSE", "yes"),
        ("CHATTERD_BAN_EXEMPT", "10.0.0.0/8, 2001:db8::/32,"),
        ("CHATTERD_BAN_FOR", "0"),
        ("CHATTERD_BAN_REPORT", "/report"),
        ("CHATTERD_PURGE_EVERY_PACKETS", "9"),
        ("CHATTERD_LOG", "debug"),
        ("CHATTERD_PORT", "tcp://10.0.0.1:8000"),
    ];
    let config = load(&[], &variables, "").unwrap();
    assert_eq!(config.state_directory, Some("/state".into()));
    let proxies: Vec<_> = config.trusted_proxies.iter().map(ToString::to_string).collect();
    assert_eq!(proxies, ["192.0.2.1/32", "2001:db8::5/128"]);
    assert_eq!((config.grace, config.ban.length), (Duration::ZERO, None));
    assert_eq!(config.decoy.carrier.as_deref(), Some("a/b.img"));
    assert_eq!((config.decoy.python.version(), config.decoy.queue), ("3.11.7", Queue::Python));
    assert_eq!(config.rooms.members_max, 100);
    assert_eq!((config.limits.sessions_max, config.limits.bounds.gate_openings_max), (7, 9));
    assert_eq!((config.ban.after, config.ban.refuse, config.ban.exempt.len()), (5, true, 2));
    assert_eq!(config.ban.report, Some("/report".into()));
    assert_eq!(config.purge.every_packets, 9);
    assert_eq!(config.unknown_variables, ["CHATTERD_PORT"]);
}

#[test]
fn ephemeral_keeps_nothing_unless_told_where() {
    let config = load(&["--ephemeral"], &[], "state-directory = \"/state\"").unwrap();
    assert_eq!((config.state_directory, config.ban.report), (None, None));
    assert_eq!(config.public_host.unwrap().to_string(), "127.0.0.1");
    let config = load(&["--ephemeral"], &[], "public-host = \"a.example\"\n[ban]\nreport = \"/r\"").unwrap();
    assert_eq!(config.ban.report, Some("/r".into()));
    assert_eq!(config.public_host.unwrap().to_string(), "a.example");
}

#[test]
fn places_follow_systemd_then_root_then_the_session() {
    let check = |uid, variables: &[(&str, &str)], state: Option<&str>, socket: &str| {
        let environment = Environment::new(variables.iter().copied(), uid);
        assert_eq!(places::state_directory(&environment), state.map(PathBuf::from));
        assert_eq!(places::admin_socket(&environment), Path::new(socket));
    };
    let systemd =
        [("STATE_DIRECTORY", "/var/lib/a:/var/lib/b"), ("RUNTIME_DIRECTORY", "/run/a"), ("HOME", "/h")];
    check(7, &systemd, Some("/var/lib/a"), "/run/a/admin.sock");
    check(0, &[("HOME", "/root")], Some("/var/lib/chatterd"), "/run/chatterd/admin.sock");
    let session = [("HOME", "/h"), ("XDG_STATE_HOME", "/s"), ("XDG_RUNTIME_DIR", "/run/user/7")];
    check(7, &session, Some("/s/chatterd"), "/run/user/7/chatterd/admin.sock");
    check(
        7,
        &[("XDG_STATE_HOME", "relative"), ("HOME", "/h")],
        Some("/h/.local/state/chatterd"),
        "/tmp/chatterd-7/admin.sock",
    );
    check(7, &[("HOME", "")], None, "/tmp/chatterd-7/admin.sock");
    let nowhere = Config::load(&arguments(&[]), &Environment::new::<&str, &str>([], 7));
    assert_eq!(nowhere, Err(ConfigError::NoStateDirectory));
}

#[test]
fn errors_name_line_key_and_what_was_expected() {
    let check = |text: &str, parts: &[&str]| {
        let error = load(&[], &[], text).unwrap_err();
        for part in parts {
            assert!(error.contains(part), "{part:?} is missing in {error}");
        }
    };
    check("grace = 30\nlisten-on = \"x\"", &["line 2", "listen-on", "listen"]);
    check("[ban]\nafter = 30\nrefused = true", &["line 3", "refused", "refuse"]);
    check("[bans]", &["line 1", "bans"]);
    check("listen = \"localhost:8000\"", &["line 1", "localhost:8000", "0.0.0.0:8000"]);
    check("listen = []", &["at least one"]);
    check("listen = 8000", &["line 1", "address and port"]);
    check("[ban]\nafter = 0", &["line 2", "from 1"]);
    check("[ban]\nafter = -1", &["line 2"]);
    check("[ban]\nexempt = [\"10.0.0.1/8\"]", &["line 2", "10.0.0.1/8", "first address"]);
    check("[ban]\nfor = \"1d\"", &["line 2"]);
    check("[rooms]\nmembers-max = 1", &["line 2", "2 to 100"]);
    check("[rooms]\nmembers-max = 101", &["line 2", "2 to 100"]);
    check("[limits]\nsessions-max = 0", &["line 2", "from 1 to 65536"]);
    check("[limits]\nqueue-bytes-max = 1024", &["line 2", "from 524288"]);
    check("grace = 90000", &["line 1", "86400"]);
    check("chaff = \"much\"", &["line 1", "much", "usual", "constant"]);
    check("public-host = \"http://a/\"", &["line 1", "without path"]);
    check("public-host = \"a:0\"", &["line 1", "65535"]);
    check("[decoy]\nroot = \"/srv\"\ncarrier = \"../x\"", &["line 3", "inside decoy.root"]);
    check("[decoy]\ncarrier = \"x\"", &["decoy.root is not set"]);
    check("grace = 1\ngrace = 2", &["line 2", "duplicate"]);
    check("\u{0}", &["line 1"]);
    let error = load(&[], &[("CHATTERD_BAN_REFUSE", "maybe")], "").unwrap_err();
    assert_eq!(error, "the environment's CHATTERD_BAN_REFUSE: \"maybe\" is neither true nor false");
    let missing = Config::load(&arguments(&["--config", "/nowhere/x.toml"]), &environment(&[])).unwrap_err();
    assert!(missing.to_string().starts_with("cannot read /nowhere/x.toml: No such file"), "{missing}");
}

#[test]
fn a_variable_names_the_file_and_the_flag_another_one() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (folder.path().join("1.toml"), folder.path().join("2.toml"));
    std::fs::write(&first, "grace = 1").unwrap();
    std::fs::write(&second, "grace = 2\nx = 3").unwrap();
    let environment = environment(&[("CHATTERD_CONFIG", first.to_str().unwrap())]);
    assert_eq!(Config::load(&arguments(&[]), &environment).unwrap().grace.as_secs(), 1);
    let flags = ["--config", second.to_str().unwrap()];
    let error = Config::load(&arguments(&flags), &environment).unwrap_err().to_string();
    assert!(error.contains("2.toml") && error.contains("line 2"), "{error}");
}

#[test]
fn hosts_are_names_or_addresses() {
    let check = |text: &str, shown: Option<&str>| {
        assert_eq!(
            text.parse::<PublicHost>().ok().map(|host| host.to_string()).as_deref(),
            shown,
            "{text:?}"
        );
    };
    check("chat.example.org", Some("chat.example.org"));
    check("localhost:81", Some("localhost:81"));
    check("203.0.113.9", Some("203.0.113.9"));
    check("2001:db8::1", Some("[2001:db8::1]"));
    check("[2001:db8::1]:80", Some("[2001:db8::1]:80"));
    check("xn--bcher-kva.example", Some("xn--bcher-kva.example"));
    check("https://chat.example.org/", Some("https://chat.example.org"));
    check("https://[2001:db8::1]:8443", Some("https://[2001:db8::1]:8443"));
    for text in [
        "",
        "https://",
        "https://a//",
        "http://a",
        ":80",
        "a:",
        "a:x",
        "a:+80",
        "a:65536",
        "a b",
        "a/b",
        "a@b",
        "-a",
        "a-",
        "a..b",
        ".",
        "bücher.example",
        "300.1.1.1",
        "1.2.3",
        "[::1",
        "[x]",
        "[::1]x",
        "a:b:c",
        "a#b",
        "a\n",
    ] {
        check(text, None);
    }
}

#[test]
fn the_check_tells_what_is_risky() {
    let warnings = |flags: &[&str], text: &str| {
        load(flags, &[("CHATTERD_X", "1")], text).unwrap().warnings().collect::<Vec<_>>()
    };
    let quiet = warnings(&["--ephemeral"], "");
    assert_eq!(quiet, ["the variable CHATTERD_X means nothing to chatterd"]);
    let text = "[ban]\nrefuse = true\nafter = 200\nexempt = []\n[decoy]\nroot = \"/\"";
    let risky = warnings(&[], text).join("\n");
    for part in [
        "public-host is not set",
        "201 requests then unmask",
        "decoy.carrier is not set",
        "every-packets",
        "ban.exempt is empty",
    ] {
        assert!(risky.contains(part), "{part:?} is missing in {risky}");
    }
    assert_eq!(load(&[], &[], text).unwrap().check().1, Exit::Done, "warnings stop nobody");
    let gone = load(&[], &[], "[decoy]\nroot = \"/nowhere\"\ncarrier = \"x\"").unwrap();
    let (told, exit) = gone.check();
    assert_eq!(exit, Exit::Config);
    assert!(told.contains("error: decoy.root /nowhere"), "{told}");
    let gone = gone.findings();
    assert!(gone.iter().any(|finding| matches!(finding, Finding::Error(text) if text.contains("/nowhere"))));
    assert!(
        gone.iter().any(
            |finding| matches!(finding, Finding::Warning(text) if text.contains("members can't come in"))
        )
    );
}

#[test]
fn the_command_line_is_sound_and_teaches() {
    Arguments::command().debug_assert();
    let help = Arguments::command().render_long_help().to_string();
    for part in [
        "--ephemeral",
        "--config",
        "--listen",
        "--admin-socket",
        "--public-host",
        "--check",
        "--version",
        "Examples:",
    ] {
        assert!(help.contains(part), "{part:?} is missing in {help}");
    }
    for wrong in [["--listen", "8000"], ["--public-host", "a/b"]] {
        Arguments::try_parse_from(["chatterd"].iter().chain(&wrong)).unwrap_err();
    }
}

proptest! {
    #[test]
    fn no_file_panics(text in "(\\PC|\n|\\[|\\]|=|\"|listen|ban|grace|[0-9:.]){0,60}") {
        let _ = load(&[], &[], &text);
    }

    #[test]
    fn hosts_print_what_they_parse(text in "\\PC{0,30}|[a-z0-9.:\\[\\]-]{0,20}") {
        if let Ok(host) = text.parse::<PublicHost>() {
            prop_assert_eq!(host.to_string().parse(), Ok(host));
        }
    }
}

#[test]
fn an_unverified_python_is_refused_with_the_list() {
    let error = load(&[], &[], "[decoy]\npython = \"2.7.18\"").unwrap_err().to_string();
    assert_eq!(
        error,
        "[decoy] python: Python 2.7.18 has not been verified; choose one of 3.11.2, 3.11.7, 3.12.1, 3.13.0"
    );
}
