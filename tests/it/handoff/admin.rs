//! What operators do: partners, lists, counts.

use redress::kernel::fault::{Reason, reason_of};
use redress::wire::redress::handoff::v1::get_partner_request::Key;
use redress::wire::redress::handoff::v1::{
    CreatePartnerRequest, FieldProjection, GetCampaignHandoffRequest, GetPartnerRequest,
    GetQueueStatisticsRequest, HandoffState, ListHandoffsRequest, ListPartnersRequest, Partner,
    PartnerMode,
};
use tonic_types::StatusExt;

use super::seed::push;
use super::world::World;
use crate::harness::{Database, apply, both};

/// Everything that is wrong is told at once.
#[apply(both)]
async fn a_bad_partner_is_told_everything_that_is_wrong(database: Database) {
    let world = World::new(database).await;
    let request = CreatePartnerRequest {
        request_id: "1".to_owned(),
        partner: Some(Partner {
            name: "Big Bureau".to_owned(),
            mode: PartnerMode::Push.into(),
            endpoint: "http://plain:1".to_owned(),
            max_in_flight: 5_000,
            projection: Some(FieldProjection {
                city_max: -1,
                ..FieldProjection::default()
            }),
            ..Partner::default()
        }),
    };
    let refused = world.partners().create_partner(request).await.unwrap_err();
    let violations = refused.get_details_bad_request().unwrap().field_violations;
    let fields: Vec<&str> = violations
        .iter()
        .map(|violation| violation.field.as_str())
        .collect();
    assert_eq!(
        fields,
        [
            "request_id",
            "partner.name",
            "partner.endpoint",
            "partner.max_in_flight",
            "partner.projection.city_max"
        ]
    );
}

/// A name belongs to one partner; a repeated call gives the partner it made.
#[apply(both)]
async fn a_partner_is_created_once(database: Database) {
    let world = World::new(database).await;
    let request = CreatePartnerRequest {
        request_id: world.request_id(),
        partner: Some(push("one", "https://localhost:7444")),
    };
    let first = world
        .partners()
        .create_partner(request.clone())
        .await
        .unwrap()
        .into_inner();
    let again = world
        .partners()
        .create_partner(request.clone())
        .await
        .unwrap()
        .into_inner();
    assert_eq!(first, again);
    let other = CreatePartnerRequest {
        request_id: world.request_id(),
        ..request
    };
    let refused = world.partners().create_partner(other).await.unwrap_err();
    assert_eq!(reason_of(&refused), Some(Reason::PartnerExists));
    let key = Some(Key::Name("one".to_owned()));
    let got = world
        .partners()
        .get_partner(GetPartnerRequest { key })
        .await
        .unwrap()
        .into_inner();
    assert_eq!(got.partner, first.partner);
    let key = Some(Key::PartnerId(world.request_id()));
    let refused = world
        .partners()
        .get_partner(GetPartnerRequest { key })
        .await
        .unwrap_err();
    assert_eq!(reason_of(&refused), Some(Reason::PartnerNotFound));
}

/// Lists come page by page and leave nothing out.
#[apply(both)]
async fn lists_and_counts_leave_nothing_out(database: Database) {
    let world = World::new(database).await;
    let partner = world.push_partner().await;
    for name in ["a", "b", "c"] {
        world.partner(push(name, "https://localhost:1")).await;
    }
    let mut names = Vec::new();
    let mut request = ListPartnersRequest {
        page_size: 3,
        page_token: String::new(),
    };
    loop {
        let page = world
            .partners()
            .list_partners(request.clone())
            .await
            .unwrap()
            .into_inner();
        names.extend(page.partners.into_iter().map(|partner| partner.name));
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
    }
    assert_eq!(names, ["a", "b", "c", "sandbox-bureau"]);

    let mut ids = Vec::new();
    for ssn in ["666010001", "666150001", "666010001"] {
        ids.push(world.enroll(partner, ssn).await.to_string());
    }
    world.worker().step().await.unwrap();
    let mut listed = Vec::new();
    let mut request = ListHandoffsRequest {
        campaign: world.campaign.to_string(),
        page_size: 2,
        ..ListHandoffsRequest::default()
    };
    loop {
        let page = world
            .admin()
            .list_handoffs(request.clone())
            .await
            .unwrap()
            .into_inner();
        listed.extend(page.handoffs.into_iter().map(|handoff| handoff.handoff_id));
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
    }
    assert_eq!(listed, ids);
    let got = async |handoff_id: String| {
        let request = GetCampaignHandoffRequest {
            campaign: world.campaign.to_string(),
            handoff_id,
        };
        world.admin().get_campaign_handoff(request).await
    };
    let first = got(ids[0].clone()).await.unwrap().into_inner();
    assert_eq!(first.handoff.unwrap().handoff_id, ids[0]);
    let unknown = got(world.request_id()).await.unwrap_err();
    assert_eq!(reason_of(&unknown), Some(Reason::HandoffNotFound));
    let queued = ListHandoffsRequest {
        campaign: world.campaign.to_string(),
        state: HandoffState::Queued.into(),
        ..ListHandoffsRequest::default()
    };
    let queued = world
        .admin()
        .list_handoffs(queued)
        .await
        .unwrap()
        .into_inner()
        .handoffs;
    assert_eq!(queued.len(), 1);
    assert!(queued[0].next_attempt_time.is_some());

    for campaign in [String::new(), world.campaign.to_string()] {
        let request = GetQueueStatisticsRequest { campaign };
        let counts = world
            .admin()
            .get_queue_statistics(request)
            .await
            .unwrap()
            .into_inner();
        let [pace] = &*counts.paces else {
            panic!("one partner: {:?}", counts.paces)
        };
        assert_eq!(
            (
                pace.waiting,
                pace.queued_in_last_hour,
                pace.taken_in_last_hour
            ),
            (1, 3, 2)
        );
        // No more was taken than queued.
        assert_eq!(pace.time_to_empty, None);
        let counts: Vec<(HandoffState, i64)> = counts
            .counts
            .iter()
            .map(|count| (count.state(), count.handoffs))
            .collect();
        assert_eq!(
            counts,
            [(HandoffState::Accepted, 2), (HandoffState::Queued, 1)]
        );
    }
}
