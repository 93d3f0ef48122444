//! Fuzzes `chatter_fuzz::people`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| chatter_fuzz::people(input));
