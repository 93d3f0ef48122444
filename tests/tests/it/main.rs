//! The real programs, end to end.

mod admin;
mod bans;
mod carrier;
mod client_forgets;
mod forgotten;
mod knocks;
mod load;
mod nothing_kept;
mod packet_filter;
mod replay;
mod resume;
mod send;
mod settings;
mod shutdown;
mod talk;
