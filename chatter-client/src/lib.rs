//! The client of chatter: enters a room behind a decoy file server and talks there, end to end encrypted.
//!
//! For bots and tests: [`start`] a stay with [`Options`], say things through its [`Handle`], read [`Notices`].
//!
//! ```no_run
//! # async fn bot(link: &str) -> Result<(), Box<dyn std::error::Error>> {
//! use chatter_client::{Notice, Options, start};
//!
//! let link = chatter_protocol::invite::Link::parse(link)?.into_room()?;
//! let nick = chatter_protocol::ids::Nickname::parse("echo")?;
//! let (handle, mut notices) = start(Options::join(link, nick))?;
//! while let Some(told) = notices.next().await {
//!     if let Notice::Message { from, text } = told.notice {
//!         handle.say(format!("{from} said: {text}")).await;
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! The rooms of this crate, in the order in which a typed line walks through them:
//!
//! ```text
//! console ──> plain/json            lines in, notices out (main.rs, args.rs, secret.rs around them)
//! ui                                the same as a full screen
//! client  ──> app ──> command       decides, with chatter_protocol::room::conversation
//! network ──> request, response, body  pumps, with chatter_protocol::client::session
//! dial, route                       the way to the server, and which proxy it takes
//! disk                              files that are sent and received
//! ```

mod app;
pub mod args;
pub mod body;
mod client;
pub mod command;
pub mod console;
pub mod credentials;
mod dial;
mod disk;
mod event;
pub mod exit;
pub mod files;
mod json;
pub mod known;
mod network;
mod plain;
pub mod request;
pub mod response;
pub mod route;
pub mod secret;
pub mod signals;
pub mod texts;
pub mod ui;

pub use client::{Handle, Notices, Options, StartError, start};
pub use event::{ListedInfo, Notice, Place, RoomInfo, Told};
