//! The operator's gRPC API: generated server and client, and where its socket usually lies.

#[allow(
    missing_docs,
    unreachable_pub,
    clippy::allow_attributes,
    reason = "generated code; admin.proto documents it"
)]
mod generated {
    include!(concat!(env!("OUT_DIR"), "/chatter.admin.v1.rs"));
}
pub use generated::*;
