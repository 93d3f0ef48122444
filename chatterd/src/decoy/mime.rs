//! Content types by file name: Python's own table, the system's `mime.types` over it, and the rules for suffixes.
//!
//! **In**: the texts of the machine's `mime.types` files; then names. **Out**: the value of `Content-type`.
//! **Never**: a look into a file.

use super::persona::Persona;
use super::text;
use std::collections::HashMap;

/// The types by extension, as Python's `mimetypes` holds them after its first use.
#[derive(Debug, Clone)]
pub(crate) struct Types(HashMap<String, String>);

impl Types {
    /// The table of a Python that found these `mime.types` files, in its order.
    pub(crate) fn new<'a>(persona: Persona, files: impl IntoIterator<Item = &'a str>) -> Types {
        let mut types = Types(HashMap::new());
        types.read(STANDARD);
        for (extension, content_type) in persona.types() {
            types.0.insert(format!(".{extension}"), (*content_type).to_owned());
        }
        files.into_iter().for_each(|file| types.read(file));
        types
    }

    fn read(&mut self, file: &str) {
        for line in file.split(['\n', '\r']) {
            let mut words = line.split_whitespace().take_while(|word| !word.starts_with('#'));
            let Some(content_type) = words.next() else { continue };
            for extension in words {
                self.0.insert(format!(".{extension}"), content_type.to_owned());
            }
        }
    }

    /// The type of the file of that path (`SimpleHTTPRequestHandler.guess_type`).
    pub(crate) fn of<'a>(&'a self, path: &[u8]) -> &'a str {
        let (_, extension) = split_extension(path);
        if let Some(known) = archive(extension).or_else(|| archive(&lower(extension))) {
            return known;
        }
        let mut path = path.to_vec();
        loop {
            let (stem, extension) = split_extension(&path);
            let Some(suffixes) = alias(&lower(extension)) else { break };
            path = [stem, suffixes].concat();
        }
        let (mut stem, mut extension) = split_extension(&path);
        if ENCODINGS.contains(&extension) {
            (stem, extension) = split_extension(stem);
        }
        let _ = stem;
        let known = String::from_utf8(lower(extension)).ok().and_then(|extension| self.0.get(&extension));
        known.map_or("application/octet-stream", String::as_str)
    }
}

/// The files in which Python looks for types at first use.
pub(crate) const KNOWN_FILES: [&str; 9] = [
    "/etc/mime.types",
    "/etc/httpd/mime.types",
    "/etc/httpd/conf/mime.types",
    "/etc/apache/mime.types",
    "/etc/apache2/mime.types",
    "/usr/local/etc/httpd/conf/mime.types",
    "/usr/local/lib/netscape/mime.types",
    "/usr/local/etc/httpd/conf/mime.types",
    "/usr/local/etc/mime.types",
];

/// `posixpath.splitext`: leading dots of a name begin no extension.
fn split_extension(path: &[u8]) -> (&[u8], &[u8]) {
    let name_start = path.iter().rposition(|byte| *byte == b'/').map_or(0, |at| at + 1);
    let dots = path.iter().skip(name_start).take_while(|byte| **byte == b'.').count();
    match path.iter().rposition(|byte| *byte == b'.') {
        Some(at) if at >= name_start + dots => path.split_at(at),
        _ => (path, b""),
    }
}

fn lower(extension: &[u8]) -> Vec<u8> {
    text::to_bytes(&text::lower(extension)).unwrap_or_default()
}

/// `SimpleHTTPRequestHandler.extensions_map`.
fn archive(extension: &[u8]) -> Option<&'static str> {
    match extension {
        b".gz" => Some("application/gzip"),
        b".Z" => Some("application/octet-stream"),
        b".bz2" => Some("application/x-bzip2"),
        b".xz" => Some("application/x-xz"),
        _ => None,
    }
}

/// `mimetypes.suffix_map`.
fn alias(extension: &[u8]) -> Option<&'static [u8]> {
    match extension {
        b".svgz" => Some(b".svg.gz"),
        b".tgz" | b".taz" | b".tz" => Some(b".tar.gz"),
        b".tbz2" => Some(b".tar.bz2"),
        b".txz" => Some(b".tar.xz"),
        _ => None,
    }
}

