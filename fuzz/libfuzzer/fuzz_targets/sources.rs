//! Fuzzes `chatter_fuzz::sources`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| chatter_fuzz::sources(input));
