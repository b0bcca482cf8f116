//! Endurance and climbing.

use garmin::model::{
    ByKey, EnduranceContributor, EnduranceScore, EnduranceStats, HillScore, HillStats,
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use super::{RangeOrDay, TREND};
use crate::account::Account;
use crate::answer::Stretch;
use crate::error::ToolError;
use crate::tool::Tool;
use crate::tools::activities::kinds;
use crate::tools::numbers::tenth;
use crate::tools::table::Table;

/// `get_endurance_score`
pub(super) struct Endurance;

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct EnduranceAnswer {
    period_avg_score: Option<f64>,
    period_max_score: Option<f64>,
    current_score: Option<i64>,
    current_date: Option<String>,
    classification: Option<String>,
    classification_id: Option<i64>,
    thresholds: Option<Thresholds>,
    contributors: Vec<Contributor>,
    weekly_breakdown: Vec<Week>,
}

/// Where each class begins.
#[derive(Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(inline)]
struct Thresholds {
    intermediate: Option<i64>,
    trained: Option<i64>,
    well_trained: Option<i64>,
    expert: Option<i64>,
    superior: Option<i64>,
    elite: Option<i64>,
}

#[derive(Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(inline)]
struct Contributor {
    contribution_percent: Option<f64>,
    activity_type: Option<String>,
    activity_type_id: Option<i64>,
    /// Garmin's number of a group of types; it does not say which.
    group: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
#[expect(clippy::struct_field_names, reason = "a key of the result")]
struct Week {
    week_start: String,
    avg_score: Option<f64>,
    max_score: Option<f64>,
    contributors: Vec<Contributor>,
}

fn class(number: i64) -> Option<&'static str> {
    match number {
        1 => Some("recreational"),
        2 => Some("intermediate"),
        3 => Some("trained"),
        4 => Some("well_trained"),
        5 => Some("expert"),
        6 => Some("superior"),
        7 => Some("elite"),
        _ => None,
    }
}

fn contributor(part: &EnduranceContributor) -> Contributor {
    let kind = part.type_id;
    Contributor {
        contribution_percent: part.share_pct.map(tenth),
        activity_type: kind
            .map(|id| kinds::key(id).map_or_else(|| format!("unknown_{id}"), str::to_owned)),
        activity_type_id: kind,
        group: part.group.filter(|_| kind.is_none()).map(|group| format!("group_{group}")),
    }
}

fn contributors(parts: Option<&Vec<EnduranceContributor>>) -> Vec<Contributor> {
    parts.into_iter().flatten().map(contributor).collect()
}

fn thresholds(score: &EnduranceScore) -> Option<Thresholds> {
    score.trained_from?;
    Some(Thresholds {
        intermediate: score.intermediate_from,
        trained: score.trained_from,
        well_trained: score.well_trained_from,
        expert: score.expert_from,
        superior: score.superior_from,
        elite: score.elite_from,
    })
}

fn endurance(stats: &EnduranceStats) -> Option<EnduranceAnswer> {
    let latest = stats.latest.clone().unwrap_or_default();
    let mut weeks: Vec<Week> = stats
        .by_day
        .iter()
        .flat_map(ByKey::iter)
        .map(|(day, group)| Week {
            week_start: day.to_owned(),
            avg_score: group.average.map(tenth),
            max_score: group.highest.map(tenth),
            contributors: contributors(group.contributors.as_ref()),
        })
        .collect();
    weeks.sort_by(|a, b| a.week_start.cmp(&b.week_start));
    if latest.score.is_none() && stats.average.is_none() && weeks.is_empty() {
        return None;
    }
    Some(EnduranceAnswer {
        period_avg_score: stats.average.map(tenth),
        period_max_score: stats.highest.map(tenth),
        current_score: latest.score,
        current_date: latest.date.map(|date| date.to_string()),
        classification: latest
            .class
            .map(|number| class(number).map_or_else(|| format!("level_{number}"), str::to_owned)),
        classification_id: latest.class,
        thresholds: thresholds(&latest),
        contributors: contributors(latest.contributors.as_ref()),
        weekly_breakdown: weeks,
    })
}

impl Tool for Endurance {
    const NAME: &'static str = "get_endurance_score";
    const TITLE: &'static str = "Endurance score";
    const DESCRIPTION: &'static str = "How well the body lasts: score and class now, what \
        contributes, and the weeks of a range, four unless asked for more.";
    type Args = RangeOrDay;
    type Answer = Stretch<EnduranceAnswer>;

    async fn call(account: &Account, args: RangeOrDay) -> Result<Self::Answer, ToolError> {
        let today = account.today().await?;
        let range = args.range(today, TREND)?;
        let stats = account.garmin()?.endurance(range).await?;
        let answer = stats.as_ref().and_then(endurance);
        Ok(account.stretch(range, today, answer).await)
    }
}

/// `get_hill_score`
pub(super) struct Hill;

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct HillAnswer {
    period_avg_score: Option<f64>,
    max_score: Option<f64>,
    latest_date: Option<String>,
    latest_overall_score: Option<i64>,
    latest_strength_score: Option<i64>,
    latest_endurance_score: Option<i64>,
    latest_classification_id: Option<i64>,
    daily_scores: Table,
}

fn hill(stats: &HillStats) -> Option<HillAnswer> {
    let mut days: Vec<&HillScore> =
        stats.days.iter().flatten().filter(|day| day.overall.is_some()).collect();
    days.sort_by_key(|day| day.date);
    let average = stats.averages.iter().flat_map(ByKey::values).next().copied();
    if days.is_empty() && average.is_none() {
        return None;
    }
    let latest = days.last();
    let rows: Vec<Vec<Value>> = days
        .iter()
        .map(|day| {
            vec![
                json!(day.date.map(|date| date.to_string())),
                json!(day.overall),
                json!(day.strength),
                json!(day.endurance),
            ]
        })
        .collect();
    Some(HillAnswer {
        period_avg_score: average.map(tenth),
        max_score: stats.highest.map(tenth),
        latest_date: latest.and_then(|day| day.date).map(|date| date.to_string()),
        latest_overall_score: latest.and_then(|day| day.overall),
        latest_strength_score: latest.and_then(|day| day.strength),
        latest_endurance_score: latest.and_then(|day| day.endurance),
        latest_classification_id: latest.and_then(|day| day.class),
        daily_scores: Table::of(&["date", "overall", "strength", "endurance"], rows),
    })
}

impl Tool for Hill {
    const NAME: &'static str = "get_hill_score";
    const TITLE: &'static str = "Hill score";
    const DESCRIPTION: &'static str = "How well the athlete runs uphill: overall, strength and \
        endurance, day by day over a range, four weeks unless asked for more.";
    type Args = RangeOrDay;
    type Answer = Stretch<HillAnswer>;

    async fn call(account: &Account, args: RangeOrDay) -> Result<Self::Answer, ToolError> {
        let today = account.today().await?;
        let range = args.range(today, TREND)?;
        let stats = account.garmin()?.hill_score(range).await?;
        let answer = stats.as_ref().and_then(hill);
        Ok(account.stretch(range, today, answer).await)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_hill_score_is_the_newest_in_whatever_order_they_come() {
        let stats: HillStats = serde_json::from_str(
            r#"{"periodAvgScore":{"2026-05-01":35.5},"maxScore":36,"hillScoreDTOList":[
                {"calendarDate":"2026-05-01","overallScore":0,"strengthScore":15},
                {"calendarDate":"2026-05-03","overallScore":36,"hillScoreClassificationId":2},
                {"calendarDate":"2026-05-02","overallScore":null}]}"#,
        )
        .unwrap();
        let answer = hill(&stats).unwrap();
        assert_eq!((answer.latest_overall_score, answer.period_avg_score), (Some(36), Some(35.5)));
        assert_eq!(answer.latest_date.as_deref(), Some("2026-05-03"));
        assert_eq!(answer.daily_scores.rows[0][1], json!(0));
        assert!(hill(&HillStats::default()).is_none());
    }

    #[test]
    fn a_contributor_is_a_type_or_a_group_and_unknown_ones_keep_their_number() {
        let stats: EnduranceStats = serde_json::from_str(
            r#"{"avg":5500,"max":5600,"groupMap":{"2026-05-04":{"groupAverage":5590},
                "2026-04-27":{"groupAverage":5400,"groupMax":5410,
                "enduranceContributorDTOList":[{"activityTypeId":1,"group":null,
                "contribution":90.24}]}},
                "enduranceScoreDTO":{"overallScore":5600,"classification":9,
                "calendarDate":"2026-05-08","contributors":[{"activityTypeId":null,"group":0,
                "contribution":90.2},{"activityTypeId":99999,"contribution":0}]}}"#,
        )
        .unwrap();
        let answer = endurance(&stats).unwrap();
        assert_eq!(answer.classification.as_deref(), Some("level_9"));
        assert_eq!(answer.contributors[0].group.as_deref(), Some("group_0"));
        assert_eq!(answer.contributors[1].activity_type.as_deref(), Some("unknown_99999"));
        assert_eq!(answer.contributors[1].contribution_percent, Some(0.0));
        let weeks: Vec<&str> =
            answer.weekly_breakdown.iter().map(|week| week.week_start.as_str()).collect();
        assert_eq!(weeks, ["2026-04-27", "2026-05-04"]);
        let first = &answer.weekly_breakdown[0].contributors[0];
        assert_eq!(first.activity_type.as_deref(), Some("running"));
        assert!(endurance(&EnduranceStats::default()).is_none());
    }
}
