//! Two operators for an export.

use std::time::Duration;

use futures::TryStreamExt;
use redress::kernel::caller::{Caller, Role};
use redress::kernel::fault::{Reason, reason_of};
use redress::kernel::ids::CampaignId;
use redress::wire::redress::enrollment::v1 as wire;
use redress::wire::redress::enrollment::v1::enrollment_code_service_server::EnrollmentCodeService;
use tonic::{Request, Status};

use super::house::House;

use crate::harness::{Database, apply, both};

const DAY: Duration = Duration::from_hours(24);

fn by<T>(name: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    let caller = Caller::new(Role::Operator, name).unwrap();
    request.extensions_mut().insert(caller);
    request
}

/// A campaign that asks for two operators, with a batch of three codes.
async fn batch(house: &House) -> wire::CodeBatch {
    let wanted = wire::Campaign {
        two_operators: true,
        ..house.wanted()
    };
    let campaign = house.create(wanted).await.unwrap();
    assert!(campaign.two_operators);
    let campaign: CampaignId = campaign.campaign_id.parse().unwrap();
    house.people(campaign, 3).await;
    house.issue(campaign).await
}

async fn ask(
    house: &House,
    name: &str,
    id: &str,
    batch: &wire::CodeBatch,
) -> Result<wire::ExportApproval, Status> {
    let message = wire::RequestExportRequest {
        request_id: id.to_owned(),
        campaign: batch.campaign_id.clone(),
        batch_id: batch.batch_id.clone(),
    };
    let answer = house.handlers.request_export(by(name, message)).await?;
    Ok(answer.into_inner().export_approval.unwrap())
}

async fn approve(
    house: &House,
    name: &str,
    id: &str,
    asked: &wire::ExportApproval,
) -> Result<wire::ExportApproval, Status> {
    let message = wire::ApproveExportRequest {
        request_id: id.to_owned(),
        campaign: asked.campaign_id.clone(),
        export_approval_id: asked.export_approval_id.clone(),
    };
    let answer = house.handlers.approve_export(by(name, message)).await?;
    Ok(answer.into_inner().export_approval.unwrap())
}

async fn export(house: &House, name: &str, batch: &wire::CodeBatch) -> Result<usize, Status> {
    let message = wire::ExportCodesRequest {
        campaign: batch.campaign_id.clone(),
        batch_id: batch.batch_id.clone(),
        after_individual_id: String::new(),
    };
    let pages = house
        .handlers
        .export_codes(by(name, message))
        .await?
        .into_inner();
    let pages: Vec<wire::ExportCodesResponse> = pages.try_collect().await?;
    Ok(pages
        .iter()
        .flat_map(|page| &page.codes)
        .filter(|code| !code.seed)
        .count())
}

async fn refused(house: &House, name: &str, batch: &wire::CodeBatch) -> bool {
    let refusal = export(house, name, batch).await;
    refusal.is_err_and(|status| reason_of(&status) == Some(Reason::ExportNotApproved))
}

#[apply(both)]
async fn codes_leave_for_whoever_asked_once_another_approved_and_for_a_day(database: Database) {
    let house = House::open(&database).await;
    let batch = batch(&house).await;
    assert!(refused(&house, "ann", &batch).await);
    let asked = ask(&house, "ann", &house.request_id(), &batch)
        .await
        .unwrap();
    assert_eq!(asked.state(), wire::ExportApprovalState::Requested);
    assert_eq!(asked.requester, "operator/ann");
    assert!(
        refused(&house, "ann", &batch).await,
        "nobody has approved yet"
    );
    let own = approve(&house, "ann", &house.request_id(), &asked)
        .await
        .unwrap_err();
    assert_eq!(reason_of(&own), Some(Reason::SecondPersonRequired));
    let approved = approve(&house, "bob", &house.request_id(), &asked)
        .await
        .unwrap();
    assert_eq!(approved.state(), wire::ExportApprovalState::Approved);
    assert_eq!(approved.approver, "operator/bob");
    assert_eq!(export(&house, "ann", &batch).await.unwrap(), 3);
    assert_eq!(
        export(&house, "ann", &batch).await.unwrap(),
        3,
        "an export that broke off is run again"
    );
    assert!(
        refused(&house, "bob", &batch).await,
        "the approver has no copy"
    );
    let detail = format!("%{}%", asked.export_approval_id);
    assert_eq!(
        house
            .count(&format!(
                "audit_event WHERE action = 'codes.exported' AND detail LIKE '{detail}'"
            ))
            .await,
        2
    );
    assert_eq!(
        house
            .count("audit_event WHERE action = 'export.requested' AND actor = 'operator/ann'")
            .await,
        1
    );
    assert_eq!(
        house
            .count("audit_event WHERE action = 'export.approved' AND actor = 'operator/bob'")
            .await,
        1
    );
    house.clock.advance(DAY);
    assert!(refused(&house, "ann", &batch).await, "the day is over");
    let late = approve(&house, "bob", &house.request_id(), &asked)
        .await
        .unwrap_err();
    assert_eq!(reason_of(&late), Some(Reason::ExportApprovalExpired));
}

