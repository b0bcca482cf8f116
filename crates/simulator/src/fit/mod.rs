//! Files in Garmin's FIT format, as a watch writes them. Written from the protocol's
//! description and sharing nothing with the reader, so that each can prove the other wrong.

mod activity;
mod reader;
mod workout;
mod writer;

pub(crate) use activity::activity_file;
pub(crate) use reader::{Recorded, Weighed, Written, read};
pub(crate) use workout::workout_file;
