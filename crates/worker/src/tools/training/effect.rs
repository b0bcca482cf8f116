//! What one activity did to the body.

use garmin::model::Activity;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::account::Account;
use crate::args::ActivityNumber;
use crate::error::ToolError;
use crate::tool::Tool;
use crate::tools::activities;
use crate::tools::numbers::{tenth, word};

/// `get_training_effect`
pub(super) struct Effect;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct EffectArgs {
    activity_id: ActivityNumber,
}

#[derive(Debug, PartialEq, Serialize, JsonSchema)]
pub(super) struct EffectAnswer {
    activity_id: i64,
    /// 0 to 5.
    training_effect: Option<f64>,
    aerobic_effect: Option<f64>,
    anaerobic_effect: Option<f64>,
    training_effect_label: Option<String>,
    recovery_time_hours: Option<f64>,
    training_load: Option<f64>,
    performance_condition: Option<i64>,
}

fn effect(id: i64, activity: Activity) -> EffectAnswer {
    let totals = activity.totals.unwrap_or_default();
    EffectAnswer {
        activity_id: id,
        training_effect: totals.aerobic_training_effect.map(tenth),
        aerobic_effect: totals.aerobic_training_effect.map(tenth),
        anaerobic_effect: totals.anaerobic_training_effect.map(tenth),
        training_effect_label: totals.training_effect_label.as_deref().map(word),
        recovery_time_hours: totals.recovery_time_min.map(|minutes| tenth(minutes / 60.0)),
        training_load: totals.training_load.map(tenth),
        performance_condition: totals.performance_condition,
    }
}

impl Tool for Effect {
    const NAME: &'static str = "get_training_effect";
    const TITLE: &'static str = "Training effect of an activity";
    const DESCRIPTION: &'static str = "What one activity did to the body: aerobic and anaerobic \
        effect from 0 to 5, what it trained, its load and the recovery it asked for.";
    type Args = EffectArgs;
    type Answer = EffectAnswer;

    async fn call(account: &Account, args: EffectArgs) -> Result<Self::Answer, ToolError> {
        let (_, activity) = activities::find(account, args.activity_id).await?;
        Ok(effect(args.activity_id.0, activity))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d05_the_effect_is_read_from_the_activity_itself() {
        let activity: Activity = serde_json::from_str(
            r#"{"activityId":1,"summaryDTO":{"trainingEffect":3.44,"anaerobicTrainingEffect":0.0,
                "trainingEffectLabel":"TEMPO","activityTrainingLoad":96.44,"recoveryTime":1530.0,
                "performanceCondition":-2}}"#,
        )
        .unwrap();
        let answer = effect(1, activity);
        assert_eq!((answer.aerobic_effect, answer.anaerobic_effect), (Some(3.4), Some(0.0)));
        assert_eq!((answer.recovery_time_hours, answer.training_load), (Some(25.5), Some(96.4)));
        assert_eq!(answer.training_effect_label.as_deref(), Some("tempo"));
        assert_eq!(answer.performance_condition, Some(-2));
        let bare = effect(7, Activity::default());
        assert_eq!((bare.activity_id, bare.training_load), (7, None));
    }
}
