//! Fuzzes `chatter_fuzz::pairs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| chatter_fuzz::pairs(input));
