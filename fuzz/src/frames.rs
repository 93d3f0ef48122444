//! Frames out of a byte stream, from clients and from a relay.
//!
//! **In**: how the stream is cut, the stream. **Out**: the same frames however it is cut. **Never**: a frame above the
//! largest size.

use chatter_proto::relay::{ClientFrame, RelayFrame};
use chatter_protocol::frame::{self, FrameBuffer};
use chatter_protocol::limits;
use prost::Message;

/// The same frames come of a stream however it is cut, and put together again they mean the same.
pub fn frames(input: &[u8]) {
    let (cut, stream) = input.split_at(input.len().min(1));
    let piece = usize::from(cut.first().copied().unwrap_or(0)) + 1;
    read_both_ways::<ClientFrame>(stream, piece);
    read_both_ways::<RelayFrame>(stream, piece);
}

fn read_both_ways<M: Message + Default + PartialEq + std::fmt::Debug>(stream: &[u8], piece: usize) {
    let whole = read::<M>(stream, stream.len().max(1));
    assert_eq!(whole, read::<M>(stream, piece), "cut in pieces of {piece} it is another stream");
    let (frames, _) = whole;
    assert!(frames.iter().all(|frame| frame.encoded_len() <= 2 * limits::FRAME_LEN_MAX));
    let mut again = Vec::new();
    frames.iter().for_each(|frame| frame::push(frame, &mut again));
    assert_eq!(read::<M>(&again, again.len().max(1)), (frames, true), "what was read can be written");
}

/// The frames, and whether the stream is still one.
fn read<M: Message + Default>(stream: &[u8], piece: usize) -> (Vec<M>, bool) {
    let mut buffer = FrameBuffer::default();
    let mut frames = Vec::new();
    for bytes in stream.chunks(piece) {
        buffer.receive(bytes);
        loop {
            match buffer.next_frame::<M>() {
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) => break,
                Err(_) => return (frames, false),
            }
        }
    }
    (frames, true)
}