/// `mimetypes.encodings_map`: case counts.
const ENCODINGS: [&[u8]; 5] = [b".gz", b".Z", b".bz2", b".xz", b".br"];

/// `mimetypes.types_map` of Python 3.11, in the format of `mime.types`.
const STANDARD: &str = "\
application/javascript js mjs
application/json json
application/manifest+json webmanifest
application/msword doc dot wiz
application/n-quads nq
application/n-triples nt
application/octet-stream bin a dll exe o obj so
application/oda oda
application/pdf pdf
application/pkcs7-mime p7c
application/postscript ps ai eps
application/trig trig
application/vnd.apple.mpegurl m3u m3u8
application/vnd.ms-excel xls xlb
application/vnd.ms-powerpoint ppt pot ppa pps pwz
application/wasm wasm
application/x-bcpio bcpio
application/x-cpio cpio
application/x-csh csh
application/x-dvi dvi
application/x-gtar gtar
application/x-hdf hdf
application/x-hdf5 h5
application/x-latex latex
application/x-mif mif
application/x-netcdf cdf nc
application/x-pkcs12 p12 pfx
application/x-pn-realaudio ram
application/x-python-code pyc pyo
application/x-sh sh
application/x-shar shar
application/x-shockwave-flash swf
application/x-sv4cpio sv4cpio
application/x-sv4crc sv4crc
application/x-tar tar
application/x-tcl tcl
application/x-tex tex
application/x-texinfo texi texinfo
application/x-troff roff t tr
application/x-troff-man man
application/x-troff-me me
application/x-troff-ms ms
application/x-ustar ustar
application/x-wais-source src
application/xml xsl rdf wsdl xpdl
application/zip zip
audio/3gpp 3gp 3gpp
audio/3gpp2 3g2 3gpp2
audio/aac aac adts loas ass
audio/basic au snd
audio/mpeg mp3 mp2
audio/opus opus
audio/x-aiff aif aifc aiff
audio/x-pn-realaudio ra
audio/x-wav wav
image/avif avif
image/bmp bmp
image/gif gif
image/ief ief
image/jpeg jpg jpe jpeg
image/heic heic
image/heif heif
image/png png
image/svg+xml svg
image/tiff tiff tif
image/vnd.microsoft.icon ico
image/x-cmu-raster ras
image/x-portable-anymap pnm
image/x-portable-bitmap pbm
image/x-portable-graymap pgm
image/x-portable-pixmap ppm
image/x-rgb rgb
image/x-xbitmap xbm
image/x-xpixmap xpm
image/x-xwindowdump xwd
message/rfc822 eml mht mhtml nws
text/css css
text/csv csv
text/html html htm
text/n3 n3
text/plain txt bat c h ksh pl srt
text/richtext rtx
text/tab-separated-values tsv
text/vtt vtt
text/x-python py
text/x-setext etx
text/x-sgml sgm sgml
text/x-vcard vcf
text/xml xml
video/mp4 mp4
video/mpeg mpeg m1v mpa mpe mpg
video/quicktime mov qt
video/webm webm
video/x-msvideo avi
video/x-sgi-movie movie
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suffixes_decide_the_type() {
        let types = Types::new(Persona::default(), ["text/markdown md # mkd\n# x y\n"]);
        for (name, content_type) in [
            ("/srv/a.txt", "text/plain"),
            ("/srv/a.TXT", "text/plain"),
            ("/srv/a.tar.gz", "application/gzip"),
            ("/srv/a.tgz", "application/x-tar"),
            ("/srv/a.html.br", "text/html"),
            ("/srv/a.md", "text/markdown"),
            ("/srv/a.mkd", "application/octet-stream"),
            ("/srv/.html", "application/octet-stream"),
            ("/srv.d/a", "application/octet-stream"),
            ("/srv/a.m\u{212a}v", "application/octet-stream"),
        ] {
            assert_eq!(types.of(name.as_bytes()), content_type, "{name}");
        }
    }
}
