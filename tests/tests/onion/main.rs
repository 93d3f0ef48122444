//! Onion services over real Tor: a whole network of it on this machine, brought up once for all of these tests.
//!
//! **In** the directory of a network that `tor/testnet.py up` has started, in `CHATTER_TOR_NETWORK`; `.ci/run tor` does
//! both. **Out** real programs that meet through real circuits. **Never** the public Tor network, and never a test that
//! stops a node which another test needs: whoever does takes a host for himself.

mod talk;
mod world;
