//! `[[listen]]` and `trusted-proxies`.

use super::*;
use crate::circuit::TorHost;
use crate::entrance::{Callers, Place};

fn network(text: &str) -> Network {
    text.parse().unwrap()
}

#[test]
fn entrances_of_every_kind_stand_side_by_side() {
    let text = "trusted-proxies = ['192.0.2.1']\n[[listen]]\ntcp = '[::]:8000'\n[[listen]]\nunix = '/run/a.sock'\n\
                mode = 0o660\ngroup = 'www-data'\ntrusted = true\n[[listen]]\nunix = '/run/b.sock'\n\
                mode = 0o600\nproxy-protocol = true\n[[listen]]\ntcp = '127.0.0.1:8001'\nproxy-protocol = true\n[[listen]]\n\
                tcp = '10.0.0.2:8001'\nproxy-protocol = true\nfrom = ['10.0.0.1']";
    let config = load(&[], &[], text).unwrap();
    let unix = |path: &str, access| Place::Unix { path: path.into(), access };
    let local = vec![network("127.0.0.0/8"), network("::1")];
    let tcp = |address: &str| Place::Tcp(address.parse().unwrap());
    let expected = [
        (tcp("[::]:8000"), None, false),
        (unix("/run/a.sock", Callers::Group(Some("www-data".to_owned()))), None, true),
        (unix("/run/b.sock", Callers::Owner), Some(local.clone()), false),
        (tcp("127.0.0.1:8001"), Some(local), false),
        (tcp("10.0.0.2:8001"), Some(vec![network("10.0.0.1")]), false),
    ];
    let expected =
        expected.map(|(place, proxy_header, trusted)| Entrance { place, proxy_header, trusted, tor: None });
    assert_eq!(config.listen, expected);
    // Fronts are never banned; this machine is exempt by a setting of its own.
    let exempt = config.ledger_settings().exempt;
    assert_eq!(exempt, ["127.0.0.0/8", "::1", "192.0.2.1", "10.0.0.1"].map(network));
    let mixed = load(&[], &[], "listen = ['127.0.0.1:1', { tcp = '127.0.0.1:2' }]").unwrap();
    let plain = ["127.0.0.1:1", "127.0.0.1:2"].map(|address| address.parse::<Entrance>().unwrap());
    assert_eq!(mixed.listen, plain);
    let flag = load(&["--listen", "127.0.0.1:1"], &[], text).unwrap();
    assert_eq!(flag.listen, plain[..1], "a flag takes the place of all of them");
}

#[test]
fn an_entrance_that_makes_no_sense_is_refused() {
    for (table, part) in [
        ("", "either tcp"),
        ("tcp = '127.0.0.1:1'\nunix = '/a'", "either tcp"),
        ("tcp = 'localhost:1'", "not an address and port"),
        ("tcp = '127.0.0.1:1'\nmode = 0o600", "mode is for unix"),
        ("tcp = '127.0.0.1:1'\ngroup = 'a'", "group is for unix"),
        ("tcp = '127.0.0.1:1'\ntrusted = true", "trusted-proxies instead"),
        ("tcp = '127.0.0.1:1'\nfrom = ['10.0.0.1']", "proxy-protocol = true"),
        ("unix = '/a'\nproxy-protocol = true\nfrom = ['10.0.0.1']", "from is for tcp"),
        ("unix = '/a'\nproxy-protocol = true\ntrusted = true", "trusted is for X-Forwarded-For"),
        ("unix = '/a'\nmode = 0o666", "0o666 is neither"),
        ("unix = '/a'\nmode = 0o60", "0o60 is neither"),
        ("unix = '/a'\nmode = 0o600\ngroup = 'a'", "no group may"),
        ("unix = '/a'\nkind = 'x'", "kind"),
    ] {
        let error = load(&[], &[], &format!("[[listen]]\n{table}")).unwrap_err();
        assert!(error.contains(part), "{table:?}: {error}");
    }
}

