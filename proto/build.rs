//! Generates Rust from the `.proto` files without `protoc`: protox compiles, prost and tonic generate.

use std::error::Error;
use std::path::Path;

use prost::Message as _;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=proto");
    let peers = protox::compile(["relay.proto", "room.proto"], ["proto"])?;
    // What the relay hands to many is shared between them, not copied for each.
    let shared = ["Publish.body", "Message.body", "Join.hello", "Occupant.hello"];
    let shared = shared.map(|field| format!(".chatter.relay.v1.{field}"));
    prost_build::Config::new().btree_map(["."]).bytes(shared).compile_fds(peers)?;
    if std::env::var_os("CARGO_FEATURE_ADMIN").is_some() {
        let admin = protox::compile(["admin.proto"], ["proto"])?;
        // What the reflection service tells.
        let described = Path::new(&std::env::var("OUT_DIR")?).join("admin.descriptors");
        std::fs::write(described, admin.encode_to_vec())?;
        tonic_prost_build::configure().compile_fds(admin)?;
    }
    Ok(())
}
