//! The model: what should happen.

use invite_core::Status;

use super::{Act, LIFE, Mail};

#[derive(Debug, Clone, Default)]
pub(super) struct Model {
    /// Whether a resend keeps earlier links.
    pub(super) keep: bool,
    pub(super) now: i64,
    pub(super) invitations: Vec<Invited>,
    /// Invitation, generation.
    pub(super) tokens: Vec<(usize, u32)>,
}

#[derive(Debug, Clone)]
pub(super) struct Invited {
    scope: u8,
    pub(super) person: u8,
    pub(super) status: Status,
    by: Option<u8>,
    pub(super) generation: u32,
    oldest: u32,
    pub(super) revision: u32,
    expires: i64,
    resent: Option<i64>,
    viewed: bool,
    pub(super) events: Vec<(u32, &'static str)>,
    pub(super) letter: Option<Letter>,
}

#[derive(Debug, Clone)]
pub(super) struct Letter {
    after: i64,
    refusals: u32,
    unknowns: u32,
}

impl Invited {
    pub(super) fn seen(&self, now: i64) -> Status {
        if self.status.is_open() && self.expires <= now { Status::Expired } else { self.status }
    }

    fn log(&mut self, what: &'static str) {
        self.revision += 1;
        self.events.push((self.revision, what));
    }

    fn end(&mut self, status: Status, by: Option<u8>) {
        self.status = status;
        self.by = by;
        self.log(status.as_str());
    }
}

impl Model {
    fn open(&self, scope: u8, person: u8) -> Option<usize> {
        self.invitations.iter().position(|i| i.scope == scope && i.person == person && i.status.is_open())
    }

    fn changeable(&mut self, i: usize) -> Result<&mut Invited, String> {
        let now = self.now;
        let invited = self.invitations.get_mut(i).ok_or("not_found")?;
        let status = invited.seen(now);
        if status.is_open() { Ok(invited) } else { Err(format!("illegal in {status}")) }
    }

    /// What the holder of a token hears before anything else.
    pub(super) fn holder(&self, token: usize) -> Result<usize, String> {
        let (i, generation) = *self.tokens.get(token).ok_or("no such token")?;
        match self.invitations[i].seen(self.now) {
            status if !status.is_open() => Err(status.to_string()),
            _ if generation < self.invitations[i].oldest => Err("superseded".into()),
            _ => Ok(i),
        }
    }

    pub(super) fn act(&mut self, act: &Act) -> String {
        self.try_act(act).unwrap_or_else(|refusal| refusal)
    }

