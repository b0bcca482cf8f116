//! Labels are enums: whatever a client sends, the number of series stays the same.

use metrics::{Counter, Gauge, Histogram};

pub trait Label: Copy + 'static {
    const KEY: &'static str;
    const ALL: &'static [Self];

    fn word(self) -> &'static str;

    /// Its place in [`Self::ALL`].
    fn place(self) -> usize;
}

/// An enum of label values: `labels! { /// About. Name, "key": Variant = "value", … }`.
macro_rules! labels {
    ($(#[$about:meta])* $name:ident, $key:literal: $($(#[$doc:meta])* $variant:ident = $word:literal,)+) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name {
            $($(#[$doc])* $variant,)+
        }

        impl $crate::metrics::Label for $name {
            const KEY: &'static str = $key;
            const ALL: &'static [Self] = &[$(Self::$variant,)+];

            fn word(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }

            fn place(self) -> usize {
                self as usize
            }
        }
    };
}
pub(crate) use labels;

/// One handle for each value of a label, found by its place.
pub struct By<L, H> {
    handles: Box<[H]>,
    label: std::marker::PhantomData<L>,
}

impl<L: Label, H> By<L, H> {
    pub(super) fn new(handle: impl FnMut(&L) -> H) -> Self {
        Self { handles: L::ALL.iter().map(handle).collect(), label: std::marker::PhantomData }
    }

    #[must_use]
    pub fn of(&self, label: L) -> &H {
        &self.handles[label.place()]
    }
}

/// A counter for each value.
pub type Counters<L> = By<L, Counter>;
/// A gauge for each value.
pub type Gauges<L> = By<L, Gauge>;
/// A histogram for each value.
pub type Histograms<L> = By<L, Histogram>;
