//! Making and changing a partner with a REST API, and calling it inside of mutual TLS.

use redress::db::entities::ClosedSet as _;
use redress::wire::redress::handoff::v1::{
    CreatePartnerRequest, Partner, PartnerMode, UpdatePartnerRequest,
};
use tokio::net::TcpListener;

use super::http::{Api, at, by_certificate, face, layout, patient};
use super::world::BACKOFF;
use crate::harness::carriers::{TlsListener, mutual};
use crate::harness::{Database, apply, both};

/// A layout that cannot be is refused where it is given, with its place; so is one for a partner that is not called by it.
#[apply(both)]
async fn a_wrong_layout_is_refused_with_its_place(database: Database) {
    let world = patient(database).await;
    let good = at("127.0.0.1:7450".parse().unwrap());
    let with = |from: &str, to: &str| Partner {
        http_layout: good.http_layout.replacen(from, to, 1),
        ..good.clone()
    };
    for (partner, said) in [
        (with("base = ", "bass = "), "bass"),
        (
            with("/v1/enrollments/{handoff_id}", "/v1/{ssn}"),
            "update.path: {ssn}",
        ),
        (
            with("\"family_name\",", "\"maiden_name\","),
            "submit.body: ",
        ),
        (with("\"FILE_FROZEN\"", "\"ICE\""), "answers.codes: "),
        (with("http://127", "http://10"), "base"),
        (
            Partner {
                http_layout: String::new(),
                ..good.clone()
            },
            "partner.http_layout",
        ),
        (
            Partner {
                endpoint: "https://x:1".to_owned(),
                ..good.clone()
            },
            "partner.endpoint",
        ),
        (
            Partner {
                file_layout: "x".to_owned(),
                ..good.clone()
            },
            "partner.file_layout",
        ),
        (
            Partner {
                mode: PartnerMode::Pull.into(),
                ..good.clone()
            },
            "partner.http_layout",
        ),
    ] {
        let request = CreatePartnerRequest {
            request_id: world.request_id(),
            partner: Some(partner),
        };
        let refused = world.partners().create_partner(request).await.unwrap_err();
        assert_eq!(refused.code(), tonic::Code::InvalidArgument);
        let details = String::from_utf8_lossy(refused.details()).into_owned();
        assert!(details.contains(said), "{said}: {details}");
    }
}

/// The API moves: its new layout holds for what waits, too.
#[apply(both)]
async fn another_layout_holds_from_the_next_call_on(database: Database) {
    let world = patient(database).await;
    let api = Api::open(&world).await;
    let update = |http_layout: String| UpdatePartnerRequest {
        request_id: world.request_id(),
        partner_id: api.partner.to_string(),
        http_layout: Some(http_layout),
        ..UpdatePartnerRequest::default()
    };
    let nowhere = layout("127.0.0.1:1".parse().unwrap());
    let moved = world.partners().update_partner(update(nowhere)).await;
    let moved = moved.unwrap().into_inner().partner.unwrap();
    assert_eq!(
        (moved.mode(), moved.endpoint.as_str()),
        (PartnerMode::Http, "http://127.0.0.1:1")
    );
    let id = world.enroll(api.partner, "666010001").await;
    let mut worker = world.worker();
    worker.step().await.unwrap();
    assert_eq!(world.state(id).await, "QUEUED");
    let back = update(layout(api.address));
    world.partners().update_partner(back).await.unwrap();
    world.hand.advance(BACKOFF);
    worker.step().await.unwrap();
    assert_eq!(world.state(id).await, "ACCEPTED");
}

/// By the certificate of this process, to a server whose own comes from the authority for partners; without it the server lets nobody in.
#[apply(both)]
async fn a_partner_is_called_inside_of_mutual_tls(database: Database) {
    let world = patient(database).await;
    let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = tcp.local_addr().unwrap();
    let acceptor = mutual(&world.bureau_tls());
    let router = face(&world, None).router();
    tokio::spawn(async move { axum::serve(TlsListener { tcp, acceptor }, router).await });
    let place = format!("https://localhost:{}", address.port());
    let text = layout(address).replace(&format!("http://{address}"), &place);
    let known = Partner {
        http_layout: by_certificate(&text),
        ..at(address)
    };
    let by_token = Partner {
        name: "by-token".to_owned(),
        http_layout: text,
        ..at(address)
    };
    world.keep_secret("by-token", "secret");
    let partner = world.partner(known).await;
    let stranger = world.partner(by_token).await;
    let id = world.enroll(partner, "666010001").await;
    let refused = world.enroll(stranger, "666010002").await;
    world.worker().step().await.unwrap();
    assert_eq!(world.state(id).await, "ACCEPTED");
    let row = world.row(refused).await;
    assert_eq!((row.state.as_str(), row.sent_at), ("QUEUED", None));
    assert_eq!(world.offers(), [1]);
}
