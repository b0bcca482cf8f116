//! What `export_data` has named, made anew for whoever reads it.

use garmin::BoxFuture;

use super::{Address, Content, Entry, Read};
use crate::error::ToolError;
use crate::tools::{ExportFormat, exported};
use crate::visit::Visit;

pub(super) static ALL: &[Entry] = &[
    Entry {
        uri: "export://{id}.csv",
        name: "export-csv",
        title: "Export as CSV",
        about: "Days or activities as a table; export_data gives the addresses.",
        kind: "text/csv",
        tool: Some("export_data"),
        read: Read::By(|visit, address| read(visit, address, ExportFormat::Csv)),
    },
    Entry {
        uri: "export://{id}.jsonl",
        name: "export-jsonl",
        title: "Export as JSON lines",
        about: "Days or activities, one object a line; export_data gives the addresses.",
        kind: "application/jsonl",
        tool: Some("export_data"),
        read: Read::By(|visit, address| read(visit, address, ExportFormat::Jsonl)),
    },
];

fn read<'a>(
    visit: Visit<'a>,
    address: Address<'a>,
    format: ExportFormat,
) -> BoxFuture<'a, Result<Content, ToolError>> {
    Box::pin(async move { Ok(Content::Text(exported(visit, address.part(0), format).await?)) })
}
