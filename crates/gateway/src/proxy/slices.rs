//! A whole answer whose length is known, handed out slice by slice.
//!
//! A connection takes the next slice when it has room for it. So whoever asks and does not read
//! keeps what the answer holds, which is how many such answers an account may have.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

const SLICE: usize = 64 * 1024;

/// `_held` lives until the last slice is taken.
pub(super) struct Slices<T> {
    left: Bytes,
    _held: T,
}

impl<T> Slices<T> {
    pub(super) fn new(whole: Bytes, held: T) -> Self {
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
        if self.left.is_empty() {
            return Poll::Ready(None);
        }
        let length = self.left.len().min(SLICE);
        Poll::Ready(Some(Ok(Frame::data(self.left.split_to(length)))))
    }

    fn is_end_stream(&self) -> bool {
        self.left.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left.len() as u64)
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
        let whole = Bytes::from(vec![b'x'; SLICE * 2 + 1]);
        let mut body = Slices::new(whole.clone(), turn.clone());
        let mut read = Vec::new();
        while !body.is_end_stream() {
            assert_eq!(Arc::strong_count(&turn), 2);
            assert_eq!(body.size_hint().exact(), Some((whole.len() - read.len()) as u64));
            let slice = body.frame().await.unwrap().unwrap().into_data().unwrap();
            assert!(slice.len() <= SLICE);
            read.extend_from_slice(&slice);
        }
        assert_eq!(read, whole);
        assert!(body.frame().await.is_none());
        drop(body);
        assert_eq!(Arc::strong_count(&turn), 1);
    }
}
