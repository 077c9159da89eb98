//! Messages of refusals, in fixed memory of the thread: a refusal allocates only for the text that it quotes.

use std::cell::RefCell;
use std::fmt::{self, Write};

/// Largest message in bytes, with the NUL at its end; longer messages are cut.
const MESSAGE_LEN: usize = 2048;

/// A message that C can read.
#[derive(Clone, Copy)]
pub(super) struct Text {
    pub(super) bytes: [u8; MESSAGE_LEN],
    /// Length without the NUL.
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
        // C would take a NUL inside the message for its end.
        to.iter_mut().zip(text.bytes()).for_each(|(to, byte)| *to = if byte == 0 { b'?' } else { byte });
        self.len += text.len();
        self.bytes[self.len] = 0;
        Ok(())
    }
}

thread_local! {
    // No destructor: the first use on a thread allocates nothing.
    pub(super) static MESSAGE: RefCell<Text> = const { RefCell::new(Text::EMPTY) };
    /// The message of the last refusal; it becomes the thread's message when a call fails with that refusal.
    pub(super) static PENDING: RefCell<Text> = const { RefCell::new(Text::EMPTY) };
}

/// Stores the message of a new refusal as pending.
pub(super) fn set_pending(message: impl fmt::Display) {
    PENDING.with_borrow_mut(|text| {
        text.clear();
        // Writing into memory does not fail.
        let _ = write!(text, "{message}");
    });
}