    fn try_act(&mut self, act: &Act) -> Result<String, String> {
        let now = self.now;
        match *act {
            Act::Create { scope, person, link } => {
                if let Some(i) = self.open(scope, person) {
                    if self.invitations[i].expires > now {
                        return Err(format!("already pending {i}"));
                    }
                    self.invitations[i].end(Status::Expired, None);
                }
                self.invitations.push(Invited {
                    scope,
                    person,
                    status: Status::Pending,
                    by: None,
                    generation: 1,
                    oldest: 1,
                    revision: 1,
                    expires: now + LIFE,
                    resent: None,
                    viewed: false,
                    events: vec![(1, "created")],
                    letter: (!link).then_some(Letter { after: now, refusals: 0, unknowns: 0 }),
                });
                if link {
                    self.tokens.push((self.invitations.len() - 1, 1));
                }
            }
            Act::NewLink(i) => {
                let invited = self.changeable(i)?;
                invited.log("link_created");
                let generation = invited.generation;
                self.tokens.push((i, generation));
            }
            Act::Resend(i) => {
                let keep = self.keep;
                let invited = self.changeable(i)?;
                if invited.resent == Some(now) {
                    return Err("too soon".into());
                }
                invited.status = Status::Pending;
                invited.generation += 1;
                if !keep {
                    invited.oldest = invited.generation;
                }
                invited.expires = invited.expires.max(now + LIFE);
                invited.resent = Some(now);
                invited.viewed = false;
                invited.letter = Some(Letter { after: now, refusals: 0, unknowns: 0 });
                invited.log("resent");
            }
            Act::Amend(i) => self.changeable(i)?.log("amended"),
            Act::Readdress(i, person) => {
                let scope = self.changeable(i)?.scope;
                if let Some(other) = self.open(scope, person)
                    && other != i
                {
                    if self.invitations[other].expires > now {
                        return Err(format!("already pending {other}"));
                    }
                    self.invitations[other].end(Status::Expired, None);
                }
                let invited = self.changeable(i)?;
                invited.person = person;
                invited.generation += 1;
                invited.oldest = invited.generation;
                invited.viewed = false;
                invited.letter = None;
                invited.log("amended");
            }
            Act::Cancel(i) => {
                if self.invitations.get(i).is_some_and(|i| i.status == Status::Cancelled) {
                    return Ok("ok".into());
                }
                self.changeable(i)?.end(Status::Cancelled, None);
            }
            Act::Preview(token) => drop(self.holder(token)?),
            Act::View(token) => {
                let i = self.holder(token)?;
                if !self.invitations[i].viewed {
                    self.invitations[i].viewed = true;
                    let revision = self.invitations[i].revision;
                    self.invitations[i].events.push((revision, "viewed"));
                }
            }
            Act::Accept(token, person) => {
                if let Some((i, _)) = self.tokens.get(token)
                    && self.invitations[*i].status == Status::Accepted
                    && self.invitations[*i].by == Some(person)
                {
                    return Ok("before".into());
                }
                let i = self.holder(token)?;
                if self.invitations[i].person != person {
                    return Err("wrong recipient".into());
                }
                self.invitations[i].end(Status::Accepted, Some(person));
            }
            Act::AcceptById(i, person) => {
                let invited = self.invitations.get_mut(i).ok_or("not_found")?;
                if invited.status == Status::Accepted && invited.by == Some(person) {
                    return Ok("before".into());
                }
                if invited.person != person && !(invited.status == Status::Rejected && invited.by == Some(person)) {
                    return Err("not_found".into());
                }
                match invited.seen(now) {
                    status if status.is_open() => invited.end(Status::Accepted, Some(person)),
                    status => return Err(status.to_string()),
                }
            }
            Act::Reject(token) => {
                // By whoever holds the link, as this time.
                let ended =
                    |i: usize| self.invitations[i].status == Status::Rejected && self.invitations[i].by.is_none();
                if self.tokens.get(token).is_some_and(|(i, _)| ended(*i)) {
                    return Ok("ok".into());
                }
                let i = self.holder(token)?;
                self.invitations[i].end(Status::Rejected, None);
            }
            Act::RejectById(i, person) => {
                let invited = self.invitations.get_mut(i).ok_or("not_found")?;
                if invited.status == Status::Rejected && invited.by == Some(person) {
                    return Ok("ok".into());
                }
                if invited.person != person && !(invited.status == Status::Accepted && invited.by == Some(person)) {
                    return Err("not_found".into());
                }
                match invited.seen(now) {
                    status if status.is_open() => invited.end(Status::Rejected, Some(person)),
                    status => return Err(status.to_string()),
                }
            }
            Act::Pass(hours) => self.now += hours,
            Act::Tick(mail) => self.tick(mail),
        }
        Ok("ok".into())
    }

    fn tick(&mut self, mail: Mail) {
        let now = self.now;
        for (i, invited) in self.invitations.iter_mut().enumerate() {
            if invited.status.is_open() && invited.expires <= now {
                invited.end(Status::Expired, None);
            }
            let Some(mut letter) = invited.letter.take_if(|letter| letter.after <= now) else { continue };
            if invited.status != Status::Pending {
                continue;
            }
            self.tokens.push((i, invited.generation));
            letter.after = now + 1;
            let again = match mail {
                Mail::Taken => false,
                Mail::Refused => {
                    letter.refusals = 10;
                    false
                }
                Mail::RefusedForNow => {
                    letter.refusals += 1;
                    letter.refusals < 10
                }
                Mail::Unknown => {
                    letter.unknowns += 1;
                    letter.unknowns < 3
                }
                Mail::OurMistake => true,
            };
            if letter.refusals >= 10 {
                invited.status = Status::DeliveryFailed;
                invited.log("delivery_failed");
            }
            invited.letter = again.then_some(letter);
        }
    }
}
