//! The attempts as a page of the documentation shows them.

use std::fmt::Write as _;

use domain::sandbox::Layer;

use crate::attempts::Attempt;

fn names(layers: &[Layer]) -> String {
    layers.iter().map(|layer| format!("`{layer}`")).collect::<Vec<_>>().join(", ")
}

pub(crate) fn markdown(attempts: &[Attempt]) -> String {
    let mut text =
        "| Attempt | Denied by any one of | Without them |\n| --- | --- | --- |\n".to_owned();
    for attempt in attempts {
        let mut held = names(attempt.held_by);
        if !attempt.not_root.is_empty() {
            _ = write!(held, " (root passes {})", names(attempt.not_root));
        }
        let remains = if attempt.remains.is_empty() {
            "denied by the kernel's own rules, or as above"
        } else {
            attempt.remains
        };
        _ = writeln!(text, "| {} | {held} | {remains} |", attempt.what);
    }
    text
}