#[apply(both)]
async fn every_step_twice_changes_nothing_and_another_batch_stays_closed(database: Database) {
    let house = House::open(&database).await;
    let first = batch(&house).await;
    let campaign: CampaignId = first.campaign_id.parse().unwrap();
    house.people(campaign, 2).await;
    let second = house.issue(campaign).await;
    let (one, two) = (house.request_id(), house.request_id());
    let asked = ask(&house, "ann", &one, &first).await.unwrap();
    assert_eq!(ask(&house, "ann", &one, &first).await.unwrap(), asked);
    let reused = ask(&house, "ann", &one, &second).await.unwrap_err();
    assert_eq!(reason_of(&reused), Some(Reason::RequestIdReused));
    let approved = approve(&house, "bob", &two, &asked).await.unwrap();
    house.clock.advance(Duration::from_hours(1));
    assert_eq!(
        approve(&house, "bob", &two, &asked).await.unwrap(),
        approved
    );
    assert_eq!(
        approve(&house, "cid", &house.request_id(), &asked)
            .await
            .unwrap(),
        approved,
        "approved is approved"
    );
    assert_eq!(house.count("export_approval").await, 1);
    assert_eq!(
        house
            .count("audit_event WHERE action = 'export.approved'")
            .await,
        1
    );
    assert_eq!(export(&house, "ann", &first).await.unwrap(), 3);
    assert!(refused(&house, "ann", &second).await);
    ask(&house, "bob", &house.request_id(), &second)
        .await
        .unwrap();
    let list = |page_token: String| {
        let campaign_id = first.campaign_id.clone();
        house.handlers.list_export_approvals(by(
            "ann",
            wire::ListExportApprovalsRequest {
                campaign: campaign_id,
                page_size: 1,
                page_token,
            },
        ))
    };
    let newest = list(String::new()).await.unwrap().into_inner();
    assert_eq!(newest.export_approvals[0].batch_id, second.batch_id);
    let rest = list(newest.next_page_token).await.unwrap().into_inner();
    assert_eq!(rest.export_approvals, [approved]);
    assert!(rest.next_page_token.is_empty());
}

#[apply(both)]
async fn what_cannot_be_exported_is_neither_asked_for_nor_approved(database: Database) {
    let house = House::open(&database).await;
    let batch = batch(&house).await;
    let asked = ask(&house, "ann", &house.request_id(), &batch)
        .await
        .unwrap();
    let strange = wire::CodeBatch {
        batch_id: house.ids.uuid().to_string(),
        ..batch.clone()
    };
    let refusal = ask(&house, "ann", &house.request_id(), &strange)
        .await
        .unwrap_err();
    assert_eq!(reason_of(&refusal), Some(Reason::BatchNotFound));
    let nothing = wire::ExportApproval {
        export_approval_id: house.ids.uuid().to_string(),
        ..asked.clone()
    };
    let refusal = approve(&house, "bob", &house.request_id(), &nothing)
        .await
        .unwrap_err();
    assert_eq!(reason_of(&refusal), Some(Reason::ExportApprovalNotFound));
    house.run("UPDATE code_batch SET completed_at = NULL").await;
    let refusal = approve(&house, "bob", &house.request_id(), &asked)
        .await
        .unwrap_err();
    assert_eq!(reason_of(&refusal), Some(Reason::BatchIncomplete));
    house.run("UPDATE code_batch SET completed_at = created_at, state = 'SEALED', wrapped_secret = NULL, sealed_at = created_at").await;
    let refusal = ask(&house, "ann", &house.request_id(), &batch)
        .await
        .unwrap_err();
    assert_eq!(reason_of(&refusal), Some(Reason::BatchSealed));
    let refusal = approve(&house, "bob", &house.request_id(), &asked)
        .await
        .unwrap_err();
    assert_eq!(reason_of(&refusal), Some(Reason::BatchSealed));
    assert_eq!(
        house
            .count("audit_event WHERE action = 'export.approved'")
            .await,
        0
    );
}
