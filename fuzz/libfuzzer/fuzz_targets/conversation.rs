//! Fuzzes `chatter_fuzz::conversation`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| chatter_fuzz::conversation(input));
