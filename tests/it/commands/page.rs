//! `redress report --html`: the page has the figures that the report has.

use std::os::unix::fs::PermissionsExt;

use redress::client::convert::with_commas;
use redress::wire::redress::enrollment::v1::CreateCampaignRequest;
use redress::wire::redress::handoff::v1::Partner;

use super::Scene;
use crate::harness::clients::request_id;
use crate::harness::{Database, apply, both, walk};

#[apply(both)]
async fn the_page_has_the_figures_of_the_report(database: Database) {
    let scene = Scene::open(database).await;
    let folder = scene.house.path();
    scene.run(&["report", "--html", "report.html"]).fine();
    let path = folder.join("report.html");
    let mode = std::fs::metadata(&path).expect("a page").permissions();
    assert_eq!(mode.mode() & 0o077, 0, "for its owner alone");
    let page = std::fs::read_to_string(path).expect("a page");
    let report = scene.json(&["report"]);
    let figures = report.as_object().expect("an object").iter();
    let figures: Vec<_> = figures
        .filter_map(|(name, value)| Some((name.replace('_', " "), value.as_i64()?)))
        .collect();
    assert_eq!(figures.len(), 18, "{report}");
    for (name, figure) in &figures {
        let row = format!(
            "<th scope=\"row\">{name}</th><td class=\"number\">{}</td>",
            with_commas(*figure)
        );
        assert!(page.contains(&row), "{row}");
    }
    let days = report["days"].as_array().expect("days");
    let sum = |name: &str| {
        days.iter()
            .filter_map(|day| day[name].as_i64())
            .sum::<i64>()
    };
    assert_eq!(Some(sum("begun")), report["begun"].as_i64());
    assert_eq!(Some(sum("submitted")), report["submitted"].as_i64());
    assert!(sum("submitted") > 0);
    for day in days {
        let row = format!(
            "<th scope=\"row\">{}</th><td class=\"number\">{}</td><td class=\"number\">{}</td>",
            day["date"].as_str().expect("a date"),
            day["begun"],
            day["submitted"]
        );
        assert!(page.contains(&row), "{row}");
    }
    for word in [
        "Wabash Valley Clinic",
        "Indiana",
        "45 CFR 164.404(b)",
        "file frozen",
    ] {
        assert!(page.contains(word), "{word}");
    }
    let refused = scene.run(&["report", "--html", "nowhere/report.html"]);
    refused.refused(2);
    scene
        .run(&["report", "--html", "report.html", "--by", "region"])
        .refused(2);
}

#[apply(both)]
async fn an_empty_campaign_with_a_hostile_name_has_a_page(database: Database) {
    let house = crate::harness::processes::House::open(database).await;
    let partner: Partner = walk::partner(
        &house,
        redress::wire::redress::handoff::v1::PartnerMode::Push,
    )
    .await;
    let mut campaign = walk::new_campaign(&partner, "B100401");
    campaign.name = "<script>alert(1)</script> & \"friends\"".to_owned();
    let request = CreateCampaignRequest {
        request_id: request_id(),
        campaign: Some(campaign),
    };
    let created = house.campaigns().create_campaign(request).await;
    created.expect("the campaign is created");
    house.redress(&["report", "--html", "report.html"]).fine();
    let page = std::fs::read_to_string(house.path().join("report.html")).expect("a page");
    assert!(!page.contains("<script"), "{page}");
    assert!(
        page.contains("<h1>&lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;friends&quot;</h1>")
    );
    assert!(page.contains("Nobody has begun an enrollment yet."));
    assert!(page.ends_with("</html>\n"));
}
