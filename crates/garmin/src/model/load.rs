//! Training status, load, and how it is spread over intensities.
//!
//! Garmin keeps these per device. The watch the athlete trains with says so; where none does,
//! the entry that is newest counts.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};

use super::fitness::{Acclimation, MaxMetrics};
use super::{ActivityType, ByKey, model};

model! {
    /// What Garmin last made of the training, as of one day. Any part may be missing.
    TrainingStatus as "training status" {
        "mostRecentVO2Max" => vo2_max: MaxMetrics,
        "mostRecentTrainingLoadBalance" => balance: LoadBalances,
        "mostRecentTrainingStatus" => status: DeviceStatuses,
        "heatAltitudeAcclimationDTO" => acclimation: Acclimation,
    }

    DeviceStatuses as "training status of a day" {
        "latestTrainingStatusData" => by_device: ByKey<DeviceStatus>,
        "lastPrimarySyncDate" => synced_on: Date,
    }

    DeviceStatus as "training status of a device" {
        "calendarDate" => date: Date,
        "sinceDate" => since: Date,
        "deviceId" => device_id: i64,
        "primaryTrainingDevice" => primary: bool,
        /// A number whose meaning is in the phrase.
        "trainingStatus" => code: i64,
        /// `PRODUCTIVE_3`: the word, and which of its texts.
        "trainingStatusFeedbackPhrase" => phrase: String,
        "trainingPaused" => paused: bool,
        "sport" => sport: String,
        "fitnessTrendSport" => trend_sport: String,
        /// 1 declining, 2 stable, 3 improving, 0 none.
        "fitnessTrend" => trend: i64,
        "weeklyTrainingLoad" => weekly_load: f64,
        "acuteTrainingLoadDTO" => load: AcuteLoad,
    }

    AcuteLoad as "acute training load" {
        "dailyTrainingLoadAcute" => acute: f64,
        "dailyTrainingLoadChronic" => chronic: f64,
        "minTrainingLoadChronic" => optimal_from: f64,
        "maxTrainingLoadChronic" => optimal_to: f64,
        "dailyAcuteChronicWorkloadRatio" => ratio: f64,
        "acwrPercent" => ratio_pct: i64,
        /// `NONE`, `LOW`, `OPTIMAL`, `HIGH`, `VERY_HIGH`.
        "acwrStatus" => ratio_status: String,
    }

    LoadBalances as "training load balance" {
        "metricsTrainingLoadBalanceDTOMap" => by_device: ByKey<LoadBalance>,
    }

    /// Four weeks of load by intensity, and the ranges Garmin would like to see.
    LoadBalance as "training load balance of a device" {
        "calendarDate" => date: Date,
        "deviceId" => device_id: i64,
        "primaryTrainingDevice" => primary: bool,
        "monthlyLoadAerobicLow" => aerobic_low: f64,
        "monthlyLoadAerobicLowTargetMin" => aerobic_low_from: f64,
        "monthlyLoadAerobicLowTargetMax" => aerobic_low_to: f64,
        "monthlyLoadAerobicHigh" => aerobic_high: f64,
        "monthlyLoadAerobicHighTargetMin" => aerobic_high_from: f64,
        "monthlyLoadAerobicHighTargetMax" => aerobic_high_to: f64,
        "monthlyLoadAnaerobic" => anaerobic: f64,
        "monthlyLoadAnaerobicTargetMin" => anaerobic_from: f64,
        "monthlyLoadAnaerobicTargetMax" => anaerobic_to: f64,
        "trainingBalanceFeedbackPhrase" => phrase: String,
    }

    /// Training status over many days. The list has moved outwards over time.
    LoadReport as "training load report" {
        "reportData" => by_device: ByKey<Vec<DeviceStatus>>,
        "weeklyTrainingStatus" => weekly: LoadReportPart,
    }

    LoadReportPart as "training load report" {
        "reportData" => by_device: ByKey<Vec<DeviceStatus>>,
        "payload" => payload: LoadReportPayload,
    }

    LoadReportPayload as "training load report" {
        "reportData" => by_device: ByKey<Vec<DeviceStatus>>,
    }

    /// What one activity added.
    ActivityLoad as "training load of an activity" {
        "activityId" => activity_id: i64,
        "startLocal" => start_local: DateTime,
        "startGMT" => start: Timestamp,
        "activityType" => kind: ActivityType,
        "activityTrainingLoad" => load: f64,
    }
}

/// The entry of the device the athlete trains with, else the newest, else the first.
fn of_main_device<'a, T>(
    entries: impl Iterator<Item = (&'a str, &'a T)>,
    primary: impl Fn(&T) -> bool,
    date: impl Fn(&T) -> Option<Date>,
) -> Option<&'a T> {
    let mut best: Option<&T> = None;
    for (_, entry) in entries {
        if primary(entry) {
            return Some(entry);
        }
        if best.is_none_or(|best| date(entry) > date(best)) {
            best = Some(entry);
        }
    }
    best
}

