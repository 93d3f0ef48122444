//! Fuzzes `chatter_fuzz::control_replies`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| chatter_fuzz::control_replies(input));
