//! Where a request on the wire begins and ends, read as strictly as any proxy in front might.
//!
//! The parser behind this takes a bare line feed for a line's end and lets chunks win over a
//! length. Another reader of the same bytes may not, and what it takes for a body would be a
//! request here. So the bytes are followed on their way in, and a connection on which two
//! readers could disagree is refused and closed.

/// Request line and header fields together.
pub(super) const HEAD_LIMIT: usize = 32 * 1024;
/// Size lines and trailers of a chunked body.
const LINE_LIMIT: usize = 4 * 1024;

/// Why a connection is not served further.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// Two readers could tell different requests from these bytes.
    Ambiguous,
    /// The head is longer than [`HEAD_LIMIT`].
    TooLarge,
}

/// What the next byte belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    RequestLine,
    Field,
    Body(u64),
    ChunkSize,
    ChunkData(u64),
    /// The line break after a chunk's data.
    ChunkEnd,
    Trailer,
    /// Nothing is known any more; the fault has been told.
    Lost,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Length {
    None,
    Known(u64),
    Chunked,
}

/// The position in the stream of one connection.
#[derive(Debug)]
pub(super) struct Framing {
    place: Place,
    length: Length,
    head: usize,
    /// What has arrived of the line under way.
    line: Vec<u8>,
}

impl Framing {
    pub(super) fn new() -> Self {
        Self { place: Place::RequestLine, length: Length::None, head: 0, line: Vec::new() }
    }

    /// Follows what has arrived. After a fault nothing is followed any more.
    pub(super) fn follow(&mut self, mut bytes: &[u8]) -> Result<(), Fault> {
        while !bytes.is_empty() {
            let taken = match self.place {
                Place::Lost => return Ok(()),
                Place::Body(left) => {
                    let (taken, left) = skip(left, bytes);
                    self.place = if left == 0 { Place::RequestLine } else { Place::Body(left) };
                    taken
                }
                Place::ChunkData(left) => {
                    let (taken, left) = skip(left, bytes);
                    self.place = if left == 0 { Place::ChunkEnd } else { Place::ChunkData(left) };
                    taken
                }
                Place::RequestLine
                | Place::Field
                | Place::ChunkSize
                | Place::ChunkEnd
                | Place::Trailer => match self.follow_line(bytes) {
                    Ok(taken) => taken,
                    Err(fault) => {
                        self.place = Place::Lost;
                        self.line = Vec::new();
                        return Err(fault);
                    }
                },
            };
            bytes = &bytes[taken..];
        }
        Ok(())
    }

    /// Takes bytes up to the end of a line, and the line with it once it is whole.
    fn follow_line(&mut self, bytes: &[u8]) -> Result<usize, Fault> {
        let end = bytes.iter().position(|&byte| byte == b'\n');
        let taken = end.map_or(bytes.len(), |at| at + 1);
        if matches!(self.place, Place::RequestLine | Place::Field) {
            self.head += taken;
            if self.head > HEAD_LIMIT {
                return Err(Fault::TooLarge);
            }
        } else if self.line.len() + taken > LINE_LIMIT {
            return Err(Fault::Ambiguous);
        }
        let (piece, _) = bytes.split_at(taken);
        if end.is_none() {
            self.line.extend_from_slice(piece);
        } else if self.line.is_empty() {
            self.whole_line(piece)?;
        } else {
            let mut line = std::mem::take(&mut self.line);
            line.extend_from_slice(piece);
            self.whole_line(&line)?;
        }
        Ok(taken)
    }

    fn whole_line(&mut self, line: &[u8]) -> Result<(), Fault> {
        let text = line.strip_suffix(b"\r\n").ok_or(Fault::Ambiguous)?;
        if text.iter().any(|byte| matches!(byte, b'\r' | 0)) {
            return Err(Fault::Ambiguous);
        }
        self.finish_line(text)
    }

    fn finish_line(&mut self, line: &[u8]) -> Result<(), Fault> {
        match self.place {
            // Line breaks before a request are skipped (RFC 9112 §2.2).
            Place::RequestLine if line.is_empty() => {}
            Place::RequestLine => {
                self.place = Place::Field;
                self.length = Length::None;
            }
            Place::Field if line.is_empty() => {
                self.head = 0;
                self.place = match self.length {
                    Length::None | Length::Known(0) => Place::RequestLine,
                    Length::Known(length) => Place::Body(length),
                    Length::Chunked => Place::ChunkSize,
                };
            }
            Place::Field => self.field(line)?,
            Place::ChunkSize => {
                // What an extension says has no meaning, and readers disagree where it ends.
                let size = hex(line).ok_or(Fault::Ambiguous)?;
                self.place = if size == 0 { Place::Trailer } else { Place::ChunkData(size) };
            }
            Place::ChunkEnd if line.is_empty() => self.place = Place::ChunkSize,
            Place::ChunkEnd => return Err(Fault::Ambiguous),
            Place::Trailer if line.is_empty() => self.place = Place::RequestLine,
            Place::Trailer | Place::Body(_) | Place::ChunkData(_) | Place::Lost => {}
        }
        Ok(())
    }

