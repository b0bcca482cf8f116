//! The product's worker as a program of its own, for tests and measurements.

use std::process::ExitCode;

fn main() -> ExitCode {
    worker::run(std::env::args_os().skip(1))
}
