//! Random orders of what is heard of a letter, what becomes of it, and what people do.

use chrono::TimeDelta;
use invite_core::{
    DeliveryReport, DeliveryState, InvitationId, Outcome, Policy, ReportKind, ReportProof, SecureRandom, Status,
    store::DeliveryId, testing::SeededRandom,
};

use crate::{
    case::{Case, Stop, Verdict, cases, ensure},
    erased::Db,
    host::{
        deeds::reported,
        world::{World, ada, committed, refused_mail},
    },
};

pub(super) const CASES: &[Case] = cases![
    random_orders_of_reports_outcomes_and_answers_agree_with_a_model:
        "Reports only rise, are of the letter that stands, and never leave a terminal status; outcomes are written only \
         over what is in the queue.",
];

async fn random_orders_of_reports_outcomes_and_answers_agree_with_a_model(db: Db) -> Verdict {
    play(db, 0, 12).await
}

/// What may happen next.
#[derive(Debug, Clone, Copy)]
enum Act {
    Report { letter: usize, kind: ReportKind },
    Mail(Mail),
    Resend,
    Accept,
    Cancel,
}

#[derive(Debug, Clone, Copy)]
enum Mail {
    Taken,
    Refused,
    RefusedForNow,
    Unknown,
}

/// What the invitation should be.
struct Model {
    status: Status,
    delivery: DeliveryState,
    queued: bool,
    unknowns: u32,
    letters: Vec<DeliveryId>,
    events: usize,
}

impl Model {
    fn happens(&mut self, act: Act) {
        let open = self.status.is_open();
        match act {
            Act::Report { letter, kind } => {
                let state = reported(kind);
                if letter + 1 == self.letters.len() && rank(state) > rank(self.delivery) {
                    self.delivery = state;
                    if matches!(kind, ReportKind::Suppressed | ReportKind::Bounced) {
                        self.fails();
                    }
                }
            }
            Act::Mail(mail) => {
                // Of what is reported nothing is sent again.
                if !std::mem::take(&mut self.queued) || self.status != Status::Pending || rank(self.delivery) > 0 {
                    return;
                }
                self.unknowns += u32::from(matches!(mail, Mail::Unknown));
                self.delivery = match mail {
                    Mail::Taken => DeliveryState::Sent,
                    Mail::Refused => DeliveryState::Failed,
                    Mail::Unknown if self.unknowns == 3 => DeliveryState::Unknown,
                    Mail::RefusedForNow | Mail::Unknown => DeliveryState::Retrying,
                };
                self.queued = self.delivery == DeliveryState::Retrying;
                if self.delivery == DeliveryState::Failed {
                    self.fails();
                }
            }
            Act::Resend if open => {
                (self.status, self.delivery, self.queued) = (Status::Pending, DeliveryState::Queued, true);
                self.unknowns = 0;
                self.events += 1;
            }
            Act::Accept if open => self.ends(Status::Accepted),
            Act::Cancel if open => self.ends(Status::Cancelled),
            Act::Resend | Act::Accept | Act::Cancel => {}
        }
    }

    fn fails(&mut self) {
        if self.status == Status::Pending {
            self.ends(Status::DeliveryFailed);
        }
    }

    fn ends(&mut self, status: Status) {
        self.status = status;
        self.events += 1;
    }
}

const fn rank(state: DeliveryState) -> u8 {
    match state {
        DeliveryState::NotMailed | DeliveryState::Queued | DeliveryState::Retrying => 0,
        DeliveryState::Sent | DeliveryState::Unknown => 1,
        DeliveryState::Deferred => 2,
        DeliveryState::Delivered => 3,
        DeliveryState::Complained => 4,
        DeliveryState::Failed => 5,
        DeliveryState::Suppressed => 6,
        DeliveryState::Bounced => 7,
        _ => panic!("the suite does not know a state of this kind"),
    }
}

