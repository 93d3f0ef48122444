//! Fuzzes `chatter_fuzz::sessions`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| chatter_fuzz::sessions(input));
