//! Proxies as they stand between a client and the world: SOCKS5 and HTTP, with and without a password.
//!
//! **In** connections of clients. **Out** the same, to wherever they ask; what they asked for and as whom. **Never** a name
//! looked up: all names lead to one server, so that it shows who would have looked them up.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// A proxy. Dropping it ends it.
#[derive(Debug)]
pub struct Proxy {
    kind: Kind,
    address: SocketAddr,
    shared: Arc<Shared>,
}

/// What it speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// SOCKS version 5.
    Socks5,
    /// HTTP, by `CONNECT`.
    Http,
}

#[derive(Debug)]
struct Shared {
    to: SocketAddr,
    /// User and password, as `user:password`.
    login: Option<String>,
    refuses: AtomicBool,
    over: AtomicBool,
    asked: Mutex<Vec<String>>,
}

impl Proxy {
    /// Leads to `to` whoever asks for whatever, with this `user:password` if there is one.
    ///
    /// # Panics
    /// Where there is no port.
    pub fn new(kind: Kind, to: SocketAddr, login: Option<&str>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("a bound socket has an address");
        let shared = Arc::new(Shared {
            to,
            login: login.map(str::to_owned),
            refuses: AtomicBool::new(false),
            over: AtomicBool::new(false),
            asked: Mutex::default(),
        });
        let accepting = Arc::clone(&shared);
        thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                if accepting.over.load(Ordering::SeqCst) {
                    return;
                }
                let shared = Arc::clone(&accepting);
                thread::spawn(move || {
                    // Whoever does not speak as he should is left alone.
                    let _ = match kind {
                        Kind::Socks5 => shared.socks(&stream),
                        Kind::Http => shared.http(&stream),
                    };
                });
            }
        });
        Self { kind, address, shared }
    }

    /// Its URL, with this `user:password` if there is one.
    pub fn url(&self, login: Option<&str>) -> String {
        let scheme = match self.kind {
            Kind::Socks5 => "socks5h",
            Kind::Http => "http",
        };
        let login = login.map(|login| format!("{login}@")).unwrap_or_default();
        format!("{scheme}://{login}{}", self.address)
    }

    /// From now on refuses whatever it is asked for.
    pub fn refuse(&self) {
        self.shared.refuses.store(true, Ordering::SeqCst);
    }

    /// What it was asked for, as `host:port`, in order.
    pub fn asked(&self) -> Vec<String> {
        self.shared.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::SeqCst);
        // Wakes the accepting thread, which then ends.
        let _ = TcpStream::connect(self.address);
    }
}

impl Shared {
    fn socks(&self, mut stream: &TcpStream) -> std::io::Result<()> {
        let [_, count] = read::<2>(stream)?;
        let mut methods = vec![0; count.into()];
        stream.read_exact(&mut methods)?;
        let wanted = if self.login.is_some() { 2 } else { 0 };
        if !methods.contains(&wanted) {
            return stream.write_all(&[5, 0xff]);
        }
        stream.write_all(&[5, wanted])?;
        if let Some(login) = &self.login {
            let [_, length] = read::<2>(stream)?;
            let mut user = vec![0; length.into()];
            stream.read_exact(&mut user)?;
            let [length] = read::<1>(stream)?;
            let mut password = vec![0; length.into()];
            stream.read_exact(&mut password)?;
            let given = [user, b":".to_vec(), password].concat();
            let right = given == login.as_bytes();
            stream.write_all(&[1, u8::from(!right)])?;
            if !right {
                return Ok(());
            }
        }
        let [_, _, _, kind] = read::<4>(stream)?;
        let host = match kind {
            1 => IpAddr::from(Ipv4Addr::from(read::<4>(stream)?)).to_string(),
            4 => IpAddr::from(Ipv6Addr::from(read::<16>(stream)?)).to_string(),
            _ => {
                let [length] = read::<1>(stream)?;
                let mut name = vec![0; length.into()];
                stream.read_exact(&mut name)?;
                String::from_utf8_lossy(&name).into_owned()
            }
        };
        let port = u16::from_be_bytes(read::<2>(stream)?);
        self.note(format!("{host}:{port}"));
        if self.refuses.load(Ordering::SeqCst) {
            return stream.write_all(&[5, 2, 0, 1, 0, 0, 0, 0, 0, 0]);
        }
        let Ok(server) = TcpStream::connect(self.to) else {
            return stream.write_all(&[5, 5, 0, 1, 0, 0, 0, 0, 0, 0]);
        };
        stream.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0])?;
        carry(stream, &server);
        Ok(())
    }

    fn http(&self, mut stream: &TcpStream) -> std::io::Result<()> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.extend(read::<1>(stream)?);
        }
        let head = String::from_utf8_lossy(&head).into_owned();
        let Some((target, _)) = head.strip_prefix("CONNECT ").and_then(|rest| rest.split_once(' ')) else {
            return stream.write_all(b"HTTP/1.1 405 Method Not Allowed\r\n\r\n");
        };
        self.note(target.to_owned());
        let login = self
            .login
            .as_ref()
            .map(|login| format!("Proxy-Authorization: Basic {}\r\n", base64(login.as_bytes())));
        if login.is_some_and(|line| !head.contains(&line)) {
            return stream.write_all(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n");
        }
        if self.refuses.load(Ordering::SeqCst) {
            return stream.write_all(b"HTTP/1.1 403 Forbidden\r\n\r\n");
        }
        let Ok(server) = TcpStream::connect(self.to) else {
            return stream.write_all(b"HTTP/1.1 503 Service Unavailable\r\n\r\n");
        };
        stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")?;
        carry(stream, &server);
        Ok(())
    }

    fn note(&self, target: String) {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).push(target);
    }
}

fn read<const N: usize>(mut stream: &TcpStream) -> std::io::Result<[u8; N]> {
    let mut bytes = [0; N];
    stream.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// Bytes both ways, to the end of either.
fn carry(client: &TcpStream, server: &TcpStream) {
    let pass = |mut from: &TcpStream, mut to: &TcpStream| {
        // Ends with either side.
        let _ = std::io::copy(&mut from, &mut to);
        let _ = to.shutdown(Shutdown::Both);
        let _ = from.shutdown(Shutdown::Both);
    };
    thread::scope(|scope| {
        scope.spawn(|| pass(client, server));
        pass(server, client);
    });
}

/// RFC 4648 §4.
pub(crate) fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for three in bytes.chunks(3) {
        let mut group = [0; 3];
        group[..three.len()].copy_from_slice(three);
        let bits = u32::from_be_bytes([0, group[0], group[1], group[2]]);
        for place in 0..4 {
            let index = usize::try_from(bits >> (18 - 6 * place) & 63).expect("six bits");
            out.push(if place <= three.len() { char::from(ALPHABET[index]) } else { '=' });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn base64_is_as_everywhere() {
        for (text, encoded) in [("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")] {
            assert_eq!(super::base64(text.as_bytes()), encoded);
        }
    }
}
