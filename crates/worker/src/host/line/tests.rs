use domain::clock::Timestamp;
use domain::contract::{AccessGrant, Athlete, ToolPolicy, VERSION};
use domain::region::Region;
use domain::upstream::Upstream;
use tokio::io::AsyncReadExt;

use super::*;

fn launch() -> ToWorker {
    ToWorker::Launch(Box::new(Launch {
        version: VERSION,
        secret: "s".into(),
        account_key: "an account key".into(),
        upstream: Upstream::garmin(Region::Global),
        athlete: Athlete::default(),
        credentials: None,
        tools: ToolPolicy::default(),
    }))
}

/// The gateway's end, by hand.
struct Gateway(UnixStream);

impl Gateway {
    async fn says(&mut self, message: &ToWorker) {
        let text = serde_json::to_vec(message).unwrap();
        self.0.write_u32(u32::try_from(text.len()).unwrap()).await.unwrap();
        self.0.write_all(&text).await.unwrap();
    }

    async fn hears(&mut self) -> FromWorker {
        let size = self.0.read_u32().await.unwrap();
        let mut text = vec![0; size as usize];
        self.0.read_exact(&mut text).await.unwrap();
        serde_json::from_slice(&text).unwrap()
    }
}

async fn opened() -> (Gateway, Line, Talk) {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let mut gateway = Gateway(ours);
    gateway.says(&launch()).await;
    let Ok((_, line, talk)) = open(theirs).await else { panic!("the launch was refused") };
    (gateway, line, talk)
}

#[tokio::test]
async fn each_answer_finds_its_question_whatever_the_order() {
    let (mut gateway, line, talk) = opened().await;
    let stop = CancellationToken::new();
    let grant =
        AccessGrant { token: "t".into(), generation: Generation(2), expires_at: Timestamp(3) };
    let answers = async {
        let FromWorker::CredentialsWanted { id: first, refused } = gateway.hears().await else {
            panic!("not the question")
        };
        assert_eq!(refused, Some(Generation(1)));
        let FromWorker::Resolve { id: second, host } = gateway.hears().await else {
            panic!("not the question")
        };
        assert_eq!(host, "connectapi.garmin.com");
        let addresses = vec![IpAddr::from([127, 0, 0, 1])];
        gateway.says(&ToWorker::Resolved { id: second, addresses }).await;
        let answer = CredentialsAnswer::Granted(grant.clone());
        gateway.says(&ToWorker::Credentials { id: first, answer }).await;
        std::future::pending::<()>().await;
    };
    let asked = async {
        tokio::join!(line.credentials(Some(Generation(1))), line.resolve("connectapi.garmin.com"))
    };
    tokio::select! {
        (credentials, addresses) = asked => {
            assert_eq!(credentials, Ok(CredentialsAnswer::Granted(grant.clone())));
            assert_eq!(addresses, Ok(vec![IpAddr::from([127, 0, 0, 1])]));
        }
        _ = talk.until_closed(&stop) => panic!("the conversation ended"),
        () = answers => {}
    }
    assert!(line.0.waiting().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_question_nobody_answers_ends_by_itself_and_its_late_answer_is_harmless() {
    let (mut gateway, line, talk) = opened().await;
    let stop = CancellationToken::new();
    let scene = async {
        assert_eq!(line.resolve("h").await, Err(LineError::TimedOut));
        let FromWorker::Resolve { id, .. } = gateway.hears().await else { panic!("no question") };
        gateway.says(&ToWorker::Resolved { id, addresses: vec![] }).await;
        gateway.says(&ToWorker::Stop).await;
        assert_eq!(gateway.hears().await, FromWorker::Stopping);
    };
    tokio::select! {
        () = scene => assert!(stop.is_cancelled()),
        _ = talk.until_closed(&stop) => panic!("the conversation ended"),
    }
}

#[tokio::test]
async fn a_broken_contract_ends_the_conversation() {
    for (message, violation) in [
        (launch(), "the launch came twice"),
        (
            ToWorker::Credentials { id: QuestionId(1), answer: CredentialsAnswer::SignInNeeded },
            "another kind",
        ),
    ] {
        let (mut gateway, line, talk) = opened().await;
        let stop = CancellationToken::new();
        let scene = async {
            gateway.hears().await;
            gateway.says(&message).await;
            std::future::pending::<()>().await;
        };
        tokio::select! {
            _ = line.resolve("h") => panic!("there was no answer"),
            () = scene => {}
            ended = talk.until_closed(&stop) => {
                let Ended::Broken(found) = ended else { panic!("{ended:?}") };
                assert!(found.to_string().contains(violation), "{found}");
            }
        }
    }
}

#[tokio::test]
async fn a_worker_speaks_to_nobody_before_the_launch() {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let mut gateway = Gateway(ours);
    gateway.says(&ToWorker::Stop).await;
    assert!(matches!(open(theirs).await, Err(Ended::Broken(Violation::OutOfTurn))));
    let (ours, theirs) = UnixStream::pair().unwrap();
    drop(ours);
    assert!(matches!(open(theirs).await, Err(Ended::Closed)));
    let (ours, theirs) = UnixStream::pair().unwrap();
    let mut gateway = Gateway(ours);
    gateway.0.write_u32(u32::MAX).await.unwrap();
    assert!(matches!(open(theirs).await, Err(Ended::Broken(Violation::Frame))));
}
