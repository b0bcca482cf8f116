//! Files of activities: unpacked and decoded.
//!
//! A file is the least trusted thing there is: anybody can upload one, and an athlete's own may
//! be torn or written by a device nobody has heard of. So everything is bounded, nothing panics,
//! and what can be read of a damaged file is read, with a word about the rest.

mod archive;
mod fit;
mod recording;
mod told;
mod values;
mod weight;

pub use archive::{LARGEST_FILE, unpack};
pub use fit::{Damage, Field, FitMessage, messages};
pub use recording::{DeveloperChannel, Pause, Recording, Records, record};
pub use told::{NotAnActivity, Told, UploadFormat, told};
pub use values::FitValue;
pub use weight::{BodyComposition, weight_file};

/// Why a file cannot be read at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadFile {
    #[error("the archive cannot be opened")]
    BadArchive,
    /// Uploaded in another format, as many imported activities are.
    #[error("the archive holds no FIT file")]
    NoFit,
    #[error("this is no FIT file")]
    NotFit,
    #[error("the file is larger than any recording")]
    TooLarge,
}
