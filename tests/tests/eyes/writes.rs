//! strace: in how many pieces each server hands an answer to the kernel, which is what segments are made of.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::process::{Child, Stdio};

use chatter_tests::process::until;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::pair::{Pair, command};

/// Requests whose answers fit one piece of a body; longer bodies leave as the kernel has room.
const REQUESTS: [&[u8]; 24] = [
    b"GET / HTTP/1.0\r\n\r\n",
    b"HEAD / HTTP/1.1\r\nHost: h\r\n\r\n",
    b"GET /notes.txt HTTP/1.1\r\nHost: h\r\n\r\n",
    b"HEAD /notes.txt HTTP/1.1\r\nHost: h\r\n\r\n",
    b"GET /notes.txt HTTP/1.1\r\nIf-Modified-Since: Fri, 01 Jan 2038 00:00:00 GMT\r\n\r\n",
    b"GET /notes.txt\r\n\r\n",
    b"GET /notes.txt HTTP/0.9\r\n\r\n",
    b"GET /empty HTTP/1.1\r\n\r\n",
    b"GET /photos HTTP/1.1\r\n\r\n",
    b"GET /photos\r\n\r\n",
    b"GET /photos/ HTTP/1.1\r\n\r\n",
    b"GET /site/ HTTP/1.1\r\n\r\n",
    b"GET /gone HTTP/1.1\r\n\r\n",
    b"GET /gone\r\n\r\n",
    b"HEAD /gone HTTP/1.1\r\n\r\n",
    b"GET /%00 HTTP/1.1\r\n\r\n",
    b"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc",
    b"POST /\r\n",
    b"GET / HTTP/2.0\r\n\r\n",
    b"GET / HTTP/x\r\n\r\n",
    b"GET\r\n\r\n",
    b"GET a b c HTTP/1.1\r\n\r\n",
    b"\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\n",
];

#[ignore = "needs strace; `.ci/run peers` runs it"]
#[test]
fn answers_leave_in_the_pieces_that_python_makes_strace() {
    let pair = Pair::start("");
    let [real, ours] = [pair.python_id(), pair.daemon().process.id()].map(|id| Tracer::attach(id, &pair));
    for request in REQUESTS {
        pair.addresses().into_iter().for_each(|address| ask(address, request));
    }
    let [real, ours] = [real, ours].map(Tracer::calls);
    assert!(real.len() > 2 * REQUESTS.len(), "strace saw little: {real:?}");
    assert_eq!(real, ours);
}

fn ask(address: SocketAddr, request: &[u8]) {
    let mut stream = TcpStream::connect(address).expect("it listens");
    stream.write_all(request).expect("it reads");
    stream.shutdown(Shutdown::Write).expect("it is open");
    let mut answer = Vec::new();
    // A reset is an end, too.
    let _ = stream.read_to_end(&mut answer);
}

/// strace on one process.
struct Tracer {
    strace: Child,
    file: std::path::PathBuf,
}

impl Tracer {
    fn attach(id: u32, pair: &Pair) -> Self {
        let file = pair.folder("traces").join(id.to_string());
        let mut strace = command("strace");
        strace.args(["-f", "-qq", "-s", "0", "-e", "trace=sendto,shutdown", "-o"]).arg(&file);
        strace.args(["-p", &id.to_string()]).stdin(Stdio::null()).stderr(Stdio::null());
        let strace = strace.spawn().expect("strace runs");
        until("strace is attached", || {
            let mut tasks =
                std::fs::read_dir(format!("/proc/{id}/task")).expect("the process runs").flatten();
            let traced = |task: std::fs::DirEntry| {
                let status = std::fs::read_to_string(task.path().join("status")).unwrap_or_default();
                !status.contains("TracerPid:\t0\n")
            };
            tasks.all(traced).then_some(())
        });
        Self { strace, file }
    }

    /// What was seen: the length of each piece sent, and each end of sending. The clock's digits are of one length.
    fn calls(mut self) -> Vec<String> {
        let id = i32::try_from(self.strace.id()).expect("ids are small");
        kill(Pid::from_raw(id), Signal::SIGINT).expect("it runs");
        self.strace.wait().expect("it is a child");
        let text = std::fs::read_to_string(&self.file).expect("strace wrote");
        let done = text.lines().filter(|line| !line.contains("unfinished"));
        done.filter_map(|line| {
            let (call, result) = line.rsplit_once(" = ")?;
            if call.contains("sendto") { Some(result.to_owned()) } else { Some("end".to_owned()) }
        })
        .collect()
    }
}
