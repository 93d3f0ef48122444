//! Networks and hosts of the test's own on this machine: network namespaces with addresses and packet filters of their
//! own, and mounts that nobody else sees.
//!
//! **In** names and addresses. **Out** what is done within: every process started and every connection made there is
//! that host's. **Never** a change to this machine's own network or mounts. Needs root.

use std::fs::File;
use std::net::{IpAddr, Ipv6Addr};
use std::os::fd::AsFd as _;
use std::panic::resume_unwind;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use nix::sched::{CloneFlags, setns, unshare};

use crate::programs;

/// Does something in a network that is only a loopback with these networks on it, `2001:db8::/32` for instance: nothing
/// else listens there, and nobody else is reached.
///
/// # Panics
/// Where the system refuses one, or what is done panics.
pub fn on_a_loopback<T: Send>(networks: &[&str], act: impl FnOnce() -> T + Send) -> T {
    // Building may want the machine's network.
    programs::path("chatterd");
    let enter = || {
        unshare(CloneFlags::CLONE_NEWNET).expect("a network of its own");
        must("ip", &["link", "set", "lo", "up"]);
        // Else nobody could bind to the addresses of a network without naming each.
        std::fs::write("/proc/sys/net/ipv6/ip_nonlocal_bind", "1").expect("it is ours");
        for network in networks {
            let version = if network.contains(':') { "-6" } else { "-4" };
            must("ip", &[version, "route", "add", "local", network, "dev", "lo"]);
        }
    };
    on_a_thread(enter, act)
}

/// The address numbered `host` in network number `network` of a family whose addresses begin with these bytes.
pub fn address(family: [u8; 6], network: u16, host: u16) -> IpAddr {
    let mut octets = [0; 16];
    octets[..6].copy_from_slice(&family);
    octets[6..8].copy_from_slice(&network.to_be_bytes());
    octets[14..].copy_from_slice(&host.to_be_bytes());
    Ipv6Addr::from(octets).into()
}

/// A host. Dropping it removes it, with its packet filter and its cables.
#[derive(Debug)]
pub struct Host {
    name: String,
    namespace: File,
}

impl Host {
    /// A host that has nothing but a loopback of its own.
    ///
    /// # Panics
    /// Where the system refuses.
    pub fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("chatter-{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        must("ip", &["netns", "add", &name]);
        let namespace = File::open(format!("/run/netns/{name}")).expect("it was just made");
        let host = Self { name, namespace };
        host.must("ip", &["link", "set", "lo", "up"]);
        host
    }

    /// Joins two hosts by a cable; each end has these addresses, with their prefixes.
    ///
    /// # Panics
    /// Where the system refuses.
    pub fn join(&self, own: &[&str], other: &Self, others: &[&str]) {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let [left, right] = [format!("cable{number}a"), format!("cable{number}b")];
        let ends = ["link", "add", &left, "netns", &self.name, "type", "veth", "peer", "name", &right];
        must("ip", &[&ends[..], &["netns", &other.name]].concat());
        for (host, end, addresses) in [(self, &left, own), (other, &right, others)] {
            for address in addresses {
                // Without a look whether somebody else has it, for which IPv6 takes a second.
                let nodad: &[&str] = if address.contains(':') { &["nodad"] } else { &[] };
                host.must("ip", &[&["address", "add", address, "dev", end], nodad].concat());
            }
            host.must("ip", &["link", "set", end, "up"]);
        }
    }

    /// Does something there.
    ///
    /// # Panics
    /// Where the system refuses, or what is done panics.
    pub fn within<T: Send>(&self, act: impl FnOnce() -> T + Send) -> T {
        on_a_thread(|| setns(self.namespace.as_fd(), CloneFlags::CLONE_NEWNET).expect("root may enter"), act)
    }

    /// Runs a program there to its end.
    ///
    /// # Panics
    /// Where there is no such program.
    pub fn run(&self, program: &str, arguments: &[&str]) -> Output {
        self.within(|| run(program, arguments))
    }

    /// Runs a program there that has to succeed, and gives what it printed.
    ///
    /// # Panics
    /// Where it fails.
    pub fn must(&self, program: &str, arguments: &[&str]) -> String {
        self.within(|| must(program, arguments))
    }
}

impl Default for Host {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // Nothing is lost with it.
        let _ = run("ip", &["netns", "delete", &self.name]);
    }
}

/// Does something where mounts are seen by nobody else, and go with the last process started there.
///
/// # Panics
/// Where the system refuses, or what is done panics.
pub fn with_own_mounts<T: Send>(act: impl FnOnce() -> T + Send) -> T {
    let enter = || {
        unshare(CloneFlags::CLONE_NEWNS).expect("root may have mounts of its own");
        must("mount", &["--make-rprivate", "/"]);
    };
    on_a_thread(enter, act)
}

/// Runs a program to its end.
///
/// # Panics
/// Where there is no such program.
pub fn run(program: &str, arguments: &[&str]) -> Output {
    let output = Command::new(program).args(arguments).output();
    output.unwrap_or_else(|error| panic!("{program} {arguments:?}: {error}"))
}

/// Runs a program that has to succeed, and gives what it printed.
///
/// # Panics
/// Where it fails.
pub fn must(program: &str, arguments: &[&str]) -> String {
    let output = run(program, arguments);
    assert!(output.status.success(), "{program} {arguments:?}: {output:?}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Namespaces are a thread's; a thread that has entered one is not used for anything else.
fn on_a_thread<T: Send>(enter: impl FnOnce() + Send, act: impl FnOnce() -> T + Send) -> T {
    thread::scope(|scope| {
        let acting = scope.spawn(|| {
            enter();
            act()
        });
        acting.join().unwrap_or_else(|panic| resume_unwind(panic))
    })
}
