//! A partner with a REST API: every outcome and every bad habit of the sandbox's, through the worker that calls partners.

use std::net::SocketAddr;
use std::time::Duration;

use redress::bureau::rest::RestFace;
use redress::db::entities::ClosedSet as _;
use redress::kernel::ids::{HandoffId, PartnerId};
use redress::wire::redress::bureau::v1::{EnrollmentOrder, EnrollmentProgress};
use redress::wire::redress::handoff::v1::{Partner, PartnerMode};
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::world::{BACKOFF, World};
use crate::harness::{Database, apply, both};

pub const LAYOUT: &str = include_str!("../../../deploy/sandbox-http.toml");
pub const NAME: &str = "sandbox-bureau";
pub const SECRET: &str = "50% of a+b/c:d";
/// After this time a partner is asked what became of an order.
pub const OVERDUE: Duration = Duration::from_mins(16);

/// The sandbox's REST API, and a partner that is called by it.
pub struct Api {
    pub partner: PartnerId,
    pub face: RestFace,
    pub address: SocketAddr,
    _serving: DropGuard,
}

impl Api {
    pub async fn open(world: &World) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let face = face(world, Some(SECRET));
        let draining = CancellationToken::new();
        tokio::spawn(face.clone().serve(listener, draining.clone()));
        world.keep_secret(NAME, &format!("{SECRET}\n"));
        Self {
            partner: world.partner(at(address)).await,
            face,
            address,
            _serving: draining.drop_guard(),
        }
    }
}

/// A world whose partners may take their time, so that only what never answers is late.
pub async fn patient(database: Database) -> World {
    World::with_rules(database, |rules| {
        rules.call_timeout = Duration::from_secs(20);
    })
    .await
}

pub fn face(world: &World, secret: Option<&str>) -> RestFace {
    let clock = world.context.clock.clone();
    let desk = std::sync::Arc::clone(&world.desk);
    RestFace::new(desk, clock, world.ids.clone(), secret.map(Into::into))
}

/// A partner whose REST API is at this address.
pub fn at(address: SocketAddr) -> Partner {
    Partner {
        name: NAME.to_owned(),
        mode: PartnerMode::Http.into(),
        http_layout: layout(address),
        ..Partner::default()
    }
}

pub fn layout(address: SocketAddr) -> String {
    LAYOUT.replace("127.0.0.1:7450", &address.to_string())
}

/// The same layout for a partner that knows us by our certificate.
pub fn by_certificate(layout: &str) -> String {
    let (head, rest) = layout.split_once("[authorization.oauth2]").unwrap();
    let (_, rest) = rest.split_once("[headers]").unwrap();
    format!("{head}authorization = \"mtls\"\n[headers]{rest}")
}

impl World {
    /// Gives how the newest attempt ended.
    pub async fn last_attempt(&self, id: HandoffId) -> &'static str {
        self.attempts(id).await.pop().unwrap()
    }
}

/// The bureau says "booked", and what became of it when it is asked later. The token has ended meanwhile, and is renewed.
#[apply(both)]
async fn every_outcome_class_arrives_when_the_bureau_is_asked(database: Database) {
    let world = patient(database).await;
    let api = Api::open(&world).await;
    let cases = [
        ("666010001", "ACTIVE", "", None),
        ("", "ACTIVE", "", None),
        ("666110001", "ACTION_REQUIRED", "FILE_FROZEN", Some("SB422")),
        ("666120001", "REFUSED", "THIN_FILE", Some("SB306")),
        (
            "666130001",
            "ACTION_REQUIRED",
            "SSN_MISMATCH",
            Some("SB013"),
        ),
        ("666140001", "REFUSED", "ALREADY_ENROLLED", Some("SB102")),
        ("666170001", "ACTIVE", "", None),
        (
            "666180001",
            "ACTION_REQUIRED",
            "IDENTITY_NOT_CONFIRMED",
            Some("SB303"),
        ),
        ("666190001", "ACTION_REQUIRED", "NO_HIT", Some("SB9193")),
        ("666240001", "REFUSED", "ALREADY_ENROLLED", Some("SB102")),
        (
            "666300001",
            "ACTION_REQUIRED",
            "VICTIM_ALERT",
            Some("SB9012"),
        ),
        ("666310001", "REFUSED", "DECEASED", Some("SB005")),
        ("666320001", "REFUSED", "MINOR", Some("SB018")),
        (
            "666330001",
            "ACTION_REQUIRED",
            "PRODUCT_CONFIG",
            Some("SB2004"),
        ),
        ("666340001", "ACTION_REQUIRED", "OTHER", Some("SB999")),
    ];
    let mut queued = Vec::new();
    for (ssn, state, class, native) in cases {
        let outcome = format!("{state} {class}").trim().to_owned();
        queued.push((world.enroll(api.partner, ssn).await, state, outcome, native));
    }
    let mut worker = world.worker();
    assert_eq!(worker.step().await.unwrap(), cases.len());
    for (id, ..) in &queued {
        let row = world.row(*id).await;
        assert_eq!((row.state.as_str(), row.attempts), ("ACCEPTED", 1));
        assert!(row.partner_reference.unwrap().starts_with("SB-"));
    }
    assert_eq!(worker.step().await.unwrap(), 0);
    world.hand.advance(OVERDUE);
    assert_eq!(worker.step().await.unwrap(), cases.len());
    for (id, state, outcome, native) in queued {
        let row = world.row(id).await;
        assert_eq!(
            (row.state.as_str(), row.native_code.as_deref()),
            (state, native)
        );
        assert_eq!(world.outcomes(id).await, [outcome]);
        assert_eq!(world.attempts(id).await, ["ANSWERED"]);
    }
    assert_eq!(world.offers(), vec![1; cases.len()]);
    world.hand.advance(OVERDUE);
    assert_eq!(
        worker.step().await.unwrap(),
        0,
        "what is settled is not asked after"
    );
}

