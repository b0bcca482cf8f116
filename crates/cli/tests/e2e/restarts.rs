//! A gateway that is restarted while somebody signs in.

use simulator::{Effect, Fault, Host, Matcher};
use tokio::task::JoinSet;

use crate::client::{Client, Tokens};
use crate::mcp::Era;
use crate::process::eventually;
use crate::world::{End, Person, World};

async fn assert_works(world: &World, client: &Client, tokens: &Tokens, person: &Person) {
    let mcp = client.mcp(tokens, Era::Handshake);
    assert_eq!(mcp.full_name().await, world.facts(person).full_name);
    assert_eq!(world.count("accounts").await, 1);
    world.assert_private();
}

/// Everybody who tries to sign in waits this long for Garmin.
fn slow(world: &World, millis: u64) {
    let when = Matcher::host(Host::Sso).method("POST");
    world.control().add_fault(Fault::always(when, Effect::Delay { millis }));
}

async fn before_the_password(end: End) {
    let mut world = World::start().await;
    let client = world.client().await;
    let (mut browser, page) = world.at_the_form(&client).await;
    world.restart(end).await;
    let person = world.runner().clone();
    let page = browser.sign_in(page, &person, world.control()).await.unwrap();
    let tokens = client.redeem(&page).await;
    assert_works(&world, &client, &tokens, &person).await;
}

async fn before_the_code(end: End) {
    let mut world = World::start().await;
    let client = world.client().await;
    let person = world.coded().clone();
    let (mut browser, page) = world.at_the_form(&client).await;
    let page = browser.enter(&page, &person).await.unwrap();
    let page = browser.wait(page).await.unwrap();
    assert!(page.asks_for_code(), "{:?}", page.reply);
    world.restart(end).await;
    let page = browser.sign_in(page, &person, world.control()).await.unwrap();
    // Between the code and the token as well.
    world.restart(end).await;
    let tokens = client.redeem(&page).await;
    assert_eq!(world.control().counters(&person.email).unwrap().login_attempts, 1);
    assert_works(&world, &client, &tokens, &person).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sec052_rel23_inv12_a_kill_before_the_password_loses_nothing() {
    before_the_password(End::Kill).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sec052_rel23_inv12_a_restart_before_the_password_loses_nothing() {
    before_the_password(End::Terminate).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rel23_rel24_inv12_a_kill_before_and_after_the_code_loses_nothing() {
    before_the_code(End::Kill).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rel23_rel24_inv12_a_restart_before_and_after_the_code_loses_nothing() {
    before_the_code(End::Terminate).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rel23_a_kill_while_garmin_is_asked_asks_to_submit_again() {
    let mut world = World::start().await;
    let client = world.client().await;
    let person = world.runner().clone();
    let (mut browser, page) = world.at_the_form(&client).await;
    slow(&world, 60_000);
    let mut submits = JoinSet::new();
    let (mut tab, form, who) = (browser.clone(), page.clone(), person.clone());
    submits.spawn(async move { tab.enter(&form, &who).await });
    let address = page.form_address();
    eventually("under way", async || browser.open(&address).await.unwrap().waits().then_some(()))
        .await;
    world.kill().await;
    submits.join_next().await.unwrap().unwrap().unwrap_err();
    world.control().clear_faults();
    world.start_gateway().await;

    let page = browser.open(&address).await.unwrap();
    let page = browser.wait(page).await.unwrap();
    assert!(page.asks_for_password() && page.alert().is_some(), "{:?}", page.reply);
    assert_eq!(world.count("accounts").await, 0);
    let page = browser.sign_in(page, &person, world.control()).await.unwrap();
    let tokens = client.redeem(&page).await;
    assert_works(&world, &client, &tokens, &person).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rel23_a_restart_while_garmin_is_asked_waits_for_garmin() {
    let mut world = World::start().await;
    let client = world.client().await;
    let person = world.runner().clone();
    let (mut browser, page) = world.at_the_form(&client).await;
    slow(&world, 8_000);
    let mut submits = JoinSet::new();
    let (mut tab, form, who) = (browser.clone(), page.clone(), person.clone());
    submits.spawn(async move { tab.enter(&form, &who).await });
    let address = page.form_address();
    eventually("under way", async || browser.open(&address).await.unwrap().waits().then_some(()))
        .await;
    assert!(world.terminate().await.success());
    // A page that says to wait, or a door that has just closed.
    let _ = submits.join_next().await.unwrap().unwrap();
    world.control().clear_faults();
    world.start_gateway().await;

    let page = browser.open(&address).await.unwrap();
    let page = browser.wait(page).await.unwrap();
    let tokens = client.redeem(&page).await;
    assert_eq!(world.control().counters(&person.email).unwrap().login_attempts, 1);
    assert_works(&world, &client, &tokens, &person).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn t69_a_kill_after_a_renewal_whose_answer_got_lost_costs_nothing() {
    let mut world = World::start().await;
    let client = world.client().await;
    let tokens = world.connect(&client, world.runner()).await;
    let lost = client.refresh(&tokens).await;
    assert_eq!(lost.status, 200, "{lost:?}");
    world.restart(End::Kill).await;
    let again = client.tokens(&client.refresh(&tokens).await);
    let name = client.mcp(&again, Era::Handshake).full_name().await;
    assert_eq!(name, world.facts(world.runner()).full_name);
    world.assert_private();
}
