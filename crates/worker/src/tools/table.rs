//! Many rows of the same kind: the names of the columns once, then the values.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

/// Columns in which nothing was measured are left out; elsewhere null says so.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[schemars(inline)]
pub(crate) struct Table {
    pub(crate) columns: Vec<&'static str>,
    pub(crate) rows: Vec<Vec<Value>>,
}

impl Table {
    /// A table of rows that have a value for each of `columns`, in their order.
    pub(crate) fn of(columns: &[&'static str], rows: Vec<Vec<Value>>) -> Self {
        let said: Vec<bool> = (0..columns.len())
            .map(|at| rows.iter().any(|row| row.get(at).is_some_and(|value| !value.is_null())))
            .collect();
        let kept = |at: usize| said.get(at).copied().unwrap_or(false);
        let columns = columns.iter().enumerate();
        Self {
            columns: columns.filter(|(at, _)| kept(*at)).map(|(_, name)| *name).collect(),
            rows: rows
                .into_iter()
                .map(|row| {
                    let cells = row.into_iter().enumerate();
                    cells.filter(|(at, _)| kept(*at)).map(|(_, value)| value).collect()
                })
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_column_without_any_value_goes_and_a_gap_stays() {
        let rows = vec![
            vec![json!("2026-05-01"), json!(null), json!(0)],
            vec![json!("2026-05-02"), json!(null), json!(null)],
        ];
        let table = Table::of(&["date", "atl", "ctl"], rows);
        let expected = json!({"columns": ["date", "ctl"],
                              "rows": [["2026-05-01", 0], ["2026-05-02", null]]});
        assert_eq!(serde_json::to_value(table).unwrap(), expected);
        assert_eq!(Table::of(&["date"], Vec::new()).columns, Vec::<&str>::new());
    }
}