/// What the bureau refuses at once is for the person to correct, and is ordered again by another call under the same id.
#[apply(both)]
async fn a_refused_order_is_corrected_and_ordered_again(database: Database) {
    let world = patient(database).await;
    let api = Api::open(&world).await;
    let at_once = world.enroll(api.partner, "666290001").await;
    let later = world.enroll(api.partner, "666120001").await;
    let mut worker = world.worker();
    worker.step().await.unwrap();
    assert_eq!(
        world.outcomes(at_once).await,
        ["ACTION_REQUIRED INVALID_INPUT"]
    );
    assert_eq!(
        world.row(at_once).await.native_code.as_deref(),
        Some("SB400")
    );
    assert_eq!(world.offers(), [1], "nothing is booked of the first");
    world.hand.advance(OVERDUE);
    worker.step().await.unwrap();
    for id in [at_once, later] {
        world.order_again(id, 2).await;
    }
    assert_eq!(world.take().await, 2);
    assert_eq!(worker.step().await.unwrap(), 2);
    assert!(world.all_are(&[at_once, later], "ACCEPTED").await);
    world.hand.advance(OVERDUE);
    worker.step().await.unwrap();
    assert_eq!(
        world.outcomes(at_once).await,
        ["ACTION_REQUIRED INVALID_INPUT", "ACTIVE"]
    );
    assert_eq!(world.outcomes(later).await, ["REFUSED THIN_FILE", "ACTIVE"]);
    let mut offers = world.offers();
    offers.sort_unstable();
    assert_eq!(offers, [1, 2], "each stands once in the book");
}

/// A cancellation follows its order; of what the bureau never had there is nothing to cancel, and what was not sent is not sent any more.
#[apply(both)]
async fn who_withdraws_is_canceled_or_never_sent(database: Database) {
    let world = patient(database).await;
    let api = Api::open(&world).await;
    let booked = world.enroll(api.partner, "666010001").await;
    let unknown = world.enroll(api.partner, "666290001").await;
    let mut worker = world.worker();
    worker.step().await.unwrap();
    let unsent = world.enroll(api.partner, "666010002").await;
    let mut all = vec![booked, unsent];
    for id in [booked, unknown, unsent] {
        all.push(world.cancel(id).await);
    }
    for _ in 0..3 {
        worker.step().await.unwrap();
    }
    for id in &all {
        assert_eq!(world.state(*id).await, "CANCELED");
    }
    assert_eq!(world.booked(), [EnrollmentProgress::Canceled]);
    assert_eq!(world.offers(), [1], "who withdrew in time was never sent");
}

/// The bureau books, and its answer is lost: we ask, and do not send again.
#[apply(both)]
async fn a_lost_answer_is_asked_after_and_nobody_is_booked_twice(database: Database) {
    let world = World::new(database).await;
    let api = Api::open(&world).await;
    let id = world.enroll(api.partner, "666160001").await;
    let mut worker = world.worker();
    worker.step().await.unwrap();
    assert_eq!(world.state(id).await, "UNSETTLED");
    assert_eq!(worker.step().await.unwrap(), 0, "it is asked after a pause");
    world.hand.advance(BACKOFF);
    worker.step().await.unwrap();
    assert_eq!(world.state(id).await, "ACTIVE");
    assert_eq!(world.attempts(id).await, ["UNSEEN", "ANSWERED"]);
    assert_eq!(world.outcomes(id).await, ["ACTIVE"]);
    assert_eq!(world.offers(), [1]);
}

/// It says that it has the order already: it is asked, and what it says is taken.
#[apply(both)]
async fn a_conflict_is_asked_after(database: Database) {
    let world = patient(database).await;
    let api = Api::open(&world).await;
    let id = world.enroll(api.partner, "666110001").await;
    let known = EnrollmentOrder {
        attempt: 1,
        ..EnrollmentOrder::default()
    };
    world.desk.submit(id.as_uuid(), &known).await.unwrap();
    let mut worker = world.worker();
    worker.step().await.unwrap();
    assert_eq!(world.state(id).await, "UNSETTLED");
    world.hand.advance(BACKOFF);
    worker.step().await.unwrap();
    assert_eq!(world.state(id).await, "ACTIVE", "as it was booked first");
    assert_eq!(world.offers(), [1]);
}

/// What the bureau took and lost is shown to an operator.
#[apply(both)]
async fn what_the_bureau_forgot_is_shown(database: Database) {
    let world = patient(database).await;
    let api = Api::open(&world).await;
    let id = world.enroll(api.partner, "666250001").await;
    let mut worker = world.worker();
    worker.step().await.unwrap();
    assert_eq!(world.state(id).await, "ACCEPTED");
    world.hand.advance(OVERDUE);
    worker.step().await.unwrap();
    assert_eq!(world.state(id).await, "DEAD");
    assert_eq!(world.audited(id).await, ["handoff.dead"]);
}

/// The bureau ends our token before its time: one call is refused, and made again with a new one.
#[apply(both)]
async fn a_token_that_is_refused_is_renewed_in_the_same_call(database: Database) {
    let world = patient(database).await;
    let api = Api::open(&world).await;
    let mut worker = world.worker();
    for _ in 0..2 {
        let id = world.enroll(api.partner, "666010001").await;
        assert_eq!(worker.step().await.unwrap(), 1);
        assert_eq!(world.state(id).await, "ACCEPTED");
        assert_eq!(world.attempts(id).await, ["ANSWERED"]);
        api.face.end_tokens();
    }
}
