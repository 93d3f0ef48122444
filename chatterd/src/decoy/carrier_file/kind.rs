//! The kinds of opaque files, and how each begins.
//!
//! **In**: a kind, a size, chance. **Out**: the first bytes that its own tools write and know again.
//! **Never**: more of a file than an observer could tell from chance: behind the header all kinds are noise.

/// What an opaque file claims to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `openssl enc`: `Salted__` and a salt, then whole blocks of 16 bytes.
    OpensslEnc,
    /// `gpg --symmetric`, binary.
    Gpg,
    /// `gpg --encrypt` to an RSA-4096 key, binary.
    Pgp,
    /// `age`, to an X25519 recipient.
    Age,
    /// A LUKS1 container image.
    Luks,
    /// A Tomb, which is one, too.
    Tomb,
    /// A LUKS2 container image. Never drawn: its header tells, and sums up, too much that would have to fit. Known for
    /// the sake of operators' own files.
    Luks2,
    /// A VeraCrypt volume, which has no magic at all.
    Veracrypt,
    /// An encrypted ZIP (WinZip AES).
    Zip,
    /// An encrypted 7-Zip archive.
    SevenZip,
    /// A RAR 5 archive with encrypted headers.
    Rar,
    /// A qcow2 image with encrypted clusters.
    Qcow2,
    /// An AES Crypt file.
    AesCrypt,
    /// `ccrypt` output, which has no magic at all.
    Ccrypt,
}

impl Kind {
    /// Sizes of such files are multiples of the first number, plus the second: what their blocks and headers make.
    pub(in super::super) fn grain(self) -> (i64, i64) {
        match self {
            Kind::OpensslEnc => (16, 0),
            Kind::Rar => (16, 14),
            Kind::AesCrypt => (16, 4),
            Kind::Luks | Kind::Tomb | Kind::Luks2 | Kind::Veracrypt => (1 << 20, 0),
            Kind::Qcow2 => (1 << 16, 0),
            Kind::Gpg | Kind::Pgp | Kind::Age | Kind::Zip | Kind::SevenZip | Kind::Ccrypt => (1, 0),
        }
    }

    /// The kind of a file that begins so, if its first bytes say it.
    pub(in super::super) fn of(start: &[u8]) -> Option<Kind> {
        MAGICS.iter().find(|(magic, _)| start.starts_with(magic)).map(|(_, kind)| *kind)
    }

    pub(in super::super) fn magic(self, size: u64, fill: &mut dyn FnMut(&mut [u8])) -> Vec<u8> {
        let mut random = |length: usize| {
            let mut bytes = vec![0; length];
            fill(&mut bytes);
            bytes
        };
        match self {
            Kind::OpensslEnc => [&b"Salted__"[..], &random(8)].concat(),
            // A symmetric-key packet (version 4, AES-256, iterated and salted SHA-1, gpg's default), then encrypted
            // data whose first part is 8 KiB: what gpg writes when it does not know the length beforehand.
            Kind::Gpg => {
                [&[0x8c, 0x0d, 0x04, 0x09, 0x03, 0x02][..], &random(8), &[0xff, 0xd2, 0xed, 0x01]].concat()
            }
            Kind::Pgp => {
                let mut key = random(512);
                key.iter_mut().take(1).for_each(|byte| *byte |= 0x80);
                let id = random(8);
                [&[0x85, 0x02, 0x0c, 0x03][..], &id, &[0x01, 0x10, 0x00], &key, &[0xd2, 0xed, 0x01]].concat()
            }
            Kind::Age => age(&random(32), &random(32), &random(32)),
            Kind::Luks2 => luks2(&random(64), &random(16)),
            Kind::Luks | Kind::Tomb => luks1(&random(20 + 32 + 2 + 16 + 2 + 32)),
            Kind::Veracrypt | Kind::Ccrypt => Vec::new(),
            Kind::Zip => zip(size, &random(4)),
            Kind::SevenZip => seven_zip(size, &random(4)),
            Kind::Rar => rar(&random(16), &random(12)),
            Kind::Qcow2 => qcow2(size),
            Kind::AesCrypt => {
                // Its maker's name, and the room for others' remarks that it always leaves.
                let tag = b"AES\x02\x00\x00\x18CREATED_BY\x00aescrypt 3.16";
                [&tag[..], &[0, 128], &[0; 128], &[0, 0]].concat()
            }
        }
    }
}

