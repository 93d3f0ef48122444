//! Fuzzes `chatter_fuzz::records`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| chatter_fuzz::records(input));
