//! What any client meets on the wire, asked of the real processes.

use std::collections::BTreeSet;

use prost::Message as _;
use prost_types::FileDescriptorProto;
use redress::kernel::caller::Role;
use redress::wire::redress::enrollment::v1::{
    CoveredEntity, CreateCampaignRequest, ListCampaignsRequest,
};
use redress::wire::redress::handoff::v1::PartnerMode;
use tonic::Request;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
use tonic_reflection::pb::v1::{ExtensionRequest, ServerReflectionRequest};

use crate::harness::clients::request_id;
use crate::harness::processes::{House, Service};
use crate::harness::{Database, apply, both, contract, http, poll, walk};

/// The longest that something may take to be seen.
const SOON: std::time::Duration = std::time::Duration::from_secs(10);

/// Answers questions in order, each as the stream gives it.
async fn reflect(house: &House, of: Service, asked: Vec<MessageRequest>) -> Vec<MessageResponse> {
    let mut client = ServerReflectionClient::new(house.channel(of, Role::Auditor));
    let requests = asked.into_iter().map(|question| ServerReflectionRequest {
        host: String::new(),
        message_request: Some(question),
    });
    let requests = tokio_stream::iter(requests.collect::<Vec<_>>());
    let answers = client.server_reflection_info(requests).await.unwrap();
    let mut answers = answers.into_inner();
    let mut all = Vec::new();
    while let Some(answer) = answers.message().await.unwrap() {
        all.push(answer.message_response.unwrap());
    }
    all
}

fn file(answer: &MessageResponse) -> FileDescriptorProto {
    let MessageResponse::FileDescriptorResponse(files) = answer else {
        panic!("{answer:?}");
    };
    FileDescriptorProto::decode(files.file_descriptor_proto[0].as_slice()).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_process_reflects_its_own_services_and_all_that_they_need() {
    let house = House::open(Database::sqlite().await).await;
    for service in Service::ALL {
        let asked = vec![MessageRequest::ListServices(String::new())];
        let answers = reflect(&house, service, asked).await;
        let MessageResponse::ListServicesResponse(listed) = &answers[0] else {
            panic!("{answers:?}");
        };
        let listed: BTreeSet<String> = listed.service.iter().map(|it| it.name.clone()).collect();
        let methods = contract::methods().filter(|it| contract::server_of(it) == service);
        let own = methods.map(|it| it.parent_service().full_name().to_owned());
        let mut wanted: BTreeSet<String> = own.collect();
        let everywhere = [
            "grpc.health.v1.Health",
            "grpc.reflection.v1.ServerReflection",
            "grpc.reflection.v1alpha.ServerReflection",
        ];
        wanted.extend(everywhere.map(str::to_owned));
        assert_eq!(listed, wanted);

        let details = ["google.rpc.ErrorInfo", "google.rpc.Status"];
        let symbols = wanted.iter().map(String::as_str).chain(details);
        let asked = symbols.map(|name| MessageRequest::FileContainingSymbol(name.to_owned()));
        let answers = reflect(&house, service, asked.collect()).await;
        let mut missing: BTreeSet<String> = BTreeSet::new();
        let mut seen: BTreeSet<String> = BTreeSet::new();
        for found in answers.iter().map(file) {
            seen.insert(found.name().to_owned());
            missing.extend(found.dependency);
        }
        while let Some(name) = missing.pop_first() {
            if seen.insert(name.clone()) {
                let asked = vec![MessageRequest::FileByFilename(name)];
                missing.extend(file(&reflect(&house, service, asked).await[0]).dependency);
            }
        }
    }
    let other = MessageRequest::FileContainingSymbol("redress.identity.v1.RosterService".into());
    let options = "google.protobuf.FieldOptions".to_owned();
    let behavior = MessageRequest::FileContainingExtension(ExtensionRequest {
        containing_type: options.clone(),
        extension_number: 1_052,
    });
    let asked = vec![
        other,
        MessageRequest::AllExtensionNumbersOfType(options),
        behavior,
    ];
    let answers = reflect(&house, Service::Codes, asked).await;
    let MessageResponse::ErrorResponse(error) = &answers[0] else {
        panic!("another process's service is unknown here: {answers:?}");
    };
    assert_eq!(error.error_code, 5);
    let MessageResponse::AllExtensionNumbersResponse(numbers) = &answers[1] else {
        panic!("{answers:?}");
    };
    assert_eq!(numbers.extension_number, [1_052]);
    assert_eq!(file(&answers[2]).name(), "google/api/field_behavior.proto");
}

#[apply(both)]
async fn a_page_of_a_list_ends_by_its_size_too(database: Database) {
    const LARGEST: usize = 65_536;
    let house = House::new(database).with(Service::Codes, "max_message_bytes", LARGEST.to_string());
    house.start_all().await;
    let partner = walk::partner(&house, PartnerMode::Push).await;
    let mut client = house.campaigns().max_decoding_message_size(LARGEST);
    let mut created = BTreeSet::new();
    for number in 0..6 {
        let mut campaign = walk::new_campaign(&partner, &format!("B10000{number}"));
        let first = campaign.covered_entities[0].clone();
        campaign.covered_entities = (0..300)
            .map(|number| CoveredEntity {
                key: format!("e{number}"),
                name: format!("Entity {number} of many, with a name of some length, {number}"),
                ..first.clone()
            })
            .collect();
        let request = CreateCampaignRequest {
            request_id: request_id(),
            campaign: Some(campaign),
        };
        let answer = client.create_campaign(request).await.unwrap().into_inner();
        created.insert(answer.campaign.unwrap().campaign_id);
    }
    let mut listed = BTreeSet::new();
    let mut pages = 0;
    let mut page_token = String::new();
    loop {
        let request = ListCampaignsRequest {
            page_size: 50,
            page_token,
        };
        let page = client.list_campaigns(request).await.unwrap().into_inner();
        assert!(page.encoded_len() <= LARGEST && !page.campaigns.is_empty());
        listed.extend(page.campaigns.into_iter().map(|it| it.campaign_id));
        pages += 1;
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert!(pages > 1);
    assert_eq!(listed, created);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_leaves_is_counted_as_canceled() {
    let house = House::open(Database::sqlite().await).await;
    let mut grpc = tonic::client::Grpc::new(house.channel(Service::Codes, Role::Operator));
    grpc.ready().await.unwrap();
    let codec = tonic_prost::ProstCodec::<ListCampaignsRequest, ListCampaignsRequest>::default();
    let path = "/redress.enrollment.v1.CampaignService/ListCampaigns";
    let never = Request::new(futures::stream::pending());
    let call = grpc.streaming(never, path.parse().unwrap(), codec);
    let early = tokio::time::timeout(std::time::Duration::from_millis(300), call).await;
    assert!(early.is_err(), "the request is not whole");
    let port = house.address(Service::Codes).admin;
    poll::until("the call to be counted", SOON, async || {
        let metrics = http::get(port, "/metrics").await.map(|it| it.body);
        let metrics = metrics.unwrap_or_default();
        let mut of_method = metrics
            .lines()
            .filter(|line| line.contains("ListCampaigns"));
        let canceled = of_method.any(|line| line.contains("rpc_status_code=\"CANCELLED\""));
        canceled.then_some(())
    })
    .await;
}
