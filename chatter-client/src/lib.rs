//! The client of chatter: enters a room behind a decoy file server and talks there, end to end encrypted.
//!
//! For bots and tests: [`start`] a stay with [`Options`], say things through its [`Handle`], read [`Notices`]. A whole bot
//! is in `examples/echo_bot.rs`.
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
//! **What is stable.** [`start`], [`Options`], [`Handle`], [`Notices`], [`Notice`], [`Told`], [`exit::Outcome`] and
//! [`exit::Failure`], and what [`link`] makes of texts. [`Notice`] grows, so match it with a last arm for all others. The
//! other modules are the program's own, public for its `main` and for tests.
//!
//! **Runtime.** [`start`] and everything behind it need a tokio runtime with time and I/O enabled. A stay is a task of its
//! own: it goes on whether its notices are read or not, until 1,024 of them wait; then it waits, too, and so does the
//! network. So read them, or drop [`Notices`], which ends the stay.
//!
//! **Cancel safety.** [`Notices::next`] may be dropped at any time, as in `tokio::select!`: no notice is lost. A future of
//! [`Handle::say`] and its like that is dropped before it is done has said nothing; one that is done has handed the text
//! over, and [`Notice::Acknowledged`] tells when the relay has it. [`Handle::interrupt`] waits for nothing.
//!
//! **Errors.** Before a stay there are [`StartError`] and what parsing a link says. Once it has begun nothing is returned:
//! what does not work comes as [`Notice::Error`], what should not be overlooked as [`Notice::Warning`], and the last notice
//! is always [`Notice::Finished`], whose outcome has an exit code. Nothing in here panics on what a peer or a server sends.
//!
//! **Trust.** Nicknames and texts come from others as they were sent: whoever prints them has to make them harmless first.
//! A nickname proves nothing; see `/verify`.
//!
//! The rooms of this crate, in the order in which a typed line walks through them:
//!
//! ```text
//! console ──> plain/json            lines in, notices out (main.rs, args.rs, secret.rs around them)
//! chosen  ──> config, link          what holds: flags, profiles, where the link comes from
//! ui                                the same as a full screen
//! client  ──> app ──> command       decides, with chatter_protocol::room::conversation
//! network ──> request, response, body  pumps, with chatter_protocol::client::session
//! dial, route                       the way to the server, and which proxy it takes
//! disk                              files that are sent and received
//! ```

mod app;
pub mod args;
pub mod body;
pub mod chosen;
mod client;
pub mod command;
pub mod config;
pub mod console;
pub mod credentials;
mod dial;
mod disk;
mod event;
pub mod exit;
pub mod files;
mod json;
pub mod known;
pub mod link;
pub mod listen;
mod network;
mod plain;
mod qr;
pub mod request;
pub mod response;
pub mod route;
pub mod secret;
pub mod signals;
pub mod texts;
pub mod ui;

pub use client::{Handle, Notices, Options, StartError, start};
pub use event::{FileInfo, FileStage, ListedInfo, Notice, Place, RoomInfo, Told};