fn age(share: &[u8], body: &[u8], mac: &[u8]) -> Vec<u8> {
    let (share, body, mac) = (base64(share), base64(body), base64(mac));
    format!("age-encryption.org/v1\n-> X25519 {share}\n{body}\n--- {mac}\n").into_bytes()
}

/// Base64 without padding (RFC 4648).
fn base64(bytes: &[u8]) -> String {
    let mut out = String::new();
    for group in bytes.chunks(3) {
        let at = |index: usize| u32::from(group.get(index).copied().unwrap_or_default());
        let number = at(0) << 16 | at(1) << 8 | at(2);
        for digit in 0..=group.len() {
            let value = number >> (18 - 6 * digit) & 0x3f;
            out.extend(
                usize::try_from(value).ok().and_then(|value| BASE64.get(value)).map(|byte| char::from(*byte)),
            );
        }
    }
    out
}

/// The binary header of LUKS2: magic, version, header size, sequence, label, checksum kind, salt, UUID.
fn luks2(salt: &[u8], uuid: &[u8]) -> Vec<u8> {
    let mut header = b"LUKS\xba\xbe\x00\x02".to_vec();
    header.extend_from_slice(&0x4000u64.to_be_bytes());
    header.extend_from_slice(&3u64.to_be_bytes());
    header.extend_from_slice(&[0; 48]);
    header.extend_from_slice(&[&b"sha256"[..], &[0; 26]].concat());
    header.extend_from_slice(salt);
    header.extend_from_slice(uuid_text(uuid).as_bytes());
    header.extend_from_slice(&[0; 4]);
    header
}

/// The header of LUKS1: magic, version, cipher, mode, hash, payload offset, key length, digest, salt, rounds, UUID, and
/// eight places for keys, of which the first is taken.
fn luks1(random: &[u8]) -> Vec<u8> {
    let mut random = random.iter().copied();
    let mut some = |length: usize| random.by_ref().take(length).collect::<Vec<u8>>();
    let mut header = b"LUKS\xba\xbe\x00\x01".to_vec();
    for name in ["aes", "xts-plain64", "sha256"] {
        padded(&mut header, name.as_bytes(), 32);
    }
    header.extend_from_slice(&4096u32.to_be_bytes());
    header.extend_from_slice(&64u32.to_be_bytes());
    header.extend_from_slice(&some(20));
    header.extend_from_slice(&some(32));
    header.extend_from_slice(&rounds(&some(2), 100_000).to_be_bytes());
    padded(&mut header, uuid_text(&some(16)).as_bytes(), 40);
    for place in 0..8u32 {
        let (state, rounds, salt) = match place {
            0 => (0x00ac_71f3u32, rounds(&some(2), 1_700_000), some(32)),
            _ => (0x0000_dead, 0, vec![0; 32]),
        };
        header.extend_from_slice(&state.to_be_bytes());
        header.extend_from_slice(&rounds.to_be_bytes());
        header.extend_from_slice(&salt);
        header.extend_from_slice(&(8 + place * 504).to_be_bytes());
        header.extend_from_slice(&4000u32.to_be_bytes());
    }
    header
}

/// What cryptsetup makes of a machine's speed.
fn rounds(random: &[u8], least: u32) -> u32 {
    random.iter().fold(0, |all, byte| all << 8 | u32::from(*byte)) * 8 + least
}

fn padded(header: &mut Vec<u8>, text: &[u8], length: usize) {
    let end = header.len() + length;
    header.extend_from_slice(text);
    header.resize(end, 0);
}

