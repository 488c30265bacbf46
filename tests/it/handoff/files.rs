//! A partner that is reached by files: each night a file of orders, and what the bureau puts back.

use std::fs::{self, File};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use redress::bureau::client::files::FileExchange;
use redress::handoff::file::worker::{Done, FileWorker};
use redress::handoff::housekeeping;
use redress::kernel::ids::{HandoffId, PartnerId};
use redress::wire::redress::handoff::v1::{
    HandoffFile, HandoffFileState, ListHandoffFilesRequest, Partner, PartnerMode,
};
use sea_orm::ConnectionTrait;

use super::world::World;
use crate::harness::folder::folder;
use crate::harness::{Database, apply, both};

pub const SANDBOX: &str = include_str!("../../../deploy/sandbox-files.toml");
const NAME: &str = "sandbox-bureau";
/// From when the world begins until the next file is due.
const NIGHT: Duration = Duration::from_hours(24);

/// The files of one partner, and both sides that work on them.
pub struct Exchange<'w> {
    pub world: &'w World,
    pub partner: PartnerId,
    directory: tempfile::TempDir,
}

impl<'w> Exchange<'w> {
    pub async fn open(world: &'w World, layout: &str) -> Self {
        let partner = Partner {
            name: NAME.to_owned(),
            mode: PartnerMode::File.into(),
            file_layout: layout.to_owned(),
            ..Partner::default()
        };
        Self {
            partner: world.partner(partner).await,
            world,
            directory: folder(),
        }
    }

    pub fn worker(&self) -> FileWorker {
        let directory = Some(self.directory.path().to_owned());
        FileWorker::new(self.world.context.clone(), directory, "test")
    }

    /// Works once, on what came and what is due.
    pub async fn step(&self) -> (usize, usize) {
        self.settle();
        let Done { sent, read } = self.worker().step().await.unwrap();
        (sent, read)
    }

    /// Lets the sandbox bureau work once.
    pub async fn bureau(&self) -> (usize, usize) {
        let folder = self.directory.path().join(NAME);
        let desk = std::sync::Arc::clone(&self.world.desk);
        let exchange = FileExchange::new(desk, folder, self.world.ids.clone());
        exchange.step().await.unwrap()
    }

    /// A night passes, and what is due is written.
    pub async fn night(&self) -> (usize, usize) {
        self.world.hand.advance(NIGHT);
        self.step().await
    }

    /// Nothing is written to the files that came any more.
    pub fn settle(&self) {
        for name in self.names("in") {
            let file = File::options().append(true).open(self.path("in", &name));
            file.unwrap().set_modified(SystemTime::UNIX_EPOCH).unwrap();
        }
    }

    pub fn path(&self, folder: &str, name: &str) -> PathBuf {
        self.directory.path().join(NAME).join(folder).join(name)
    }

    pub fn names(&self, folder: &str) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.directory.path().join(NAME).join(folder)) else {
            return Vec::new();
        };
        let names = entries.map(|it| it.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.collect();
        names.sort_unstable();
        names
    }

    pub fn text(&self, folder: &str, name: &str) -> String {
        fs::read_to_string(self.path(folder, name)).unwrap()
    }

    /// Puts a file where the bureau puts its own.
    pub fn put(&self, name: &str, text: &str) {
        fs::write(self.path("in", name), text).unwrap();
    }

    /// The files that the operator sees, newest first.
    pub async fn listed(&self) -> Vec<HandoffFile> {
        let request = ListHandoffFilesRequest {
            campaign: self.world.campaign.to_string(),
            ..ListHandoffFilesRequest::default()
        };
        let answer = self.world.admin().list_handoff_files(request).await;
        answer.unwrap().into_inner().files
    }

    pub async fn states(&self, ids: &[HandoffId]) -> Vec<&'static str> {
        let mut states = Vec::new();
        for id in ids {
            states.push(self.world.state(*id).await);
        }
        states
    }
}

