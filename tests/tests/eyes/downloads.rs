//! curl and wget.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::time::SystemTime;

use crate::pair::{Pair, command};

#[cfg_attr(not(all(python3, curl)), ignore = "needs curl and a Python that the daemon poses as")]
#[test]
fn curl_sees_the_same() {
    let pair = Pair::start("");
    let paths =
        ["/", "/notes.txt", "/photos", "/site/", "/gone", "/backup-2019.enc", "/a%20b%20&%20c?q#f", "/%ff"];
    let manners: [&[&str]; 15] = [
        &[],
        &["-I"],
        &["-L"],
        &["--http0.9", "-0"],
        &["-r", "2-5"],
        &["-z", "2031-01-01"],
        &["-z", "2001-01-01"],
        &["-z", "-2031-01-01"],
        &["--http2-prior-knowledge"],
        &["--http2"],
        &["-X", "POST"],
        &["-d", "field=value"],
        &["-X", "OPTIONS"],
        &["--compressed", "-H", "Connection: keep-alive", "-A", ""],
        &["-H", "Cookie: session=0123456789abcdef", "-e", "http://elsewhere/"],
    ];
    for path in paths {
        for manner in manners {
            let arguments = |address: SocketAddr| {
                let fixed = ["-v", "-s", "--max-time", "20", "--noproxy", "*", "--output", "-", "--globoff"];
                let all = fixed.iter().chain(manner).map(|argument| (*argument).to_owned());
                all.chain([format!("http://{address}{path}")]).collect()
            };
            // Its HTTP/2 preface is refused at the first line, with the rest still to come.
            let racing = manner == ["--http2-prior-knowledge"];
            let text =
                if racing { pair.compare_race("curl", arguments) } else { pair.compare("curl", arguments) };
            assert!(text.contains("Connected to 127.0.0.1"), "{text}");
        }
    }
    // Garbage that is no HTTP at all.
    for scheme in ["https", "gopher", "telnet"] {
        let timed = |address: SocketAddr| {
            let fixed = ["-s", "-k", "--max-time", "3", "--noproxy", "*"].map(str::to_owned);
            fixed.into_iter().chain([format!("{scheme}://{address}/")]).collect()
        };
        pair.compare("curl", timed);
    }
}

#[cfg_attr(not(all(python3, wget)), ignore = "needs wget and a Python that the daemon poses as")]
#[test]
fn wget_fetches_the_same() {
    let pair = Pair::start("");
    let folders = ["real", "ours"].map(|name| pair.folder(name));
    let fetch = |address: SocketAddr, folder: &Path| {
        let output = command("wget")
            .args([
                "--no-config",
                "--no-proxy",
                "-e",
                "robots=off",
                "-nv",
                "-S",
                "-r",
                "-N",
                "-l",
                "4",
                "-nH",
                "-P",
            ])
            .arg(folder)
            .arg(format!("http://{address}/"))
            .output()
            .expect("wget runs");
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        let lines = text.lines().filter_map(|line| wget_line(line, address, folder));
        // wget hopes that a connection goes on behind a 304 or an empty file. Whoever the server is: now and then its
        // next request is faster than the FIN, and it comes again.
        let lines: Vec<String> = lines.filter(|line| line != "No data received.").collect();
        (output.status.code(), lines)
    };
    // The second time it asks whether anything is newer.
    for round in ["first", "second"] {
        let [real, ours] = [0, 1].map(|which| fetch(pair.addresses()[which], &folders[which]));
        assert_eq!(real, ours, "wget's {round} visit tells the two apart");
        assert!(real.1.iter().any(|line| line.contains("200 OK")), "{real:?}");
        let [real, ours] = [0, 1].map(|which| stored(&folders[which]));
        assert_eq!(real, ours, "wget stored different files at its {round} visit");
        assert!(real.len() > 8 && real.contains_key("backup-2019.enc"), "{:?}", real.keys());
    }
    let notes =
        folders.map(|folder| folder.join("notes.txt").metadata().and_then(|notes| notes.modified()).ok());
    assert!(notes[0].is_some() && notes[0] == notes[1], "its time is the file's: {notes:?}");
}

/// A line of wget's without the time of day, the port and the folder.
fn wget_line(line: &str, address: SocketAddr, folder: &Path) -> Option<String> {
    let line =
        line.replace(&address.port().to_string(), "PORT").replace(&folder.display().to_string(), "FOLDER");
    let summary = ["Total wall clock time", "Downloaded: "].iter().any(|start| line.starts_with(start));
    if summary || line.starts_with("FINISHED ") || line.trim_start().starts_with("Date: ") {
        return None;
    }
    let dated = line.get(..2) == Some("20") && line.get(19..20) == Some(" ");
    if !dated {
        return Some(line);
    }
    // The count of tries is the last word.
    let told = line.get(20..).unwrap_or_default();
    Some(told.rsplit_once(" [").map_or(told, |(told, _)| told).to_owned())
}

/// Each file's bytes, and its time where the server told one.
fn stored(folder: &Path) -> BTreeMap<String, (Vec<u8>, Option<SystemTime>)> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(&next).expect("it is there").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.strip_prefix(folder).expect("below it").display().to_string();
            let told = path.metadata().and_then(|data| data.modified()).expect("a time");
            // Listings come without a time: they have that of their arrival.
            let told = (!name.contains("index.html")).then_some(told);
            found.insert(name, (std::fs::read(&path).expect("readable"), told));
        }
    }
    found
}
