//! What goes wrong on the way, and how often.
//!
//! **In** dice. **Out** a weather. **Never** anything that happens of itself: the network asks.

use std::time::Duration;

use crate::dice::Dice;

/// Chances in 1/1000 each time that something could go wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Weather {
    /// A download breaks after a drawn number of bytes, none included.
    pub cut: u32,
    /// Of a broken download only one end is told soon.
    pub half_open: u32,
    /// A request upwards never arrives.
    pub lose_up: u32,
    /// A request upwards arrives, and its answer does not.
    pub lose_up_answer: u32,
    /// A download can't be asked for.
    pub refuse: u32,
    /// What is on its way waits for some seconds.
    pub stall: u32,
    /// What is on its way takes up to so long.
    pub delay: Duration,
    /// Something in between sends a request twice, over another connection.
    pub twice: u32,
    /// An observer delivers a copy of a request, before or after it.
    pub steal: u32,
    /// A cache answers a download with what it has kept.
    pub cache_open: u32,
    /// A cache answers a request upwards and passes nothing on.
    pub cache_up: u32,
}

impl Weather {
    /// Bad weather: a few things go wrong, some of them often.
    pub fn storm(dice: &mut Dice) -> Self {
        let mut chance = |max: u32| if dice.chance(400) { 1 + dice.below(max) } else { 0 };
        let mut weather = Self {
            cut: chance(900),
            half_open: chance(500),
            lose_up: chance(500),
            lose_up_answer: chance(500),
            refuse: chance(600),
            stall: chance(60),
            delay: Duration::ZERO,
            twice: chance(400),
            steal: chance(700),
            cache_open: chance(300),
            cache_up: chance(300),
        };
        weather.delay = Duration::from_millis([0, 1, 20, 150, 600][dice.below(5) as usize]);
        weather
    }
}
