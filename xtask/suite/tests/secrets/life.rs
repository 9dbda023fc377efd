//! A whole life of invitations, on any database.

use chrono::TimeDelta;
use invite_conformance::Harness;
use invite_core::{
    Actor, Claimant, DeliveryReport, InvitationId, InvitationQuery, Invitations, Kind, Linked, NewInvitation, Policy,
    ReportKind, ReportProof, Status, SystemRandom, Token, TokenFormat, Unchecked, Worker,
    store::DeliveryId,
    testing::{ManualClock, draw_token},
};
use serde::{Deserialize, Serialize};

use crate::{lived::Lived, post::Post, said::Said};

/// To what everybody is invited: a word that no database has of its own, and too short to be compressed.
pub(crate) const SCOPE: &str = "org:quokka";

const NAMES: [&str; 12] = ["ada", "bob", "cid", "dan", "eve", "fay", "gus", "hal", "ida", "jim", "kit", "lea"];
/// Answers too late.
const LATE: &str = "zoe";
/// Handed a link.
const LINKED: [&str; 2] = ["max", "nan"];

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Membership;

impl Kind for Membership {
    const NAME: &'static str = "member";
}

/// Leads it, and gives everything that could be told of an invitation the occasion to be.
pub(crate) async fn live<H: Harness<Pool: Clone>>(harness: &H, pool: &H::Pool) -> Lived {
    let said = Said::by_anybody();
    let post = Post::open().await;
    let clock = ManualClock::default();
    let policy = Policy::default().resend_cooldown(TimeDelta::zero());
    let members = Invitations::new(harness.store(), policy, Unchecked).clock(clock.clone());
    let worker = Worker::new(harness.store(), pool.clone(), post.mailer(&said)).serve(&members);
    let me = Actor::new(1);
    let mut life = Life {
        harness,
        pool,
        said,
        post,
        clock,
        members,
        worker,
        me,
        invitations: Vec::new(),
        deliveries: Vec::new(),
        known: Vec::new(),
        strange: Vec::new(),
    };
    life.invite().await;
    life.mail().await;
    life.change().await;
    life.mail().await;
    life.clock.advance(TimeDelta::days(2));
    life.mail().await;
    life.answer().await;
    life.try_strange_tokens().await;
    life.report().await;
    life.look_back().await;
    let Life { said, post, known, strange, .. } = life;
    let known = known.into_iter().map(|(token, _)| token).collect();
    Lived { known, strange, mails: post.mails(), heard: post.heard(), said: said.text() }
}

struct Life<'a, H: Harness> {
    harness: &'a H,
    pool: &'a H::Pool,
    said: Said,
    post: Post,
    clock: ManualClock,
    members: Invitations<H::Store, Membership>,
    worker: Worker<H::Store, H::Pool>,
    me: Actor,
    invitations: Vec<InvitationId>,
    deliveries: Vec<DeliveryId>,
    /// The tokens whose digests are stored, with the address that each is for.
    known: Vec<(String, String)>,
    /// Those of which nothing has to be stored.
    strange: Vec<String>,
}

