//! Fuzz targets, one program per parser that faces the network. `scripts/fuzz` builds and runs
//! them; what they call stands beside the parsers, in `gateway::fuzzing` and `garmin::fuzzing`,
//! whose tests replay the seeds of this folder in every test run.
//!
//! Outside the fuzzer's build the programs are empty, so that the workspace builds without a C++
//! compiler.

#[cfg(fuzzing)]
pub use libfuzzer_sys;

/// The whole of a target's program.
#[macro_export]
macro_rules! target {
    ($function:path) => {
        #[cfg(fuzzing)]
        $crate::libfuzzer_sys::fuzz_target!(|data: &[u8]| { $function(data) });

        #[cfg(not(fuzzing))]
        fn main() {}
    };
}
