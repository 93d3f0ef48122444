//! Fuzzes `chatter_fuzz::decoy_answers`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| chatter_fuzz::decoy_answers(input));
