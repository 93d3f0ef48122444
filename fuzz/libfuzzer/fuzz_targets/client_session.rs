//! Fuzzes `chatter_fuzz::client_session`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| chatter_fuzz::client_session(input));
