//! What stands in front of real web servers: nginx, Caddy and HAProxy as Debian has them, each with the sample that
//! `docs/front-ends/` gives operators, between real clients and a real daemon.
//!
//! **In** a sample; its ports, paths and certificate are replaced, and nothing else. **Out** people who talk through it,
//! and the certainty that the daemon knows who is behind. **Never** a front that outlives its test.

mod front;
mod samples;
mod visitors;
