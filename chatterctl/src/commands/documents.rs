//! Manual pages and completions, made from the command line's tree.

use std::path::Path;

use clap::CommandFactory as _;
use serde::Serialize;

use crate::args::{Arguments, Shell};
use crate::failure::Failure;
use crate::output::Answer;

#[derive(Serialize)]
struct Script {
    script: String,
}

#[derive(Serialize)]
struct Folder<'a> {
    folder: &'a Path,
}

pub(super) fn completions(shell: Shell) -> Answer {
    let shell = match shell {
        Shell::Bash => clap_complete::Shell::Bash,
        Shell::Zsh => clap_complete::Shell::Zsh,
        Shell::Fish => clap_complete::Shell::Fish,
    };
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "chatterctl", &mut script);
    Answer::verbatim(&Script { script: String::from_utf8_lossy(&script).into_owned() }, |script| {
        &script.script
    })
}

pub(super) fn man(folder: &Path) -> Result<Answer, Failure> {
    let failed = |error: std::io::Error| Failure::failed(format!("{}: {error}", folder.display()));
    std::fs::create_dir_all(folder).map_err(failed)?;
    clap_mangen::generate_to(Arguments::command(), folder).map_err(failed)?;
    Ok(Answer::new(&Folder { folder }, &[format!("manual pages in {}", folder.display())]))
}
