//! What holds for every page, in every language.

use super::*;
use crate::account::{Chosen, DeviceCard, GarminState, HistoryLine, Usage, UsageDay, When};
use crate::language::Language;
use crate::outlook::{Outlook, Outlooks};

const HOSTILE: &str = "<img src=x onerror=alert(1)>\"'&{{ 7*7 }}</title><script>";

fn hostile_site(language: Language) -> Site<'static> {
    Site { language, has_chosen: true, operator_name: Some(HOSTILE), operator_email: Some(HOSTILE) }
}

fn quiet_site(language: Language) -> Site<'static> {
    Site { language, has_chosen: false, operator_name: None, operator_email: None }
}

fn garmin() -> Outlooks {
    Outlooks { sign_ins: Outlook::Fine, renewals: Outlook::Trouble }
}

fn survive_in_account(site: Site<'static>, notice: &Text) {
    let when = || When { exact: HOSTILE.to_owned(), shown: HOSTILE.to_owned() };
    let device = DeviceCard {
        id: HOSTILE.to_owned(),
        name: Some(HOSTILE.to_owned()),
        since: when(),
        used: Some(when()),
        may_write: true,
        own_choice: Some(HOSTILE.to_owned()),
        profile: None,
    };
    let (csrf, email, devices) = (HOSTILE, HOSTILE, &[device]);
    check(&EntryPage { site, notice: Some(notice.clone()) });
    check(&LinkPage { site, token: HOSTILE, csrf });
    check(&ErasePage { site, csrf, email, devices: 3, fresh: true });
    check(&DevicesPage { site, csrf, devices, notice: Some(notice.clone()) });
    let day = UsageDay { date: HOSTILE.to_owned(), calls: 1, errors: 1, x: 0, y: 0, height: 9 };
    let line = HistoryLine { at: when(), what: notice.clone(), app: Some(HOSTILE.to_owned()) };
    check(&AccountPage {
        site,
        csrf,
        email,
        devices,
        notice: Some(notice.clone()),
        fresh: true,
        chosen: Chosen {
            read_only: true,
            units: None,
            time_zone: HOSTILE.to_owned(),
            language: Some(Language::German),
        },
        zone: HOSTILE.to_owned(),
        garmin: GarminState { good: false, signed_in: when(), renewed: when(), china: true },
        usage: Usage { days: vec![day], tools: vec![(HOSTILE.to_owned(), 1)], calls: 1, most: 1 },
        history: vec![line],
    });
}

/// What a page may not contain, whatever it was given.
fn check(page: &impl Page) {
    let html = page.render().unwrap();
    assert!(!html.contains("<script"), "{html}");
    assert!(!html.contains("onerror=alert(1)>"), "{html}");
    assert!(!html.contains("{{ 7*7 }}</title>"), "{html}");
    assert_eq!(html.matches("</title>").count(), 1, "{html}");
    let language = format!("<html lang=\"{}\"", page.site().language.tag());
    for needed in [language.as_str(), "<main>", "name=\"viewport\"", "<h1>"] {
        assert!(html.contains(needed), "{needed} is missing in {html}");
    }
}

#[test]
fn t22_every_page_survives_hostile_strings() {
    for language in Language::ALL {
        survive(hostile_site(language), language);
    }
}

fn survive(site: Site<'static>, language: Language) {
    let hostile = || language.t("sign-in-stranger").with("host", HOSTILE);
    let (connector, origin) = (HOSTILE, HOSTILE);
    check(&Landing { site, connector, origin, local: true, garmin: garmin() });
    check(&Help { site, connector, local: true });
    let sets = tools::find("sleep");
    check(&Tools { site, count: 2, restricted: true, query: HOSTILE, found: 1, sets });
    check(&NotFound { site });
    survive_in_account(site, &hostile());
    let advice = &[hostile()];
    check(&Message { site, title: hostile(), sentence: hostile(), advice, alert: true });
    let handle = Handle { sign_in: HOSTILE, csrf: HOSTILE, action: HOSTILE };
    let consent = Consent {
        client_name: Some(HOSTILE),
        document_host: Some(HOSTILE),
        redirect_host: HOSTILE.to_owned(),
        stranger: Some(HOSTILE.to_owned()),
        redirect_kind: domain::redirect::RedirectKind::Loopback,
        asked: domain::scope::Scopes::ReadWrite,
    };
    let (choices, problem) = (Choices::default(), Some(hostile()));
    check(&ConsentPage {
        site,
        handle,
        consent: consent.clone(),
        choices,
        account: HOSTILE,
        problem: problem.clone(),
    });
    check(&UnverifiedPage {
        site,
        handle,
        host: HOSTILE,
        account: HOSTILE,
        problem: problem.clone(),
    });
    for asker in [Asker::Proven(consent), Asker::Unseen { host: HOSTILE }] {
        let problem = problem.clone();
        check(&SignInPage { site, handle, asker, choices, email: HOSTILE, problem });
    }
    check(&CodePage { site, handle, origin: hostile(), problem });
    check(&ProgressPage { site, here: HOSTILE.to_owned() });
}

/// The pages anybody may read, as they mostly are.
fn open_pages(language: Language) -> [(&'static str, String); 4] {
    let site = quiet_site(language);
    let (origin, connector) = ("https://garmin.example.org", "https://garmin.example.org/mcp");
    let count = tools::count(tools::all());
    let sets = tools::find("");
    let landing = Landing { site, connector, origin, local: false, garmin: garmin() };
    let tools = Tools { site, count, restricted: false, query: "", found: count, sets };
    [
        ("landing", landing.render().unwrap()),
        ("help", Help { site, connector, local: false }.render().unwrap()),
        ("tools", tools.render().unwrap()),
        ("not found", NotFound { site }.render().unwrap()),
    ]
}

#[test]
fn sec069_no_page_refers_to_another_site_or_runs_a_script() {
    for (name, html) in Language::ALL.into_iter().flat_map(open_pages) {
        for forbidden in ["src=\"http", "href=\"http", "<script", "style=\"", "onclick"] {
            assert!(!html.contains(forbidden), "{name}: {forbidden}");
        }
    }
}

#[test]
fn no_page_with_its_style_is_heavier_than_30_kb() {
    for (name, html) in Language::ALL.into_iter().flat_map(open_pages) {
        let weight = html.len() + assets::STYLE.len() + assets::FAVICON.len();
        assert!(weight <= 30_000, "{name}: {weight} bytes");
    }
}
