//! What real peers see: the same programs look at the real Python and at chatterd, which serve the same directory.
//!
//! **In** curl, wget, nmap, Chromium, strace, tcpdump, tshark, nDPI as Debian has them. **Out** every byte that they print or store, compared.
//! **Never** a look at anything but this machine.

mod browser;
mod chromium;
mod downloads;
mod heads;
mod pair;
mod scanner;
mod wire;
mod writes;
