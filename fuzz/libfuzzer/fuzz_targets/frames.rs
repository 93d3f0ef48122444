//! Fuzzes `chatter_fuzz::frames`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| chatter_fuzz::frames(input));
