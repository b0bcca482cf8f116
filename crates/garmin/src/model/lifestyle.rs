//! Habits the athlete keeps a log of. The spelling is Garmin's: behaviours.

use jiff::civil::Date;

use super::model;

model! {
    LifestyleDay as "lifestyle log" {
        "calendarDate" => date: Date,
        "dailyLogsReport" => log: Vec<LoggedBehaviour>,
        "completionStats" => completion: Vec<LogCompletion>,
    }

    /// What was answered for one habit. Without a status nothing was: that is neither yes nor no.
    LoggedBehaviour as "logged behaviour" {
        "behaviourId" => id: i64,
        "name" => name: String,
        "category" => category: String,
        "measurementType" => measured: String,
        "calendarDate" => date: Date,
        "sleepRelated" => sleep_related: bool,
        "logStatus" => status: String,
        "details" => amounts: Vec<BehaviourAmount>,
    }

    BehaviourAmount as "amount of a behaviour" {
        "subTypeId" => id: i64,
        "subTypeName" => name: String,
        "amount" => amount: f64,
    }

    LogCompletion as "completion of the log" {
        "calendarDate" => date: Date,
        "totalTracking" => tracked: i64,
        "completedTracking" => completed: i64,
    }

    /// A habit that can be kept a log of.
    Behaviour as "behaviour" {
        "behaviourId" => id: i64,
        "userProfilePk" | "userProfilePK" => profile_id: i64,
        "name" => name: String,
        "category" => category: String,
        "measurementType" => measured: String,
        "tracked" => tracked: bool,
        "sleepRelated" => sleep_related: bool,
        "subTypes" => sub_types: Vec<BehaviourKind>,
    }

    BehaviourKind as "kind of a behaviour" {
        "subTypeId" => id: i64,
        "name" | "subTypeName" => name: String,
    }
}

impl Behaviour {
    /// Only what the athlete made up can be deleted.
    #[must_use]
    pub fn is_custom(&self) -> bool {
        self.category.as_deref().is_some_and(|category| category.starts_with("CUSTOM"))
    }
}
