//! Requests drawn from what Python's parsers look at: lines, targets, dates, content types, bodies behind a bare CR.
//!
//! **In**: dice. **Out**: a request that is nearly right more often than not. **Never**: one beyond some kilobytes.

use crate::mutation::Dice;

/// One request.
pub(crate) fn request(dice: &mut Dice) -> Vec<u8> {
    let method = dice.pick(&METHODS).to_vec();
    let mut request = [method, dice.pick(&SPACES).to_vec(), target(dice)].concat();
    if dice.below(12) != 0 {
        request.extend_from_slice(dice.pick(&SPACES));
        request.extend(version(dice));
    }
    request.extend_from_slice(dice.pick(&ENDS));
    for _ in 0..dice.below(5) {
        request.extend(header(dice));
        request.extend_from_slice(dice.pick(&ENDS));
    }
    request.extend_from_slice(b"\r\n");
    request
}

fn several(dice: &mut Dice, most: usize, from: &[&[u8]]) -> Vec<u8> {
    (0..dice.below(most + 1)).flat_map(|_| dice.pick(from).to_vec()).collect()
}

fn version(dice: &mut Dice) -> Vec<u8> {
    match dice.below(3) {
        0 => b"HTTP/1.1".to_vec(),
        1 => [&b"HTTP/"[..], &several(dice, 3, &NUMBERS), b".", &several(dice, 3, &NUMBERS)].concat(),
        _ => several(dice, 5, &VERSIONS),
    }
}

fn target(dice: &mut Dice) -> Vec<u8> {
    match dice.below(4) {
        0 => [dice.pick(&ADDRESSES).to_vec(), several(dice, 4, &AUTHORITIES), several(dice, 5, &PATHS)]
            .concat(),
        1 => [b"/".to_vec(), dice.pick(&PLACES).to_vec(), several(dice, 3, &PATHS)].concat(),
        _ => [b"/".to_vec(), several(dice, 6, &PATHS)].concat(),
    }
}

fn header(dice: &mut Dice) -> Vec<u8> {
    match dice.below(5) {
        0 | 1 => [b"If-Modified-Since:".to_vec(), several(dice, 1, &BLANKS), date(dice)].concat(),
        2 => content_type(dice),
        3 => several(dice, 6, &HEADERS),
        _ => dice
            .pick(&[b"If-None-Match: x", b"Host: h", b"if-modified-since: now", b"From x", b" y: z"])
            .to_vec(),
    }
}

fn date(dice: &mut Dice) -> Vec<u8> {
    if dice.below(3) == 0 {
        return several(dice, 9, &DATES);
    }
    let parts: [Vec<u8>; 6] = [
        dice.pick(&DAYS).to_vec(),
        dice.pick(&[b"13 ", b"12 ", b"14-", b"1 ", b"31 ", b"013 ", b"1_3 ", b"13, ", b"\t13  "]).to_vec(),
        dice.pick(&MONTHS).to_vec(),
        dice.pick(&[
            b" 2020 ", b"-2020 ", b" 20 ", b" 120 ", b" 2021 ", b" 1969 ", b" 68 ", b" 69 ", b" 9999 ",
            b" 0 ",
        ])
        .to_vec(),
        dice.pick(&TIMES).to_vec(),
        dice.pick(&ZONES).to_vec(),
    ];
    let mut date = parts.concat();
    if dice.below(3) == 0 {
        let at = dice.below(date.len());
        date.splice(at..at, dice.pick(&DATES).iter().copied());
    }
    date
}

fn content_type(dice: &mut Dice) -> Vec<u8> {
    let mut header = [&b"Content-Type:"[..], dice.pick(&KINDS)].concat();
    for _ in 0..dice.below(4) {
        header.extend_from_slice(b"; ");
        if dice.below(2) == 0 {
            header.extend_from_slice(b"boundary");
            header.extend_from_slice(
                dice.pick(&[b"=", b"*=", b"*0=", b"*0*=", b"*1=", b"*01=", b"* =", b"=="]),
            );
            header.extend_from_slice(dice.pick(&CHARSETS));
            header.extend(several(dice, 3, &PARAMETERS));
        } else {
            header.extend(several(dice, 6, &PARAMETERS));
        }
    }
    for _ in 0..dice.below(5) {
        header.extend_from_slice(b"\r");
        match dice.below(4) {
            0 => header.extend_from_slice(b"Content-Type: multipart/mixed; x*=1; x*0=2"),
            1 => header.extend(several(dice, 4, &HEADERS)),
            _ => header.extend(several(dice, 3, &BODIES)),
        }
    }
    header
}

