//! Flags as a layer of settings, and settings as flags.
//!
//! **In** what was typed; what a profile says. **Out** each as the other. **Never** a flag that a profile overrules.

use std::path::PathBuf;
use std::str::FromStr as _;

use chatter_protocol::chaff::Chaff;
use clap::ValueEnum;

use super::Common;
use crate::config::Settings;
use crate::ui::{How, Palette, When};

impl Common {
    /// What the command line and the environment say.
    pub fn settings(&self, variable: impl Fn(&str) -> Option<String>) -> Settings {
        let mut settings = Settings::default();
        let name = |value: &dyn Fn() -> Option<clap::builder::PossibleValue>| {
            value().map(|value| value.get_name().to_owned())
        };
        let screen = &self.screen;
        let colourless = variable("NO_COLOR").is_some_and(|value| !value.is_empty());
        let theme = screen.theme.or(colourless.then_some(Palette::None));
        settings.set_path("link-file", self.link_file.as_ref());
        settings.set_text("nick", self.nick.clone());
        settings.set_path("identity", self.identity.as_ref());
        settings.set_path("identity-passphrase-file", self.identity_passphrase_file.as_ref());
        settings.set_path("known", self.known.as_ref());
        settings.set_switch("forget", self.forget);
        settings.set_path("downloads", self.downloads.as_ref());
        match &self.proxy_file {
            Some(file) => settings.set_path("proxy-file", Some(file)),
            None => settings.set_text("proxy", self.proxy.clone()),
        }
        settings.set_text("chaff", self.chaff.map(|chaff| chaff.to_string()));
        settings.set_switch("no-rejoin", self.no_rejoin);
        settings.set_switch("plain", self.plain);
        settings.set_text("theme", name(&|| theme?.to_possible_value()));
        settings.set_switch("ascii", screen.ascii);
        settings.set_text("ring", name(&|| screen.ring?.to_possible_value()));
        settings.set_text("ring-by", name(&|| screen.ring_by?.to_possible_value()));
        settings
    }

    /// As these settings say, which have been judged; what was typed is among them.
    pub fn take(&mut self, settings: &Settings) {
        let text = |key: &str| settings.text(key).map(str::to_owned);
        // A typed path may be no text.
        let path = |typed: Option<PathBuf>, key: &str| typed.or_else(|| settings.path(key));
        self.link_file = path(self.link_file.take(), "link-file");
        self.nick = text("nick");
        self.identity = path(self.identity.take(), "identity");
        self.identity_passphrase_file =
            path(self.identity_passphrase_file.take(), "identity-passphrase-file");
        self.known = path(self.known.take(), "known");
        self.forget = settings.is_on("forget");
        self.downloads = path(self.downloads.take(), "downloads");
        self.proxy = text("proxy");
        self.proxy_file = path(self.proxy_file.take(), "proxy-file");
        self.chaff = settings.text("chaff").and_then(|text| Chaff::from_str(text).ok());
        self.no_rejoin = settings.is_on("no-rejoin");
        // Who asked for JSON on the command line wants no lines.
        self.plain = settings.is_on("plain") && !self.json;
        self.screen.theme = chosen::<Palette>(settings, "theme");
        self.screen.ascii = settings.is_on("ascii");
        self.screen.ring = chosen::<When>(settings, "ring");
        self.screen.ring_by = chosen::<How>(settings, "ring-by");
    }
}

fn chosen<T: ValueEnum>(settings: &Settings, key: &str) -> Option<T> {
    settings.text(key).and_then(|text| T::from_str(text, false).ok())
}
