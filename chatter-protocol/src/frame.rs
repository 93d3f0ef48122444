//! Frames inside a session's byte streams: each behind its length as a varint.
//!
//! **In** messages, or stretches of a stream as they arrive. **Out** the stream's bytes, or whole messages.
//! **Never** a buffer that grows beyond one frame of the largest size and what came behind it.

use alloc::vec::Vec;

use prost::Message;
use zeroize::Zeroize as _;

use crate::limits::FRAME_LEN_MAX;

/// Bytes that are no frame, or one that is too large.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the other end sent what is no frame")]
pub struct FrameError;

/// Puts `frame` onto the end of a stream.
pub fn push(frame: &impl Message, stream: &mut Vec<u8>) {
    frame.encode_length_delimited(stream).expect("a Vec grows as needed");
}

/// A length as a distance in a stream, whose offsets have eight bytes.
pub(crate) fn wide(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

/// Frames on their way out of a stream.
#[derive(Default)]
pub struct FrameBuffer {
    bytes: Vec<u8>,
}

impl FrameBuffer {
    /// Takes the stream's next bytes.
    pub fn receive(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// The next frame, if it has come whole.
    ///
    /// # Errors
    /// [`FrameError`] if no frame begins here; the stream is of no more use.
    pub fn next_frame<M: Message + Default>(&mut self) -> Result<Option<M>, FrameError> {
        let Some((length, header_len)) = self.length()? else { return Ok(None) };
        let Some(frame) = self.bytes.get(header_len..header_len + length) else { return Ok(None) };
        let frame = M::decode(frame).map_err(|_| FrameError)?;
        self.bytes.drain(..header_len + length);
        if self.bytes.is_empty() {
            self.bytes.zeroize();
            self.bytes = Vec::new();
        }
        Ok(Some(frame))
    }

    /// The coming frame's length and that of the varint before it.
    fn length(&self) -> Result<Option<(usize, usize)>, FrameError> {
        let mut length = 0;
        for (index, byte) in self.bytes.iter().enumerate() {
            if index == LENGTH_LEN_MAX {
                return Err(FrameError);
            }
            length |= usize::from(byte & 0x7f) << (7 * index);
            if byte & 0x80 == 0 {
                return if length <= FRAME_LEN_MAX { Ok(Some((length, index + 1))) } else { Err(FrameError) };
            }
        }
        Ok(None)
    }
}

/// Three bytes of seven bits cover the largest frame.
const LENGTH_LEN_MAX: usize = 3;

#[cfg(test)]
mod tests {
    use alloc::vec;

    use chatter_proto::relay::{ClientFrame, Leave, Occupant, RelayFrame, Roster, client_frame, relay_frame};
    use proptest::prelude::*;

    use super::*;
    use crate::limits::{HELLO_LEN_MAX, ROOM_MEMBERS_MAX};

    fn leave(room: u32) -> ClientFrame {
        ClientFrame { frame: Some(client_frame::Frame::Leave(Leave { room })) }
    }

    #[test]
    fn frames_arrive_whatever_the_pieces() {
        let frames = [leave(1), leave(0), ClientFrame::default(), leave(300_000)];
        let mut stream = Vec::new();
        frames.iter().for_each(|frame| push(frame, &mut stream));
        for piece in 1..stream.len() {
            let mut buffer = FrameBuffer::default();
            let mut arrived = Vec::new();
            for bytes in stream.chunks(piece) {
                buffer.receive(bytes);
                while let Some(frame) = buffer.next_frame::<ClientFrame>().expect("frames") {
                    arrived.push(frame);
                }
            }
            assert_eq!(arrived, frames);
        }
    }

    #[test]
    fn the_largest_roster_fits() {
        let occupant = |_| Occupant { member_id: vec![0; 16], hello: vec![0; HELLO_LEN_MAX].into() };
        let occupants = (0..ROOM_MEMBERS_MAX).map(occupant).collect();
        let roster = relay_frame::Frame::Roster(Roster { room: u32::MAX, occupants });
        assert!(RelayFrame { frame: Some(roster) }.encoded_len() <= FRAME_LEN_MAX);
    }

    #[test]
    fn a_frame_above_the_limit_is_refused_before_it_comes() {
        let mut buffer = FrameBuffer::default();
        buffer.receive(&[0x81, 0x80, 0x10]);
        assert_eq!(buffer.next_frame::<ClientFrame>(), Err(FrameError));
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes: Vec<u8>) {
            let mut buffer = FrameBuffer::default();
            buffer.receive(&bytes);
            while let Ok(Some(_)) = buffer.next_frame::<ClientFrame>() {}
        }
    }
}