type Words<const N: usize> = [&'static [u8]; N];

const METHODS: Words<8> = [b"GET", b"GET", b"GET", b"GET", b"HEAD", b"HEAD", b"POST", b"G'\"\\\xe9<T"];
const SPACES: Words<8> = [b" ", b" ", b" ", b" ", b"\t", b"  ", b"\x85", b"\r"];
const ENDS: Words<8> = [b"\r\n", b"\r\n", b"\r\n", b"\r\n", b"\n", b"\r", b"\r\n ", b"\r\r\n"];
const BLANKS: Words<6> = [b" ", b"  ", b"\t", b"\x0b", b"\xa0", b"\r\n "];
const NUMBERS: Words<14> = [
    b"0",
    b"1",
    b"2",
    b"9",
    b"00",
    b"_",
    b"-",
    b"+",
    b"\xa0",
    b"\xb2",
    b"0000000001",
    b"00000000001",
    b"x",
    b".",
];
const VERSIONS: Words<10> = [b"HTTP/", b"1", b".", b"0", b"HTTP/1.1", b"http/", b"2", b" ", b"'", b"\xad"];
const ADDRESSES: Words<18> = [
    b"http://",
    b"x://",
    b"http:",
    b"http:/",
    b"HTTP:///",
    b"ftp:",
    b"svn+ssh:",
    b"rtsps:",
    b"itms-services:",
    b"ITMS-services:/",
    b"file:",
    b"//",
    b"x:",
    b"1:",
    b"a.b-c+d:",
    b"\x00http:",
    b"\x1f//",
    b"ws:////",
];
const AUTHORITIES: Words<24> = [
    b"h",
    b"[",
    b"]",
    b"::1",
    b"[::1]",
    b"@",
    b":80",
    b":",
    b"[v1.a]",
    b"[1.2.3.4]",
    b"[::1%25eth]",
    b"[::ffff:1.2.3.4]",
    b"%",
    b"[V1F.x:]",
    b"[vg.x]",
    b"[1::2::3]",
    b"[12345::]",
    b"\xe9",
    b"\xbc",
    b"[1:2:3:4:5:6:7:8]",
    b"[::1]x",
    b"x[::1]",
    b"[]",
    b"\xa0",
];
const PATHS: Words<44> = [
    b"/",
    b"/",
    b"..",
    b"/..",
    b"/../",
    b".",
    b"sub",
    b"/sub",
    b"sub/",
    b"?",
    b"#",
    b"?x",
    b"#y",
    b";",
    b"%2f",
    b"%2F",
    b"%00",
    b"%",
    b"%ff",
    b"%c3",
    b"%a9",
    b"%c3%a9",
    b"%ed%a0%80",
    b"%ed%b3%bf",
    b"%ed%b2%80",
    b"%f0%9f%98%80",
    b"%f4%90%80%80",
    b"%e0%80%80",
    b"%f0%80",
    b"\xe9",
    b"\xc3\xa9",
    b"\xff",
    b"plain.txt",
    b"types/",
    b"%3c%26%3E\"'",
    b"\x00",
    b"\x7f",
    b"\x80",
    b"\xad",
    b"%85",
    b"%e2%80%a8",
    b"deeper",
    b"%2e%2e",
    b"&amp;<b>",
];
const PLACES: Words<14> = [
    b"sub",
    b"sub/deeper",
    b"types",
    b"sizes/",
    b"indexed",
    b"indexed-htm",
    b"index-is-dir",
    b"link-to-dir",
    b"raw-dir-%ed%b3%bf",
    b"dir%20with%20space",
    b"dir%25",
    b"dir%3fq",
    b"locked",
    b"empty",
];
const HEADERS: Words<26> = [
    b"If-Modified-Since",
    b"If-None-Match",
    b"Content-Type",
    b":",
    b": ",
    b" ",
    b"\t",
    b"\r",
    b"\r\r",
    b"From ",
    b"from",
    b"Sun, 13 Sep 2020 12:26:40 GMT",
    b"x",
    b"\xe9",
    b"\x00",
    b"\x7f",
    b"\x85",
    b"\x0b",
    b"\x0c",
    b"\x1c",
    b"\x1e",
    b"multipart/mixed",
    b";",
    b"boundary=b",
    b"--b",
    b"\r\n\t",
];
const DAYS: Words<12> = [
    b"Sun, ",
    b"Sun, ",
    b"",
    b"Sun ",
    b"sunday, ",
    b"Sun,",
    b"Sun. ",
    b"x, ",
    b"Mon,",
    b"S,un, ",
    b",",
    b"Sunday,  ",
];
const MONTHS: Words<10> =
    [b"Sep", b"Sep", b"September", b"sep", b"Sept", b"Aug", b"Oct", b"Feb", b"Sep,", b"may"];
const TIMES: Words<18> = [
    b"12:26:40",
    b"12:26:40",
    b"12:26:39",
    b"12:26",
    b"12.26.40",
    b"12.26",
    b"1:2:3",
    b"24:00:00",
    b"12:60:00",
    b"12:26:60",
    b"12:26:40:1",
    b"12:26:40.5",
    b"1_2:26:40",
    b"12: 26:40",
    b"12:-1:40",
    b"+12:26:40",
    b"12",
    b"12:26:",
];
const ZONES: Words<26> = [
    b" GMT",
    b" GMT",
    b"",
    b" UTC",
    b" +0000",
    b" -0000",
    b" +0100",
    b" -0500",
    b" EST",
    b" edt",
    b" Z",
    b" x",
    b" 0",
    b" +",
    b" -",
    b" +00",
    b" +000_0",
    b"+0000",
    b"-0000",
    b" GMT+0",
    b" +2400",
    b" -2359",
    b" --0000",
    b" +99999999",
    b" GMT; length=1",
    b" UT",
];
const DATES: Words<34> = [
    b"Sun",
    b"13",
    b"Sep",
    b"2020",
    b"12:26:40",
    b"GMT",
    b" ",
    b" ",
    b" ",
    b",",
    b", ",
    b"-",
    b"+",
    b"+0000",
    b".",
    b":",
    b"_",
    b"0",
    b"20",
    b"\t",
    b"\x0b",
    b"\xa0",
    b"\x85",
    b"\xb2",
    b"\r\n ",
    b"12.26",
    b"12:26",
    b"EST",
    b"-0000",
    b"Monday",
    b"May",
    b"99",
    b"\x1c",
    b"(x)",
];
const KINDS: Words<14> = [
    b" multipart/mixed",
    b" multipart/mixed",
    b" multipart/mixed",
    b"multipart/digest",
    b" message/rfc822",
    b" message/x",
    b"message/delivery-status",
    b"Multipart/X",
    b"multipart/",
    b"/",
    b"multipart/a/b",
    b" \xa0multipart/x\x85",
    b"text/plain",
    b"\tmultipart /x",
];
const CHARSETS: Words<26> = [
    b"",
    b"",
    b"b",
    b"utf-8''",
    b"us-ascii'en'",
    b"latin-1''",
    b"idna''",
    b"punycode''",
    b"undefined''",
    b"UTF_8''",
    b"utf-16''",
    b"utf-7''",
    b"hex''",
    b"rot13''",
    b"base64''",
    b"cp037''",
    b"nosuch''",
    b"unicode_escape''",
    b"raw-unicode-escape''",
    b"utf-8-sig''",
    b"a%00''",
    b"\xe9''",
    b"''",
    b"mbcs''",
    b"utf-32''",
    b"iso2022_jp''",
];
const PARAMETERS: Words<34> = [
    b"b", b"=", b"*", b"x*", b"x*0", b"x*1*", b"0", b"1", b"\"", b"\\", b"<", b">", b"'", b"''", b"%62",
    b"%ff", b"%00", b"%", b"-", b"a", b";", b" ", b"\xe9", b"x*=1", b"x*0=2", b"X*=1", b"\\\"", b"\t",
    b"\r\n ", b"x*00=3", b"x*1=", b"_", b"\xa0", b"%c4%80",
];
const BODIES: Words<18> = [
    b"--b",
    b"--b--",
    b"--",
    b"b",
    b" ",
    b"\t",
    b"\r",
    b"",
    b"x",
    b"Content-Type: message/rfc822\r",
    b"A: 1",
    b"--b\r",
    b"--b--\r",
    b"\x0b",
    b"Content-Type: multipart/mixed; boundary=b\r\r",
    b"Content-Type: multipart/digest; boundary=c\r\r",
    b"--c\r",
    b"--bb",
];
