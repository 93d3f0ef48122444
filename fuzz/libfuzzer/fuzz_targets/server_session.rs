//! Fuzzes `chatter_fuzz::server_session`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| chatter_fuzz::server_session(input));