impl DeviceStatuses {
    #[must_use]
    pub fn main(&self) -> Option<&DeviceStatus> {
        let entries = self.by_device.as_ref()?.iter();
        of_main_device(entries, |entry| entry.primary == Some(true), |entry| entry.date)
    }
}

impl LoadBalances {
    /// The balance of `device`, where it keeps one: status and balance should not come from two
    /// watches.
    #[must_use]
    pub fn of(&self, device: Option<i64>) -> Option<&LoadBalance> {
        let by_device = self.by_device.as_ref()?;
        let same = |entry: &&LoadBalance| device.is_some() && entry.device_id == device;
        by_device.values().find(same).or_else(|| {
            let entries = by_device.iter();
            of_main_device(entries, |entry| entry.primary == Some(true), |entry| entry.date)
        })
    }
}

impl LoadReport {
    /// One status per day in order, each of the main device where that was worn.
    #[must_use]
    pub fn days(&self) -> Vec<&DeviceStatus> {
        let part = self.weekly.as_ref();
        let payload = part.and_then(|part| part.payload.as_ref());
        let by_device = [
            self.by_device.as_ref(),
            part.and_then(|part| part.by_device.as_ref()),
            payload.and_then(|payload| payload.by_device.as_ref()),
        ];
        let mut days: Vec<&DeviceStatus> = by_device
            .into_iter()
            .flatten()
            .flat_map(ByKey::values)
            .flatten()
            .filter(|entry| entry.date.is_some())
            .collect();
        days.sort_by_key(|entry| (entry.date, entry.primary != Some(true)));
        days.dedup_by_key(|entry| entry.date);
        days
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::decode;

    #[test]
    fn status_and_balance_come_from_the_watch_the_athlete_trains_with() {
        let body = br#"{"mostRecentVO2Max":null,
            "mostRecentTrainingLoadBalance":{"metricsTrainingLoadBalanceDTOMap":{
                "1":{"deviceId":1,"monthlyLoadAnaerobic":0,"primaryTrainingDevice":false},
                "2":{"deviceId":2,"monthlyLoadAnaerobic":90.1,"primaryTrainingDevice":true}}},
            "mostRecentTrainingStatus":{"latestTrainingStatusData":{
                "1":{"deviceId":1,"calendarDate":"2026-05-02","trainingStatus":2},
                "2":{"deviceId":"2","calendarDate":"2026-05-01","primaryTrainingDevice":true,
                     "acuteTrainingLoadDTO":{"dailyTrainingLoadAcute":0}}}}}"#;
        let status: TrainingStatus = decode(body).unwrap().unwrap();
        let main = status.status.as_ref().unwrap().main().unwrap();
        assert_eq!(main.device_id, Some(2));
        assert_eq!(main.load.as_ref().unwrap().acute, Some(0.0));
        let balances = status.balance.unwrap();
        assert_eq!(balances.of(main.device_id).unwrap().anaerobic, Some(90.1));
        assert_eq!(balances.of(Some(1)).unwrap().anaerobic, Some(0.0));
        assert_eq!(balances.of(Some(9)).unwrap().device_id, Some(2));
    }

    #[test]
    fn without_a_main_watch_the_newest_entry_counts() {
        let body = br#"{"latestTrainingStatusData":{"1":{"calendarDate":"2026-04-01"},
            "2":{"calendarDate":"2026-05-01","trainingStatus":7},"3":null}}"#;
        let status: DeviceStatuses = decode(body).unwrap().unwrap();
        assert_eq!(status.main().unwrap().code, Some(7));
    }

    #[test]
    fn a_report_is_read_wherever_its_list_has_moved() {
        let rows = r#"{"5":[{"calendarDate":"2026-05-02","trainingStatus":1},
            {"calendarDate":"2026-05-01"}],
            "7":[{"calendarDate":"2026-05-02","trainingStatus":7,"primaryTrainingDevice":true}]}"#;
        for body in [
            format!(r#"{{"userId":1,"reportData":{rows}}}"#),
            format!(r#"{{"weeklyTrainingStatus":{{"reportData":{rows}}}}}"#),
            format!(r#"{{"weeklyTrainingStatus":{{"payload":{{"reportData":{rows}}}}}}}"#),
        ] {
            let report: LoadReport = decode(body.as_bytes()).unwrap().unwrap();
            let days: Vec<_> = report.days().iter().map(|day| day.code).collect();
            assert_eq!(days, [None, Some(7)], "{body}");
        }
    }
}
