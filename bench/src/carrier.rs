//! One stranger downloads: what the generated carrier costs beside a real file of its size.
//!
//! **In** nothing but the server. **Out** bytes per second, and CPU time of the server per GiB. **Never** a short
//! download: each is counted.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use anyhow::Context as _;

use crate::args::Arguments;
use crate::crowd::fresh_entropy;
use crate::server::{self, Server};
use crate::table::{digits, spread, table};

/// What one download came to.
struct Sample {
    mebibytes_per_second: f64,
    cpu_seconds_per_gibibyte: f64,
}

/// Measures both in turn, round by round.
pub(crate) fn measure(arguments: &Arguments) -> anyhow::Result<String> {
    let runs = arguments.runs(5);
    let limit = if arguments.quick { LIMIT / 8 } else { LIMIT };
    let generated = Server::start(arguments)?;
    let (path, size) = (carrier_path(&generated), length(&generated, &carrier_path(&generated))?);
    let folder = tempfile::tempdir()?;
    let mut file = File::create(folder.path().join(NAME))?;
    // Noise as far as it is read, then a hole.
    let mut entropy = fresh_entropy()?;
    for _ in 0..limit.min(size) / 4096 {
        file.write_all(&entropy.bytes::<4096>())?;
    }
    file.set_len(size)?;
    let root = folder.path().to_str().context("temporary folders have plain names")?;
    let settings = [("CHATTERD_DECOY_ROOT", root), ("CHATTERD_DECOY_CARRIER", NAME)];
    let real = Server::with(arguments, &settings)?;
    server::pin_members(arguments)?;
    // Once beforehand, so that the file lies in memory as a file does that others have just fetched.
    let real_path = carrier_path(&real);
    download(&real, &real_path, limit)?;
    let mut samples = [Vec::new(), Vec::new()];
    for _ in 0..runs {
        samples[0].push(download(&generated, &path, limit)?);
        samples[1].push(download(&real, &real_path, limit)?);
    }
    let mut rows = vec![["carrier", "MiB/s", "server CPU s per GiB"].map(str::to_owned).to_vec()];
    for (name, samples) in ["generated", "a real file"].iter().zip(&samples) {
        let all = |figure: fn(&Sample) -> f64| samples.iter().map(figure).collect::<Vec<_>>();
        rows.push(vec![
            (*name).to_owned(),
            spread(&all(|sample| sample.mebibytes_per_second), |figure| digits(figure.round())),
            spread(&all(|sample| sample.cpu_seconds_per_gibibyte), digits),
        ]);
    }
    let heading = format!(
        "carrier: one stranger downloads; files of {} MiB, of which {} MiB are read, {runs} run(s)",
        size >> 20,
        limit.min(size) >> 20,
    );
    Ok(table(&heading, &rows))
}

fn carrier_path(server: &Server) -> String {
    server.link().code.carrier_path.as_str().to_owned()
}

/// What HEAD says.
fn length(server: &Server, path: &str) -> anyhow::Result<u64> {
    let mut stream = ask(server, "HEAD", path)?;
    let mut head = String::new();
    stream.read_to_string(&mut head)?;
    let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: "));
    Ok(length.context("a carrier has a length")?.parse()?)
}

/// Reads so much of a download, or all of it.
fn download(server: &Server, path: &str, limit: u64) -> anyhow::Result<Sample> {
    let (start, cpu) = (Instant::now(), server.cpu()?);
    let mut stream = ask(server, "GET", path)?;
    let mut buffer = vec![0; 256 * 1024];
    let mut read = 0;
    while read < limit {
        let count = stream.read(&mut buffer)?;
        anyhow::ensure!(count > 0, "the download of {path} ended after {read} bytes");
        read += u64::try_from(count)?;
    }
    let (elapsed, cpu) = (start.elapsed(), server.cpu()? - cpu);
    drop(stream);
    let mebibytes = read as f64 / f64::from(1 << 20);
    Ok(Sample {
        mebibytes_per_second: mebibytes / elapsed.as_secs_f64(),
        cpu_seconds_per_gibibyte: cpu.as_secs_f64() * 1024.0 / mebibytes,
    })
}

fn ask(server: &Server, method: &str, path: &str) -> anyhow::Result<TcpStream> {
    let address = &server.link().address;
    let mut stream = TcpStream::connect((address.host.as_str(), address.port))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    write!(stream, "{method} {path} HTTP/1.1\r\n\r\n")?;
    Ok(stream)
}

const NAME: &str = "backup.enc";
/// No carrier is smaller.
const LIMIT: u64 = 56 << 20;
const PATIENCE: Duration = Duration::from_secs(30);
