//! Fuzzes `chatter_fuzz::circuits`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| chatter_fuzz::circuits(input));
