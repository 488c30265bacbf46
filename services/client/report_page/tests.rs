//! The page by itself: whole, harmless, and with the figures that it was given.

use super::*;
use crate::wire::google::r#type::Date;

/// A name that wants to be markup.
const HOSTILE: &str = "<script>alert('x')</script> & \"friends\" \u{0}\u{7}";

fn day(day: i32, begun: i64, submitted: i64) -> wire::ReportDay {
    let date = Date {
        year: 2026,
        month: 11,
        day,
    };
    wire::ReportDay {
        date: Some(date),
        begun,
        submitted,
    }
}

fn campaign(name: &str) -> wire::Campaign {
    wire::Campaign {
        engagement_number: "B100400".to_owned(),
        name: name.to_owned(),
        letter_url: "javascript:alert(1)".to_owned(),
        time_zone: "America/Detroit".to_owned(),
        ..wire::Campaign::default()
    }
}

fn whole() -> wire::GetCampaignReportResponse {
    let funnel = wire::Funnel {
        rows: 4_100_000,
        individuals: 3_900_000,
        letters: 3_800_000,
        begun: 412_345,
        submitted: 398_765,
        active: 390_001,
        referred: 12,
        ..wire::Funnel::default()
    };
    let slice = |name: &str| wire::ReportSlice {
        key: "clinic".to_owned(),
        display_name: name.to_owned(),
        funnel: Some(funnel),
    };
    let deadline = wire::Deadline {
        rule_id: "hipaa-individuals".to_owned(),
        jurisdiction: "US".to_owned(),
        what: HOSTILE.to_owned(),
        applies: true,
        days_left: -3,
        people: 3_900_000,
        ..wire::Deadline::default()
    };
    wire::GetCampaignReportResponse {
        engagement_number: "B100400".to_owned(),
        funnel: Some(funnel),
        slices: vec![slice(HOSTILE), slice("St. Brigid's")],
        deadlines: vec![deadline],
        days: vec![day(1, 12_345, 0), day(2, 0, 0), day(3, 7, 12_000)],
        outcomes: vec![wire::OutcomeCount {
            outcome_class: 5,
            coverages: 1_234,
        }],
        pools: vec![wire::ActivationPoolCount {
            partner_name: HOSTILE.to_owned(),
            imported: 1_200,
            available: 80,
            assigned: 1_120,
            low_water: 100,
            is_low: true,
            ..wire::ActivationPoolCount::default()
        }],
        ..wire::GetCampaignReportResponse::default()
    }
}

fn written(campaign: &wire::Campaign, report: &wire::GetCampaignReportResponse) -> String {
    let text = page(&Content {
        campaign,
        report,
        regions: &report.slices,
    });
    well_formed(&text);
    text
}

/// Checks that every element is closed in its place and that no stray `<` or `&` is left.
fn well_formed(page: &str) {
    let body = page.strip_prefix("<!DOCTYPE html>\n").expect("a doctype");
    let mut open: Vec<&str> = Vec::new();
    let mut pieces = body.split('<');
    assert_eq!(pieces.next(), Some(""));
    for piece in pieces {
        let (tag, text) = piece.split_once('>').expect(piece);
        assert!(!text.contains('>'), "{piece}");
        assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
        for after in piece.split('&').skip(1) {
            let (entity, _) = after.split_once(';').expect(after);
            assert!(
                ["amp", "lt", "gt", "quot", "#39"].contains(&entity),
                "{after}"
            );
        }
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name), "{page}");
        } else if !tag.ends_with('/') {
            open.push(tag.split(' ').next().unwrap_or(tag));
        }
    }
    assert!(open.is_empty(), "{open:?}");
}

#[test]
fn the_page_has_every_figure_with_separators() {
    let text = written(&campaign("Harbor breach"), &whole());
    for word in [
        "<h1>Harbor breach</h1>",
        "4,100,000",
        "3,900,000",
        "412,345",
        "398,765",
        "390,001",
        "10.5%",
        "12,345",
        "2026-11-02",
        "file frozen",
        "1,234",
        "fewer than 100: import more",
        "3 days PAST",
        "St. Brigid&#39;s",
    ] {
        assert!(text.contains(word), "{word}");
    }
}

#[test]
fn nothing_of_a_campaign_becomes_markup() {
    let text = written(&campaign(HOSTILE), &whole());
    assert!(!text.contains("<script"), "{text}");
    assert!(text.contains("<h1>&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;"));
    for needs_network in ["href=", "src=", "url(", "@import", "http://", "https://"] {
        assert!(!text.contains(needs_network), "{needs_network}");
    }
    assert!(!text.chars().any(|it| it.is_control() && it != '\n'));
}

#[test]
fn a_day_without_enrollments_has_a_column_of_no_height() {
    let text = written(&campaign("Harbor breach"), &whole());
    let of_the_second = text
        .lines()
        .find(|line| line.contains("2026-11-02: 0 begun"));
    let of_the_second = of_the_second.expect("a column");
    assert_eq!(of_the_second.matches("height=\"0.00\"").count(), 2);
}

#[test]
fn an_empty_campaign_has_a_page_that_says_so() {
    let report = wire::GetCampaignReportResponse::default();
    let text = written(&campaign("Harbor breach"), &report);
    for word in [
        "Nobody has begun an enrollment yet.",
        "Nobody is on the roster yet.",
        "No partner has reported a reason.",
        "Nothing.",
    ] {
        assert!(text.contains(word), "{word}");
    }
    assert!(!text.contains("NaN"));
}
