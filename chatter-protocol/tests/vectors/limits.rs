//! The limits that the document states are those that hold (docs/protocol.md, Limits).

use chatter_protocol::limits::*;

/// As wide as any of them.
fn wide(limit: impl TryInto<u64>) -> u64 {
    limit.try_into().unwrap_or(u64::MAX)
}

#[test]
fn limits_are_as_written() {
    let document = include_str!("../../../docs/protocol.md");
    let (_, table) = document.split_once("\n## Limits\n").expect("the document lists limits");
    let rows: Vec<Vec<&str>> = table
        .lines()
        .filter(|line| line.starts_with("| ") && line.ends_with('|'))
        .skip(1)
        .map(|line| line.split('|').map(str::trim).collect())
        .collect();
    let held = [
        ("bytes of a carrier path", wide(CARRIER_PATH_LEN_MAX)),
        ("gates at once", wide(GATES_MAX)),
        ("characters of a token's cookie", wide(COOKIE_LEN_MAX)),
        ("seconds that a token may be old", TOKEN_AGE_MAX),
        ("seconds that a token may be early", TOKEN_LEAD_MAX),
        ("tokens in the replay memory", wide(REPLAY_TOKENS_MAX)),
        ("up requests at once", wide(UP_REQUESTS_MAX)),
        ("bytes upwards under way", UP_WINDOW),
        ("bytes of a frame", wide(FRAME_LEN_MAX)),
        ("bytes of a hello", wide(HELLO_LEN_MAX)),
        ("members of a room, unless set", wide(ROOM_MEMBERS_DEFAULT)),
        ("members of a room, whatever is set", wide(ROOM_MEMBERS_MAX)),
        ("rooms of a session", wide(SESSION_ROOMS_DEFAULT)),
        ("listed rooms, unless set", wide(LISTED_ROOMS_DEFAULT)),
        ("listed rooms, whatever is set", wide(LISTED_ROOMS_MAX)),
        ("listed rooms of a session", wide(SESSION_LISTED_MAX)),
        ("bytes of a body", wide(BODY_LEN_MAX)),
        ("bytes of a wrap", wide(WRAP_LEN)),
        ("bytes of a text", wide(TEXT_LEN_MAX)),
        ("members that a client keeps in mind", wide(OCCUPANTS_MAX)),
        ("members that heads name", wide(HEADS_MAX)),
        ("messages that wait for others", wide(HELD_MAX)),
        ("texts of one's own that are followed until all have opened them", wide(DELIVERIES_MAX)),
        ("bytes that relay and members can make a client hold for a room", wide(ROOM_MEMORY_MAX)),
        ("missing frames of a pair that are stepped over", wide(RATCHET_GAP_MAX)),
        ("bytes of a file", FILE_LEN_MAX),
        ("bytes of a file's name, as proposed", wide(FILE_NAME_LEN_MAX)),
        ("offers of a member that wait", wide(OFFERS_MEMBER_MAX)),
        ("offers in a room that wait", wide(OFFERS_MAX)),
        ("bytes granted and not written", TAKING_WINDOW),
        ("files taken at once", wide(TAKING_MAX)),
        ("bytes of a chunk", wide(CHUNK_LEN_MAX)),
        ("sessions of a server, unless set", wide(SESSIONS_MAX)),
        ("unconfirmed sessions of a server, unless set", wide(SESSIONS_OPENED_MAX)),
        ("bytes that wait for a client, unless set", wide(QUEUE_LEN_MAX)),
    ];
    let written: Vec<(&str, u64)> = rows
        .iter()
        .map(|row| {
            (row[1], row[2].replace(',', "").parse().unwrap_or_else(|_| panic!("{row:?} states no number")))
        })
        .collect();
    assert_eq!(written, held);
}