/// What is due at night goes into a file; what the acknowledgement leaves out goes into the next one, under the same id.
#[apply(both)]
async fn a_night_and_a_day_with_a_bureau_that_takes_files(database: Database) {
    let world = World::new(database).await;
    let files = Exchange::open(&world, SANDBOX).await;
    let mut ids = Vec::new();
    for ssn in ["666010001", "666110001", "666160001", "666150001"] {
        ids.push(world.enroll(files.partner, ssn).await);
    }
    assert_eq!(files.step().await, (0, 0), "not before the night");
    assert_eq!(files.night().await, (1, 0));
    assert_eq!(files.step().await, (0, 0), "one file a night");
    let [name] = &files.names("out")[..] else {
        panic!("{:?}", files.names("out"));
    };
    assert!(
        name.starts_with("REDRESS_") && name.ends_with("_00001.csv"),
        "{name}"
    );
    let text = files.text("out", name);
    assert!(text.starts_with("TYPE,handoff_id,kind,"), "{text}");
    let last = text.lines().last().unwrap();
    assert!(last.starts_with("T,4,"), "{last}");
    assert_eq!(files.states(&ids).await, ["LEASED"; 4]);
    assert_eq!(files.bureau().await, (1, 1));
    assert_eq!(
        files.step().await,
        (0, 2),
        "the acknowledgement and the results"
    );
    let expected = ["ACTIVE", "ACTION_REQUIRED", "ACTIVE", "QUEUED"];
    assert_eq!(files.states(&ids).await, expected);
    assert_eq!(
        world.outcomes(ids[1]).await,
        ["ACTION_REQUIRED FILE_FROZEN"]
    );
    for night in 2..=3 {
        assert_eq!(files.night().await, (1, 0), "{night}");
        files.bureau().await;
        files.step().await;
    }
    assert_eq!(
        files.states(&ids).await,
        ["ACTIVE", "ACTION_REQUIRED", "ACTIVE", "ACTIVE"]
    );
    let booked: Vec<_> = world
        .desk
        .page(0, 10)
        .into_iter()
        .map(|it| it.0.id)
        .collect();
    assert_eq!(booked.len(), 4, "nobody is booked twice");
    let listed = files.listed().await;
    let numbers: Vec<i32> = listed.iter().map(|file| file.number).collect();
    assert_eq!(numbers, [3, 2, 1]);
    let closed = |file: &HandoffFile| file.state() == HandoffFileState::Closed;
    assert!(listed.iter().all(closed), "{listed:?}");
    assert_eq!(listed[2].record_count, 4);
}

/// What is in a file twice, or comes twice, changes nothing the second time.
#[apply(both)]
async fn the_same_files_again_change_nothing(database: Database) {
    let world = World::new(database).await;
    let files = Exchange::open(&world, SANDBOX).await;
    let id = world.enroll(files.partner, "666110001").await;
    files.night().await;
    files.bureau().await;
    files.step().await;
    let before = (world.row(id).await, world.outcomes(id).await);
    for name in files.names("done") {
        fs::copy(files.path("done", &name), files.path("in", &name)).unwrap();
    }
    assert_eq!(files.step().await, (0, 2));
    assert_eq!((world.row(id).await, world.outcomes(id).await), before);
    assert!(
        files
            .names("done")
            .iter()
            .all(|name| !name.ends_with("report.csv"))
    );
}

/// A file that was cut off, that miscounts, that answers nothing of ours or that nobody knows is put away whole, with the reason.
#[apply(both)]
async fn a_file_that_is_not_sound_is_refused_whole(database: Database) {
    let world = World::new(database).await;
    let files = Exchange::open(&world, SANDBOX).await;
    let ids = [
        world.enroll(files.partner, "666010001").await,
        world.enroll(files.partner, "666010002").await,
    ];
    files.night().await;
    let ours = files.names("out").remove(0);
    files.bureau().await;
    let ack = format!("{ours}.ack");
    let good = files.text("in", &ack);
    let results = files
        .names("in")
        .into_iter()
        .find(|name| name.starts_with("RESULT"));
    fs::remove_file(files.path("in", &results.unwrap())).unwrap();
    let lines: Vec<&str> = good.lines().collect();
    let miscounts = good.replace("T,2", "T,3");
    let cut_off = lines[..2].join("\r\n");
    for bad in [
        miscounts.as_str(),
        &cut_off,
        "",
        "HANDOFF_ID,STATUS\r\n",
        "\u{0}\u{1}",
    ] {
        files.put(&ack, bad);
        assert_eq!(files.step().await, (0, 1), "{bad}");
        assert_eq!(files.states(&ids).await, ["LEASED"; 2], "{bad}");
        let report = files.text("refused", &format!("{ack}.report.csv"));
        assert!(report.lines().count() == 2, "{report}");
    }
    files.put("REDRESS_none_1.csv.ack", &good);
    files.put("holiday.jpg", "x");
    assert_eq!(files.step().await, (0, 2));
    assert_eq!(files.states(&ids).await, ["LEASED"; 2]);
    files.put(&ack, &good);
    files.step().await;
    assert_eq!(files.states(&ids).await, ["ACCEPTED"; 2]);
}

