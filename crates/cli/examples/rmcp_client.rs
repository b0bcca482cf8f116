//! An app on `rmcp`'s client, for `scripts/clients`: `rmcp_client CONNECTOR initialize|auto|discover`.
//!
//! Prints the address a person has to open, waits for them on a port of its own, then prints one
//! `RESULT` line per round of calls; a line on standard input asks for another round. Between
//! rounds it connects anew with the credentials it has.
#![expect(clippy::print_stdout, reason = "standard output is how it talks to the script")]

use std::io::Write as _;
use std::sync::Arc;

use anyhow::{Context as _, bail, ensure};
use rmcp::model::{CallToolRequestParams, ClientConfig, ProtocolVersion};
use rmcp::service::RunningService;
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::auth::{
    AuthClient, AuthorizationManager, AuthorizationRequest, AuthorizationSession,
    InMemoryCredentialStore,
};
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use rmcp::{ClientLifecycleMode, ClientServiceExt as _, RoleClient};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let mut words = std::env::args().skip(1);
    let connector = words.next().context("no connector URL")?;
    let lifecycle = lifecycle(&words.next().context("no lifecycle")?)?;
    // reqwest was built without a provider of its own.
    if rustls::crypto::ring::default_provider().install_default().is_err() {
        bail!("there is a TLS provider already");
    }

    let store = InMemoryCredentialStore::new();
    let mut asked = 0;
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    loop {
        let mut manager = manager(&connector, &store).await?;
        if !manager.initialize_from_store().await? {
            asked += 1;
            manager = sign_in(manager).await?;
        }
        let client = connect(&connector, manager, lifecycle.clone()).await?;
        say(&format!("RESULT {}", round(&client, asked).await?))?;
        client.cancel().await?;
        if lines.next_line().await?.is_none() {
            return Ok(());
        }
    }
}

fn lifecycle(word: &str) -> anyhow::Result<ClientLifecycleMode> {
    let preferred_versions = vec![ProtocolVersion::V_2026_07_28];
    Ok(match word {
        "initialize" => ClientLifecycleMode::Initialize,
        "discover" => ClientLifecycleMode::Discover { preferred_versions },
        "auto" => ClientLifecycleMode::Auto { preferred_versions, legacy_version: None },
        other => bail!("no such lifecycle: {other}"),
    })
}

async fn manager(
    connector: &str,
    store: &InMemoryCredentialStore,
) -> anyhow::Result<AuthorizationManager> {
    let mut manager = AuthorizationManager::new(connector).await?;
    manager.set_credential_store(store.clone());
    Ok(manager)
}

/// Discovery, registration, the person's part, and the code for tokens.
async fn sign_in(mut manager: AuthorizationManager) -> anyhow::Result<AuthorizationManager> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let here = listener.local_addr()?;
    let resolved = manager.resolve_metadata().await?;
    manager.set_metadata(resolved.metadata);
    let request = AuthorizationRequest::new(format!("http://127.0.0.1:{}/callback", here.port()))
        .with_initial_scope_selection()
        .with_client_name("rmcp client");
    let session = AuthorizationSession::new(manager, request).await.map_err(|(_, error)| error)?;
    say(&format!("OPEN {}", session.get_authorization_url()))?;
    let target = visit(&listener).await?;
    session.handle_callback_url(&format!("http://{here}{target}")).await?;
    Ok(session.auth_manager)
}

/// The path and query of the first request for the callback.
async fn visit(listener: &TcpListener) -> anyhow::Result<String> {
    loop {
        let (mut line, _) = listener.accept().await?;
        let mut head = [0; 8192];
        let mut length = 0;
        while !head[..length].ends_with(b"\r\n\r\n") && length < head.len() {
            match line.read(&mut head[length..]).await? {
                0 => break,
                more => length += more,
            }
        }
        let head = String::from_utf8_lossy(&head[..length]);
        line.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nOK")
            .await?;
        if let Some(target) = head.split(' ').nth(1).filter(|path| path.starts_with("/callback?")) {
            return Ok(target.to_owned());
        }
    }
}

async fn connect(
    connector: &str,
    manager: AuthorizationManager,
    lifecycle: ClientLifecycleMode,
) -> anyhow::Result<RunningService<RoleClient, ClientConfig>> {
    let http = AuthClient::new(reqwest::Client::new(), manager);
    let config = StreamableHttpClientTransportConfig::with_uri(Arc::from(connector));
    let transport = StreamableHttpClientTransport::with_client(http, config);
    Ok(ClientConfig::default().serve_with_lifecycle(transport, lifecycle).await?)
}

async fn round(
    client: &RunningService<RoleClient, ClientConfig>,
    asked: usize,
) -> anyhow::Result<Value> {
    let tools = client.list_all_tools().await?;
    let mut answers = Vec::new();
    for (name, arguments) in
        [("get_full_name", json!({})), ("get_daily_stats", json!({"date": "yesterday"}))]
    {
        let arguments = arguments.as_object().cloned().unwrap_or_default();
        let call = CallToolRequestParams::new(name).with_arguments(arguments);
        let answer = client.call_tool(call).await?;
        ensure!(answer.is_error != Some(true), "{name}: {answer:?}");
        answers.push(answer.structured_content.context("no structured content")?);
    }
    let protocol = client.peer_info().map(|peer| peer.protocol_version.to_string());
    Ok(json!({
        "asked": asked,
        "tools": tools.len(),
        "protocol": protocol,
        "full_name": answers[0]["full_name"],
    }))
}

fn say(line: &str) -> anyhow::Result<()> {
    println!("{line}");
    Ok(std::io::stdout().flush()?)
}
