//! The daemon.
#![forbid(unsafe_code)]

pub mod access;
pub mod admin;
pub mod admin_socket;
pub mod config;
pub mod connection;
pub mod daemon;
pub mod decoy;
pub mod directory;
pub mod door;
pub mod entrance;
pub mod exit;
pub mod front;
pub mod host_words;
pub mod http;
pub mod journal;
pub mod ledger;
pub mod listener;
pub mod operator;
pub mod process;
pub mod proxy_header;
pub mod relay;
pub mod report;
pub mod socket_file;
pub mod source;
pub mod systemd;
