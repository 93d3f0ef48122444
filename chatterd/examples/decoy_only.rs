//! Serves a directory as the decoy does, with a door that admits nobody.
//!
//! **In**: an address, a directory (or `generated`), a version of Python. **Out**: nothing but answers.
//! **Never**: a session.

use chatterd::connection::Wall;
use chatterd::decoy::{Decoy, Persona, Root, Seed};
use chatterd::listener::{Listener, Queue};
use std::sync::Arc;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [address, directory, version] = arguments.as_slice() else {
        anyhow::bail!("decoy_only ADDRESS:PORT DIRECTORY|generated VERSION");
    };
    let root = match directory.as_str() {
        "generated" => Root::generated(&Seed::bare([7; 32])),
        path => Root::Own { path: path.into(), carrier: None },
    };
    let decoy = Arc::new(Decoy::new(root, Persona::parse(version)?));
    let (_stop, shutdown) = tokio::sync::watch::channel(false);
    let members = tokio::runtime::Handle::current();
    Listener::bind(address.parse()?, Queue::Deep)?.run(decoy, Arc::new(Wall), members, shutdown).await?;
    Ok(())
}
