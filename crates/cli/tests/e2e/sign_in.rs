//! People who mistype, change their mind, or have a second factor.

use crate::mcp::Era;
use crate::world::{Person, World};

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_code_can_be_corrected() {
    let world = World::start().await;
    let client = world.client().await;
    let person = world.coded();
    let (mut browser, page) = world.at_the_form(&client).await;
    let page = browser.enter(&page, person).await.unwrap();
    let page = browser.wait(page).await.unwrap();
    assert!(page.asks_for_code(), "{:?}", page.reply);
    let code = world.control().mfa_code(&person.email).unwrap();
    let wrong = if code == "111111" { "222222" } else { "111111" };
    let page = browser.enter_code(&page, wrong).await.unwrap();
    let page = browser.wait(page).await.unwrap();
    assert!(page.asks_for_code() && page.alert().is_some(), "{:?}", page.reply);
    assert_eq!(world.count("accounts").await, 0);
    let page = browser.enter_code(&page, &code).await.unwrap();
    let page = browser.wait(page).await.unwrap();
    let tokens = client.redeem(&page).await;
    let mcp = client.mcp(&tokens, Era::Handshake);
    assert_eq!(mcp.full_name().await, world.facts(person).full_name);
    assert_eq!(world.control().counters(&person.email).unwrap().login_attempts, 1);
    world.assert_private();
}

#[tokio::test(flavor = "multi_thread")]
async fn t38_sec046_whoever_cancels_is_sent_back_and_leaves_nothing() {
    let world = World::start().await;
    let client = world.client().await;
    let (mut browser, page) = world.at_the_form(&client).await;
    let back = browser.press(&page, "Cancel").await.unwrap();
    assert_eq!(client.came_back(&back, "error"), "access_denied");

    let (mut browser, page) = world.at_the_form(&client).await;
    let page = browser.enter(&page, world.coded()).await.unwrap();
    let page = browser.wait(page).await.unwrap();
    assert!(page.asks_for_code(), "{:?}", page.reply);
    let back = browser.press(&page, "Cancel").await.unwrap();
    assert_eq!(client.came_back(&back, "error"), "access_denied");

    for what in ["accounts", "devices", "pending_codes", "sign_ins_in_progress"] {
        assert_eq!(world.count(what).await, 0, "{what}");
    }
    world.assert_private();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_said_in_a_sentence_and_makes_no_account() {
    let world = World::start().await;
    let client = world.client().await;
    let person = world.runner();
    let mistyped = Person { password: "correct hoarse".to_owned(), ..person.clone() };
    world.secrets.token(&mistyped.password);
    let (mut browser, page) = world.at_the_form(&client).await;
    let page = browser.sign_in(page, &mistyped, world.control()).await.unwrap();
    let sentence = page.alert().unwrap();
    assert!(sentence.ends_with('.') && sentence.contains("password"), "{sentence}");
    let status = world.console(&["status"]).await;
    for what in ["accounts", "devices", "pending_codes"] {
        assert_eq!(status["counts"][what], 0, "{status}");
    }
    assert_eq!(status["accounts"].as_array().unwrap().len(), 0);

    let page = browser.sign_in(page, person, world.control()).await.unwrap();
    let tokens = client.redeem(&page).await;
    let mcp = client.mcp(&tokens, Era::Stateless);
    assert_eq!(mcp.full_name().await, world.facts(person).full_name);
    assert_eq!(world.count("accounts").await, 1);
    world.assert_private();
}
