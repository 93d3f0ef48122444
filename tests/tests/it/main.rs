//! The real programs, end to end.

mod admin;
mod bans;
mod carrier;
mod chaos;
mod client_forgets;
mod clocks;
mod entrances;
mod files;
mod forgotten;
mod gates;
mod knocks;
mod load;
mod nothing_kept;
mod packet_filter;
mod purges;
mod replay;
mod resume;
mod rooms;
mod send;
mod settings;
mod shutdown;
mod talk;
mod ways;
