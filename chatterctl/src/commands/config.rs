//! `chatterctl config check | show`

use chatter_proto::admin::{CheckSettingsRequest, ListSettingsRequest, Setting};
use serde::Serialize;

use super::reload;
use crate::args::Config;
use crate::failure::Failure;
use crate::output::Answer;
use crate::reach::Daemon;

#[derive(Serialize)]
struct Fields {
    file: Option<String>,
    settings: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    key: String,
    value: Option<String>,
    needs_restart: bool,
}

pub(super) async fn run(daemon: &mut Daemon, command: &Config) -> Result<Answer, Failure> {
    match command {
        Config::Check => check(daemon).await,
        Config::Show => show(daemon).await,
    }
}

async fn check(daemon: &mut Daemon) -> Result<Answer, Failure> {
    let reply = daemon.ask(async |client| client.check_settings(CheckSettingsRequest {}).await).await?;
    let nothing = "the settings can be used, and are those that hold";
    Ok(reload::answer(reply.changes, reply.warnings, nothing, "with `chatterctl reload`"))
}

async fn show(daemon: &mut Daemon) -> Result<Answer, Failure> {
    let reply = daemon.ask(async |client| client.list_settings(ListSettingsRequest {}).await).await?;
    let rows: Vec<_> = reply.settings.iter().map(cells).collect();
    let source = match reply.file.as_str() {
        "" => "from no file".to_owned(),
        file => format!("from {file}; flags and variables are stronger"),
    };
    let some = |text: String| Some(text).filter(|text| !text.is_empty());
    let row = |setting: Setting| Row {
        key: setting.key,
        value: some(setting.value),
        needs_restart: setting.needs_restart,
    };
    let fields = Fields { settings: reply.settings.into_iter().map(row).collect(), file: some(reply.file) };
    Ok(Answer::table(&fields, ["KEY", "CHANGES", "VALUE"], &rows, "no settings", &[source]))
}

fn cells(setting: &Setting) -> [String; 3] {
    let when = if setting.needs_restart { "at a start" } else { "by reload" };
    let value = if setting.value.is_empty() { "-" } else { setting.value.as_str() };
    [setting.key.clone(), when.to_owned(), value.to_owned()]
}
