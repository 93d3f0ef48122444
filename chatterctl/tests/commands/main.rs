//! Transcripts: the real program against a daemon that says what the test wants, over a real socket.
#![expect(clippy::unwrap_used, reason = "in a test it is the failure")]

mod failures;
mod fake;
mod fields;
mod places;
mod terminals;
mod texts;
mod watching;

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use chatter_proto::admin::admin_server::AdminServer;
use chatter_proto::admin::health::health_check_response::ServingStatus;
use chatter_proto::admin::health::health_server::HealthServer;
use serde_json::{Value, json};
use tokio::net::UnixListener;
use tokio::runtime::Runtime;
use tokio_stream::wrappers::UnixListenerStream;

use fake::{Fake, Health};

/// A running fake daemon and the folder of its socket.
pub(crate) struct Daemon {
    pub(crate) folder: tempfile::TempDir,
    _runtime: Runtime,
}

impl Daemon {
    pub(crate) fn start() -> Self {
        Self::serving(AdminServer::new(Fake))
    }

    pub(crate) fn serving<S>(service: S) -> Self
    where
        S: tonic::codegen::Service<
                tonic::codegen::http::Request<tonic::body::Body>,
                Response = tonic::codegen::http::Response<tonic::body::Body>,
                Error = std::convert::Infallible,
            > + Clone
            + Send
            + 'static,
        S::Future: Send,
    {
        let runtime = Runtime::new().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let listener = {
            let _inside = runtime.enter();
            UnixListener::bind(folder.path().join("admin.sock")).unwrap()
        };
        runtime.spawn(
            tonic::transport::Server::builder()
                .serve_with_incoming(service, UnixListenerStream::new(listener)),
        );
        Self { folder, _runtime: runtime }
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.path().join("admin.sock")
    }

    pub(crate) fn ctl(&self, arguments: &[&str]) -> Output {
        chatterctl(arguments).env("CHATTERD_ADMIN_SOCKET", self.socket()).output().unwrap()
    }

    pub(crate) fn json(&self, arguments: &[&str]) -> (i32, Value) {
        let output = self.ctl(&[&["--json"], arguments].concat());
        assert_eq!(text(&output.stderr), "");
        (output.status.code().unwrap(), serde_json::from_slice(&output.stdout).unwrap())
    }
}

pub(crate) fn chatterctl(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chatterctl"));
    command.args(arguments).env_clear().stdin(Stdio::null());
    command
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[track_caller]
pub(crate) fn check(output: &Output, code: i32, stdout: &str, stderr: &str) {
    assert_eq!((text(&output.stdout), text(&output.stderr)), (stdout.to_owned(), stderr.to_owned()));
    assert_eq!(output.status.code(), Some(code));
}

#[test]
fn health_is_an_exit_code() {
    let check_health = |status, json: &[&str]| {
        let daemon = Daemon::serving(HealthServer::new(Health(status)));
        daemon.ctl(&[&["health"], json].concat())
    };
    check(&check_health(ServingStatus::Serving, &[]), 0, "serving\n", "");
    check(&check_health(ServingStatus::Serving, &["--json"]), 0, "{\"serving\":true}\n", "");
    let hangs = "chatterd does not answer: it is there, but its relay hangs. If it hangs, restart it; if this is another \
                 program's socket, give the right one to --socket";
    check(&check_health(ServingStatus::NotServing, &[]), 3, "", &format!("chatterctl: {hangs}\n"));
    let told = json!({"error": hangs, "kind": "unreachable", "reason": null});
    let output = check_health(ServingStatus::NotServing, &["--json"]);
    check(&output, 3, &format!("{told}\n"), "");
    let nobody = chatterctl(&["health", "--json", "--socket", "/nowhere/admin.sock"]).output().unwrap();
    assert_eq!(nobody.status.code(), Some(3));
}
