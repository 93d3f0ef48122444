//! Fuzzes `chatter_fuzz::links`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| chatter_fuzz::links(input));
