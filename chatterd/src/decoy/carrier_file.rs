//! The virtual carrier: a file that some job seems to rewrite all the time.
//!
//! **In**: its kind and size, drawn from a seed. **Out**: for each download fresh bytes that begin with the kind's
//! true magic, generated in pieces.
//! **Never**: the same bytes twice; a byte beyond the stated size.

use super::PIECE;
use blake3::{Hasher, OutputReader};
use zeroize::Zeroize;

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
    /// A LUKS2 container image.
    Luks,
    /// A Tomb, which is a LUKS1 container image.
    Tomb,
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

/// The carrier of a generated directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Carrier {
    pub(super) kind: Kind,
    pub(super) size: u64,
}

/// The body of one download of the virtual carrier.
pub struct CarrierStream {
    magic: Vec<u8>,
    taken: usize,
    left: u64,
    bytes: OutputReader,
}

impl std::fmt::Debug for CarrierStream {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("CarrierStream").field("left", &self.left).finish_non_exhaustive()
    }
}

impl Carrier {
    /// The first bytes of the kind's format; `fill` gives the random ones among them.
    pub fn magic(&self, fill: &mut dyn FnMut(&mut [u8])) -> Vec<u8> {
        self.kind.magic(self.size, fill)
    }

    /// A fresh body under a key of its own.
    pub(super) fn stream(&self, mut key: [u8; 32]) -> CarrierStream {
        let mut bytes = Hasher::new_keyed(&key).update(b"carrier file").finalize_xof();
        key.zeroize();
        let magic = self.magic(&mut |part| bytes.fill(part));
        CarrierStream { magic, taken: 0, left: self.size, bytes }
    }
}

impl CarrierStream {
    /// The next piece, 64 KiB but for the last; empty at the end.
    pub fn piece(&mut self) -> Vec<u8> {
        let length = usize::try_from(self.left).unwrap_or(PIECE).min(PIECE);
        let mut piece = vec![0; length];
        let rest = self.magic.get(self.taken..).unwrap_or_default();
        let known = rest.len().min(length);
        let (head, tail) = piece.split_at_mut(known);
        head.copy_from_slice(rest.get(..known).unwrap_or_default());
        self.bytes.fill(tail);
        self.taken += known;
        self.left -= u64::try_from(length).unwrap_or(self.left);
        piece
    }
}

impl Kind {
    /// The kind of a file that begins so, if its first bytes say it.
    pub(super) fn of(start: &[u8]) -> Option<Kind> {
        MAGICS.iter().find(|(magic, _)| start.starts_with(magic)).map(|(_, kind)| *kind)
    }

