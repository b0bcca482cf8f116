//! A whole answer whose length is known, handed out slice by slice.
//!
//! A connection takes the next slice when it has room for it. So whoever asks and does not read
//! keeps what the answer holds, which is how many such answers an account may have.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use http_body::{Body, Frame, SizeHint};

const SLICE: usize = 64 * 1024;

/// What is not worth a piece of its own: a worker that drips must not fill memory with pieces.
const SMALL: usize = 4 * 1024;

/// Bytes in the pieces they arrived in: joining them would be the only copy they ever get.
#[derive(Debug, Default)]
pub(super) struct Pieces {
    large: VecDeque<Bytes>,
    /// Small pieces after the others, as one.
    tail: BytesMut,
    length: usize,
}

impl Pieces {
    pub(super) fn push(&mut self, piece: Bytes) {
        if piece.is_empty() {
            return;
        }
        self.length += piece.len();
        if piece.len() < SMALL && !self.large.is_empty() {
            self.tail.extend_from_slice(&piece);
            return;
        }
        if !self.tail.is_empty() {
            self.large.push_back(self.tail.split().freeze());
        }
        self.large.push_back(piece);
    }

    #[must_use]
    pub(super) fn len(&self) -> usize {
        self.length
    }

    #[must_use]
    pub(super) fn first(&self) -> &[u8] {
        self.large.front().map_or(&[], |piece| piece)
    }

    #[must_use]
    pub(super) fn last(&self) -> &[u8] {
        match self.large.back() {
            Some(piece) if self.tail.is_empty() => piece,
            Some(_) | None => &self.tail,
        }
    }

    /// As one. A copy, unless there is only one piece.
    #[must_use]
    pub(super) fn joined(&self) -> Bytes {
        if let (Some(only), 1, true) = (self.large.front(), self.large.len(), self.tail.is_empty())
        {
            return only.clone();
        }
        let mut joined = BytesMut::with_capacity(self.length);
        self.large.iter().for_each(|piece| joined.extend_from_slice(piece));
        joined.extend_from_slice(&self.tail);
        joined.freeze()
    }

    fn next(&mut self) -> Option<Bytes> {
        if self.large.is_empty() && !self.tail.is_empty() {
            self.large.push_back(std::mem::take(&mut self.tail).freeze());
        }
        let slice = match self.large.front_mut() {
            Some(piece) if piece.len() > SLICE => Some(piece.split_to(SLICE)),
            Some(_) | None => self.large.pop_front(),
        }?;
        self.length -= slice.len();
        Some(slice)
    }
}

impl From<Bytes> for Pieces {
    fn from(whole: Bytes) -> Self {
        let mut pieces = Self::default();
        pieces.push(whole);
        pieces
    }
}

/// `_held` lives until the last slice is taken.
pub(super) struct Slices<T> {
    left: Pieces,
    _held: T,
}

impl<T> Slices<T> {
    pub(super) fn new(whole: Pieces, held: T) -> Self {
        Self { left: whole, _held: held }
    }
}

impl<T: Unpin> Body for Slices<T> {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.left.next().map(|slice| Ok(Frame::data(slice))))
    }

    fn is_end_stream(&self) -> bool {
        self.left.length == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left.length as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::BodyExt;
    use std::sync::Arc;

    #[tokio::test]
    async fn t121_what_an_answer_holds_is_held_until_its_last_slice() {
        let turn = Arc::new(());
        let mut whole = Pieces::default();
        for (length, letter) in
            [(SLICE * 2 + 1, b'x'), (0, b'-'), (3, b'y'), (2, b'z'), (SMALL, b'a'), (1, b'b')]
        {
            whole.push(Bytes::from(vec![letter; length]));
        }
        let expected = whole.joined();
        let length = SLICE * 2 + 1 + 5 + SMALL + 1;
        assert_eq!((expected.len(), whole.len()), (length, length));
        assert!(expected[SLICE * 2 + 1..].starts_with(b"yyyzza") && whole.last() == b"b");
        let mut body = Slices::new(whole, turn.clone());
        let mut read = Vec::new();
        while !body.is_end_stream() {
            assert_eq!(Arc::strong_count(&turn), 2);
            assert_eq!(body.size_hint().exact(), Some((expected.len() - read.len()) as u64));
            let slice = body.frame().await.unwrap().unwrap().into_data().unwrap();
            assert!(slice.len() <= SLICE);
            read.extend_from_slice(&slice);
        }
        assert_eq!(read, expected);
        assert!(body.frame().await.is_none());
        drop(body);
        assert_eq!(Arc::strong_count(&turn), 1);
    }
}
