//! Single connections against servers of a few lines.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::*;

/// A server that answers its one connection by `answer`; what it was asked, and whether the client closed first.
async fn serve(answer: Vec<u8>) -> (Arc<Server>, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let task = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        let asked = ask(&mut stream).await;
        for piece in answer.chunks(7) {
            // Fails where the client has heard enough.
            let _ = stream.write_all(piece).await;
        }
        asked
    });
    let peer = Peer::plain("127.0.0.1", port);
    let server = Server { spares: Spares::new(peer), authority: Authority::new("127.0.0.1", port) };
    (Arc::new(server), task)
}

async fn ask(stream: &mut TcpStream) -> String {
    let mut asked = Vec::new();
    while !asked.ends_with(b"\r\n\r\n") {
        asked.push(stream.read_u8().await.expect("a request"));
    }
    String::from_utf8(asked).expect("ASCII")
}

/// What a download of `answer` reports: status, body, last words.
async fn check_down(answer: &[u8]) -> (Option<u16>, Vec<u8>, Option<String>) {
    let (server, task) = serve(answer.to_vec()).await;
    let (reporter, mut reports) = mpsc::channel(1);
    let request = download(&server.authority, "/data.enc", "a=b").expect("a request");
    tokio::spawn(down::run(LinkId(1), request.clone(), server, reporter));
    let (mut status, mut body) = (None, Vec::new());
    loop {
        match reports.recv().await.expect("a report") {
            Report::Answered(LinkId(1), answer) => status = Some(answer.status),
            Report::Received(LinkId(1), bytes) => body.extend(bytes),
            Report::Closed(LinkId(1), trouble) => {
                assert_eq!(task.await.expect("served"), request);
                return (status, body, trouble);
            }
            Report::Answered(..) | Report::Received(..) | Report::Closed(..) | Report::UpDone(..) => {
                panic!("news of another connection");
            }
        }
    }
}

#[tokio::test]
async fn a_download_is_its_body() {
    let answer = b"HTTP/1.0 200 OK\r\nContent-Length: 20\r\n\r\n0123456789abcdefghij";
    assert_eq!(check_down(answer).await, (Some(200), b"0123456789abcdefghij".to_vec(), None));
    let more = b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n0123456789";
    assert_eq!(check_down(more).await, (Some(200), b"01234".to_vec(), None), "not more than announced");
    let less = b"HTTP/1.0 200 OK\r\nContent-Length: 50\r\n\r\n0123456789";
    assert_eq!(check_down(less).await, (Some(200), b"0123456789".to_vec(), None));
    let none = b"HTTP/1.0 200 OK\r\n\r\n01234";
    assert_eq!(check_down(none).await, (Some(200), b"01234".to_vec(), None), "until it closes");
}

#[tokio::test]
async fn a_broken_download_says_what_broke() {
    let (status, body, trouble) = check_down(b"HTTP/1.0 200 OK\r\nContent-").await;
    assert_eq!((status, body), (None, Vec::new()));
    assert_eq!(trouble.as_deref(), Some("the connection was closed without an answer"));
    let (status, _, trouble) = check_down(b"220 mail ESMTP\r\n").await;
    assert_eq!((status, trouble.as_deref()), (None, Some("what answers there does not speak HTTP")));
}

/// What a request upwards reports when it is answered so.
async fn check_up(answer: &[u8]) -> Result<(), String> {
    let (server, task) = serve(answer.to_vec()).await;
    let (reporter, mut reports) = mpsc::channel(1);
    let date = Some("Mon, 02 Nov 2026 10:00:00 GMT");
    let request = reload(&server.authority, "/", "a=b", date).expect("a request");
    up::run(UP, request.clone(), server, 1, reporter).await;
    assert_eq!(task.await.expect("served"), request);
    let Some(Report::UpDone(UP, done)) = reports.recv().await else { panic!("no news, or others") };
    done
}

const UP: UpId = UpId { link: LinkId(1), index: 0 };

#[tokio::test]
async fn any_answer_ends_a_request_upwards() {
    assert_eq!(check_up(b"HTTP/1.0 304 Not Modified\r\n\r\n").await, Ok(()));
    assert_eq!(check_up(b"HTTP/1.0 404 File not found\r\nContent-Length: 9\r\n\r\nnot found").await, Ok(()));
    assert_eq!(check_up(b"HTTP/1.0 200 OK\r\n\r\na listing").await, Ok(()));
    assert!(check_up(b"").await.is_err());
    assert!(check_up(b"HTTP/1.0 304").await.is_err());
}
