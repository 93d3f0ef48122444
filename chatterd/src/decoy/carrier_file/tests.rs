//! **In**: carriers of each kind. **Out**: what the tools of that kind make of them, and whether bytes ever repeat.
//! **Never**: a tool's word about more than the beginning: the rest is noise.

use super::*;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

const SIZE: u64 = 3 << 20;

fn download(kind: Kind, key: u8) -> Vec<u8> {
    let (unit, rest) = kind.grain();
    let size = SIZE - SIZE % u64::try_from(unit).expect("a unit") + u64::try_from(rest).expect("a rest");
    let mut stream = Carrier { kind, size }.stream([key; 32]);
    let mut bytes = Vec::new();
    loop {
        let piece = stream.piece();
        if piece.is_empty() {
            assert_eq!(bytes.len() as u64, size);
            return bytes;
        }
        bytes.extend(piece);
    }
}

/// What a program says about a download of that kind.
fn ask(program: &str, before: &[&str], kind: Kind, after: &[&str]) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("carrier");
    std::fs::write(&path, download(kind, 1)).expect("room");
    run(program, before, &path, after, folder.path())
}

fn run(program: &str, before: &[&str], path: &Path, after: &[&str], home: &Path) -> String {
    let mut command = Command::new(program);
    command.args(before).arg(path).args(after).env("GNUPGHOME", home).env("LC_ALL", "C");
    let output = command.output().unwrap_or_else(|error| panic!("{program}: {error}"));
    let text = [output.stdout, output.stderr].concat();
    format!("{}\n{}", output.status, String::from_utf8_lossy(&text))
}

#[test]
fn no_two_downloads_share_a_stretch_of_bytes() {
    let mut seen = BTreeSet::new();
    for key in 0..4 {
        let bytes = download(Kind::Veracrypt, key);
        for block in bytes.chunks(16) {
            assert!(seen.insert(block.to_vec()), "16 bytes come again");
        }
        // As many ones as zeros, to six standard deviations.
        let ones: u64 = bytes.iter().map(|byte| u64::from(byte.count_ones())).sum();
        let bits = bytes.len() as f64 * 8.0;
        assert!((ones as f64 - bits / 2.0).abs() < 3.0 * bits.sqrt(), "{ones} of {bits} bits");
    }
}

#[test]
fn headers_say_so_much_that_their_own_kind_is_known_again() {
    for kind in KINDS {
        let bytes = download(kind, 1);
        let known = !matches!(kind, Kind::Zip | Kind::Veracrypt | Kind::Ccrypt);
        let found = Kind::of(&bytes);
        // A Tomb is a LUKS container by another name.
        let same = if kind == Kind::Tomb { Kind::Luks } else { kind };
        assert_eq!(found, known.then_some(same));
    }
}

#[test]
#[ignore = "needs file; `.ci/run peers` runs it"]
fn magic_is_what_file_knows() {
    for (kind, said) in [
        (Kind::OpensslEnc, "openssl enc'd data with salted password"),
        (Kind::Gpg, "symmetrically encrypted data (AES256 cipher)"),
        (Kind::Pgp, "PGP RSA encrypted session key - keyid: "),
        (Kind::Luks2, "LUKS encrypted file, ver 2"),
        (Kind::Tomb, "LUKS encrypted file, ver 1 [aes, xts-plain64, sha256] UUID: "),
        (Kind::Veracrypt, ": data"),
        (Kind::Zip, "Zip archive data, at least v5.1 to extract, compression method=AES Encrypted"),
        (Kind::SevenZip, "7-zip archive data, version 0.4"),
        (Kind::Rar, "RAR archive data, v5"),
        (Kind::Qcow2, "QEMU QCOW Image (v3), 16777216 bytes"),
        (Kind::AesCrypt, "AES encrypted data, version 2, created by \"aescrypt 3.16\""),
        (Kind::Ccrypt, ": data"),
    ] {
        let text = ask("file", &[], kind, &[]);
        assert!(text.contains(said), "{kind:?}: {text}");
    }
}

#[test]
#[ignore = "needs gpg; `.ci/run peers` runs it"]
fn magic_is_what_gpg_lists() {
    let text = ask("gpg", &["--batch", "--list-packets"], Kind::Gpg, &[]);
    assert!(text.contains(":symkey enc packet: version 4, cipher 9, aead 0,s2k 3, hash 2"), "{text}");
    assert!(text.contains(":encrypted data packet:"), "{text}");
    let text = ask("gpg", &["--batch", "--list-packets"], Kind::Pgp, &[]);
    assert!(
        text.contains(":pubkey enc packet: version 3, algo 1, keyid ") && text.contains("data: [4096 bits]"),
        "{text}"
    );
}

#[test]
#[ignore = "needs openssl; `.ci/run peers` runs it"]
fn magic_is_what_openssl_decrypts() {
    let before = ["enc", "-d", "-aes-256-cbc", "-pbkdf2", "-pass", "pass:guess", "-out", "/dev/null", "-in"];
    let text = ask("openssl", &before, Kind::OpensslEnc, &[]);
    assert!(text.contains("bad decrypt") && !text.contains("bad magic number"), "{text}");
}

#[test]
#[ignore = "needs age; `.ci/run peers` runs it"]
fn magic_is_what_age_tries_keys_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let key = folder.path().join("key");
    let made = run("age-keygen", &["-o"], &key, &[], folder.path());
    assert!(key.is_file(), "{made}");
    let key = key.to_str().expect("plain");
    let text = ask("age", &["-d", "-o", "/dev/null", "-i", key], Kind::Age, &[]);
    assert!(text.contains("no identity matched any of the recipients"), "{text}");
}

#[test]
#[ignore = "needs cryptsetup; `.ci/run peers` runs it"]
fn magic_is_what_cryptsetup_opens() {
    let text = ask("/usr/sbin/cryptsetup", &["luksDump"], Kind::Tomb, &[]);
    for said in ["Version:       \t1", "Payload offset:\t4096", "Key Slot 0: ENABLED", "Key Slot 7: DISABLED"]
    {
        assert!(text.contains(said), "{said:?} is missing in {text}");
    }
}

#[test]
#[ignore = "needs 7zz; `.ci/run peers` runs it"]
fn magic_is_what_seven_zip_opens() {
    // The start header's checksum holds; only what it points at, at the far end, is noise.
    let text = ask("7zz", &["l", "-t7z"], Kind::SevenZip, &[]);
    assert!(text.contains("Headers Error") && !text.contains("Is not archive"), "{text}");
    let text = ask("7zz", &["l", "-tzip", "-slt"], Kind::Zip, &[]);
    assert!(text.contains("data.tar") && text.contains("AES-256"), "{text}");
}

#[test]
fn checksums_of_headers_are_those_of_the_formats() {
    assert_eq!(kind::crc32(b"123456789"), 0xcbf4_3926);
    let rar = download(Kind::Rar, 1);
    let (sum, header) = (rar.get(8..12).expect("a sum"), rar.get(12..46).expect("a header"));
    assert_eq!(kind::crc32(header).to_le_bytes(), sum);
}

const KINDS: [Kind; 14] = [
    Kind::OpensslEnc,
    Kind::Gpg,
    Kind::Pgp,
    Kind::Age,
    Kind::Luks,
    Kind::Tomb,
    Kind::Luks2,
    Kind::Veracrypt,
    Kind::Zip,
    Kind::SevenZip,
    Kind::Rar,
    Kind::Qcow2,
    Kind::AesCrypt,
    Kind::Ccrypt,
];
