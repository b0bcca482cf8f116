//! Randomness as an argument.

use std::fmt;
use std::ops::RangeInclusive;
use std::time::Duration;

/// Where random bytes come from.
pub trait Entropy: Send + Sync + fmt::Debug {
    fn fill(&self, bytes: &mut [u8]);
}

/// The operating system's generator.
#[derive(Debug, Clone, Copy, Default)]
pub struct OsEntropy;

impl Entropy for OsEntropy {
    /// # Panics
    /// When the operating system has no randomness: there is no safe way on.
    fn fill(&self, bytes: &mut [u8]) {
        #[expect(clippy::disallowed_methods, reason = "the one place that asks the system")]
        #[expect(clippy::expect_used, reason = "a secret without randomness must not exist")]
        getrandom::fill(bytes).expect("the operating system gave no random bytes");
    }
}

/// A repeatable sequence for tests: every call yields new bytes, every run the same ones.
#[derive(Debug, Default)]
pub struct CountingEntropy(std::sync::atomic::AtomicU64);

impl Entropy for CountingEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        use sha2::{Digest, Sha256};
        let turn = self.0.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        for (block, chunk) in bytes.chunks_mut(32).enumerate() {
            let digest = Sha256::digest(format!("{turn}/{block}"));
            chunk.copy_from_slice(&digest[..chunk.len()]);
        }
    }
}

/// A fixed number of random bytes.
#[must_use]
pub fn bytes<const N: usize>(entropy: &dyn Entropy) -> [u8; N] {
    let mut raw = [0; N];
    entropy.fill(&mut raw);
    raw
}

/// A uniformly random duration within `range`, to the millisecond.
#[must_use]
pub fn duration_within(entropy: &dyn Entropy, range: &RangeInclusive<Duration>) -> Duration {
    let span = range.end().saturating_sub(*range.start()).as_millis();
    let span = u64::try_from(span).unwrap_or(u64::MAX);
    // The bias of the remainder is below 2^-40 for any wait a person would sit through.
    let offset = u64::from_le_bytes(bytes(entropy)) % span.saturating_add(1).max(1);
    *range.start() + Duration::from_millis(offset)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_stays_within_its_range() {
        let entropy = CountingEntropy::default();
        let range = Duration::from_secs(2)..=Duration::from_secs(5);
        for _ in 0..200 {
            assert!(range.contains(&duration_within(&entropy, &range)));
        }
        let point = Duration::ZERO..=Duration::ZERO;
        assert_eq!(duration_within(&entropy, &point), Duration::ZERO);
    }

    #[test]
    fn counting_entropy_never_repeats_itself_within_a_run() {
        let entropy = CountingEntropy::default();
        assert_ne!(bytes::<40>(&entropy), bytes::<40>(&entropy));
    }
}
