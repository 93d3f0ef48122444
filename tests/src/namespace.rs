//! A network of the test's own: a loopback on which whole networks of addresses are its own.
//!
//! **In** a test. **Out** the same, run where nothing else listens and nobody else is reached. **Never** a change to the
//! machine's network: all of it goes with the threads and processes in it.

use std::net::{IpAddr, Ipv6Addr};
use std::process::Command;
use std::thread;

use nix::sched::{CloneFlags, unshare};

use crate::programs;

/// Runs `test` in a network with these networks on its loopback, `2001:db8::/32` for instance.
///
/// # Panics
/// Where the system refuses one, or where `test` does.
pub fn inside(networks: &[&str], test: impl FnOnce() + Send) {
    // Building may want the machine's network.
    programs::path("chatterd");
    let inside = || {
        unshare(CloneFlags::CLONE_NEWNET).expect("a network of its own");
        ip(&["link", "set", "lo", "up"]);
        // Else nobody could bind to the addresses of a network without naming each.
        std::fs::write("/proc/sys/net/ipv6/ip_nonlocal_bind", "1").expect("it is ours");
        for network in networks {
            let version = if network.contains(':') { "-6" } else { "-4" };
            ip(&[version, "route", "add", "local", network, "dev", "lo"]);
        }
        test();
    };
    // Of this thread alone; what it starts inherits it.
    let ended = thread::scope(|scope| scope.spawn(inside).join());
    if let Err(panic) = ended {
        std::panic::resume_unwind(panic);
    }
}

/// The address numbered `host` in network number `network` of a family whose addresses begin with these bytes.
pub fn address(family: [u8; 6], network: u16, host: u16) -> IpAddr {
    let mut octets = [0; 16];
    octets[..6].copy_from_slice(&family);
    octets[6..8].copy_from_slice(&network.to_be_bytes());
    octets[14..].copy_from_slice(&host.to_be_bytes());
    Ipv6Addr::from(octets).into()
}

fn ip(arguments: &[&str]) {
    let status = Command::new("ip").args(arguments).status().expect("ip runs");
    assert!(status.success(), "ip {arguments:?}");
}
