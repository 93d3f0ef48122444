//! What generated files contain: text that looks kept for a reason, and binary bytes behind a true magic.
//!
//! **In**: chance, words. **Out**: bytes, the same for the same seed.
//! **Never**: anything about the host but the words handed in.

use super::super::dates;
use super::names::Names;
use super::{Draw, Form};

/// The bytes of one file.
pub(super) fn write(draw: &mut Draw, names: &Names, form: Form, name: &str, modified: i64) -> Vec<u8> {
    let lines = draw.between(40, 1_400);
    let size = draw.size(13, 19);
    match form {
        Form::Log => log(draw, names, modified, lines),
        Form::Table => table(draw, names, lines),
        Form::Notes => notes(draw, names, lines / 8 + 2),
        Form::Settings => settings(draw, names, lines / 7 + 4),
        Form::Archive | Form::Picture => binary(draw, magic(name), size),
        Form::Document => {
            let mut bytes = binary(draw, b"%PDF-1.5\n%\xd0\xd4\xc5\xd8\n", size);
            bytes.extend_from_slice(b"\nendstream\nendobj\nstartxref\n");
            bytes.extend_from_slice(format!("{size}\n%%EOF\n").as_bytes());
            bytes
        }
    }
}

/// The first bytes of a file of that name.
fn magic(name: &str) -> &'static [u8] {
    match name.rsplit('.').next().unwrap_or_default() {
        "xz" => b"\xfd7zXZ\x00\x00\x04\xe6\xd6\xb4\x46\x02\x00\x21\x01",
        "zip" => b"PK\x03\x04\x14\x00\x00\x00\x08\x00",
        "png" => b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR\x00\x00\x04\x00\x00\x00\x03\x00\x08\x02\x00\x00\x00",
        "jpg" | "JPG" => {
            b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x01\x00\x48\x00\x48\x00\x00\xff\xdb\x00\x43\x00"
        }
        _ => b"\x1f\x8b\x08\x00",
    }
}

fn binary(draw: &mut Draw, magic: &[u8], size: usize) -> Vec<u8> {
    let mut bytes = vec![0; size];
    draw.fill(&mut bytes);
    bytes.splice(..magic.len(), magic.iter().copied());
    bytes
}

fn log(draw: &mut Draw, names: &Names, modified: i64, lines: i64) -> Vec<u8> {
    let sources: Vec<String> = (0..4).map(|_| names.word(draw)).collect();
    let step = draw.between(5, 900);
    let mut out = String::new();
    let mut time = modified - lines * step;
    for _ in 0..lines {
        time = (time + draw.between(1, 2 * step - 1)).min(modified);
        let source =
            sources.get(usize::try_from(draw.below(4)).unwrap_or_default()).map_or("", String::as_str);
        let state =
            draw.pick(&["ok", "done", "started", "retry", "timeout", "skipped", "finished", "warning"]);
        let what = names.word(draw);
        out.push_str(&format!(
            "{} {source}[{}]: {what} {state}",
            dates::sortable(time),
            draw.between(300, 32_000)
        ));
        if draw.chance(3) {
            out.push_str(&format!(" ({} ms)", draw.between(2, 4_000)));
        }
        out.push('\n');
    }
    out.into_bytes()
}

fn table(draw: &mut Draw, names: &Names, lines: i64) -> Vec<u8> {
    let columns = draw.between(2, 5);
    let mut out = String::from("id");
    for _ in 0..columns {
        out.push(',');
        out.push_str(&names.word(draw));
    }
    out.push('\n');
    let mut id = draw.between(1, 90_000);
    for _ in 0..lines {
        id += draw.between(1, 4);
        out.push_str(&id.to_string());
        for column in 0..columns {
            if column == 0 {
                out.push_str(&format!(",{}", names.word(draw)));
            } else {
                out.push_str(&format!(",{}.{:02}", draw.below(2_000), draw.below(100)));
            }
        }
        out.push('\n');
    }
    out.into_bytes()
}

fn notes(draw: &mut Draw, names: &Names, lines: i64) -> Vec<u8> {
    let mut out = String::new();
    for _ in 0..lines {
        match draw.below(5) {
            0 => out.push('\n'),
            1 => out.push_str(&format!("{}:\n", names.word(draw))),
            _ => {
                out.push_str("- ");
                out.push_str(draw.pick(&[
                    "ask about",
                    "check",
                    "move",
                    "rename",
                    "order",
                    "fix",
                    "copy",
                    "print",
                ]));
                for _ in 0..draw.between(1, 4) {
                    out.push(' ');
                    out.push_str(&names.word(draw));
                }
                out.push('\n');
            }
        }
    }
    out.push_str(&format!("- {}\n", names.word(draw)));
    out.into_bytes()
}

fn settings(draw: &mut Draw, names: &Names, lines: i64) -> Vec<u8> {
    let mut out = String::new();
    for _ in 0..lines {
        let key = names.word(draw);
        match draw.below(6) {
            0 => out.push_str(&format!("\n[{key}]\n")),
            1 => {
                out.push_str(&format!("{key} = {}\n", draw.pick(&["yes", "no", "on", "off", "auto", "none"])))
            }
            2 => out.push_str(&format!("# {key} {}\n", names.word(draw))),
            3 => out.push_str(&format!("{key} = {}\n", names.word(draw))),
            _ => out.push_str(&format!("{key} = {}\n", draw.between(0, 65_000))),
        }
    }
    out.into_bytes()
}