/// Plays so many sequences, each of its own seed, on an invitation of its own.
async fn play(db: Db, first: u64, sequences: u64) -> Verdict {
    let world = World::new(&db, Policy::default());
    for seed in first..first + sequences {
        let random = SeededRandom::new(seed);
        let mut bytes = [0; 40];
        random.fill(&mut bytes).map_err(|error| Stop::Failed(error.to_string()))?;
        let id = world.invite("ada@example.com").await?.id;
        let mut model = Model {
            status: Status::Pending,
            delivery: DeliveryState::Queued,
            queued: true,
            unknowns: 0,
            letters: Vec::new(),
            events: 1,
        };
        let mut acts = Vec::new();
        for dice in bytes.chunks(3).take(4 + usize::from(bytes[39] % 9)) {
            let record = world.get(id).await?;
            if let Some(delivery) = record.delivery_id.filter(|delivery| model.letters.last() != Some(delivery)) {
                model.letters.push(delivery);
            }
            let act = act(dice, model.letters.len());
            acts.push(act);
            happens(&world, id, act, &model.letters).await?;
            model.happens(act);
            let seen = world.get(id).await?;
            let events = world.history(id).await?.len();
            ensure!(
                (seen.status, seen.delivery.state, events) == (model.status, model.delivery, model.events),
                "of seed {seed}, after {acts:?} it is {} with a letter {:?} and {events} events, should be {}, {:?}, {}",
                seen.status,
                seen.delivery.state,
                model.status,
                model.delivery,
                model.events
            );
        }
        happens(&world, id, Act::Cancel, &[]).await?;
        world.mailed().await?;
    }
    Ok(())
}

fn act(dice: &[u8], letters: usize) -> Act {
    let [first, second, third] = [0, 1, 2].map(|nth| usize::from(dice.get(nth).copied().unwrap_or_default()));
    match first % 16 {
        0..8 => Act::Report { letter: second % letters.max(1), kind: ReportKind::ALL[third % ReportKind::ALL.len()] },
        8..13 => Act::Mail([Mail::Taken, Mail::Unknown, Mail::Refused, Mail::RefusedForNow, Mail::Unknown][second % 5]),
        13 | 14 => Act::Resend,
        _ => [Act::Accept, Act::Cancel][second % 2],
    }
}

async fn happens(world: &World, id: InvitationId, act: Act, letters: &[DeliveryId]) -> Verdict {
    let scoped = world.members.scope(7);
    match act {
        Act::Report { letter, kind } => {
            let report = DeliveryReport::new(letters[letter], kind).proved_by(ReportProof::Webhook);
            committed!(world, tx => world.members.report(&mut tx, &report).await?);
        }
        Act::Mail(mail) => {
            world.clock.advance(TimeDelta::hours(2));
            world.mailer.answer(match mail {
                Mail::Taken => Outcome::accepted(),
                Mail::Refused => refused_mail(true),
                Mail::RefusedForNow => refused_mail(false),
                Mail::Unknown => Outcome::Unknown { text: "no answer after the letter was sent".into() },
            });
            world.mailed().await?;
            world.mailer.forget_answers();
        }
        // Whether it was possible the row says.
        Act::Resend => {
            world.clock.advance(TimeDelta::minutes(2));
            committed!(world, tx => scoped.resend(&mut tx, &world.admin, id).await.is_ok());
        }
        Act::Accept => {
            committed!(world, tx => world.members.accept_by_id(&mut tx, id, &ada()).await.is_ok());
        }
        Act::Cancel => {
            committed!(world, tx => scoped.cancel(&mut tx, &world.admin, id, None).await.is_ok());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{case, harness::Effort, memory::InMemory, suite::Suite};

    macro_rules! case {
        ($first:literal) => {
            Case { group: "orders", name: "many", rule: "", work: |db| Box::pin(play(db, $first, 1_000)) }
        };
    }

    #[test]
    fn ten_thousand_random_orders_agree_with_the_model() {
        let suite = Suite::new(InMemory::new(Effort::default()));
        let thousands = [
            case!(0),
            case!(1_000),
            case!(2_000),
            case!(3_000),
            case!(4_000),
            case!(5_000),
            case!(6_000),
            case!(7_000),
            case!(8_000),
            case!(9_000),
        ];
        for thousand in thousands {
            assert_eq!(suite.run(thousand), case::Outcome::Passed);
        }
    }
}
