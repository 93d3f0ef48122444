//! A Chromium that is told what to do, over its own debugging pipe.
//!
//! **In** pages to go to, to reload; cookies. **Out** nothing: what it sends is for others to see. **Never** a request to
//! anybody else: every name leads here.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use chatter_tests::process::PATIENCE;
use serde_json::{Value, json};

/// What a fresh Chromium is always started with: no user, no window, nobody asked behind our back.
pub(crate) const QUIET: [&str; 11] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--no-proxy-server",
    "--hide-scrollbars",
];

/// A running Chromium with one page.
pub(crate) struct Chromium {
    child: Child,
    to: ChildStdin,
    from: Receiver<Value>,
    page: String,
    last: u64,
}

impl Chromium {
    /// Starts it with a fresh profile in `folder`. Every name that it is asked for leads to this machine.
    pub(crate) fn start(folder: &Path) -> Self {
        // It reads its orders from descriptor 3 and answers to 4.
        let mut command = Command::new("/bin/sh");
        command.env_clear().envs([("PATH", "/usr/bin:/bin"), ("LC_ALL", "C.UTF-8")]).env("HOME", folder);
        command.args(["-c", "exec chromium \"$@\" 3<&0 4>&1 </dev/null >&2", "chromium"]).args(QUIET);
        command.args(["--remote-debugging-pipe", "--host-resolver-rules=MAP * 127.0.0.1"]);
        command.arg(format!("--user-data-dir={}", folder.join("profile").display()));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("it starts");
        let to = child.stdin.take().expect("a pipe was asked for");
        let answers = BufReader::new(child.stdout.take().expect("a pipe was asked for"));
        let (told, from) = channel();
        thread::spawn(move || {
            for message in answers.split(0) {
                let parsed = message.ok().and_then(|message| serde_json::from_slice(&message).ok());
                if parsed.is_none_or(|parsed| told.send(parsed).is_err()) {
                    return;
                }
            }
        });
        let mut chromium = Self { child, to, from, page: String::new(), last: 0 };
        let target = chromium.order("Target.createTarget", json!({ "url": "about:blank" }));
        let attached = json!({ "targetId": target["targetId"], "flatten": true });
        let session = chromium.order("Target.attachToTarget", attached);
        chromium.page = session["sessionId"].as_str().expect("a page").to_owned();
        chromium.order("Page.enable", json!({}));
        chromium
    }

    /// Gives it a cookie for all of that server's paths.
    pub(crate) fn set_cookie(&mut self, server: &str, name: &str, value: &str) {
        self.order("Network.setCookie", json!({ "url": server, "name": name, "value": value }));
    }

    /// Goes to a page, and waits until it is there.
    pub(crate) fn visit(&mut self, url: &str) {
        self.order("Page.navigate", json!({ "url": url }));
        self.event("Page.loadEventFired");
    }

    /// Goes to what is no page: it is downloaded, and whoever serves it sees when.
    pub(crate) fn download(&mut self, url: &str) {
        self.order("Page.navigate", json!({ "url": url }));
    }

    /// As F5 does.
    pub(crate) fn reload(&mut self) {
        self.order("Page.reload", json!({}));
        self.event("Page.loadEventFired");
    }

    fn order(&mut self, method: &str, parameters: Value) -> Value {
        self.last += 1;
        let id = self.last;
        let mut order = json!({ "id": id, "method": method, "params": parameters });
        if !self.page.is_empty() {
            order["sessionId"] = json!(self.page);
        }
        self.to.write_all(format!("{order}\0").as_bytes()).expect("it listens");
        let answer = self.wait(method, |message| message["id"] == id);
        assert!(answer.get("error").is_none(), "{method}: {answer}");
        answer["result"].clone()
    }

    fn event(&mut self, name: &str) {
        self.wait(name, |message| message["method"] == name);
    }

    fn wait(&self, what: &str, is_it: impl Fn(&Value) -> bool) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
            let message = self.from.recv_timeout(left).unwrap_or_else(|error| panic!("{what}: {error}"));
            if is_it(&message) {
                return message;
            }
        }
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        // It ends its other processes itself, where it is asked to.
        let _ = self.to.write_all(b"{\"id\":0,\"method\":\"Browser.close\"}\0");
        for _ in 0..100 {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                return;
            }
            thread::sleep(Duration::from_millis(50));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
