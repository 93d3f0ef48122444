//! Targets, and every kind of thing that they can lead to.
//!
//! **In**: nothing. **Out**: probes. **Never**: anything odd but the target.

use super::{get, send};
use crate::probe::Probe;

/// Encodings, climbing, slashes, queries, absolute addresses.
pub(super) fn targets() -> Vec<Probe> {
    let mut probes: Vec<Probe> = TARGETS.iter().map(|target| get("target", target)).collect();
    for scheme in SCHEMES.split_whitespace() {
        for rest in ["x/../..", "/../..", "///../../..", "//h/../.."] {
            probes.push(get("scheme", format!("{scheme}:{rest}").as_bytes()));
        }
    }
    for target in TARGETS.iter().step_by(4) {
        probes
            .push(send(format!("bare/{}", target.escape_ascii()), [b"GET ", *target, b"\r\n\r\n"].concat()));
    }
    probes
}

/// Types, times, sizes, links, directories, in GET and HEAD.
pub(super) fn files() -> Vec<Probe> {
    let mut probes: Vec<Probe> = FILES.iter().map(|file| get("file", file.as_bytes())).collect();
    for file in FILES {
        probes.push(send(format!("head/{file}"), format!("HEAD {file} HTTP/1.1\r\n\r\n")));
    }
    let extensions = "txt TXT html js mjs json xml md rst csv pdf docx py pyc sh c h rs png jpeg svg svgz webp avif mp3 mp4 mkv ttf woff2 wasm \
         zip 7z tar gz GZ Z z bz2 xz zst br tgz TGZ taz tz tbz2 txz tar.gz tar.Z tar.br html.gz js.br svg.gz exe so o bin db iso \
         deb yaml conf log bak pem key pub asc gpg enc torrent ts unknown 1 x~ n3 eml mht man tr nc";
    for extension in extensions.split_whitespace() {
        probes.push(get("type", format!("/types/file.{extension}").as_bytes()));
    }
    probes.push(get("type", b"/types/file.m%E2%84%AAv"));
    probes
}

const SCHEMES: &str = "http HTTPS ftp gopher nntp telnet imap wais file mms shttp snews prospero rtsp rtsps rtspu rtspsx rsync svn \
    svn+ssh sftp nfs git git+ssh ws wss itms-services itms mailto sip data 1http h_p";
const TARGETS: [&[u8]; 112] = [
    b"/",
    b"//",
    b"///",
    b"/.",
    b"/..",
    b"/./",
    b"/../",
    b"/../../..",
    b"/../plain.txt",
    b"/sub/../plain.txt",
    b"/sub/..",
    b"/sub/../",
    b"/sub",
    b"/sub/",
    b"/sub//",
    b"/sub/.",
    b"/sub/./",
    b"//sub",
    b"///sub",
    b"//sub/",
    b"//h/sub",
    b"/sub/deeper",
    b"/sub?",
    b"/sub?x",
    b"/sub?x#y",
    b"/sub#y",
    b"/sub#",
    b"/sub?#",
    b"/sub;x",
    b"/sub?x/",
    b"/sub#/",
    b"/sub/?x",
    b"/sub/#y",
    b"/sub/?%3Cb%3E&amp;",
    b"/plain.txt",
    b"/plain.txt/",
    b"/plain.txt?x",
    b"/plain.txt#x",
    b"/plain.txt/.",
    b"/plain.txt/..",
    b"/plain.txt%00",
    b"/plain.txt%00/",
    b"/%00",
    b"/%00/",
    b"/%00/../plain.txt",
    b"/%70lain.txt",
    b"/%2570lain.txt",
    b"/%2e%2e/plain.txt",
    b"/%2E/",
    b"/sub%2f",
    b"/sub%2F",
    b"/sub%2finside.txt",
    b"/sub%5c",
    b"%2fplain.txt",
    b"%2f",
    b"plain.txt",
    b"sub",
    b"sub/",
    b".",
    b"..",
    b"*",
    b"?",
    b"#",
    b"",
    b"/nowhere",
    b"/nowhere/",
    b"/NOWHERE",
    b"/PLAIN.TXT",
    b"/%",
    b"/%2",
    b"/%zz",
    b"/%ff",
    b"/%FF",
    b"/?%ff",
    b"/?%c3%a9",
    b"/?%ed%a0%80",
    b"/?%ed%b3%bf",
    b"/?%00",
    b"/?%0d%0a",
    b"/?\xe9",
    b"/\xe9",
    b"/?\xc3\xa9%c3",
    b"/sub/?%ff",
    b"/caf%c3%a9.txt",
    b"/caf\xc3\xa9.txt",
    b"/caf%e9.txt",
    b"/raw-%ff.txt",
    b"/raw-%ed%b3%bf.txt",
    b"/raw-%ED%B3%BF.txt",
    b"/raw-dir-%ed%b3%bf",
    b"/raw-dir-%ed%b3%bf/",
    b"/%ed%a0%80",
    b"/%ed%a0%80/",
    b"/%ed%a0%80/../plain.txt",
    b"/sub?\xe9",
    b"http://h/",
    b"http://h/plain.txt",
    b"http://h/../../plain.txt",
    b"http://h/../../sub",
    b"http:/../sub",
    b"HTTP:/../sub",
    b"http:sub",
    b"x:../sub",
    b"x+y.z-:/../sub?q",
    b"1x:/../sub",
    b"x://[/../../sub",
    b"x://]/../../sub",
    b"x://[::1]/../../sub",
    b"x://[::1]x/../../sub",
    b"x://u@[::1]:80/../../sub",
    b"x://[1.2.3.4]/../../sub",
    b"x://[v1.x]/../../sub",
];
const FILES: [&str; 58] = [
    "/README",
    "/readme",
    "/space%20name.txt",
    "/%20leading",
    "/trailing%20",
    "/it's.txt",
    "/double\"quote.txt",
    "/a&b.txt",
    "/less<more>.txt",
    "/amp&amp;.txt",
    "/percent%25.txt",
    "/percent%2520twenty.txt",
    "/%2500.txt",
    "/hash%23tag.txt",
    "/question%3F.txt",
    "/semi;colon.txt",
    "/plus+.txt",
    "/http:",
    "/back%5Cslash.txt",
    "/*",
    "/bracket[].txt",
    "/tab%09.txt",
    "/new%0Aline.txt",
    "/bell%07.txt",
    "/.hidden",
    "/..twodots",
    "/...",
    "/.html",
    "/dot.",
    "/%F0%9F%98%80.txt",
    "/types/",
    "/sizes/",
    "/sizes/0.bin",
    "/sizes/1.bin",
    "/sizes/8192.bin",
    "/sizes/65535.bin",
    "/sizes/65536.bin",
    "/sizes/65537.bin",
    "/sizes/5242880.bin",
    "/times/epoch.txt",
    "/times/rounds-up.txt",
    "/times/rounds-down.txt",
    "/empty/",
    "/indexed/",
    "/indexed",
    "/indexed-htm/",
    "/index-is-dir/",
    "/index-locked/",
    "/locked.txt",
    "/locked/",
    "/locked",
    "/link-to-file",
    "/link-to-dir",
    "/link-to-dir/",
    "/link-broken",
    "/link-loop",
    "/link-to-null",
    "/socket",
];
