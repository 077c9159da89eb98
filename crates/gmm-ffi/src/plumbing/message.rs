//! Messages of refusals, in fixed memory of the thread: a refusal allocates nothing, unless what it quotes does.

use std::cell::RefCell;
use std::fmt::{self, Write};

/// Bytes of a message at most, with the NUL at its end; of longer ones the beginning is kept.
const MESSAGE_LEN: usize = 2048;

/// A message, that C can read.
#[derive(Clone, Copy)]
pub(super) struct Text {
    pub(super) bytes: [u8; MESSAGE_LEN],
    /// Without the NUL.
    pub(super) len: usize,
}

impl Text {
    const EMPTY: Text = Text { bytes: [0; MESSAGE_LEN], len: 0 };

    fn clear(&mut self) {
        (self.bytes[0], self.len) = (0, 0);
    }

    pub(super) fn set(&mut self, other: &Text) {
        self.bytes[..=other.len].copy_from_slice(&other.bytes[..=other.len]);
        self.len = other.len;
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

impl Write for Text {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = MESSAGE_LEN - 1 - self.len;
        let text = &text[..text.floor_char_boundary(room)];
        let to = &mut self.bytes[self.len..][..text.len()];
        // C takes a NUL for the end.
        to.iter_mut().zip(text.bytes()).for_each(|(to, byte)| *to = if byte == 0 { b'?' } else { byte });
        self.len += text.len();
        self.bytes[self.len] = 0;
        Ok(())
    }
}

thread_local! {
    // What has no destructor needs no memory to be registered.
    pub(super) static MESSAGE: RefCell<Text> = const { RefCell::new(Text::EMPTY) };
    /// Of the last refusal, which is the message of a call once the call fails with it.
    pub(super) static PENDING: RefCell<Text> = const { RefCell::new(Text::EMPTY) };
}

/// Writes the message of a refusal that is being made.
pub(super) fn set_pending(message: impl fmt::Display) {
    PENDING.with_borrow_mut(|text| {
        text.clear();
        // Writing into memory does not fail.
        let _ = write!(text, "{message}");
    });
}
