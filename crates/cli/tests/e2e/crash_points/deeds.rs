//! What people and machines are in the middle of when the gateway dies, and how they go on.

use serde_json::json;

use super::siege::Siege;
use crate::browser::{Browser, Page};
use crate::client::Tokens;
use crate::http::Broken;
use crate::mcp::Era;
use crate::process::eventually;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Deed {
    /// Password, second factor, code, token.
    SignIn,
    /// A call whose worker has Garmin's tokens renewed.
    Call,
    /// Two devices of one account at once.
    TwoCalls,
    /// A client renews its own tokens.
    Renewal,
    /// A gateway starts and renews a pair that nobody has used for days.
    Janitor,
    /// A client gives its tokens up.
    Revocation,
    /// The operator ends a device; it is the operator's command that is killed.
    Console,
}

/// Pages a person sees before somebody asks what is wrong.
const MOST_STEPS: usize = 30;

impl Deed {
    pub(super) const ALL: [Self; 7] = [
        Self::SignIn,
        Self::Call,
        Self::TwoCalls,
        Self::Renewal,
        Self::Janitor,
        Self::Revocation,
        Self::Console,
    ];

    /// Who is next. A revocation takes what a sign-in before it has made.
    pub(super) const TURNS: [Self; 16] = [
        Self::SignIn,
        Self::Call,
        Self::Revocation,
        Self::SignIn,
        Self::TwoCalls,
        Self::Console,
        Self::Call,
        Self::SignIn,
        Self::Renewal,
        Self::Revocation,
        Self::SignIn,
        Self::TwoCalls,
        Self::Call,
        Self::Console,
        Self::SignIn,
        Self::Janitor,
    ];
}

impl Siege {
    pub(super) async fn perform(&mut self, deed: Deed) {
        match deed {
            Deed::SignIn => {
                let tokens = self.signs_in().await;
                self.spare.push(tokens);
            }
            Deed::Call => self.calls(false).await,
            Deed::TwoCalls => self.calls(true).await,
            Deed::Renewal => self.renews().await,
            Deed::Janitor => self.is_kept_alive().await,
            Deed::Revocation => self.gives_up().await,
            Deed::Console => self.is_put_out().await,
        }
    }

    /// From the client's first redirect to its tokens. Who finds a dead server looks at the
    /// page again until it lives.
    async fn signs_in(&mut self) -> Tokens {
        loop {
            let page = self.is_sent_back().await;
            let mut broken = false;
            loop {
                match self.client.try_redeem(&page).await {
                    Ok(reply) if reply.status == 200 => return self.client.tokens(&reply),
                    // The tokens were made, and their answer died with the gateway.
                    Ok(reply) if broken => {
                        assert_eq!(reply.json()["error"], "invalid_grant", "{reply:?}");
                        self.counts.answers_lost += 1;
                        break;
                    }
                    Ok(reply) => panic!("a code that was handed out is refused: {reply:?}"),
                    Err(Broken) => {
                        broken = true;
                        self.rise().await;
                    }
                }
            }
        }
    }

    async fn is_sent_back(&mut self) -> Page {
        let mut browser = self.world.browser();
        let mut address = self.client.authorize_url();
        let mut used = None;
        for _ in 0..MOST_STEPS {
            match self.goes_on(&mut browser, &address, &mut used).await {
                Ok(page) if page.left_for().is_some() => return page,
                Ok(page) => address = page.form_address(),
                Err(Broken) => self.rise().await,
            }
        }
        panic!("a sign-in that leads nowhere");
    }

    /// Fills in what the page at `address` asks for.
    async fn goes_on(
        &self,
        browser: &mut Browser,
        address: &url::Url,
        used: &mut Option<String>,
    ) -> Result<Page, Broken> {
        let page = browser.open(address).await?;
        let page = browser.wait(page).await?;
        if page.left_for().is_some() {
            return Ok(page);
        }
        let page = if page.asks_for_code() {
            let code = self.world.control().mfa_code(&self.person.email);
            match code.filter(|code| used.as_ref() != Some(code)) {
                Some(code) => {
                    let code = used.insert(code).clone();
                    browser.enter_code(&page, &code).await?
                }
                None => browser.press(&page, "Start over").await?,
            }
        } else if page.asks_for_password() {
            browser.enter(&page, &self.person).await?
        } else {
            // Garmin had let the person in when the gateway died.
            browser.press(&page, "Allow").await?
        };
        browser.wait(page).await
    }