fn uuid_text(uuid: &[u8]) -> String {
    let mut text = String::new();
    for (at, byte) in uuid.iter().enumerate() {
        if matches!(at, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        text.push_str(&format!("{byte:02x}"));
    }
    text
}

/// The start header of a 7z archive, which points at the encrypted header at the end.
fn seven_zip(size: u64, next_sum: &[u8]) -> Vec<u8> {
    let next = 0x82u64;
    let mut start = size.saturating_sub(32 + next).to_le_bytes().to_vec();
    start.extend_from_slice(&next.to_le_bytes());
    start.extend_from_slice(next_sum);
    [&b"7z\xbc\xaf\x27\x1c\x00\x04"[..], &crc32(&start).to_le_bytes(), &start].concat()
}

/// The signature of RAR 5 and its encryption header: version 0, a password check, 2^15 rounds, salt, check value.
fn rar(salt: &[u8], check: &[u8]) -> Vec<u8> {
    let header = [&[0x21, 0x04, 0x00, 0x00, 0x01, 0x0f][..], salt, check].concat();
    [&b"Rar!\x1a\x07\x01\x00"[..], &crc32(&header).to_le_bytes(), &header].concat()
}

/// The checksum of ZIP, 7z and RAR (ISO 3309), bit by bit: headers are short.
pub(super) fn crc32(bytes: &[u8]) -> u32 {
    let bit = |sum: u32| if sum & 1 == 1 { sum >> 1 ^ 0xedb8_8320 } else { sum >> 1 };
    !bytes.iter().fold(u32::MAX, |sum, byte| (0..8).fold(sum ^ u32::from(*byte), |sum, _| bit(sum)))
}

/// The local header of a stored, AES-encrypted (AE-2) ZIP member.
fn zip(size: u64, random: &[u8]) -> Vec<u8> {
    let stored = u32::try_from(size.saturating_sub(172)).unwrap_or(u32::MAX);
    let mut header = b"PK\x03\x04\x33\x00\x01\x00\x63\x00".to_vec();
    header.extend_from_slice(&dos_time(random));
    header.extend_from_slice(&[0; 4]);
    header.extend_from_slice(&stored.to_le_bytes());
    header.extend_from_slice(&stored.saturating_sub(28).to_le_bytes());
    header.extend_from_slice(&[8, 0, 11, 0]);
    header.extend_from_slice(b"data.tar\x01\x99\x07\x00\x02\x00AE\x03\x00\x00");
    header
}

/// A time of 2016 to 2023, as ZIP has it.
fn dos_time(random: &[u8]) -> [u8; 4] {
    let at = |index: usize, limit: u32| u32::from(random.get(index).copied().unwrap_or_default()) % limit;
    let time = at(0, 24) << 11 | at(1, 60) << 5 | at(2, 30);
    let date = (36 + at(3, 8)) << 9 | (1 + at(1, 12)) << 5 | (1 + at(2, 28));
    (date << 16 | time).to_le_bytes()
}

/// A qcow2 header, version 3, LUKS encryption, clusters of 64 KiB, and the extension that says where LUKS begins.
fn qcow2(size: u64) -> Vec<u8> {
    let disk = size.max(1).next_power_of_two() * 4;
    // A table of the first level maps 512 MiB an entry.
    let entries = u32::try_from(disk.div_ceil(512 << 20)).unwrap_or(u32::MAX);
    let mut header = b"QFI\xfb\x00\x00\x00\x03".to_vec();
    header.extend_from_slice(&[0; 12]);
    header.extend_from_slice(&16u32.to_be_bytes());
    header.extend_from_slice(&disk.to_be_bytes());
    for number in [2, entries] {
        header.extend_from_slice(&number.to_be_bytes());
    }
    for place in [0x3_0000u64, 0x1_0000] {
        header.extend_from_slice(&place.to_be_bytes());
    }
    // One cluster of reference counts, of 16 bits; no snapshots, no features.
    header.extend_from_slice(&1u32.to_be_bytes());
    header.resize(96, 0);
    for number in [4, 112, 0, 0, 0x0537_be77, 16] {
        header.extend_from_slice(&u32::to_be_bytes(number));
    }
    for number in [0x4_0000u64, 0x1f_9000] {
        header.extend_from_slice(&number.to_be_bytes());
    }
    header
}

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// First bytes by which a kind can be told.
const MAGICS: [(&[u8], Kind); 10] = [
    (b"Salted__", Kind::OpensslEnc),
    (b"\x8c\x0d\x04\x09", Kind::Gpg),
    (b"\x85\x02\x0c\x03", Kind::Pgp),
    (b"age-encryption.org/v1\n-> X25519 ", Kind::Age),
    (b"LUKS\xba\xbe\x00\x02", Kind::Luks2),
    (b"LUKS\xba\xbe\x00\x01", Kind::Luks),
    (b"7z\xbc\xaf\x27\x1c", Kind::SevenZip),
    (b"Rar!\x1a\x07\x01\x00", Kind::Rar),
    (b"QFI\xfb\x00\x00\x00\x03", Kind::Qcow2),
    (b"AES\x02\x00", Kind::AesCrypt),
];