/// The `[[listen]]` tables that stand as examples in the sample, and in the documents beside it.
#[test]
fn the_examples_of_entrances_name_every_key() {
    let comments = sample();
    let example: String = comments
        .lines()
        .filter_map(|line| line.strip_prefix("#    "))
        .map(|line| format!("{line}\n"))
        .collect();
    let config = load(&[], &[], &example).unwrap();
    assert!(config.listen.len() >= 3, "{example}");
    for key in listen::KEYS {
        assert!(example.contains(&format!("{key} = ")), "{key} is missing in {example}");
    }
    assert_eq!(config.tor.len(), 3, "{example}");
    for key in tor::KEYS {
        assert!(example.contains(&format!("{key} = ")), "{key} is missing in {example}");
    }
    let operating = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/operating.md");
    let operating = std::fs::read_to_string(operating).unwrap();
    for key in listen::KEYS {
        assert!(
            operating.contains(&format!("| `[[listen]]` `{key}` |")),
            "{key} is missing in the table of settings"
        );
    }
    for key in tor::KEYS {
        assert!(operating.contains(&format!("| `[[tor]]` `{key}` |")), "{key} of [[tor]] is missing there");
    }
}

#[test]
fn trust_in_everybody_is_warned_of() {
    let text = "trusted-proxies = ['0.0.0.0/0']\n[[listen]]\ntcp = '127.0.0.1:1'\nproxy-protocol = true\nfrom = ['::/0']";
    let warnings: Vec<_> = load(&[], &[], text).unwrap().warnings().collect();
    assert_eq!(
        warnings.iter().filter(|warning| warning.contains("holds everybody")).count(),
        2,
        "{warnings:?}"
    );
}

#[test]
fn tor_hosts_are_entrances_of_their_own() {
    let text = "[[tor]]\nunix = '/run/a.sock'\ngroup = 'debian-tor'\n[[tor]]\nname = 'b'\ntcp = '10.0.0.1:1'\n\
                from = ['10.0.0.2']\ncontrol = '10.0.0.2:9051'\npassword-file = '/p'\nclose-circuits = true";
    let config = load(&[], &[], text).unwrap();
    assert_eq!(config.listen.len(), 1, "the plain entrance stays");
    let [first, second] = &config.tor[..] else { panic!("{:?}", config.tor) };
    assert_eq!((first.name.as_str(), first.entrance.tor), ("tor0", Some(TorHost(0))));
    assert!(first.control.is_none() && !first.close_circuits && !first.entrance.is_plain());
    assert_eq!((second.name.as_str(), second.entrance.tor), ("b", Some(TorHost(1))));
    assert_eq!(second.entrance.proxy_header, Some(vec![network("10.0.0.2")]));
    let settings = config.circuit_settings();
    assert_eq!(settings.hosts.iter().map(|host| host.closes).collect::<Vec<_>>(), [false, true]);
    assert_eq!(config.entrances().count(), 3);
    let variable = load(&[], &[("CHATTERD_TOR", "/run/a.sock, 127.0.0.1:1")], "").unwrap();
    assert_eq!(variable.tor.iter().map(|host| host.name.as_str()).collect::<Vec<_>>(), ["tor0", "tor1"]);
}

#[test]
fn a_tor_host_that_makes_no_sense_is_refused() {
    for (table, part) in [
        ("", "either tcp"),
        ("unix = '/a'\nmode = 0o666", "0o666 is neither"),
        ("unix = '/a'\nfrom = ['10.0.0.1']", "from is for tcp"),
        ("unix = '/a'\nclose-circuits = true", "close-circuits needs control"),
        ("unix = '/a'\ncookie-file = '/c'", "are for control"),
        ("unix = '/a'\ncontrol = '/c'\ncookie-file = '/c'\npassword-file = '/p'", "not both"),
        ("unix = '/a'\ncontrol = 'localhost:9051'", "control port is a path"),
        ("unix = '/a'\nname = 'a b'", "name is 1 to 32"),
        ("unix = '/a'\nname = 'a'\n[[tor]]\nunix = '/b'\nname = 'a'", "two [[tor]]"),
        ("unix = '/a'\nproxy-protocol = true", "a [[tor]] table has"),
    ] {
        let error = load(&[], &[], &format!("[[tor]]\n{table}")).unwrap_err();
        assert!(error.contains(part), "{table:?}: {error}");
    }
}
