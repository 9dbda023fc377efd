//! Many rows of every kind, made up from a seed, for cases that compare a store with what the contract's functions say.

use chrono::{DateTime, TimeDelta, Utc};
use invite_core::{
    Actor, Delivery, DeliveryState, EventKind, Fault, Status,
    store::{DeliveryUpdate, Dispatch, NewEvent},
};

use crate::{
    case::{Stop, Verdict},
    erased::Conn,
    host::world::committed,
    store::{
        direct::Direct,
        rows::{ANY_STATE, KIND, MICROSECOND, OTHER_KIND, Row, by_delivery, by_id, delivery_failed, ended, noon, row},
    },
};

/// Numbers that look as if drawn, and are the same each time.
pub(super) struct Draw(u64);

impl Draw {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// One below `most`.
    pub(super) const fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % most
    }

    pub(super) fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len() as u64) as usize]
    }

    pub(super) const fn yes(&mut self) -> bool {
        self.below(2) == 0
    }
}

pub(super) const FACETS: [Option<&str>; 5] = [None, Some("admin"), Some("Admin"), Some("admin "), Some("r\u{f4}le")];
pub(super) const IMPORTS: [Option<&str>; 4] = [None, Some("march"), Some("March"), Some("march-2")];
pub(super) const LABELS: [Option<&str>; 5] =
    [None, Some("Analytical Engines"), Some("100% _Person_ & S\u{f6}hne"), Some("\u{c9}COLE Normale"), Some("EXAMPLE")];

pub(super) fn inviters() -> [Actor; 5] {
    [Actor::new("ada"), Actor::new("Ada"), Actor::new("ada "), Actor::System, Actor::new("system")]
}

/// Instants around which rows are created: some the same, some a microsecond apart, some at the edges of days.
pub(super) fn instants() -> [DateTime<Utc>; 8] {
    let midnight = noon() - TimeDelta::hours(12);
    [
        noon() - TimeDelta::days(40),
        midnight - TimeDelta::days(9),
        midnight - MICROSECOND,
        midnight,
        midnight + MICROSECOND,
        noon() - TimeDelta::hours(1),
        noon() - TimeDelta::hours(1) + MICROSECOND,
        noon() - TimeDelta::seconds(1),
    ]
}

/// So long after their creation are some accepted: at the bounds that are counted by, and just after.
const TIMES: [i64; 12] = [
    0,
    1,
    999_999,
    3_600_000_000,
    3_600_000_001,
    86_400_000_000,
    86_400_000_001,
    259_200_000_001,
    604_800_000_000,
    604_800_000_001,
    2_592_000_000_000,
    2_592_000_000_001,
];

/// Stores so many rows, and returns them as they should then be.
pub(super) async fn crowd(direct: &Direct, count: u32) -> Result<Vec<Row>, Stop> {
    let mut draw = Draw::new(7);
    let mut rows = Vec::new();
    for n in 1..=count {
        rows.push(drawn(&mut draw, n));
    }
    committed!(direct, tx => for row in &mut rows {
        direct.add(&mut tx, row, Dispatch::None).await?;
        if row.record.kind == KIND {
            live(direct, &mut tx, &mut draw, row).await?;
        }
    });
    Ok(rows)
}

fn drawn(draw: &mut Draw, n: u32) -> Row {
    let domain = draw.one_of(&["example.com", "mail.example.com", "example.org"]);
    let mut row = row(n).to(&format!("p{}_{n}@{domain}", draw.below(10))).created(draw.one_of(&instants())).unlimited();
    row = row.expiring(draw.one_of(&[noon(), noon() + MICROSECOND, noon() + TimeDelta::days(1)]));
    row = match draw.below(10) {
        0 => row.within("8"),
        1 => row.of_kind(OTHER_KIND),
        _ => row,
    };
    let record = &mut row.record;
    record.inviter = draw.one_of(&inviters().each_ref()).clone();
    record.label = draw.one_of(&LABELS).map(Into::into);
    record.facet = draw.one_of(&FACETS).map(Into::into);
    record.import = draw.one_of(&IMPORTS).map(Into::into);
    if draw.below(6) == 0 {
        (record.delivery_id, record.delivery) = (None, Delivery::new(DeliveryState::NotMailed));
    }
    row
}

/// What becomes of it: of its letter first, then of itself.
async fn live(direct: &Direct, tx: &mut Conn, draw: &mut Draw, row: &mut Row) -> Verdict {
    let id = row.record.id;
    if let (Some(delivery), true) = (row.record.delivery_id, draw.yes()) {
        let state = draw.one_of(&DeliveryState::ALL[2..]);
        let fault = draw.one_of(&[None, Some(Fault::Recipient), Some(Fault::Provider)]);
        let update = DeliveryUpdate {
            delivery,
            kind: KIND,
            state,
            attempts: Some(1),
            error: None,
            fault,
            provider_id: None,
            over: ANY_STATE,
        };
        direct.db.record_one(tx, &update).await?;
        row.record.delivery = Delivery::from_stored(state, 1, None, fault);
    }
    let (status, kind) = match draw.one_of(&Status::ALL) {
        Status::Pending => return Ok(()),
        Status::DeliveryFailed => {
            let Some(delivery) = row.record.delivery_id else { return Ok(()) };
            return direct.changes(tx, row, None, &delivery_failed(by_delivery(delivery))).await;
        }
        Status::Accepted => (Status::Accepted, EventKind::Accepted),
        Status::Rejected => (Status::Rejected, EventKind::Rejected),
        Status::Cancelled => (Status::Cancelled, EventKind::Cancelled),
        Status::Expired => (Status::Expired, EventKind::Expired),
    };
    let at = row.record.created_at + TimeDelta::microseconds(draw.one_of(&TIMES));
    let event = NewEvent { kind, actor: &Actor::System, reason: None, at };
    direct.changes(tx, row, None, &ended(by_id(id), status, event)).await
}
