//! The Windows program under Wine.
//!
//! **In** what `platforms/windows.sh` has built and says by variables: `CHATTER_WINE`, `CHATTER_WINDOWS_CLIENT`, `WINEPREFIX`.
//! **Out** commands; paths as such a program calls them. **Never** a Wine of the user's own.

use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

/// A Windows chatter-client without arguments, whose way leads by no proxy.
///
/// # Panics
/// Where nobody says where it is.
pub fn command() -> Command {
    let mut command = crate::client::without_proxy(given("CHATTER_WINE"));
    command.arg(given("CHATTER_WINDOWS_CLIENT"));
    // Else the user's own would be used, and be made where there is none.
    given("WINEPREFIX");
    command
}

/// A path of this machine as programs under Wine call it.
pub fn path(path: &Path) -> String {
    format!("Z:{}", path.display()).replace('/', "\\")
}

fn given(variable: &str) -> OsString {
    std::env::var_os(variable).unwrap_or_else(|| panic!("{variable} is not set: run platforms/windows.sh"))
}
