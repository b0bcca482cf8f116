//! Rows and columns, and how programs like to read them.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use garmin::days::DayRange;
use jiff::civil::Date;
use serde_json::{Map, Value};

use super::{Format, LARGEST};
use crate::error::ToolError;
use crate::text;
use crate::tools::activities::export::{COLUMNS, Rows};
use crate::tools::health::{Gathered, Metric};

#[derive(Debug, PartialEq)]
pub(super) struct Table {
    columns: Vec<&'static str>,
    rows: Vec<Vec<Value>>,
}

/// A row for each day of the range that has any of the figures. A figure that could not be read
/// in full has no column: a hole would look like a day without data.
pub(super) fn of_days(gathered: &Gathered, metrics: &[Metric], range: DayRange) -> Table {
    let whole: Vec<Metric> =
        metrics.iter().copied().filter(|metric| gathered.failure(*metric).is_none()).collect();
    let asked = range.first().date()..=range.last().date();
    let days: BTreeSet<Date> = whole
        .iter()
        .flat_map(|metric| gathered.days(*metric).range(asked.clone()).map(|(date, _)| *date))
        .collect();
    let cell = |metric: &Metric, date: &Date| {
        gathered.days(*metric).get(date).map_or(Value::Null, |value| metric.rounded(*value))
    };
    let row = |date: Date| {
        let cells = whole.iter().map(|metric| cell(metric, &date));
        std::iter::once(date.to_string().into()).chain(cells).collect()
    };
    Table {
        columns: std::iter::once("date").chain(whole.iter().map(|it| it.column())).collect(),
        rows: days.into_iter().map(row).collect(),
    }
}

/// The oldest first, as days are.
pub(super) fn of_activities(found: Rows) -> Table {
    let row = |mut fields: Map<String, Value>| {
        COLUMNS.iter().map(|name| text::clean(fields.remove(*name).unwrap_or_default())).collect()
    };
    Table { columns: COLUMNS.to_vec(), rows: found.rows.into_iter().rev().map(row).collect() }
}

impl Table {
    pub(super) fn columns(&self) -> &[&'static str] {
        &self.columns
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    pub(super) fn write(&self, format: Format) -> Result<String, ToolError> {
        let mut text = String::new();
        if format == Format::Csv {
            text.push_str(&self.columns.join(","));
            text.push_str("\r\n");
        }
        for row in &self.rows {
            match format {
                Format::Csv => {
                    let cells: Vec<String> = row.iter().map(cell).collect();
                    text.push_str(&cells.join(","));
                    text.push_str("\r\n");
                }
                Format::Jsonl => {
                    let fields = self.columns.iter().zip(row).filter(|(_, cell)| !cell.is_null());
                    let line: Map<String, Value> =
                        fields.map(|(name, cell)| ((*name).to_owned(), cell.clone())).collect();
                    // Writing to a String cannot fail.
                    let _ = writeln!(text, "{}", Value::Object(line));
                }
            }
            if text.len() > LARGEST {
                return Err(ToolError::argument(
                    "start_date",
                    format!("a file would be larger than {LARGEST} bytes; ask for fewer days"),
                ));
            }
        }
        Ok(text)
    }
}

/// A cell of RFC 4180. Spreadsheets run a text that begins like a formula, and others name
/// activities, so such a text gets the mark by which they know that it is none.
fn cell(value: &Value) -> String {
    let text = match value {
        Value::Null => return String::new(),
        Value::String(text) if text.starts_with(['=', '+', '-', '@']) => format!("'{text}"),
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    };
    if text.contains(['"', ',', '\r', '\n']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn table() -> Table {
        Table {
            columns: vec!["date", "name", "km"],
            rows: vec![
                vec![json!("2026-05-01"), json!("Run, \"easy\""), json!(8.5)],
                vec![json!("2026-05-02"), json!("=HYPERLINK(1)"), json!(-1)],
                vec![json!("2026-05-03"), Value::Null, json!(0)],
            ],
        }
    }

    #[test]
    fn commas_and_quotes_stay_within_their_cell_and_formulas_stay_texts() {
        let expected = "date,name,km\r\n2026-05-01,\"Run, \"\"easy\"\"\",8.5\r\n\
                        2026-05-02,'=HYPERLINK(1),-1\r\n2026-05-03,,0\r\n";
        assert_eq!(table().write(Format::Csv).unwrap(), expected);
    }

    #[test]
    fn a_line_is_an_object_without_what_is_not_known() {
        let text = table().write(Format::Jsonl).unwrap();
        let lines: Vec<Value> =
            text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.len(), 3);
        assert_eq!(lines[1]["name"], "=HYPERLINK(1)");
        assert_eq!(lines[2], json!({ "date": "2026-05-03", "km": 0 }));
    }

    #[test]
    fn a_file_that_would_be_too_large_is_not_made() {
        let row = vec![json!("x".repeat(1_000_000)), Value::Null, Value::Null];
        let table = Table { rows: vec![row; 5], ..table() };
        assert!(table.write(Format::Csv).unwrap_err().to_string().contains("fewer days"));
    }
}