/// A line that cannot be taken is told by its number, and holds back no other.
#[apply(both)]
async fn a_bad_line_holds_back_no_other(database: Database) {
    let world = World::new(database).await;
    let files = Exchange::open(&world, SANDBOX).await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(world.enroll(files.partner, "666010001").await);
    }
    files.night().await;
    let [stranger] = [world.ids.next::<HandoffId>()];
    let text = format!(
        "\u{feff}type;HANDOFF_ID;STATUS;CODE;REFERENCE\n\
         D;{};ACTIVE;;SB-1\n\nD;{};WHAT;;\nD;not-an-id;ACTIVE;;\nD;{stranger};ACTIVE;;\nD;{}\nT;5\n",
        ids[0], ids[1], ids[2]
    );
    files.put("RESULT-1.csv", &text.replace(';', ","));
    files.step().await;
    assert_eq!(files.states(&ids).await, ["ACTIVE", "LEASED", "LEASED"]);
    let report = files.text("done", "RESULT-1.csv.report.csv");
    let told: Vec<&str> = report.lines().skip(1).collect();
    assert_eq!(told.len(), 4, "{report}");
    for (line, number) in told.iter().zip(["4,", "5,", "6,", "7,"]) {
        assert!(line.starts_with(number), "{report}");
    }
    assert!(
        !report.contains("WHAT"),
        "nothing of the file is repeated: {report}"
    );
}

/// Who withdraws before the night is in no file; who withdraws after it is canceled by the next one.
#[apply(both)]
async fn who_withdraws_is_not_sent_or_is_canceled(database: Database) {
    let world = World::new(database).await;
    let files = Exchange::open(&world, SANDBOX).await;
    let early = world.enroll(files.partner, "666010001").await;
    let late = world.enroll(files.partner, "666010002").await;
    world.cancel(early).await;
    files.night().await;
    let first = files.names("out").remove(0);
    assert!(!files.text("out", &first).contains(&early.to_string()));
    let cancel = world.cancel(late).await;
    assert_eq!(
        files.night().await,
        (0, 0),
        "not while the order is under way"
    );
    files.bureau().await;
    let (sent, read) = files.step().await;
    assert_eq!((sent, read), (1, 2), "as soon as the order is answered");
    let second = files.names("out").remove(0);
    assert!(files.text("out", &second).contains("CANCEL"));
    files.bureau().await;
    files.step().await;
    assert_eq!(files.states(&[early, late, cancel]).await, ["CANCELED"; 3]);
}

/// What nobody answers goes into a later file, and the operator sees that it is late.
#[apply(both)]
async fn silence_is_answered_by_sending_again(database: Database) {
    let world = World::new(database).await;
    let files = Exchange::open(&world, SANDBOX).await;
    let id = world.enroll(files.partner, "666010001").await;
    files.night().await;
    for _ in 0..3 {
        assert_eq!(files.night().await, (0, 0));
    }
    let waiting = files.listed().await;
    assert_eq!(waiting[0].state(), HandoffFileState::Sent);
    assert_eq!(files.night().await, (1, 0));
    let names = files.names("out");
    assert_eq!(names.len(), 2);
    for name in &names {
        assert!(files.text("out", name).contains(&id.to_string()));
    }
    files.bureau().await;
    files.step().await;
    assert_eq!(world.state(id).await, "ACTIVE");
    assert_eq!(world.offers(), [2], "the bureau knows the id");
}

/// A file that is full is followed by another one in the same night.
#[apply(both)]
async fn what_does_not_fit_goes_into_another_file_of_the_night(database: Database) {
    let world = World::new(database).await;
    let layout = SANDBOX.replace("most = 200000", "most = 2");
    let files = Exchange::open(&world, &layout).await;
    for _ in 0..5 {
        world.enroll(files.partner, "666010001").await;
    }
    assert_eq!(files.night().await, (3, 0));
    let counts: Vec<i32> = files
        .listed()
        .await
        .iter()
        .map(|it| it.record_count)
        .collect();
    assert_eq!(counts, [1, 2, 2]);
    let sql = "SELECT COUNT(*) AS count FROM handoff WHERE state = 'LEASED'";
    let backend = world.owner.get_database_backend();
    let statement = sea_orm::Statement::from_string(backend, sql);
    let row = world.owner.query_one_raw(statement).await.unwrap().unwrap();
    assert_eq!(row.try_get::<i64>("", "count").unwrap(), 5);
}

/// An order may wait for its answer for days: nobody takes that for a wrong clock's doing, unless it is longer than any layout allows.
#[apply(both)]
async fn an_order_in_a_file_waits_for_as_long_as_its_layout_says(database: Database) {
    let world = World::new(database).await;
    let layout = SANDBOX.replace("answer_within = \"72h\"", "answer_within = \"1440h\"");
    let files = Exchange::open(&world, &layout).await;
    let id = world.enroll(files.partner, "666010001").await;
    files.night().await;
    let lease = world.row(id).await;
    let keep_house = async || housekeeping::step(&world.context).await.unwrap();
    assert_eq!(keep_house().await, 0);
    assert_eq!(world.row(id).await, lease);
    let late = "UPDATE handoff SET not_before = not_before + 60000000";
    world.owner.execute_unprepared(late).await.unwrap();
    assert_eq!(keep_house().await, 1);
}
