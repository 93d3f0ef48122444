use super::*;

fn parse(line: &str) -> Result<Args, clap::Error> {
    Args::try_parse_from(line.split(' '))
}

#[test]
fn the_tree_is_sound() {
    <Args as clap::CommandFactory>::command().debug_assert();
}

#[test]
fn it_documents_itself() {
    let text = |line: &str| String::from_utf8(parse(line).expect("args").action.document().expect("text"));
    let page = text("c man").expect("UTF-8");
    assert!(page.contains(".TH chatter-client 1") && page.contains("keygen"), "{page}");
    for shell in ["bash", "zsh", "fish"] {
        let script = text(&format!("c completions {shell}")).expect("UTF-8");
        assert!(script.contains("passphrase-file"), "{shell}: {script}");
    }
    assert!(parse("c join").expect("args").action.document().is_none());
}

#[test]
fn lines_are_understood() {
    for line in [
        "c new",
        "c new chatter://x --nick anna --room kitchen --json",
        "c join - --nick ben --plain",
        "c send hi --nick ben",
        "c join --chaff constant",
        "c send chatter://x hi --nick ben",
        "c join chatter://x --passphrase --room tea --nick ben",
        "c new chatter://x --own-passphrase --weak",
        "c new chatter://x --listed tea --passphrase",
        "c join --identity f --identity-passphrase-file /dev/fd/3 --known k",
        "c keygen f --passphrase",
        "c join --screen --nick ben",
        "c join --theme light --ascii --ring all --ring-by osc777",
        "c rooms chatter://x --json",
        "c send --link-file f - --to ben --timeout 5",
        "c listen home --count 2 --timeout 5 --from ben --json",
        "c join @f --forget --show-settings --config c",
        "c profile add home @f --nick anna --join work --join tea",
        "c profile list --config c",
        "c rooms chatter://x --lang en",
        "c join chatter://x --listed tea",
    ] {
        assert!(parse(line).is_ok(), "{line}");
    }
    for line in [
        "c",
        "c send a b c",
        "c send a b --timeout 0",
        "c listen a --once --count 2",
        "c listen a --count 0",
        "c join --forget --known k",
        "c profile",
        "c profile add",
        "c join --json --plain",
        "c join --screen --plain",
        "c jion",
        "c join a b",
        "c keygen",
        "c join --chaff much",
        "c join --theme blue",
        "c join --lang klingon",
        "c join --listed tea --passphrase",
    ] {
        assert!(parse(line).is_err(), "{line}");
    }
    assert_eq!(parse("c join --json").expect("args").action.style(), Style::Json);
    assert_eq!(parse("c join").expect("args").action.style(), Style::Plain);
}
