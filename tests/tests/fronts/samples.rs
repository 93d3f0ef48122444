//! Each sample.

use chatter_tests::daemon::Home;
use chatter_tests::recorder::readdress;

use crate::front::{Front, Program};
use crate::visitors::{by_tls, members, strangers};

const NGINX: Program = Program {
    command: &["/usr/sbin/nginx", "-g", "daemon off; master_process off; error_log stderr;", "-c"],
    around: |sample, home: &Home| {
        format!(
            "pid {0}/nginx.pid;\nevents {{}}\nhttp {{\nclient_body_temp_path {0}/body;\nproxy_temp_path {0}/proxy;\n\
             fastcgi_temp_path {0}/fastcgi;\nuwsgi_temp_path {0}/uwsgi;\nscgi_temp_path {0}/scgi;\n\
             # As Debian's own file has it: the sample has to switch it off.\ngzip on;\n{sample}\n}}\n",
            home.path("").display()
        )
    },
};

const HAPROXY: Program =
    Program { command: &["/usr/sbin/haproxy", "-db", "-f"], around: |sample, _| sample.to_owned() };

const CADDY: Program = Program {
    command: &["/usr/bin/caddy", "run", "--adapter", "caddyfile", "--config"],
    around: |sample, _| format!("{{\n\tadmin off\n\tauto_https off\n}}\n{sample}"),
};

#[ignore = "needs nginx, curl and openssl; .ci/run peers runs it"]
#[test]
fn nginx_passes_plain_http_on() {
    let front = Front::start(NGINX_PLAIN, &NGINX, |places| {
        let daemon = places.daemon.expect("it listens by TCP");
        vec![
            ("listen 80 default_server;", format!("listen {};", places.front)),
            ("listen [::]:80 default_server;", String::new()),
            ("http://127.0.0.1:8000;", format!("http://{daemon};")),
        ]
    });
    strangers(&front, "http");
    members(&front, readdress);
}

#[ignore = "needs nginx, curl and openssl; .ci/run peers runs it"]
#[test]
fn nginx_terminates_tls() {
    let front = Front::start(NGINX_TLS, &NGINX, |places| {
        vec![
            ("listen 443 ssl default_server;", format!("listen {} ssl;", places.front)),
            ("listen [::]:443 ssl default_server;", String::new()),
            ("/etc/ssl/files.example.org.pem", places.certificate.clone()),
            ("/etc/ssl/private/files.example.org.key", places.certificate.clone()),
            ("/run/chatterd/http.sock", places.socket.clone()),
        ]
    });
    strangers(&front, "https");
    members(&front, by_tls(&front));
}

#[ignore = "needs caddy, curl and openssl; .ci/run peers runs it"]
#[test]
fn caddy_terminates_tls() {
    let front = Front::start(CADDYFILE, &CADDY, |places| {
        let daemon = places.daemon.expect("it listens by TCP");
        let (front, certificate) = (places.front, &places.certificate);
        // For any name: visitors come by addresses of the tests' own.
        let (ip, port) = (front.ip(), front.port());
        let site = format!("https://:{port} {{\n\tbind {ip}\n\ttls {certificate} {certificate}");
        vec![("files.example.org {", site), ("127.0.0.1:8000 {", format!("{daemon} {{"))]
    });
    strangers(&front, "https");
    members(&front, by_tls(&front));
}

#[ignore = "needs haproxy, curl and openssl; .ci/run peers runs it"]
#[test]
fn haproxy_sends_version_two() {
    haproxy(HAPROXY_CFG);
}

#[ignore = "needs haproxy, curl and openssl; .ci/run peers runs it"]
#[test]
fn haproxy_sends_version_one() {
    haproxy(&HAPROXY_CFG.replace("send-proxy-v2", "send-proxy"));
}

fn haproxy(sample: &str) {
    let front = Front::start(sample, &HAPROXY, |places| {
        let daemon = places.daemon.expect("it listens by TCP");
        vec![
            ("bind :80", format!("bind {}", places.front)),
            ("bind :443 ssl", format!("bind {} ssl", places.tls)),
            ("/etc/haproxy/files.example.org.pem", places.certificate.clone()),
            ("127.0.0.1:8001", daemon.to_string()),
        ]
    });
    strangers(&front, "http");
    members(&front, readdress);
    let front = front.by_tls();
    members(&front, by_tls(&front));
}

/// A talk that is silent for some seconds, and lasts for hours, must not end by a front's own clock; nor may a front keep
/// what passes, or ask twice.
#[test]
fn no_sample_ends_a_talk_or_keeps_it() {
    let check = |name: &str, sample: &str, needed: &[&str]| {
        for line in needed {
            let there = sample.lines().any(|own| own.trim() == *line);
            assert!(there, "{name} does not say {line:?}");
        }
    };
    for (name, sample) in [("nginx-plain.conf", NGINX_PLAIN), ("nginx-tls.conf", NGINX_TLS)] {
        let needed = [
            "proxy_read_timeout 1h;",
            "send_timeout 1h;",
            "proxy_buffering off;",
            "proxy_cache off;",
            "gzip off;",
            "proxy_next_upstream off;",
            "proxy_set_header X-Forwarded-For $remote_addr;",
            "access_log off;",
        ];
        check(name, sample, &needed);
    }
    let needed = ["flush_interval -1", "read_timeout 1h", "keepalive off", "compression off"];
    check("Caddyfile", CADDYFILE, &needed);
    assert!(!CADDYFILE.contains("write_timeout") && !CADDYFILE.contains("\tlog"));
    check("haproxy.cfg", HAPROXY_CFG, &["timeout client 1h", "timeout server 1h", "mode tcp"]);
}

const NGINX_PLAIN: &str = include_str!("../../../docs/front-ends/nginx-plain.conf");
const NGINX_TLS: &str = include_str!("../../../docs/front-ends/nginx-tls.conf");
const CADDYFILE: &str = include_str!("../../../docs/front-ends/Caddyfile");
const HAPROXY_CFG: &str = include_str!("../../../docs/front-ends/haproxy.cfg");
