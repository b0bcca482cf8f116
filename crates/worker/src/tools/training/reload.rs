//! Asking Garmin to bring back what it has put away.

use garmin::api::Target;
use garmin::write::Write;

use super::DayArgs;
use crate::account::Account;
use crate::error::ToolError;
use crate::tool::Class;
use crate::writes::{Plan, Step, WriteTool};

/// `request_reload`
pub(super) struct Reload;

impl WriteTool for Reload {
    const NAME: &'static str = "request_reload";
    const TITLE: &'static str = "Bring back an old day";
    const DESCRIPTION: &'static str = "Asks Garmin to bring back the detailed data of a day, \
        which it puts away after about half a year. It takes minutes; then read again.";
    const CLASS: Class = Class::Set;
    type Args = DayArgs;

    async fn plan(account: &Account, args: DayArgs) -> Result<Plan, ToolError> {
        let day = args.date.resolve("date", account.today().await?)?;
        let request = Target::new("/wellness-service/wellness/epoch/request").segment(day);
        Ok(Plan::new(format!("detailed data of {day}"))
            .step(Step::new("ask for it", Write::post(request)))
            .warning("It takes some minutes until the data is back.")
            .key("date", day.to_string()))
    }
}