    fn field(&mut self, line: &[u8]) -> Result<(), Fault> {
        let colon = line.iter().position(|&byte| byte == b':').ok_or(Fault::Ambiguous)?;
        let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
        // A folded line begins with white space; a name that ends with it hides a field.
        if name.is_empty() || name.iter().any(u8::is_ascii_whitespace) {
            return Err(Fault::Ambiguous);
        }
        let length = if name.eq_ignore_ascii_case(b"content-length") {
            Length::Known(decimal(value).ok_or(Fault::Ambiguous)?)
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            if !value.eq_ignore_ascii_case(b"chunked") {
                return Err(Fault::Ambiguous);
            }
            Length::Chunked
        } else {
            return Ok(());
        };
        // Once, and not both.
        if self.length != Length::None {
            return Err(Fault::Ambiguous);
        }
        self.length = length;
        Ok(())
    }
}

/// How many of `bytes` belong to a body of which `left` are missing, and how many are then.
fn skip(left: u64, bytes: &[u8]) -> (usize, u64) {
    let here = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
    (here, left - here as u64)
}

fn decimal(text: &[u8]) -> Option<u64> {
    let digits = !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(text).ok().filter(|_| digits)?.parse().ok()
}

fn hex(text: &[u8]) -> Option<u64> {
    let digits = !text.is_empty() && text.iter().all(u8::is_ascii_hexdigit);
    let text = std::str::from_utf8(text).ok().filter(|_| digits)?;
    u64::from_str_radix(text, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// However the bytes are cut, the verdict is one.
    fn verdict(wire: &str) -> Result<(), Fault> {
        let whole = Framing::new().follow(wire.as_bytes());
        let mut framing = Framing::new();
        let one_by_one = wire.as_bytes().chunks(1).try_for_each(|byte| framing.follow(byte));
        assert_eq!(whole, one_by_one, "{wire:?}");
        whole
    }

    fn post(fields: &str, body: &str) -> String {
        format!("POST /oauth/token HTTP/1.1\r\nHost: x\r\n{fields}\r\n{body}")
    }

    #[test]
    fn what_has_one_meaning_passes_one_request_after_another() {
        let get = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
        for wire in [
            get.repeat(3),
            format!("\r\n{get}"),
            post("Content-Length: 3\r\n", "a\nb") + get,
            post("content-length: 0\r\n", get),
            post("Transfer-Encoding: Chunked\r\n", "A\r\n0123\n56789\r\n0\r\nX: y\r\n\r\n") + get,
            post("X: a b:c\r\nEmpty:\r\n", get),
        ] {
            assert_eq!(verdict(&wire), Ok(()), "{wire:?}");
        }
    }

    #[test]
    fn t111_sec078_what_two_readers_could_read_differently_is_refused() {
        let chunks = "0\r\n\r\n";
        for fields in [
            "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
            "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
            "Content-Length: 5\r\nContent-Length: 5\r\n",
            "Content-Length: 5\r\nContent-Length: 6\r\n",
            "Content-Length: 5, 5\r\n",
            "Content-Length: +5\r\n",
            "Content-Length: 0x5\r\n",
            "Content-Length: -1\r\n",
            "Content-Length:\r\n",
            "Content-Length: 99999999999999999999\r\n",
            "Content-Length : 5\r\n",
            " Content-Length: 5\r\n",
            "Transfer-Encoding: chunked, identity\r\n",
            "Transfer-Encoding: identity, chunked\r\n",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
            "Transfer-Encoding: gzip\r\n",
            "Transfer-Encoding: xchunked\r\n",
            "Transfer-Encoding : chunked\r\n",
            "Transfer-Encoding:\r\n chunked\r\n",
            "X: a\r\n folded\r\n",
            "X: a\n",
            "X: a\rb\r\n",
            "X: a\0b\r\n",
            "no colon\r\n",
        ] {
            assert_eq!(verdict(&post(fields, chunks)), Err(Fault::Ambiguous), "{fields:?}");
        }
        for body in [
            "5;a=\"\n\"\r\nhello\r\n0\r\n\r\n",
            "5;ext\r\nhello\r\n0\r\n\r\n",
            "5\nhello\r\n0\r\n\r\n",
            "+5\r\nhello\r\n0\r\n\r\n",
            "0x5\r\nhello\r\n0\r\n\r\n",
            "5\r\nhello0\r\n\r\n",
            "fffffffffffffffff\r\n",
        ] {
            let wire = post("Transfer-Encoding: chunked\r\n", body);
            assert_eq!(verdict(&wire), Err(Fault::Ambiguous), "{body:?}");
        }
        assert_eq!(verdict("GET / HTTP/1.1\nHost: x\n\n"), Err(Fault::Ambiguous));
    }

    #[test]
    fn a_head_has_32_kib_and_a_body_may_be_longer() {
        let head = |length: usize| post(&format!("X: {}\r\n", "y".repeat(length)), "");
        let overhead = head(0).len();
        assert_eq!(verdict(&head(HEAD_LIMIT - overhead)), Ok(()));
        assert_eq!(verdict(&head(HEAD_LIMIT - overhead + 1)), Err(Fault::TooLarge));
        let long = post("Content-Length: 100000\r\n", &"z".repeat(100_000));
        assert_eq!(verdict(&(long + "GET / HTTP/1.1\r\n\r\n")), Ok(()));
    }
}