    pub(super) fn magic(self, size: u64, fill: &mut dyn FnMut(&mut [u8])) -> Vec<u8> {
        let mut random = |length: usize| {
            let mut bytes = vec![0; length];
            fill(&mut bytes);
            bytes
        };
        match self {
            Kind::OpensslEnc => [&b"Salted__"[..], &random(8)].concat(),
            // A symmetric-key packet (version 4, AES-256, iterated and salted SHA-512), then encrypted data whose
            // first part is 8 KiB: what gpg writes when it does not know the length beforehand.
            Kind::Gpg => {
                [&[0x8c, 0x0d, 0x04, 0x09, 0x03, 0x0a][..], &random(8), &[0xff, 0xd2, 0xed, 0x01]].concat()
            }
            Kind::Pgp => {
                let mut key = random(512);
                key.iter_mut().take(1).for_each(|byte| *byte |= 0x80);
                let id = random(8);
                [&[0x85, 0x02, 0x0c, 0x03][..], &id, &[0x01, 0x10, 0x00], &key, &[0xd2, 0xed, 0x01]].concat()
            }
            Kind::Age => age(&random(32), &random(32), &random(32)),
            Kind::Luks => luks2(&random(64), &random(16)),
            Kind::Tomb => luks1(&random(20), &random(32)),
            Kind::Veracrypt | Kind::Ccrypt => Vec::new(),
            Kind::Zip => zip(size, &random(4)),
            Kind::SevenZip => seven_zip(size, &random(4), &random(4)),
            // Encryption header: version 0, flags (password check), 2^15 rounds, then salt and check value.
            Kind::Rar => {
                [&b"Rar!\x1a\x07\x01\x00"[..], &random(4), &[0x21, 0x04, 0x00, 0x00, 0x01, 0x0f]].concat()
            }
            Kind::Qcow2 => qcow2(size),
            Kind::AesCrypt => {
                let tag = b"AES\x02\x00\x00\x1bCREATED_BY\x00aescrypt 3.16.0\x00";
                [&tag[..], &[0x80], &[0; 128], &[0, 0]].concat()
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

/// The header of LUKS1: magic, version, cipher, mode, hash, payload offset, key length, digest, salt, rounds.
fn luks1(digest: &[u8], salt: &[u8]) -> Vec<u8> {
    let mut header = b"LUKS\xba\xbe\x00\x01".to_vec();
    for name in ["aes", "xts-plain64", "sha256"] {
        let end = header.len() + 32;
        header.extend_from_slice(name.as_bytes());
        header.resize(end, 0);
    }
    header.extend_from_slice(&4096u32.to_be_bytes());
    header.extend_from_slice(&64u32.to_be_bytes());
    header.extend_from_slice(digest);
    header.extend_from_slice(salt);
    header.extend_from_slice(&120_470u32.to_be_bytes());
    header
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
fn seven_zip(size: u64, start_sum: &[u8], next_sum: &[u8]) -> Vec<u8> {
    let next = 0x82u64;
    let mut header = b"7z\xbc\xaf\x27\x1c\x00\x04".to_vec();
    header.extend_from_slice(start_sum);
    header.extend_from_slice(&size.saturating_sub(32 + next).to_le_bytes());
    header.extend_from_slice(&next.to_le_bytes());
    header.extend_from_slice(next_sum);
    header
}

/// The local header of a stored, AES-encrypted (AE-2) ZIP member.
fn zip(size: u64, random: &[u8]) -> Vec<u8> {
    let stored = u32::try_from(size.saturating_sub(180)).unwrap_or(u32::MAX);
    let mut header = b"PK\x03\x04\x33\x00\x01\x00\x63\x00".to_vec();
    header.extend_from_slice(random);
    header.extend_from_slice(&[0; 4]);
    header.extend_from_slice(&stored.to_le_bytes());
    header.extend_from_slice(&stored.saturating_sub(28).to_le_bytes());
    header.extend_from_slice(&[8, 0, 11, 0]);
    header.extend_from_slice(b"data.tar\x01\x99\x07\x00\x02\x00AE\x03\x00\x00");
    header
}

/// A qcow2 header, version 3, LUKS encryption, clusters of 64 KiB.
fn qcow2(size: u64) -> Vec<u8> {
    let mut header = b"QFI\xfb\x00\x00\x00\x03".to_vec();
    header.extend_from_slice(&[0; 12]);
    header.extend_from_slice(&16u32.to_be_bytes());
    header.extend_from_slice(&(size.next_power_of_two() * 4).to_be_bytes());
    header.extend_from_slice(&2u32.to_be_bytes());
    header.extend_from_slice(&8u32.to_be_bytes());
    header.extend_from_slice(&0x3_0000u64.to_be_bytes());
    header.extend_from_slice(&0x1_0000u64.to_be_bytes());
    header.extend_from_slice(&1u32.to_be_bytes());
    header
}

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// First bytes by which a kind can be told.
const MAGICS: [(&[u8], Kind); 10] = [
    (b"Salted__", Kind::OpensslEnc),
    (b"\x8c\x0d\x04\x09", Kind::Gpg),
    (b"\x85\x02\x0c\x03", Kind::Pgp),
    (b"age-encryption.org/v1\n-> X25519 ", Kind::Age),
    (b"LUKS\xba\xbe\x00\x02", Kind::Luks),
    (b"LUKS\xba\xbe\x00\x01", Kind::Tomb),
    (b"7z\xbc\xaf\x27\x1c", Kind::SevenZip),
    (b"Rar!\x1a\x07\x01\x00", Kind::Rar),
    (b"QFI\xfb\x00\x00\x00\x03", Kind::Qcow2),
    (b"AES\x02\x00", Kind::AesCrypt),
];
