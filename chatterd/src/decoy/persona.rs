//! Which Python we claim to be, and how that one differs from the others: the one table of it.
//!
//! **In**: a version, as the configuration names it. **Out**: a `Persona`, which everything that differs asks.
//! **Never**: a version that was not compared with the real thing.

/// A release of Python that the decoy was compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Persona(&'static Release);

/// A version that was never compared with the real thing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Python {version} has not been verified; choose one of {}", Persona::verified().join(", "))]
pub struct Unverified {
    version: String,
}

#[derive(Debug, PartialEq, Eq)]
struct Release {
    version: &'static str,
    version_parts_are_digits: bool,
    title_falls_back_to_the_path: bool,
    brackets_enclose_the_host: bool,
    knows_rtsps: bool,
    knows_itms_services: bool,
    empty_authority_needs_a_rooted_path: bool,
    punycode_fails: bool,
    message_depth_max: usize,
    reason_414: &'static str,
    /// Extensions whose type differs from the table of 3.11.
    types: &'static [(&'static str, &'static str)],
}

const RELEASES: [Release; 4] = [
    // Debian 12's 3.11.2-6+deb12u6, whose patches tell it from the 3.11.2 of python.org.
    Release {
        version: "3.11.2",
        version_parts_are_digits: false,
        title_falls_back_to_the_path: true,
        brackets_enclose_the_host: true,
        knows_rtsps: false,
        knows_itms_services: false,
        empty_authority_needs_a_rooted_path: false,
        punycode_fails: true,
        message_depth_max: 977,
        reason_414: "Request-URI Too Long",
        types: &[],
    },
    Release {
        version: "3.11.7",
        version_parts_are_digits: true,
        title_falls_back_to_the_path: false,
        brackets_enclose_the_host: false,
        knows_rtsps: true,
        knows_itms_services: false,
        empty_authority_needs_a_rooted_path: false,
        punycode_fails: true,
        message_depth_max: 977,
        reason_414: "Request-URI Too Long",
        types: &[],
    },
    Release {
        version: "3.12.1",
        version_parts_are_digits: true,
        title_falls_back_to_the_path: false,
        brackets_enclose_the_host: false,
        knows_rtsps: true,
        knows_itms_services: true,
        empty_authority_needs_a_rooted_path: false,
        punycode_fails: true,
        message_depth_max: 978,
        reason_414: "Request-URI Too Long",
        types: &[("js", "text/javascript"), ("mjs", "text/javascript")],
    },
    Release {
        version: "3.13.0",
        version_parts_are_digits: true,
        title_falls_back_to_the_path: false,
        brackets_enclose_the_host: false,
        knows_rtsps: true,
        knows_itms_services: true,
        empty_authority_needs_a_rooted_path: true,
        punycode_fails: false,
        message_depth_max: 978,
        reason_414: "URI Too Long",
        types: &[
            ("js", "text/javascript"),
            ("mjs", "text/javascript"),
            ("webp", "image/webp"),
            ("md", "text/markdown"),
            ("markdown", "text/markdown"),
            ("rst", "text/x-rst"),
            ("rtf", "text/rtf"),
        ],
    },
];

impl Persona {
    /// The persona of that version, or the list of those that may be named.
    pub fn parse(version: &str) -> Result<Persona, Unverified> {
        let release = RELEASES.iter().find(|release| release.version == version);
        release.map(Persona).ok_or_else(|| Unverified { version: version.to_owned() })
    }

    /// The versions that may be named.
    pub fn verified() -> Vec<&'static str> {
        RELEASES.iter().map(|release| release.version).collect()
    }

    /// The version we claim.
    pub fn version(self) -> &'static str {
        self.0.version
    }

    /// Whether each part of an HTTP version must be of digits, ten at most, rather than good for `int()`.
    pub(crate) fn version_parts_are_digits(self) -> bool {
        self.0.version_parts_are_digits
    }

    /// Whether the title of a listing shows the directory's path where the target is no UTF-8.
    pub(crate) fn title_falls_back_to_the_path(self) -> bool {
        self.0.title_falls_back_to_the_path
    }

    /// Whether brackets in an authority must enclose all of the host.
    pub(crate) fn brackets_enclose_the_host(self) -> bool {
        self.0.brackets_enclose_the_host
    }

    /// Whether the charset `punycode` can raise in spite of `errors='replace'`.
    pub(crate) fn punycode_fails(self) -> bool {
        self.0.punycode_fails
    }

    /// How many messages may lie within each other before Python meets its recursion limit.
    pub(crate) fn message_depth_max(self) -> usize {
        self.0.message_depth_max
    }

    /// The reason of a 414.
    pub(crate) fn reason_414(self) -> &'static str {
        self.0.reason_414
    }

    /// Types that differ from the table of 3.11.
    pub(crate) fn types(self) -> &'static [(&'static str, &'static str)] {
        self.0.types
    }

    /// Whether `urlunsplit` keeps an empty authority before `//`, and adds none before a path without a leading slash.
    pub(crate) fn empty_authority_needs_a_rooted_path(self) -> bool {
        self.0.empty_authority_needs_a_rooted_path
    }

    /// Whether `urlunsplit` gives addresses of this scheme an authority, even an empty one.
    pub(crate) fn scheme_has_authority(self, scheme: &[u8]) -> bool {
        let known = USES_AUTHORITY.iter().any(|known| known.as_bytes() == scheme);
        known
            || self.0.knows_rtsps && scheme == b"rtsps"
            || self.0.knows_itms_services && scheme == b"itms-services"
    }
}

impl Default for Persona {
    fn default() -> Persona {
        let [first, ..] = &RELEASES;
        Persona(first)
    }
}

/// `urllib.parse.uses_netloc`.
const USES_AUTHORITY: [&str; 24] = [
    "ftp", "http", "gopher", "nntp", "telnet", "imap", "wais", "file", "mms", "https", "shttp", "snews",
    "prospero", "rtsp", "rtspu", "rsync", "svn", "svn+ssh", "sftp", "nfs", "git", "git+ssh", "ws", "wss",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unverified_versions_are_refused_with_the_list() {
        assert_eq!(Persona::parse("3.11.2"), Ok(Persona::default()));
        let refused = Persona::parse("2.7.18").map_err(|error| error.to_string());
        assert!(refused.is_err_and(|text| text.contains("2.7.18") && text.contains("3.11.2, 3.11.7")));
    }
}