    /// Calls that find Garmin's access token expired.
    async fn calls(&mut self, both: bool) {
        self.world.control().expire_access_tokens(Some(&self.person.email));
        let other = if both { self.spare.last() } else { None };
        let mcp = self.client.mcp(&self.anchor, Era::Handshake);
        let other = self.client.mcp(other.unwrap_or(&self.anchor), Era::Stateless);
        let arguments = json!({});
        let (one, two) = tokio::join!(mcp.call("get_stats", &arguments), async {
            if both { Some(other.call("get_stats", &arguments).await) } else { None }
        });
        for reply in [Some(one), two].into_iter().flatten() {
            match reply {
                Ok(reply) => self.expect_answer(&reply),
                // Both are cut by one blow.
                Err(Broken) if self.risen => {}
                Err(Broken) => self.rise().await,
            }
        }
    }

    /// Of a client whose answer got lost the same token is accepted again. The newest device
    /// does it, for no device may do it often.
    async fn renews(&mut self) {
        let old = self.spare.pop().unwrap();
        let reply = loop {
            match self.client.try_refresh(&old).await {
                Ok(reply) => break reply,
                Err(Broken) => self.rise().await,
            }
        };
        let renewed = self.client.tokens(&reply);
        self.spare.push(renewed);
    }

    /// Starts the gateway that [`Siege::prepare`] has ended, eleven days later.
    async fn is_kept_alive(&mut self) {
        let before = self.garmin();
        let stored = self.world.logged("garmin-refresh-ok");
        if self.world.try_start_gateway().await.is_err() {
            self.rise().await;
        }
        let done = async |siege: &Self| {
            eventually("kept alive", async || {
                if siege.world.faults().killed_by().is_some() && !siege.risen {
                    return Some(false);
                }
                let refused = siege.garmin().rejected > before.rejected;
                let told = siege.world.logged("garmin-refresh-ok") > stored;
                // It may have died between the commit and its last word: then nothing is stale.
                let stored = siege.risen && siege.world.generation().await > siege.generation;
                (refused || told || stored).then_some(true)
            })
            .await
        };
        while !done(self).await {
            self.rise().await;
        }
        self.world.faults().disarm();
        if self.world.faults().killed_by().is_none() || self.risen {
            self.world.kill().await;
            self.world.faults().shift_clock(0);
            self.world.start_gateway().await;
        } else {
            self.world.faults().shift_clock(0);
            self.rise().await;
        }
        // The next renewal happens today: this one lies eleven days ahead.
        self.world.control().expire_access_tokens(Some(&self.person.email));
    }

    /// Ends the spare device; what was acknowledged must hold, what was not is asked again.
    async fn gives_up(&mut self) {
        let tokens = self.spare.pop().unwrap();
        let reply = loop {
            match self.client.revoke(&tokens).await {
                Ok(reply) => break reply,
                Err(Broken) => self.rise().await,
            }
        };
        assert_eq!(reply.status, 200, "{reply:?}");
        self.gone.push(tokens);
    }

    /// A command that dies has done its work or has not; the operator looks and says it again.
    async fn is_put_out(&mut self) {
        let (tokens, device) = (self.condemned.take().unwrap(), self.condemned_device.clone());
        let words = ["revoke", "--device", &device, "--yes"];
        if self.world.console_under(&self.operators, &words).await.is_none() {
            assert!(self.operators.killed_by().is_some(), "the command failed by itself");
            if self.devices().await.contains(&device) {
                self.world.console(&words).await;
            }
        }
        self.gone.push(tokens);
    }
}
