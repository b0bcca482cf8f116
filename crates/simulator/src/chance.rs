//! Chance without state: every number is a function of a seed and a path of labels, so any part of
//! a year can be computed alone and always comes out the same.

/// A point in the tree of random numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seed(u64);

/// The finaliser of `SplitMix64`: cheap, and good enough for people who do not exist.
const fn mix(value: u64) -> u64 {
    let z = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

impl Seed {
    pub(crate) const fn new(value: u64) -> Self {
        Self(mix(value))
    }

    pub(crate) fn child(self, label: &str) -> Self {
        let mut hash = self.0;
        for byte in label.bytes() {
            hash = mix(hash ^ u64::from(byte));
        }
        Self(hash)
    }

    pub(crate) const fn at(self, index: i64) -> Self {
        Self(mix(self.0 ^ mix(index.cast_unsigned())))
    }

    pub(crate) const fn bits(self) -> u64 {
        mix(self.0)
    }

    /// A number in `0.0..1.0`.
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit a f64 exactly")]
    pub(crate) fn unit(self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub(crate) fn between(self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// A whole number in `low..=high`.
    pub(crate) fn whole(self, low: i64, high: i64) -> i64 {
        let span = high.abs_diff(low) + 1;
        low.saturating_add_unsigned(self.bits() % span)
    }

    pub(crate) fn pick<T: Copy>(self, choices: &[T]) -> T {
        let index = usize::try_from(self.bits() % choices.len() as u64).unwrap_or(0);
        choices[index]
    }

    /// Roughly normal, mean 0 and deviation 1, never beyond ±3.5.
    pub(crate) fn normal(self) -> f64 {
        let sum: f64 = (0..4).map(|index| self.at(index).unit()).sum();
        (sum - 2.0) * 1.732
    }

    pub(crate) fn happens(self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// 32 hexadecimal digits.
    pub(crate) fn hex(self) -> String {
        format!("{:016x}{:016x}", self.at(1).bits(), self.at(2).bits())
    }

    /// A version 4 UUID.
    pub(crate) fn uuid(self) -> String {
        let hex = self.hex();
        format!("{}-{}-4{}-a{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..])
    }
}

/// Smooth noise in about `-1.0..1.0`, with a knot every `every` units of `position`.
#[expect(clippy::cast_possible_truncation, reason = "positions are minutes or seconds")]
pub(crate) fn smooth(seed: Seed, position: f64, every: f64) -> f64 {
    let scaled = position / every;
    let knot = scaled.floor();
    let fraction = scaled - knot;
    let eased = fraction * fraction * (3.0 - 2.0 * fraction);
    let before = seed.at(knot as i64).between(-1.0, 1.0);
    let after = seed.at(knot as i64 + 1).between(-1.0, 1.0);
    before + (after - before) * eased
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_path_gives_the_same_number_and_another_path_another() {
        let seed = Seed::new(7);
        assert_eq!(seed.child("sleep").at(3).bits(), Seed::new(7).child("sleep").at(3).bits());
        assert_ne!(seed.child("sleep").at(3).bits(), seed.child("sleep").at(4).bits());
        assert_ne!(seed.child("sleep").bits(), seed.child("steps").bits());
    }

    #[test]
    fn whole_numbers_stay_inside_their_bounds_and_reach_both_ends() {
        let drawn: Vec<i64> = (0..500).map(|index| Seed::new(1).at(index).whole(-2, 3)).collect();
        assert_eq!(drawn.iter().min(), Some(&-2));
        assert_eq!(drawn.iter().max(), Some(&3));
    }

    #[test]
    fn normal_numbers_centre_on_zero() {
        let mean = (0..2_000).map(|index| Seed::new(5).at(index).normal()).sum::<f64>() / 2_000.0;
        assert!(mean.abs() < 0.1, "{mean}");
    }

    #[test]
    fn a_uuid_has_its_version_and_its_dashes() {
        let uuid = Seed::new(9).uuid();
        assert_eq!(uuid.len(), 36);
        assert_eq!(uuid.as_bytes()[14], b'4');
    }
}
