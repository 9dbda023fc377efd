//! What is deleted or erased, and how that is undone.

use super::state::{Row, State, Undo};
use crate::{email_address::EmailAddress, id::InvitationId, store::Erasure};

impl State {
    /// Forgets an invitation and all that was kept of it. Says whether there was one.
    pub(super) fn forget(&mut self, id: InvitationId, undo: &mut Vec<Undo>) -> bool {
        let Some(row) = self.put(id, None) else { return false };
        if let Some(delivery) = row.record.delivery_id
            && let Some(name) = self.provider_ids.remove(&delivery)
        {
            undo.push(Undo::ProviderId(delivery, Some(name)));
        }
        self.unqueue(id, undo);
        let tokens = self.tokens.extract_if(|_, (of, _)| *of == id).collect();
        let left = self.events.iter().filter(|event| event.invitation != id).cloned().collect();
        let events = std::mem::replace(&mut self.events, left);
        undo.push(Undo::Forgotten { row: Box::new(row), tokens, events });
        true
    }
}

impl State {
    /// Replaces what tells of a person, if the invitation has ended. Says whether it did.
    pub(super) fn erase(&mut self, id: InvitationId, erasure: &Erasure<'_>, undo: &mut Vec<Undo>) -> bool {
        let Some(mut row) = self.invitations.get(&id).filter(|row| erasure.holds(&row.record)).cloned() else {
            return false;
        };
        if let Some(delivery) = row.record.delivery_id
            && let Some(name) = self.provider_ids.remove(&delivery)
        {
            undo.push(Undo::ProviderId(delivery, Some(name)));
        }
        self.unqueue(id, undo);
        undo.push(Undo::Events(self.events.clone()));
        for event in self.events.iter_mut().filter(|event| event.invitation == id) {
            event.reason = None;
        }
        erasure.apply(&mut row.record);
        self.write_row(row, undo);
        true
    }

    /// Takes the address from the invitations whose letters to the inviter go to it.
    pub(super) fn forget_inviter(&mut self, kind: &str, address: &EmailAddress, undo: &mut Vec<Undo>) -> u64 {
        let is_meant = |row: &&Row| {
            let given = row.record.inviter_address.as_ref().map(EmailAddress::as_given);
            row.record.kind == kind
                && given.is_some_and(|given| given == address.as_given() || given == address.canonical())
        };
        let rows: Vec<_> = self.invitations.values().filter(is_meant).cloned().collect();
        let forgotten = rows.len();
        for mut row in rows {
            row.record.inviter_address = None;
            self.write_row(row, undo);
        }
        forgotten as u64
    }

    /// Takes what is queued of an invitation out of the queue.
    fn unqueue(&mut self, id: InvitationId, undo: &mut Vec<Undo>) {
        let queued: Vec<_> =
            self.queue.iter().filter(|(_, queued)| queued.invitation == id).map(|(letter, _)| *letter).collect();
        for letter in queued {
            self.write_queue(letter, None, undo);
        }
    }
}
