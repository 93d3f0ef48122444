use super::*;
use crate::texts::tests::{is_all_marked, marked};

fn parse(text: &str) -> Result<Config, String> {
    let file = Read { text: SecretText::new(text.to_owned()), is_open: false };
    Config::parse(Path::new("/here/config.toml"), file).map_err(|(failure, text)| {
        assert_eq!(failure, Failure::Usage);
        text
    })
}

#[test]
fn profiles_stand_over_defaults() {
    let text = "nick = 'anna'\ntheme = 'light'\n[profiles.home]\nnick = 'ben'\nlink-file = 'home.link'\n\
                join = ['work']\nascii = true\n[profiles.work]\nproxy-file = '/p'\n";
    let config = parse(text).expect("settings");
    let home = config.profile("home").expect("a profile").over(&config.defaults);
    assert_eq!((home.text("nick"), home.text("theme")), (Some("ben"), Some("light")));
    assert_eq!(home.path("link-file"), Some("/here/home.link".into()));
    assert!(home.is_on("ascii") && !home.is_on("plain"));
    assert_eq!(home.list("join"), ["work".to_owned()]);
    let mut flags = Settings::default();
    flags.set_text("proxy", Some("none".to_owned()));
    let work = flags.over(config.profile("work").expect("a profile"));
    assert_eq!((work.text("proxy"), work.path("proxy-file")), (Some("none"), None), "one way counts");
    let shown = shown(&[("command line", &flags), ("profile work", &work), ("defaults", &config.defaults)]);
    assert!(shown.contains("nick = \"anna\"  # defaults\n"), "{shown}");
    assert!(shown.contains("# link is not set\n"), "{shown}");
}

#[test]
fn what_is_no_setting_is_named_with_the_nearest() {
    let check = |text: &str, expected: &str| {
        let error = parse(text).expect_err("it is wrong");
        assert!(error.starts_with("/here/config.toml: ") && error.contains(expected), "{error}");
    };
    check("nik = 'anna'", "there is no setting \"nik\"; did you mean nick?");
    check(
        "[profiles.home]\nthme = 'dark'",
        "profiles.home: there is no setting \"thme\"; did you mean theme?",
    );
    check("completely = 1", "there are link, link-file");
    check("nick = 1", "nick takes a text");
    check("nick = 'a#b'", "nick: ");
    check("theme = 'blue'", "theme: ");
    check("ascii = 'yes'", "ascii takes true or false");
    check("join = 'home'", "join takes profiles' names");
    check("link = 'x'\nlink-file = 'y'", "link: ");
    check("proxy = 'none'\nproxy-file = 'y'", "can't both be set");
    check("proxy = 'none'\n[profiles.a]\nproxy = 'none'\nproxy-file = 'y'", "can't both be set");
    check("profiles = 1", "profiles is no table");
    check("[profiles.'a b']", "letters, digits");
    check("x = 1\nnick = \"secret", "line 2: ");
    let error = parse("nick = \"very secret").expect_err("it is wrong");
    assert!(!error.contains("very secret"), "{error}");
    let config = parse("[profiles.home]\n[profiles.work]").expect("settings");
    let error = config.profile("hmoe").expect_err("none").1;
    assert!(error.contains("did you mean home?"), "{error}");
}

#[test]
fn profiles_are_added_and_taken_out_and_the_rest_stays() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("deep").join("config.toml");
    let mut settings = Settings::default();
    settings.set_text("nick", Some("anna".to_owned()));
    settings.set_switch("ascii", true);
    add(Some(&path), "home", &settings).expect("added");
    assert_eq!(add(Some(&path), "home", &settings).expect_err("there").0, Failure::Usage);
    assert_eq!(add(Some(&path), "-x", &settings).expect_err("no name").0, Failure::Usage);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);
    }
    let text = fs::read_to_string(&path).expect("there");
    fs::write(&path, format!("# mine\ntheme = \"light\"\n{text}")).expect("written");
    add(Some(&path), "work", &settings).expect("added");
    let config = Config::load(Some(&path)).expect("settings");
    assert_eq!(config.profiles.keys().collect::<Vec<_>>(), ["home", "work"]);
    assert_eq!(config.profiles["home"], settings);
    remove(Some(&path), "home").expect("removed");
    assert!(remove(Some(&path), "home").is_err());
    let text = fs::read_to_string(&path).expect("there");
    assert!(
        text.starts_with("# mine\n") && text.contains("[profiles.work]") && !text.contains("home"),
        "{text}"
    );
}

#[cfg(unix)]
#[test]
fn secrets_that_others_may_read_are_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("config.toml");
    for (text, is_secret) in
        [("nick = 'anna'\nproxy = 'socks5h://h:1'", false), ("proxy = 'socks5h://u:p@h:1'", true)]
    {
        fs::write(&path, text).expect("written");
        for mode in [0o600, 0o644, 0o640] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("changed");
            let refused = Config::load(Some(&path)).err();
            assert_eq!(refused.is_some(), is_secret && mode != 0o600, "{text} {mode:o} {refused:?}");
            assert!(refused.is_none_or(|(_, text)| text.contains("chmod 600") && !text.contains("u:p")));
        }
    }
}

#[test]
fn what_is_wrong_is_told_in_the_readers_language() {
    for text in [
        "nik = 1",
        "completely = 1",
        "nick = 1",
        "ascii = 'x'",
        "join = 1",
        "profiles = 1",
        "[profiles.'a b']",
        "x = \"y",
    ] {
        let error = marked(|| parse(text)).expect_err("it is wrong");
        let error = error.strip_prefix("/here/config.toml: ").expect("the file's name");
        assert!(is_all_marked(error), "{error}");
    }
    let shown = marked(|| shown(&[("flags", &Settings::default())]));
    assert!(shown.lines().count() > 10 && shown.lines().all(is_all_marked), "{shown}");
}
