//! Fuzzes `chatter_fuzz::transfers`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| chatter_fuzz::transfers(input));
