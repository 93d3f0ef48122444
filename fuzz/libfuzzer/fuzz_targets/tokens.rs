//! Fuzzes `chatter_fuzz::tokens`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| chatter_fuzz::tokens(input));
