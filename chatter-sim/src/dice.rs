//! What decides everything that could have gone otherwise.
//!
//! **In** a seed, or bytes out of a fuzzer. **Out** numbers and chances. **Never** a second source: one input, one run.

use std::collections::VecDeque;
use std::time::Duration;

use chatter_protocol::entropy::Entropy;

/// Numbers, drawn from a seed or read off a script.
#[derive(Clone, Debug)]
pub struct Dice {
    entropy: Entropy,
    script: Option<VecDeque<u8>>,
}

impl Dice {
    /// Dice that fall as `seed` says.
    pub fn seeded(seed: u64) -> Self {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        Self { entropy: Entropy::new(bytes), script: None }
    }

    /// Dice that fall as `script` says, and on the side where nothing goes wrong once it has ended.
    pub fn scripted(script: &[u8]) -> Self {
        Self { entropy: Entropy::new([0x5c; 32]), script: Some(script.iter().copied().collect()) }
    }

    /// Randomness for a machine: never off the script, whose bytes are for what happens between machines.
    pub fn entropy(&mut self) -> Entropy {
        self.entropy.fork()
    }

    /// Whether the script has ended; a seed never does.
    pub fn is_over(&self) -> bool {
        self.script.as_ref().is_some_and(VecDeque::is_empty)
    }

    /// A number in `0..bound`, or 0 where `bound` is 0.
    pub fn below(&mut self, bound: u32) -> u32 {
        let Some(script) = &mut self.script else { return self.entropy.below(bound) };
        let mut number = 0_u32;
        let mut reach = 1_u32;
        while reach < bound && reach <= 1 << 16 {
            number = number << 8 | u32::from(script.pop_front().unwrap_or(0));
            reach <<= 8;
        }
        number.checked_rem(bound).unwrap_or(0)
    }

    /// Whether what happens so often of a thousand times happens now.
    pub fn chance(&mut self, per_mille: u32) -> bool {
        match &mut self.script {
            _ if per_mille == 0 => false,
            None => self.entropy.below(1000) < per_mille,
            Some(script) => {
                script.pop_front().is_some_and(|byte| (255 - u32::from(byte)) * 1000 / 256 < per_mille)
            }
        }
    }

    /// A time up to `max`, in whole milliseconds.
    pub fn up_to(&mut self, max: Duration) -> Duration {
        let millis = u32::try_from(max.as_millis()).unwrap_or(u32::MAX - 1);
        if millis == 0 { Duration::ZERO } else { Duration::from_millis(self.below(millis + 1).into()) }
    }

    /// Random bytes that carry no decision.
    pub fn filler(&mut self, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        self.entropy.fill(&mut bytes);
        bytes
    }
}
