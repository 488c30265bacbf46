use super::*;

#[test]
fn display_is_rfc_3339_and_parses_back() {
    let instant = Timestamp::from_micros(1_437_091_200_000_001);
    assert_eq!(instant.to_string(), "2015-07-17T00:00:00.000001Z");
    assert_eq!(instant.to_string().parse(), Ok(instant));
    assert_eq!("yesterday".parse::<Timestamp>(), Err(InvalidTimestamp));
}

#[test]
fn wire_instants_survive_on_both_sides_of_the_epoch() {
    for micros in [-1, 0, 1, 999_999, -1_500_000, 1_437_091_200_123_456] {
        let instant = Timestamp::from_micros(micros);
        assert_eq!(Timestamp::from_proto(&instant.to_proto()), Ok(instant));
    }
    let wire = prost_types::Timestamp {
        seconds: 0,
        nanos: -1,
    };
    assert_eq!(Timestamp::from_proto(&wire), Err(InvalidTimestamp));
    let wire = prost_types::Timestamp {
        seconds: i64::MAX,
        nanos: 0,
    };
    assert_eq!(Timestamp::from_proto(&wire), Err(InvalidTimestamp));
}

#[test]
fn a_manual_clock_moves_only_by_hand_and_for_all_its_clones() {
    let (clock, hand) = Clock::manual(Timestamp::EPOCH);
    let twin = clock.clone();
    assert_eq!(clock.now(), Timestamp::EPOCH);
    hand.advance(Duration::from_secs(5));
    assert_eq!(twin.now().as_micros(), 5_000_000);
    assert_eq!(twin.now().since(Timestamp::EPOCH), Duration::from_secs(5));
    assert_eq!(Timestamp::EPOCH.since(twin.now()), Duration::ZERO);
}

async fn follow(clock: &Clock, right: Timestamp) {
    let answer = std::future::ready(Ok::<_, InvalidTimestamp>(right));
    clock.follow(answer).await.unwrap();
}

#[tokio::test]
async fn a_clock_that_follows_another_shows_its_time_and_goes_on_by_itself() {
    let right = Timestamp::from_micros(1_437_091_200_000_000);
    for off in [Duration::from_hours(48), Duration::from_hours(1)] {
        for start in [right + off, right - off] {
            let (clock, hand) = Clock::manual(start);
            let twin = clock.clone();
            follow(&clock, right).await;
            assert_eq!(twin.now(), right);
            hand.advance(Duration::from_secs(5));
            assert_eq!(clock.now(), right + Duration::from_secs(5));
        }
    }
}

#[tokio::test]
async fn a_clock_moves_only_by_what_an_answer_proves() {
    let start = Timestamp::from_micros(1_437_091_200_000_000);
    let second = Duration::from_secs(1);
    // Read at any instant of an answer that took ten seconds, and before and after it.
    for (read, shown) in [
        (start, start + 10 * second),
        (start + 10 * second, start + 10 * second),
        (start - 60 * second, start - 50 * second),
        (start + 60 * second, start + 60 * second),
    ] {
        let (clock, hand) = Clock::manual(start);
        let slow = async {
            hand.advance(10 * second);
            Ok::<_, InvalidTimestamp>(read)
        };
        clock.follow(slow).await.unwrap();
        assert_eq!(clock.now(), shown);
    }
}

#[tokio::test]
async fn time_stands_still_for_a_small_step_back_and_goes_back_for_a_large_one() {
    let start = Timestamp::from_micros(1_437_091_200_000_000);
    let (clock, hand) = Clock::manual(start);
    follow(&clock, start - Duration::from_millis(700)).await;
    assert_eq!(clock.now(), start);
    // Asked again meanwhile, it is right already.
    follow(&clock, start - Duration::from_millis(700)).await;
    hand.advance(Duration::from_millis(500));
    assert_eq!(clock.now(), start);
    hand.advance(Duration::from_millis(500));
    assert_eq!(clock.now(), start + Duration::from_millis(300));
    follow(&clock, start - Duration::from_hours(1)).await;
    assert_eq!(clock.now(), start - Duration::from_hours(1));
}

#[tokio::test]
async fn a_clock_that_gets_no_answer_runs_on() {
    let (clock, _hand) = Clock::manual(Timestamp::from_micros(7));
    let none = std::future::ready(Err(InvalidTimestamp));
    assert_eq!(clock.follow(none).await, Err(InvalidTimestamp));
    assert_eq!(clock.now(), Timestamp::from_micros(7));
}

#[test]
fn a_steady_clock_starts_with_the_systems() {
    let before = Clock::system().now();
    let steady = Clock::steady();
    let shown = steady.now();
    assert!(before <= shown && shown <= Clock::system().now() + HELD);
    assert!(steady.now() >= shown);
}

#[test]
fn arithmetic_saturates() {
    let last = Timestamp::from_micros(i64::MAX);
    assert_eq!(last + Duration::MAX, last);
    assert_eq!(last.to_string(), format!("{}us", i64::MAX));
}
