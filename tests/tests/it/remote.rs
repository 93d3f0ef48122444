//! The operator elsewhere: chatterctl through a socket that ssh forwards.

use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

use chatter_tests::daemon::Home;
use chatter_tests::operator::Operator;
use chatter_tests::process::{Process, until};

const SSHD: &str = "/usr/sbin/sshd";

#[test]
#[ignore = "needs sshd and root; .ci/run peers runs it"]
fn the_operator_comes_by_ssh() {
    let home = Home::new();
    let daemon = home.ephemeral("");
    for name in ["host", "own"] {
        let mut command = Command::new("ssh-keygen");
        command.args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(home.path(name));
        assert_eq!(Process::start("ssh-keygen", command).ended().code, Some(0));
    }
    let port = free_port();
    let settings = format!(
        "Port {port}\nListenAddress 127.0.0.1\nHostKey {}\nAuthorizedKeysFile {}\nStrictModes no\nUsePAM no\n\
         PasswordAuthentication no\nPidFile none\nPermitRootLogin prohibit-password\n",
        home.path("host").display(),
        home.path("own.pub").display()
    );
    std::fs::write(home.path("sshd_config"), settings).expect("room for settings");
    // Where its helper looks for an empty folder.
    std::fs::create_dir_all("/run/sshd").expect("root may");
    let mut command = Command::new(SSHD);
    command.args(["-D", "-e", "-f"]).arg(home.path("sshd_config"));
    let mut sshd = Process::start("sshd", command);
    until("sshd listens", || std::net::TcpStream::connect(("127.0.0.1", port)).ok());

    let near = home.path("near.sock");
    let mut ssh = Process::start("ssh", ssh(&home, port, &near, &daemon.socket));
    until("ssh has its end", || near.exists().then_some(()));
    let operator = Operator::new(&near);
    assert_eq!(operator.ask(&["status"])["ephemeral"], true);
    operator.ask(&["bans", "add", "203.0.113.9"]);
    assert_eq!(operator.banned(), ["203.0.113.9"]);
    assert_eq!(operator.link("invite"), daemon.access_link());
    // With the connection the way in is gone.
    ssh.kill();
    sshd.kill();
    let ended = operator.run(&["status"]);
    assert_eq!(ended.code, Some(3), "{ended:?}");
    assert_eq!(daemon.operator().ask(&["status"])["bans"], 1);
}

fn ssh(home: &Home, port: u16, near: &Path, far: &Path) -> Command {
    let mut command = Command::new("ssh");
    command.args([
        "-N",
        "-F",
        "none",
        "-o",
        "StrictHostKeyChecking=no",
        "-o",
        "UserKnownHostsFile=/dev/null",
    ]);
    command.args(["-o", "ExitOnForwardFailure=yes", "-o", "IdentitiesOnly=yes", "-i"]).arg(home.path("own"));
    command.args(["-p", &port.to_string(), "-L", &format!("{}:{}", near.display(), far.display())]);
    command.arg("root@127.0.0.1");
    command
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("its number").port()
}
