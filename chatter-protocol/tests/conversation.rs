//! Whole conversations in memory: with an honest relay whatever happens in whatever order, and with one that lies.

#[path = "conversation/anything.rs"]
mod anything;
#[path = "conversation/bounds.rs"]
mod bounds;
#[path = "conversation/honest.rs"]
mod honest;
#[path = "conversation/hostile.rs"]
mod hostile;
#[path = "conversation/house.rs"]
mod house;
#[path = "conversation/living.rs"]
mod living;
#[path = "conversation/privately.rs"]
mod privately;
#[path = "conversation/secrecy.rs"]
mod secrecy;
#[path = "conversation/verifying.rs"]
mod verifying;
#[path = "conversation/world.rs"]
mod world;