impl<H: Harness> Life<'_, H> {
    async fn begin(&self) -> H::Transaction {
        self.harness.begin(self.pool, self.harness.levels()[0]).await.expect("a transaction")
    }

    async fn commit(&self, tx: H::Transaction) {
        self.harness.commit(tx).await.expect("a commit");
    }

    async fn invite(&mut self) {
        let org = self.members.scope(SCOPE);
        let mut tx = self.begin().await;
        for name in NAMES.into_iter().chain([LATE]) {
            let days = if name == LATE { 1 } else { 7 };
            let new = new(name).message("do come").expires_in(TimeDelta::days(days));
            let invitation = org.create(&mut tx, &self.me, new).await.expect("an invitation");
            self.said.debug(&invitation);
            self.invitations.push(invitation.id);
        }
        for name in LINKED {
            let Linked { invitation, token: link, .. } =
                org.create_with_link(&mut tx, &self.me, new(name)).await.expect("a link");
            self.said.debug(&(&invitation, &link));
            self.invitations.push(invitation.id);
            self.known.push((link.expose_secret().to_owned(), address(name)));
        }
        self.commit(tx).await;
        // What was written in it may well be in files.
        let mut tx = self.begin().await;
        let link = org.create_with_link(&mut tx, &self.me, new("nobody")).await.expect("a link").token;
        self.harness.rollback(tx).await.expect("a rollback");
        self.strange.push(link.expose_secret().to_owned());
    }

    /// Mails what is due, and what was put off. A letter has another token at each attempt.
    async fn mail(&mut self) {
        for _ in 0..2 {
            loop {
                let tick = self.worker.tick().await.expect("a round");
                self.said.debug(&(&self.worker, &tick));
                if !tick.found_work() {
                    break;
                }
            }
            self.clock.advance(TimeDelta::hours(1));
        }
        for letter in self.post.letters() {
            self.deliveries.push(letter.delivery());
            let token = letter.token().expose_secret().to_owned();
            self.known.push((token, letter.recipient().as_given().to_owned()));
        }
    }

    async fn change(&mut self) {
        let org = self.members.scope(SCOPE);
        let mut tx = self.begin().await;
        let (resent, others) = self.invitations.split_at(4);
        for id in resent {
            self.said.debug(&org.resend(&mut tx, &self.me, *id).await.expect("a resend"));
        }
        let (cancelled, others) = others.split_first().expect("more of them");
        self.said.debug(&org.cancel(&mut tx, &self.me, *cancelled, None).await.expect("a cancellation"));
        for id in &others[..2] {
            let Linked { invitation, token: link, .. } = org.new_link(&mut tx, &self.me, *id).await.expect("a link");
            self.said.debug(&(&invitation, &link));
            self.known.push((link.expose_secret().to_owned(), invitation.recipient.as_given().to_owned()));
        }
        self.commit(tx).await;
    }

    /// Everybody looks, one who is not meant tries, and then some decline and some accept.
    async fn answer(&self) {
        for (number, (text, address)) in self.known.iter().enumerate() {
            self.said.debug(&format!("{text}x").parse::<Token>().map(drop));
            let token: Token = text.parse().expect("a token");
            let mut tx = self.begin().await;
            self.said.debug(&token);
            self.said.answer(&self.members.preview(&mut tx, &token).await);
            self.said.answer(&self.members.mark_viewed(&mut tx, &token).await);
            let mallory = Claimant::new(3).verified("mallory@example.org");
            self.said.error(&self.members.accept(&mut tx, &token, &mallory).await.map(drop).unwrap_err());
            // Either may be the second answer, and so refused.
            for declines in [number % 3 == 0, number % 3 != 0] {
                if declines {
                    self.said.answer(&self.members.reject(&mut tx, &token, &Actor::new(2), None).await);
                } else {
                    let claimant = Claimant::new(2).verified(address);
                    self.said.answer(&self.members.accept(&mut tx, &token, &claimant).await);
                }
            }
            self.commit(tx).await;
        }
    }

    async fn try_strange_tokens(&mut self) {
        let drawn = draw_token(&SystemRandom, TokenFormat::Prefixed).expect("a token");
        self.strange.push(drawn.expose_secret().to_owned());
        for token in &self.strange {
            let token: Token = token.parse().expect("a token");
            let mut tx = self.begin().await;
            self.said.error(&self.members.preview(&mut tx, &token).await.map(drop).unwrap_err());
            self.said.error(&self.members.accept(&mut tx, &token, &Claimant::new(2)).await.map(drop).unwrap_err());
            self.said.error(&self.members.reject(&mut tx, &token, &Actor::new(2), None).await.map(drop).unwrap_err());
            self.commit(tx).await;
        }
    }

    /// Mail comes back, and quotes the link.
    async fn report(&self) {
        for (delivery, (token, _)) in self.deliveries.iter().zip(&self.known) {
            let words = format!("not wanted: https://example.com/invitation?token={token}");
            let report = DeliveryReport::new(*delivery, ReportKind::Bounced)
                .proved_by(ReportProof::Webhook)
                .code(550)
                .text(&words);
            let mut tx = self.begin().await;
            self.said.debug(&(&report, self.members.report(&mut tx, &report).await.expect("a report")));
            self.commit(tx).await;
        }
    }

    async fn look_back(&self) {
        let org = self.members.scope(SCOPE);
        let mut conn = self.harness.connect(self.pool).await.expect("a connection");
        for id in &self.invitations {
            self.said.debug(&org.history(&mut conn, &self.me, *id).await.expect("a history"));
        }
        let page = org.list(&mut conn, &self.me, &InvitationQuery::default()).await.expect("a list");
        self.said.debug(&page);
        for end in [Status::Accepted, Status::Rejected, Status::Cancelled, Status::Expired] {
            assert!(page.items.iter().any(|invitation| invitation.status == end), "nothing was {end} in this life");
        }
    }
}

fn address(name: &str) -> String {
    format!("{name}@example.org")
}

fn new(name: &str) -> NewInvitation<Membership> {
    NewInvitation::new(address(name), Membership)
}
